# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports of answers that hold anything at all."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import page, report
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.runner import Outcome, Result

NASTY = "<script>alert('x')</script> & \"]]>\" \x00\x1b\ud800 😀"


def outcome(text: str = "fine") -> Outcome:
    """One check of each result."""
    request = {
        **dict.fromkeys(("ttft_ms", "itl_ms", "tpot_ms", "completion_tokens")),
        **{"check": "chat", "path": "/v1/chat/completions", "e2e_ms": 12.5, "connect_ms": 0.5},
    }
    results = [
        Result("chat", "chat", False, "passed", evidence=text, seconds=0.5),
        Result("metrics", "metrics", False, "failed", evidence=text, reason=text, seconds=1.25),
        Result("ready", "ready", False, "skipped", reason=text),
    ]
    return Outcome(f"url {text}", "m", "2026-01-31T12:00:00.000Z", 1.8, results, text, ["m"], [request])


def test_document() -> None:
    document = report.document(outcome(), "vllm")
    assert (document["schema"], document["passed"]) == (2, False)
    assert document["counts"] == {"passed": 1, "failed": 1, "skipped": 1}
    assert json.loads(json.dumps(document)) == document


def test_junit() -> None:
    suite = ElementTree.fromstring(report.junit(report.document(outcome(NASTY), "vllm"))).find("testsuite")
    assert suite is not None
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "vllm",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    chat, metrics, ready = suite.findall("testcase")
    assert chat.find("failure") is None
    failure = metrics.find("failure")
    assert failure is not None
    assert "<script>" in failure.get("message", "")
    assert ready.find("skipped") is not None


class Tags(HTMLParser):
    """Collects tags and the addresses that they name."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


def tags_of(text: str) -> Tags:
    """Read a page."""
    parser = Tags()
    parser.feed(page.html(report.document(outcome(text), text)))
    return parser


def test_page_needs_nothing_else_and_runs_nothing() -> None:
    found = tags_of(NASTY)
    assert "script" not in found.tags
    assert found.addresses == []
    assert found.tags == tags_of("fine").tags


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_reports_of_any_text(text: str) -> None:
    document = report.document(outcome(text), text)
    ElementTree.fromstring(report.junit(document))
    assert "script" not in tags_of(text).tags


def test_page_of_a_pass() -> None:
    passed = outcome()
    passed.results.pop(1)
    assert "<span class='passed'>passed</span>" in page.html(report.document(passed, "vllm"))


def test_write(tmp_path: Path) -> None:
    paths: dict[str, Any] = {form: str(tmp_path / "new" / f"r.{form}") for form in ("json", "junit", "html")}
    for _ in range(2):
        report.write(report.document(outcome(NASTY), "vllm"), paths)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["r.html", "r.json", "r.junit"]
    assert json.loads((tmp_path / "new" / "r.json").read_text())["title"] == "vllm"


def test_write_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        report.write(report.document(outcome(), "vllm"), {"json": str(tmp_path / "file" / "r.json"), "html": ""})
