# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reports of a probe: a dict for machines, JUnit XML for CI systems (the page for people is in page.py)."""

from __future__ import annotations

import json
import os
import re
import tempfile
import typing as t
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

from .page import html
from .runner import FAILED, SKIPPED, Outcome

SCHEMA = 2
KEYS = (
    "schema", "title", "target", "model", "started", "seconds", "passed", "counts", "checks", "answer", "models",
    "transcript", "requests",
)  # fmt: skip
# What XML 1.0 allows; a model's answer may hold anything.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(outcome: Outcome, title: str) -> dict[str, t.Any]:
    """The report as plain data. `schema` grows when a key changes its meaning or goes."""
    counts = {kind: sum(r.result == kind for r in outcome.results) for kind in ("passed", "failed", "skipped")}
    return {
        "schema": SCHEMA,
        "title": title,
        "target": outcome.target,
        "model": outcome.model,
        "started": outcome.started,
        "seconds": outcome.seconds,
        "passed": outcome.passed,
        "counts": counts,
        "checks": [asdict(result) for result in outcome.results],
        "answer": outcome.answer,
        "models": outcome.models,
        "transcript": outcome.transcript,
        "requests": outcome.requests,
    }


def redact(value: t.Any, secret: str) -> t.Any:
    """`value` with every occurrence of `secret` hidden: a careless server may send the key back."""
    if not secret:
        return value
    if isinstance(value, str):
        return value.replace(secret, "********")
    if isinstance(value, dict):
        return {key: redact(entry, secret) for key, entry in value.items()}
    if isinstance(value, list):
        return [redact(entry, secret) for entry in value]
    return value


def plain(result: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The report in a task's result, without what Ansible adds. Raises ValueError when it is none."""
    lacking = [key for key in KEYS if key not in result]
    if lacking:
        raise ValueError(f"it is no result of openai_probe: {', '.join(lacking)} missing")
    return {key: result[key] for key in KEYS}


def together(reports: t.Sequence[dict[str, t.Any]], title: str) -> dict[str, t.Any]:
    """Several reports as one document."""
    return {
        "schema": SCHEMA,
        "title": title,
        "started": min((report["started"] for report in reports), default=""),
        "seconds": round(sum(report["seconds"] for report in reports), 3),
        "passed": bool(reports) and all(report["passed"] for report in reports),
        "counts": totals(reports),
        "reports": list(reports),
    }


def totals(reports: t.Sequence[dict[str, t.Any]]) -> dict[str, int]:
    """Number of checks by result over several reports."""
    return {kind: sum(report["counts"][kind] for report in reports) for kind in ("passed", "failed", "skipped")}


def junit(*reports: dict[str, t.Any], title: str = "") -> str:
    """Reports as JUnit XML: one test suite per report, one test case per check, as Jenkins' schema has it."""
    counts = totals(reports)
    numbers = {"tests": str(sum(counts.values())), "failures": str(counts["failed"]), "errors": "0"}
    name = title or (reports[0]["title"] if reports else "")
    seconds = f"{sum(report['seconds'] for report in reports):.3f}"
    root = ElementTree.Element("testsuites", {"name": clean(name), **numbers, "time": seconds})
    for report in reports:
        _suite(root, report)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(root: ElementTree.Element, report: dict[str, t.Any]) -> None:
    attributes = {
        "name": clean(report["title"]),
        "tests": str(len(report["checks"])),
        "failures": str(report["counts"]["failed"]),
        "errors": "0",
        "skipped": str(report["counts"]["skipped"]),
        "time": f"{report['seconds']:.3f}",
        # The schema knows neither fractions nor a zone.
        "timestamp": report["started"][:19],
    }
    suite = ElementTree.SubElement(root, "testsuite", attributes)
    properties = ElementTree.SubElement(suite, "properties")
    for key in ("target", "model"):
        ElementTree.SubElement(properties, "property", {"name": key, "value": clean(report[key])})
    for check in report["checks"]:
        attributes = {
            "classname": clean(report["title"]),
            "name": clean(check["label"]),
            "time": f"{check['seconds']:.3f}",
        }
        case = ElementTree.SubElement(suite, "testcase", attributes)
        if check["result"] == FAILED:
            attributes = {"type": check["name"], "message": clean(check["reason"])}
            ElementTree.SubElement(case, "failure", attributes).text = clean(check["evidence"] or check["reason"])
        elif check["result"] == SKIPPED:
            ElementTree.SubElement(case, "skipped", {"message": clean(check["reason"])})
        elif check["evidence"]:
            ElementTree.SubElement(case, "system-out").text = clean(check["evidence"])


def clean(text: str) -> str:
    """`text` without the characters that XML forbids."""
    return FORBIDDEN.sub("\ufffd", text)


def write(report: dict[str, t.Any], paths: dict[str, str]) -> None:
    """Write the forms that `paths` names (keys json, junit, html). Raises OSError."""
    forms: dict[str, t.Callable[[dict[str, t.Any]], str]] = {
        "json": lambda data: json.dumps(data, indent=2, ensure_ascii=False) + "\n",
        "junit": junit,
        "html": html,
    }
    for form, path in paths.items():
        if path:
            _replace(Path(path), forms[form](report))


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the whole new one; it may be shared, it holds no secret."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=str(path.parent), prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
