# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/troubleshooting.md has every reason that the code can give, and no other, and says the same about patience."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import crashes, phases
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.finding import GRACE_SECONDS, Grace

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "plugins" / "module_utils" / "_graph"
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(?P<reason>[a-z_]+)` \| (?P<grace>[^|]+) \| (?P<rest>.+) \|$", re.MULTILINE)
# Tables of (pattern, reason, ...) or (reason, pattern), by name and the reason's place.
TABLES = {"_CLOUD_REFUSALS": 1, "_POOL_REFUSALS": 1, "_CLAIM_PROBLEMS": 1, "_REFUSALS": 1, "_IMAGE_HOPELESS": 0}


def texts(node: ast.expr) -> set[str]:
    """Return the constants that an expression may have."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return texts(node.body) | texts(node.orelse)
    if isinstance(node, ast.BoolOp):
        return set().union(*(texts(value) for value in node.values))
    return set()


def reasons_of(tree: ast.Module) -> set[str]:
    """Return every reason that a module gives to a finding."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id == "Finding" and node.args:
                found |= texts(node.args[0])
            found |= set().union(*(texts(word.value) for word in node.keywords if word.arg == "reason"))
        elif isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            name = target.id if isinstance(target, ast.Name) else ""
            if name in TABLES and isinstance(value, ast.Tuple):
                rows = [row for row in value.elts if isinstance(row, ast.Tuple)]
                found |= set().union(*(texts(row.elts[TABLES[name]]) for row in rows))
            elif name == "_NEVER_HEALS" and isinstance(value, ast.Tuple):
                found |= set().union(*(texts(entry) for entry in value.elts))
            elif name == "reason":
                found |= texts(value)
            elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = zip(target.elts, value.elts)
                found |= set().union(
                    *(texts(part) for to, part in pairs if isinstance(to, ast.Name) and to.id == "reason")
                )
    return found


def given() -> set[str]:
    found = {cause.reason for cause in crashes.CAUSES}
    for path in SOURCES.glob("*.py"):
        found |= reasons_of(ast.parse(path.read_text(encoding="utf-8")))
    return {reason for reason in found if re.fullmatch(r"[a-z_]+", reason)}


def test_every_reason_is_described_and_no_other() -> None:
    described = [match["reason"] for match in ROW.finditer(PAGE) if match["reason"] not in (*phases.DEFAULTS, "answer")]
    assert sorted(described) == sorted(given())


def test_the_code_gives_as_many_reasons_as_we_know_of() -> None:
    """Guards the test itself: reading the sources must find the reasons of every place."""
    assert {
        "crash",
        "no_capacity",
        "pool_limit",
        "no_provisioner",
        "pod_denied",
        "image_not_found",
        "operator_absent",
    } <= given()
    assert {"starting", "gpu_memory", "no_answer", "no_multinode_orchestrator_available"} <= given()


def test_every_description_has_example_cause_and_next_step() -> None:
    for match in ROW.finditer(PAGE):
        cells = [cell.strip() for cell in match["rest"].split(" | ")]
        assert all(cells), match["reason"]
        assert len(cells) >= 2, match["reason"]


def test_causes_of_crashes_are_put_up_with_as_the_page_says() -> None:
    said = {match["reason"]: match["grace"].strip() for match in ROW.finditer(PAGE)}
    for cause in crashes.CAUSES:
        assert said[cause.reason] == ("at once" if cause.hopeless else "patience"), cause.reason


def test_the_numbers_are_the_codes() -> None:
    for phase, seconds in phases.DEFAULTS.items():
        assert re.search(rf"^\| `{phase}` \|[^|]+\| {seconds} s \|", PAGE, re.MULTILINE), phase
    assert f"**{GRACE_SECONDS[Grace.SOON]:.0f} s**" in PAGE
    assert f"**{GRACE_SECONDS[Grace.OPERATOR]:.0f} s**" in PAGE
