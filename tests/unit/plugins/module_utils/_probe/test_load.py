# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A load against servers that are right, slow, broken or gone; its numbers, gates and self-calibration."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load import calibrate, gates, pacer, plan, run
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load.stats import Series, Timeline, percentile
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import Target, url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client

CHAT = "/v1/chat/completions"


def load(session: Session, **options: Any) -> runner.Result:
    """Result of a small load."""
    wanted = {"name": "load", "requests": 6, "warmup": 1, "concurrency": 2, "ramp": 0, "calibrate": False, **options}
    return runner.run(session, specs.parse([wanted])).results[0]


def test_load(session: Session, stub: Any) -> None:
    result = load(session)
    assert (result.result, result.reason) == ("passed", "")
    found = result.details
    assert found["requests"] == {"sent": 6, "completed": 6, "failed": 0, "warmup": 1}
    assert stub.served == 7
    assert found["tokens"] == {"prompt": 54, "completion": 6, "chunks": 24, "without_usage": 0}
    assert found["times"]["ttft_ms"]["count"] == 6
    assert found["times"]["itl_ms"]["count"] == 18
    assert found["times"]["ttft_reasoning_ms"] is None
    assert 0 < found["times"]["ttft_ms"]["p50"] <= found["times"]["e2e_ms"]["max"]
    assert sum(found["distributions"]["itl_ms"]["counts"]) == 18
    assert sum(row["completed"] for row in found["timeline"]) == 6
    assert sum(row["chunks"] for row in found["timeline"]) == 24
    assert found["throughput"]["requests_per_second"] > 0
    assert json.loads(json.dumps(found)) == found
    assert "6 answers: the p99 is hardly more than the slowest one" in found["notes"]


def test_records(session: Session, tmp_path: Path) -> None:
    lines = tmp_path / "new" / "records.jsonl"
    load(session, keep_records=2, records_file=str(lines))
    assert len(session.records) == 2
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(rows) == 6
    assert {row["error"] for row in rows} == {""}
    assert all(row["ttft_ms"] <= row["e2e_ms"] for row in rows)


def test_duration_and_open_loop(session: Session) -> None:
    result = load(session, requests=0, duration=0.4, rate=50, concurrency=8, warmup=0)
    assert result.result == "passed", result.reason
    assert 5 <= result.details["requests"]["completed"] <= 50
    assert result.details["settings"]["loop"] == "open"


def test_open_loop_that_the_endpoint_cannot_bear_reports_the_wait(session: Session, stub: Any) -> None:
    def slow(handler: Any, body: Any) -> None:
        time.sleep(0.05)
        stub.chat(handler, body)

    stub.routes[CHAT] = slow
    result = load(session, requests=12, rate=1000, concurrency=1, warmup=0)
    assert result.details["times"]["queued_ms"]["max"] > 200


def test_arrivals_follow_the_seed() -> None:
    def first(seed: int) -> list[float]:
        source = plan.Plan(rate=10, seed=seed).arrivals()
        return [next(source) for _ in range(1000)]

    assert first(1) == first(1) != first(2)
    assert first(1)[-1] == pytest.approx(100, rel=0.15)


@pytest.mark.parametrize("prompts", ["short", "long", "shared_prefix"])
def test_prompts(prompts: str) -> None:
    source = plan.bodies(plan.Plan(prompts=prompts, prompt_words=50, max_tokens=7), "m", {"temperature": 0})
    made = [json.loads(next(source)) for _ in range(3)]
    texts = [body["messages"][0]["content"] for body in made]
    assert len(set(texts)) == 3
    assert all(len(text.split()) == 51 for text in texts)
    assert (made[0]["max_tokens"], made[0]["temperature"], made[0]["stream"]) == (7, 0, True)
    same_start = {text[:100] for text in texts}
    assert len(same_start) == (1 if prompts == "shared_prefix" else 3)


