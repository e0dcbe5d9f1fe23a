# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports of answers that hold anything at all."""

from __future__ import annotations

import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ansible_collections.ai_on_eks.dynamo.plugins.filter.probe_report import probe_report
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import page, report, runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.page.charts import distribution, ticks, timeline
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.runner import Outcome, Result
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Record, Session

ROOT = Path(__file__).resolve().parents[5]
NASTY = "<script>alert('x')</script> & \"]]>\" \x00\x1b\ud800 😀"


@cache
def schema() -> Draft202012Validator:
    """The published form of reports."""
    text = (ROOT / "docs" / "report.schema.json").read_text()
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text))


def outcome(text: str = "fine") -> Outcome:
    """One check of each result, and whatever else a page shows, all of it with one text."""
    record = Record("chat", "/v1/chat/completions", 200, True, connect_ms=0.5, ttft_ms=4.5, e2e_ms=12.5, error=text)
    cases = [{"name": text, "result": "failed", "status": 500, "evidence": text, "reason": text}]
    workers = {"workers": {text: 3, "b": 1}}
    pods = [{"name": text, "health": 200, "families": [text], "requests": 2.0, "wrong": ""}]
    targets = [{"pod": text, "up": False, "job": text}]
    gauge = {"family": text, "before": 0.0, "during": 1.0, "after": 0.0, "seconds_to_settle": 0.2}
    counter = {"sent": 2, "requests": {"family": text, "before": 1.0, "after": 3.0, "expected": 2.0}}
    results = [
        Result("chat", "chat", False, "passed", evidence=text, seconds=0.5),
        Result("metrics", "metrics", False, "failed", evidence=text, reason=text or "x", seconds=1.25, details=counter),
        Result("ready", f"ready {text}", False, "skipped", reason=text or "x"),
        Result("errors", "errors", False, "passed", details={"cases": cases}),
        Result("spread", "spread", False, "passed", details=workers),
        Result("worker_metrics", "worker_metrics", False, "passed", details={"workers": pods}),
        Result("prometheus", "prometheus", False, "passed", details={"targets": targets}),
        Result("cancel", "cancel", False, "passed", details=gauge),
    ]
    said = [
        {"role": "user", "content": text, "reasoning": "", "tool_calls": []},
        {"role": text, "content": text, "reasoning": text, "tool_calls": [{"function": {"name": text}}, text]},
    ]
    started = "2026-01-31T12:00:00.000Z"
    found = Outcome(f"url {text}", text, started, 1.8, results, text, [text], [record.__dict__])
    found.transcript.append({"check": text, "messages": said})
    return found


def test_reports_have_the_published_form(session: Session, stub: Any) -> None:
    small = {"name": "load", "requests": 6, "concurrency": 2, "calibrate": False}
    stub.routes["/v1/completions"] = lambda h, _b: h.send(500, {"message": "broken"})
    found = runner.run(session, specs.parse(["live", "models", "chat", "completions", "errors", "embeddings", small]))
    document = report.document(found, "stub")
    assert {check["result"] for check in document["checks"]} == {"passed", "failed", "skipped"}
    schema().validate(document)
    schema().validate(json.loads(probe_report([{**document, "changed": False}], "json", title="all")))
    schema().validate(report.document(outcome(), "vllm"))
    with_load = page.html(document)
    assert with_load.count("class='shape'") == 3
    assert "class='line'" in with_load or len(found.results[-1].details["timeline"]) < 2


@pytest.mark.parametrize("broken", [{"schema": 1}, {"passed": None}, {"started": "yesterday"}, {"checks": [{}]}])
def test_what_the_schema_refuses(broken: dict[str, Any]) -> None:
    assert not schema().is_valid({**report.document(outcome(), "vllm"), **broken})


def test_document() -> None:
    document = report.document(outcome(), "vllm")
    assert (document["schema"], document["passed"]) == (2, False)
    assert document["counts"] == {"passed": 6, "failed": 1, "skipped": 1}
    assert json.loads(json.dumps(document)) == document


# What the schema of Jenkins' xUnit plugin allows: attributes and children, in this order.
JUNIT: dict[str, tuple[set[str], list[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"name", "assertions", "time", "classname", "status"}, ["skipped", "error", "failure", "system-out"]),
    "failure": ({"type", "message"}, []),
    "skipped": ({"type", "message"}, []),
    "system-out": (set(), []),
}


def conforms(element: ElementTree.Element) -> bool:
    """Tell whether an element and all below it are as the schema has them."""
    attributes, children = JUNIT[element.tag]
    order = [children.index(child.tag) for child in element]
    return set(element.attrib) <= attributes and order == sorted(order) and all(conforms(child) for child in element)


