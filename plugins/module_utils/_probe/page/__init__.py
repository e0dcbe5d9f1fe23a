# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reports as one page that needs nothing else: no script, no font, no picture from anywhere. Pure.

Everything that came from outside is escaped: an answer, a header or a name may hold markup. A policy in the page's head
lets a browser load and run nothing, should an escape be missing after all.
"""

from __future__ import annotations

import typing as t

from .checks import checks
from .html import e, number, section, shown, state, table, when
from .load import loads
from .style import STYLE
from .talk import requests, transcript

Json = dict[str, t.Any]
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html(*reports: Json, title: str = "") -> str:
    """The page of one report, or of several with an overview in front."""
    name = title or (str(reports[0]["title"]) if len(reports) == 1 else "Endpoints")
    passed = all(report["passed"] for report in reports)
    body = [overview(reports, name, passed)] if len(reports) != 1 else []
    body += [article(report, place, alone=len(reports) == 1) for place, report in enumerate(reports, 1)]
    return (
        "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n<link rel='icon' href='data:,'>\n"
        f"<title>{e(name)}: {word(passed)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def overview(reports: t.Sequence[Json], name: str, passed: bool) -> str:
    """What a reader of several reports looks for first."""
    good = sum(report["passed"] for report in reports)
    rows = [
        [
            f"<a href='#r{place}'>{e(report['title'])}</a>",
            state(word(report["passed"])),
            f"<span class='id'>{e(report['model'])}</span>",
            tally(report["counts"]),
            shown(speed(report, "ttft_ms", "p50")),
            shown(speed(report, "itl_ms", "p50")),
            number(report["seconds"], 1),
        ]
        for place, report in enumerate(reports, 1)
    ]
    heads = ["endpoint", "result", "model", "checks", "#first token, ms", "#between tokens, ms", "#took, s"]
    return (
        f"<header class='top'><p class='kicker'>Smoke test</p><h1>{e(name)} {state(word(passed))}</h1>"
        f"<p class='lead'>{good} of {len(reports)} endpoints passed. Times are medians.</p></header>"
        + table(heads, rows, "overview")
    )


def article(report: Json, place: int, *, alone: bool) -> str:
    """One report."""
    level = "h1" if alone else "h2"
    kicker = "<p class='kicker'>Smoke test</p>" if alone else ""
    facts = [
        ("target", e(report["target"])),
        ("model", f"<span class='id'>{e(report['model'] or 'none')}</span>"),
        ("began", when(report["started"])),
        ("took", f"{number(report['seconds'], 1)} s"),
        ("checks", tally(report["counts"])),
    ]
    listed = "".join(f"<div><dt>{key}</dt><dd>{value}</dd></div>" for key, value in facts)
    result = state(word(report["passed"]))
    parts = [
        f"<header class='top'>{kicker}<{level}>{e(report['title'])} {result}</{level}>",
        f"<dl class='facts'>{listed}</dl></header>",
        trouble(report),
        tiles(report),
        section("Checks", checks(report["checks"])),
        loads(report["checks"]),
        section("What was said", transcript(report)),
        section("Single requests", requests(report["requests"], report["checks"])),
    ]
    return f"<article id='r{place}'>" + "\n".join(part for part in parts if part) + "</article>"


def word(passed: bool) -> str:
    """A verdict as the name of a result."""
    return "passed" if passed else "failed"


def tally(counts: Json) -> str:
    """Numbers of checks in words."""
    return ", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "failed", "skipped") if counts[kind]) or "none"


def trouble(report: Json) -> str:
    """What failed, before anything else."""
    failed = [check for check in report["checks"] if check["result"] == "failed"]
    rows = "".join(f"<li><strong>{e(check['label'])}</strong> <bdi>{e(check['reason'])}</bdi></li>" for check in failed)
    return f"<div class='trouble' role='note'><h3>What failed</h3><ul>{rows}</ul></div>" if failed else ""


def speed(report: Json, metric: str, statistic: str) -> float | None:
    """A time of the report's first load, else of its single streams."""
    for check in report["checks"]:
        times = check["details"].get("times")
        if times and times.get(metric):
            return float(times[metric][statistic])
    values = sorted(request[metric] for request in report["requests"] if request["stream"] and request.get(metric))
    return float(values[len(values) // 2]) if values and statistic == "p50" else None


def tiles(report: Json) -> str:
    """The few numbers that people ask for."""
    load = next((check["details"] for check in report["checks"] if check["details"].get("times")), None)
    entries = []
    for metric, title in (("ttft_ms", "First token"), ("itl_ms", "Between tokens"), ("e2e_ms", "Whole answer")):
        middle, slow = speed(report, metric, "p50"), speed(report, metric, "p99")
        if middle is not None:
            below = "one stream" if load is None else f"p99 {shown(slow)} ms"
            entries.append((title, f"{shown(middle)} <small>ms</small>", below))
    if load is not None:
        rates = load["throughput"]
        speed_of = f"{shown(rates['output_tokens_per_second'])} <small>tokens/s</small>"
        entries.append(("Throughput", speed_of, f"{shown(rates['requests_per_second'])} requests/s"))
        entries.append(
            ("Errors", f"{100 * load['error_rate']:.3g} <small>%</small>", f"of {load['requests']['sent']} requests")
        )
    cells = "".join(
        f"<div><dt>{title}</dt><dd>{value}</dd><dd class='soft'>{below}</dd></div>" for title, value, below in entries
    )
    return f"<dl class='tiles'>{cells}</dl>" if entries else ""