def test_prompts_of_a_file(session: Session, stub: Any, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text('plain text\n\n{"prompt": "a prompt"}\n{"messages": [{"role": "system", "content": "s"}]}\n')
    asked = []

    def route(handler: Any, body: Any) -> None:
        asked.append(body["messages"][0]["content"])
        stub.chat(handler, body)

    stub.routes[CHAT] = route
    assert load(session, prompt_file=str(path), concurrency=1).result == "passed"
    assert asked[:4] == ["plain text", "a prompt", "s", "plain text"]
    path.write_text('{"text": 1}\n')
    assert "line 1 has neither a prompt nor messages" in load(session, prompt_file=str(path)).reason
    assert "cannot be used" in load(session, prompt_file=str(tmp_path / "none")).reason


def test_errors_are_counted_and_never_repeated(session: Session, stub: Any) -> None:
    calls = []

    def route(handler: Any, body: Any) -> None:
        calls.append(1)
        if len(calls) % 2:
            handler.send(503, {"message": "busy"}, Retry_After="1")
        else:
            stub.chat(handler, body)

    stub.routes[CHAT] = route
    result = load(session, warmup=0, concurrency=1)
    assert result.result == "failed"
    assert "error_rate is 0.5, above 0: 3 x 503" in result.reason
    assert len(calls) == 6
    assert load(session, warmup=0, concurrency=1, slo={"error_rate": 0.5}).result == "passed"


def test_nothing_but_failures_ends_early(session: Session, stub: Any) -> None:
    stub.routes[CHAT] = lambda h, _b: h.send(500, {"message": "boom"})
    result = load(session, requests=5000)
    assert "no request was answered: " in result.reason
    assert "500" in result.reason
    assert result.details["requests"]["sent"] < 60
    assert "failures and no success" in result.details["notes"][0]


def test_gone_endpoint(session: Session, stub: Any) -> None:
    stub.shutdown()
    stub.server_close()
    result = load(session, requests=100)
    assert "Connection refused" in result.reason


FAULTS: dict[str, tuple[Any, str]] = {
    "no done": (lambda stub, h, b: h.send_events(stub.chunks(b), done=False), "without [DONE]"),
    "error event": (
        lambda stub, h, b: h.send_events([stub.chunks(b)[0], {"error": {"message": "died"}}]),
        "an error came in the stream after 1 chunks",
    ),
    "other model": (lambda _s, h, b: h.send_events([{"choices": [], "model": "x", "b": len(b)}]), "but x answered"),
    "html": (lambda _s, h, _b: h.send(200, b"<html></html>", "text/html"), "with an HTML page"),
    "no stream": (lambda stub, h, b: h.send(200, stub.document(b)), "application/json came instead of a stream"),
    "wrong usage": (
        lambda stub, h, b: h.send_events(
            [*stub.chunks(b)[:-1], {"choices": [], "model": b["model"], "usage": {"prompt_tokens": 1}}]
        ),
        "usage is incomplete",
    ),
    "empty": (lambda stub, h, b: h.send_events(stub.chunks(b)[-2:]), "the answer is empty"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_streams_fail_with_their_reason(session: Session, stub: Any, fault: str) -> None:
    answer, reason = FAULTS[fault]
    stub.routes[CHAT] = lambda h, b: answer(stub, h, b)
    result = load(session)
    assert result.result == "failed"
    assert reason in result.details["errors"][0]["reason"]


def test_silence_ends_at_the_request_timeout(session: Session, stub: Any) -> None:
    session.request_timeout = 0.3
    stub.routes[CHAT] = lambda _h, _b: time.sleep(1)
    began = time.monotonic()
    result = load(session, requests=2, warmup=0)
    assert "no complete answer within 0.3 s" in result.details["errors"][0]["reason"]
    assert time.monotonic() - began < 3


def test_server_killed_in_mid_stream_and_back(session: Session) -> None:
    """Connections are cut in the middle of answers, once; what comes after is fine."""
    cut = threading.Event()

    class Cutting(pacer.Pacer):
        def send(self, connection: pacer.Connection, place: int) -> None:
            if place == 3 and not cut.is_set():
                cut.set()
                for key in list(self.selector.get_map().values()):
                    if isinstance(key.data, pacer.Connection):
                        key.data.open = False
                        self.selector.unregister(key.fileobj)
                        key.data.sock.close()
            super().send(connection, place)

    server = Cutting(0.01, 0.002, 8)
    ours, theirs = socket.socketpair()
    threading.Thread(target=server.serve, args=(theirs,), daemon=True).start()
    session.client, session.model = Client(url_target(f"http://127.0.0.1:{server.port}")), pacer.MODEL
    result = load(session, requests=12, warmup=0)
    ours.close()
    assert 1 <= result.details["requests"]["failed"] <= 2
    assert result.details["requests"]["completed"] >= 10
    assert all("the connection closed after" in error["reason"] for error in result.details["errors"])


def test_connections_are_kept_and_a_stale_one_is_no_failure(session: Session) -> None:
    server = pacer.Pacer(0.005, 0.001, 4)
    ours, theirs = socket.socketpair()
    threading.Thread(target=server.serve, args=(theirs,), daemon=True).start()
    direct = url_target(f"http://127.0.0.1:{server.port}")
    dials = []

    def dial(timeout: float) -> Any:
        dials.append(1)
        return direct.dial(timeout)

    session.client, session.model = Client(Target("kept", direct.host, dial)), pacer.MODEL
    result = load(session, requests=20, warmup=0, concurrency=2)
    ours.close()
    assert result.result == "passed", result.reason
    assert len(dials) == 2
    assert result.details["times"]["connect_ms"]["count"] == 2


def test_connection_closed_after_each_answer(session: Session, stub: Any) -> None:
    """The server says keep-alive and hangs up: the next request dials anew instead of failing."""
    chunks = []

    def route(handler: Any, body: Any) -> None:
        chunks.append(1)
        parts = [f"data: {json.dumps(event)}\n\n" for event in stub.chunks(body)]
        data = "".join([*parts, "data: [DONE]\n\n"]).encode()
        handler.send(200, data, "text/event-stream")

    stub.routes[CHAT] = route
    result = load(session, requests=10, warmup=0, concurrency=1)
    assert result.result == "passed", result.reason
    assert len(chunks) == 10


def test_limits() -> None:
    found = {
        "times": {"ttft_ms": {"p99": 150.0}, "itl_ms": None},
        "requests": {"completed": 30},
        "error_rate": 0.1,
        "errors": [{"reason": "503", "count": 3}],
        "throughput": {"output_tokens_per_second": 90.0},
    }
    limits = gates.check_limits(
        {"ttft_p99_ms": 200, "itl_p99_ms": "50", "error_rate": 0, "output_tokens_per_second": 100}
    )
    rows = {row["constraint"]: row for row in gates.judge(found, limits)}
    assert rows["ttft_p99_ms"]["met"]
    assert rows["itl_p99_ms"]["reason"] == "itl_p99_ms is not measured, above 50"
    assert rows["error_rate"]["reason"] == "error_rate is 0.1, above 0: 3 x 503"
    assert rows["output_tokens_per_second"]["reason"] == "output_tokens_per_second is 90, below 100"
    found["requests"]["completed"] = 19
    few = gates.judge(found, {"ttft_p99_ms": 200.0})[0]
    assert few["reason"] == "ttft_p99_ms: 19 answers are too few for it, measure 20 or more"


@pytest.mark.parametrize("slo", [{"ttft_p99_ms": 0}, {"e2e_max_ms": 0.001}, {"requests_per_second": 1e9}])
def test_missed_limit_fails_with_its_reason(session: Session, slo: dict[str, float]) -> None:
    result = load(session, slo=slo)
    assert result.result == "failed"
    assert next(iter(slo)) in result.reason
    assert [row["met"] for row in result.details["slo"]] == [True, False]


def saved(tmp_path: Path, result: runner.Result, **changes: Any) -> str:
    """A report of an earlier run."""
    details = json.loads(json.dumps({**result.details, **changes}))
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps({"checks": [{"name": "load", "label": "load", "details": details}]}))
    return str(path)


def test_baseline(session: Session, tmp_path: Path) -> None:
    result = load(session)
    slower = load(session, baseline=saved(tmp_path, result), tolerance=100)
    assert slower.result == "passed", slower.reason
    assert {row["metric"] for row in slower.details["baseline"]} >= {"p50 of ttft_ms", "output_tokens_per_second"}
    quick = {"requests_per_second": 1e9, "output_tokens_per_second": 1e9}
    worse = load(session, baseline=saved(tmp_path, result, throughput=quick))
    assert "output_tokens_per_second went from 1e+09 to" in worse.reason
    other = load(session, baseline=saved(tmp_path, result), max_tokens=9)
    assert "it was measured with max_tokens 64, this load has 9" in other.reason
    (tmp_path / "baseline.json").write_text("{}")
    assert (
        "it holds no load called load. Loads in it: none."
        in load(session, baseline=str(tmp_path / "baseline.json")).reason
    )
    assert "Save one with reports.json" in load(session, baseline=str(tmp_path / "none.json")).reason


def test_baseline_allows_noise() -> None:
    before = {
        "settings": {},
        "times": {"ttft_ms": {"p50": 1.0, "p99": 100.0}},
        "throughput": {"output_tokens_per_second": 10.0},
    }
    now = {**before, "times": {"ttft_ms": {"p50": 2.5, "p99": 121.0}}}
    met = {row["metric"]: row["met"] for row in gates.compare(before, now, 0.2)}
    assert met == {"p50 of ttft_ms": True, "p99 of ttft_ms": False, "output_tokens_per_second": True}


def test_percentiles_are_those_of_numpy() -> None:
    # numpy.percentile(range(1, 11), [0, 50, 90, 95, 99, 100])
    ordered = [float(value) for value in range(1, 11)]
    found = [percentile(ordered, percent) for percent in (0, 50, 90, 95, 99, 100)]
    assert found == pytest.approx([1, 5.5, 9.1, 9.55, 9.91, 10])


def test_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load.stats.KEPT", 1000)
    series, source = Series(), random.Random(3)
    for _ in range(20000):
        series.add(source.gauss(100, 10))
    summary = series.summary()
    assert summary is not None
    assert len(series.values) == 1000
    assert summary["count"] == 20000
    assert summary["p50"] == pytest.approx(100, abs=2)
    assert summary["stdev"] == pytest.approx(10, abs=0.5)
    assert sum(series.histogram()["counts"]) == 1000
    assert Series().summary() is None


def test_timeline_keeps_few_slices() -> None:
    timeline = Timeline()
    for second in range(1000):
        timeline.note("started", second)
        timeline.note("completed", second + 0.5)
    rows = timeline.rows()
    assert len(rows) <= 120
    assert sum(row["started"] for row in rows) == 1000
    assert rows[-1]["in_flight"] == 0


def test_calibration_tells_a_small_part(session: Session) -> None:
    found = calibrate.calibrate(2)
    assert found["streams"] == 2
    # How small it is depends on the machine; that it is far below a tenth of a second shows that it is a difference.
    assert -5 < found["ttft_ms"]["p50"] < 25
    assert 0 <= found["itl_ms"]["p50"] <= found["itl_ms"]["p99"]


def test_load_with_calibration_and_without_a_calibration_server(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(session, calibrate=True).details["overhead"]["streams"] == 2
    monkeypatch.setattr(calibrate, "source", lambda: "raise SystemExit(1)")
    result = load(session, calibrate=True)
    assert result.result == "passed"
    assert "the probe's own part is not known: the calibration server did not start" in result.details["notes"]


def test_progress_of_a_load(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "NEWS", 0.0)
    said: list[str] = []
    with calibrate.paced(0.05, 0.01, 8) as url:
        client = Client(url_target(url))
        little = plan.Plan(concurrency=2, requests=4, max_tokens=8)
        run.Runner("load", 0, None, said.append).run(
            client, little, plan.bodies(little, pacer.MODEL, {}), pacer.MODEL, 10
        )
    assert any("in flight, 0 failed" in line and "of 4 requests to go" in line for line in said)