def test_junit() -> None:
    good = outcome()
    good.results = good.results[:1]
    reports = [report.document(outcome(NASTY), "vllm"), report.document(good, "sglang")]
    root = ElementTree.fromstring(report.junit(*reports, title="all"))
    assert conforms(root)
    assert dict(root.attrib) == {"name": "all", "tests": "9", "failures": "1", "errors": "0", "time": "3.600"}
    first, second = root.findall("testsuite")
    assert {key: first.get(key) for key in ("name", "tests", "failures", "errors", "skipped", "timestamp")} == {
        "name": "vllm",
        "tests": "8",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "timestamp": "2026-01-31T12:00:00",
    }
    assert (second.get("name"), second.get("tests")) == ("sglang", "1")
    chat, metrics, ready = first.findall("testcase")[:3]
    assert chat.find("failure") is None
    failure, skipped = metrics.find("failure"), ready.find("skipped")
    assert failure is not None
    assert skipped is not None
    assert "<script>" in failure.get("message", "")
    assert "<script>" in (failure.text or "")
    assert "<script>" in skipped.get("message", "")
    # The label tells two checks of one name apart.
    assert str(ready.get("name")).startswith("ready <script>")


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
    assert found.addresses == ["data:,"]
    assert found.tags == tags_of("fine").tags


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_reports_of_any_text(text: str) -> None:
    document = report.document(outcome(text), text)
    ElementTree.fromstring(report.junit(document))
    assert "script" not in tags_of(text).tags


def test_page_of_a_pass_and_of_a_failure() -> None:
    passed = outcome()
    passed.results.pop(1)
    good, bad = (page.html(report.document(found, "vllm")) for found in (passed, outcome()))
    assert "<title>vllm: passed</title>" in good
    assert "What failed" not in good
    assert "<title>vllm: failed</title>" in bad
    assert "<strong>metrics</strong> <bdi>fine</bdi>" in bad


def test_page_of_several() -> None:
    passed = outcome()
    passed.results.pop(1)
    text = page.html(report.document(passed, "vllm"), report.document(outcome(), "sglang"), title="dyn")
    assert "<title>dyn: failed</title>" in text
    assert "1 of 2 endpoints passed" in text
    assert "<a href='#r2'>sglang</a>" in text
    assert text.index("id='r1'") < text.index("id='r2'")


def test_page_of_nothing() -> None:
    nothing = Outcome("url x", "", "2026-01-31T12:00:00.000Z", 0.0, [])
    assert "none" in page.html(report.document(nothing, "x"))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (48.3, 52.1, [49, 50, 51, 52]),
        (0, 0, [0]),
        (0.1, 0.35, [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]),
    ],
)
def test_ticks(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high, 5) == expected


def test_distribution_says_what_lies_beyond() -> None:
    edges = [float(place) for place in range(41)]
    drawn = distribution({"edges": [*edges, 500.0], "counts": [*range(40), 3]}, {"p50": 30.0, "p99": 39.0}, "ttft")
    assert "milliseconds, 3 beyond, up to 500 ms" in drawn
    assert drawn.count("class='bar'") == 39
    one = distribution({"edges": [5.0, 6.0], "counts": [1]}, {"p50": 5.0, "p99": 5.0}, "ttft")
    assert "beyond" not in one


def test_timeline_marks_failures() -> None:
    row = {"started": 1, "completed": 0, "failed": 0, "chunks": 5, "in_flight": 1}
    rows = [{**row, "second": 0.0}, {**row, "second": 0.25, "failed": 2}]
    assert "2 failed" in timeline(rows, 0.5)
    assert timeline(rows[:1], 0.25) == ""


def test_filter_refuses_what_it_cannot_use() -> None:
    with pytest.raises(AnsibleFilterError, match="html, junit, json"):
        probe_report([], "pdf")
    with pytest.raises(AnsibleFilterError, match="needs a list"):
        probe_report("vllm", "html")
    with pytest.raises(AnsibleFilterError, match="no result of openai_probe: schema"):
        probe_report([{"changed": False}], "html")
    result = {**report.document(outcome(), "vllm"), "changed": False, "item": "x"}
    assert "<title>Endpoints: failed</title>" in probe_report([result], "html")
    assert "<title>vllm: failed</title>" in probe_report(result, "html", title="ignored")
    assert json.loads(probe_report(result, "json")) == report.document(outcome(), "vllm")
    assert ElementTree.fromstring(probe_report([result], "junit", title="all")).get("name") == "all"


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
