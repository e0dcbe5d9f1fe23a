# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Every check against a server that is right, and against every way of being wrong."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client, Key

MODEL = "org/Tiny-0.1"


def outcome_of(session: Session, *checks: Any) -> runner.Result:
    """Run checks and return the last one's result."""
    return runner.run(session, specs.parse(list(checks))).results[-1]


def test_everything_passes(session: Session, stub: Any) -> None:
    outcome = runner.run(session, specs.parse(None))
    names = ["live", "health", "models", "ready", "chat", "chat_stream", "completions", "errors", "metrics"]
    assert [(r.name, r.result, r.reason) for r in outcome.results] == [(name, "passed", "") for name in names]
    assert outcome.passed
    assert outcome.answer == stub.text
    assert outcome.models == [MODEL]
    stream = next(r for r in outcome.requests if r["check"] == "chat_stream")
    assert 0 < stream["ttft_ms"] <= stream["e2e_ms"]
    assert stream["chunks"] == 4


def test_model_is_found_when_none_is_named(session: Session) -> None:
    session.model = ""
    assert outcome_of(session, "chat").result == "passed"
    assert session.model == MODEL


def test_several_models_need_a_name(session: Session, stub: Any) -> None:
    session.model = ""
    stub.routes["/v1/models"] = lambda h, _b: h.send(200, {"data": [{"id": "a"}, {"id": "b"}]})
    result = outcome_of(session, "chat")
    assert (result.result, result.reason) == ("failed", "several models are served: a, b. Name one with model.")


ANSWERS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "empty": ({"message": {"content": ""}}, {}, "the answer is empty"),
    "blank": ({"message": {"content": " \n"}}, {}, "the answer is empty"),
    "null": ({"message": {"content": None}}, {}, "the answer is empty"),
    "no message": ({}, {}, "no message"),
    "finish": ({"message": {"content": "x"}, "finish_reason": "explosion"}, {}, "finish_reason"),
    "wrong model": (
        {"message": {"content": "x"}},
        {"model": "other"},
        "asked the model org/Tiny-0.1, but other answered",
    ),
    "no model": ({"message": {"content": "x"}}, {"model": None}, "but None answered"),
    "usage": (
        {"message": {"content": "x"}},
        {"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 3}},
        "does not add up",
    ),
    "usage text": ({"message": {"content": "x"}}, {"usage": {"prompt_tokens": "1"}}, "incomplete"),
    "too long": (
        {"message": {"content": "x"}},
        {"usage": {"prompt_tokens": 1, "completion_tokens": 99, "total_tokens": 100}},
        "max_tokens was 64",
    ),
    "error in 200": ({}, {"error": {"message": "CUDA out of memory"}}, "CUDA out of memory"),
    "two choices": ({}, {"choices": [{}, {}]}, "one choice"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_wrong_chat(session: Session, stub: Any, case: str) -> None:
    choice, document, reason = ANSWERS[case]
    stub.routes["/v1/chat/completions"] = lambda h, b: h.send(200, {**stub.document(b, **choice), **document})
    result = outcome_of(session, "chat")
    assert result.result == "failed"
    assert reason in result.reason


@pytest.mark.parametrize("text", ["error", '{"error": {"message": "x"}}', "Internal Server Error 500", "[DONE]"])
def test_the_words_of_an_answer_do_not_matter(session: Session, stub: Any, text: str) -> None:
    stub.text = text
    assert outcome_of(session, "chat").result == "passed"
    assert outcome_of(session, "chat_stream").result == "passed"
    assert outcome_of(session, "completions").result == "passed"


def test_reasoning_counts_as_an_answer(session: Session, stub: Any) -> None:
    message = {"content": None, "reasoning_content": "Let me think"}
    stub.routes["/v1/chat/completions"] = lambda h, b: h.send(200, stub.document(b, message=message))
    result = outcome_of(session, "chat")
    assert result.result == "passed"
    assert "reasoning only" in result.evidence


def stream_of(stub: Any, body: Any, case: str) -> list[Any]:
    """A stream with one fault."""
    good = stub.chunks(body)
    first, finish, usage = good[0], good[-2], good[-1]
    return {
        "error event": [first, {"error": {"message": "worker died"}}],
        "flat error": [first, {"message": "worker died", "type": "Internal", "code": 500}],
        "garbage": [first, "not json"],
        "wrong model": [{**first, "model": "other"}],
        "empty": [finish, usage],
        "no finish": [first, usage],
        "two finishes": [first, finish, finish],
        "text after finish": [first, finish, first],
        "bad usage": [
            first,
            finish,
            {**usage, "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 1}},
        ],
        "after done": [first, finish, "[DONE]", first],
    }[case]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("error event", 'an error came in the stream after 1 chunks: "{"error": {"message": "worker died"}}"'),
        ("flat error", "an error came in the stream after 1 chunks"),
        ("garbage", "not JSON"),
        ("wrong model", "but other answered"),
        ("empty", "the answer is empty"),
        ("no finish", "finish_reason is null"),
        ("two finishes", "finish_reason came twice"),
        ("text after finish", "text came after finish_reason"),
        ("bad usage", "does not add up"),
        ("after done", "after [DONE]"),
    ],
)
def test_wrong_stream(session: Session, stub: Any, case: str, reason: str) -> None:
    stub.routes["/v1/chat/completions"] = lambda h, b: h.send_events(stream_of(stub, b, case))
    result = outcome_of(session, "chat_stream")
    assert result.result == "failed"
    assert reason in result.reason


def test_stream_without_done(session: Session, stub: Any) -> None:
    stub.routes["/v1/chat/completions"] = lambda h, b: h.send_events(stub.chunks(b), done=False)
    result = outcome_of(session, "chat_stream")
    assert "the stream ended without [DONE] after 4 chunks" in result.reason


def test_stream_that_is_cut_is_not_tried_again(session: Session, stub: Any) -> None:
    calls = []

    def cut(handler: Any, body: Any) -> None:
        calls.append(1)
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        event = f"data: {json.dumps(stub.chunks(body)[0])}\n\n".encode()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))

    stub.routes["/v1/chat/completions"] = cut
    result = outcome_of(session, "chat_stream")
    assert "broke off after 1 chunks" in result.reason
    assert len(calls) == 1


def test_stream_that_is_no_stream(session: Session, stub: Any) -> None:
    stub.routes["/v1/chat/completions"] = lambda h, b: h.send(200, stub.document(b, message={"content": "x"}))
    assert "application/json came instead of text/event-stream" in outcome_of(session, "chat_stream").reason


def test_dripping_answer_ends_at_the_request_timeout(session: Session, stub: Any) -> None:
    session.request_timeout = 0.5

    def drip(handler: Any, _body: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while True:  # ends when the client hangs up
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)

    stub.routes["/v1/chat/completions"] = drip
    began = time.monotonic()
    assert "no complete answer within 0.5 s" in outcome_of(session, "chat").reason
    assert time.monotonic() - began < 3


HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"


@pytest.mark.parametrize(
    "check", ["live", "health", "models", "chat", "chat_stream", "completions", "errors", "metrics"]
)
def test_page_of_a_proxy(session: Session, stub: Any, check: str) -> None:
    for path in list(stub.routes):
        stub.routes[path] = lambda h, _b: h.send(200, HTML, "text/html")
    result = outcome_of(session, check)
    assert result.result == "failed"
    assert "HTML" in result.reason


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (404, b"", "no worker has registered the model"),
        (503, b"", "503 with an empty body"),
        (502, HTML, "a load balancer or proxy has no healthy server behind it"),
        (529, b"{}", "overloaded"),
    ],
)
def test_not_yet_is_tried_until_the_deadline(
    session: Session, stub: Any, fake_time: Any, status: int, body: bytes, says: str
) -> None:
    stub.routes["/v1/chat/completions"] = lambda h, _b: h.send(status, body)
    result = outcome_of(session, "chat")
    assert result.result == "failed"
    assert says in result.reason
    assert "all waiting ends 60 s after the start" in result.reason
    assert fake_time.now == pytest.approx(60)
    assert len(fake_time.slept) > 10


def test_not_yet_then_an_answer(session: Session, stub: Any, fake_time: Any) -> None:
    answers = iter([(404, b"", {}), (503, b"{}", {}), (429, b"{}", {"Retry_After": "7"})])

    def route(handler: Any, body: Any) -> None:
        try:
            status, data, headers = next(answers)
        except StopIteration:
            stub.chat(handler, body)
        else:
            handler.send(status, data, **headers)

    stub.routes["/v1/chat/completions"] = route
    assert outcome_of(session, "chat_stream").result == "passed"
    assert fake_time.slept == pytest.approx([0.25, 0.4, 7])


def test_retry_after_beyond_the_deadline_ends_the_wait(session: Session, stub: Any, fake_time: Any) -> None:
    stub.routes["/v1/chat/completions"] = lambda h, _b: h.send(429, b"{}", Retry_After="3600")
    assert outcome_of(session, "chat").result == "failed"
    assert fake_time.slept == []


@pytest.mark.parametrize(("status", "hint"), [(401, "Check api_key"), (403, "Check api_key"), (400, ""), (500, "")])
def test_other_statuses_are_final(session: Session, stub: Any, fake_time: Any, status: int, hint: str) -> None:
    stub.routes["/v1/chat/completions"] = lambda h, _b: h.send(status, {"message": "no"})
    result = outcome_of(session, "chat")
    assert result.result == "failed"
    assert f"{status} " in result.reason
    assert hint in result.reason
    assert fake_time.slept == []


def test_wrong_name_is_a_failure_at_once(session: Session, fake_time: Any) -> None:
    session.model = "org/Tinny"
    result = outcome_of(session, "chat")
    assert "is the model's name right?" in result.reason
    assert fake_time.slept == []


def test_model_that_is_not_among_the_listed(session: Session, fake_time: Any) -> None:
    session.model = "org/Tinny"
    result = outcome_of(session, "models")
    assert f"does not list org/Tinny; it lists: {MODEL}" in result.reason
    assert 15 <= fake_time.now < 25


def test_model_that_is_not_among_the_listed_at_the_deadline(session: Session) -> None:
    session.model, session.deadline = "org/Tinny", 2.0
    assert f"does not list org/Tinny; it lists: {MODEL}" in outcome_of(session, "models").reason


def test_model_that_comes_after_another(session: Session, stub: Any, fake_time: Any) -> None:
    def listed(handler: Any, _body: Any) -> None:
        late = [{"id": MODEL}] if fake_time.now > 3 else []
        handler.send(200, {"data": [{"id": "other"}, *late]})

    stub.routes["/v1/models"] = listed
    result = outcome_of(session, "models")
    assert result.result == "passed"
    assert "listed beside it: other" in result.evidence


def test_listed_but_hanging_then_500_then_answering(session: Session, stub: Any) -> None:
    session.request_timeout = 0.3
    calls = []

    def route(handler: Any, body: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            time.sleep(0.6)
        elif len(calls) == 2:
            handler.send(500, {"message": "no responders"})
        else:
            stub.chat(handler, body)

    stub.routes["/v1/chat/completions"] = route
    assert outcome_of(session, "models").result == "passed"
    assert len(calls) == 3


def test_model_listed_twice(session: Session, stub: Any) -> None:
    stub.routes["/v1/models"] = lambda h, _b: h.send(200, {"data": [{"id": MODEL}, {"id": MODEL}]})
    assert "lists 2 times" in outcome_of(session, "models").reason


def test_empty_list_waits_for_a_worker(session: Session, stub: Any, fake_time: Any) -> None:
    stub.routes["/v1/models"] = lambda h, _b: h.send(200, {"data": []})
    result = outcome_of(session, "models")
    assert "no worker has registered" in result.reason
    assert fake_time.now == pytest.approx(60)


def test_failed_models_spares_the_others(session: Session, stub: Any) -> None:
    stub.routes["/v1/models"] = lambda h, _b: h.send(500, {"message": "x"})
    result = outcome_of(session, "models", "chat")
    assert (result.result, result.reason) == ("skipped", "not tried: the check models failed")


def test_refused_connection_spares_the_others(stub: Any, fake_time: Any) -> None:
    stub.shutdown()
    stub.server_close()
    client = Client(url_target(stub.url))
    session = Session(client, MODEL, timeout=3, clock=lambda: fake_time.now, sleep=fake_time.sleep)
    outcome = runner.run(session, specs.parse(["live", "chat"]))
    assert "Connection refused" in outcome.results[0].reason
    assert outcome.results[1].reason == "not tried: nothing answered the check live"
    assert not outcome.passed


def test_health_without_a_worker_is_not_enough(session: Session, stub: Any) -> None:
    stub.routes["/health"] = lambda h, _b: h.send(200, {"status": "healthy", "endpoints": [], "instances": []})
    assert "no worker has registered" in outcome_of(session, "health").reason


def test_health_of_another_server(session: Session, stub: Any) -> None:
    stub.routes["/health"] = lambda h, _b: h.send(200, b"", "text/plain")
    assert outcome_of(session, "health").result == "passed"


def test_health_in_a_form_of_its_own(session: Session, stub: Any) -> None:
    stub.routes["/health"] = lambda h, _b: h.send(200, {"healthy_count": 1, "unhealthy_count": 0})
    assert outcome_of(session, "health").result == "passed"
    stub.routes["/health"] = lambda h, _b: h.send(200, {"status": "unhealthy"})
    assert outcome_of(session, "health").result == "failed"


@pytest.mark.parametrize("check", ["live", "health", "ready", "metrics"])
def test_missing_route_is_skipped_unless_required(session: Session, stub: Any, check: str) -> None:
    path = {"ready": f"/v1/models/{MODEL}/ready"}.get(check, f"/{check}")
    stub.routes[path] = lambda h, _b: h.send(404, b"")
    assert outcome_of(session, check).result == "skipped"
    required = outcome_of(session, {"name": check, "required": True})
    assert required.result == "failed"
    assert required.reason.startswith("required, but ")


def test_missing_worker_type_is_named(session: Session, stub: Any) -> None:
    body = {"ready": False, "namespaces": {"dyn": {"ready": False, "missing_worker_types": ["prefill"]}}}
    stub.routes[f"/v1/models/{MODEL}/ready"] = lambda h, _b: h.send(503, body)
    assert "missing worker types: prefill" in outcome_of(session, "ready").reason


def test_completions_of_a_chat_model_are_skipped(session: Session, stub: Any) -> None:
    stub.routes["/v1/completions"] = lambda h, _b: h.send(404, {"message": "Model not found", "code": 404})
    result = outcome_of(session, "completions")
    assert result.result == "skipped"
    assert "is not served on /v1/completions" in result.reason


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, {"message": "boom"}, "must be refused with 404 or 400"),
        (200, {"choices": []}, "must be refused with 404 or 400"),
        (404, {"nothing": 1}, "holds no error object"),
    ],
)
def test_wrong_refusal(session: Session, stub: Any, status: int, body: Any, reason: str) -> None:
    stub.routes["/v1/chat/completions"] = lambda h, _b: h.send(status, body)
    assert reason in outcome_of(session, "errors").reason


@pytest.mark.parametrize(
    "body",
    [{"error": "Model not found"}, {"error": {"message": "x"}}, {"message": "Model not found", "type": "Not Found"}],
)
def test_every_age_of_error_object(session: Session, stub: Any, body: Any) -> None:
    stub.routes["/v1/chat/completions"] = lambda h, _b: h.send(404, body)
    assert outcome_of(session, {"name": "errors", "cases": ["unknown_model"]}).result == "passed"


def test_counter_that_stays_behind(session: Session, stub: Any) -> None:
    def uncounted(handler: Any, body: Any) -> None:
        stub.chat(handler, body)
        stub.served -= 1

    stub.served = 5
    stub.routes["/v1/chat/completions"] = uncounted
    assert "dynamo_frontend_requests_total rose by 0 for 2" in outcome_of(session, "metrics").reason


def test_counter_of_a_busy_endpoint(session: Session, stub: Any) -> None:
    def busy(handler: Any, body: Any) -> None:
        stub.served += 3
        stub.chat(handler, body)

    stub.routes["/v1/chat/completions"] = busy
    result = outcome_of(session, "metrics")
    assert result.result == "skipped"
    assert "other clients use the endpoint" in result.reason


def test_metrics_of_another_server(session: Session, stub: Any) -> None:
    stub.routes["/metrics"] = lambda h, _b: h.send(200, b"vllm:num_requests_running 0\n", "text/plain")
    assert outcome_of(session, "metrics").result == "skipped"


def test_key_is_sent_and_checked(stub: Any, session: Session) -> None:
    session.client = Client(url_target(stub.url), key=Key("hunter2"))
    assert outcome_of(session, "chat").result == "passed"
    assert stub.headers[-1]["Authorization"] == "Bearer hunter2"
    with pytest.raises(ValueError, match="line breaks"):
        Client(url_target(stub.url), key=Key("hunter2\n"))


class Pods:
    """A cluster that has logs and nothing else."""

    def __init__(self, logs: Callable[[str, str], list[tuple[str, list[str]]]]) -> None:
        self.logs = logs

    def clients(self, _selector: str, _port: str) -> list[tuple[str, Client]]:
        return []


def test_log(session: Session) -> None:
    lines = iter([[("web-1", ["starting"])], [("web-1", ["starting", "Received response: Hello, world!"])]])
    session.cluster = Pods(lambda selector, container: next(lines) if (selector, container) == ("app=web", "") else [])
    result = outcome_of(session, {"name": "log", "selector": "app=web", "pattern": "Received response: .+"})
    assert (result.result, result.evidence) == ("passed", 'web-1: "Received response: Hello, world!"')


def test_log_that_never_says_it(session: Session, fake_time: Any) -> None:
    session.cluster = Pods(lambda _selector, _container: [("web-1", ["starting", "still starting"]), ("web-2", [])])
    result = outcome_of(session, {"name": "log", "selector": "app=web", "pattern": "Hello"})
    assert result.result == "failed"
    assert "read: web-1 (2 lines), web-2 (0 lines)" in result.reason
    assert '"still starting"' in result.reason
    assert 59 <= fake_time.now <= 60


@pytest.mark.parametrize(
    ("checks", "says"),
    [
        (["chatt"], "There are: live, health"),
        ([{"prompt": "x"}], "a dict with a name"),
        ([{"name": "chat", "promt": "x"}], "no option 'promt'"),
        ([{"name": "chat", "max_tokens": "many"}], "max_tokens must be a whole number; got: 'many'"),
        ([{"name": "chat", "max_tokens": 1.5}], "max_tokens must be a whole number; got: 1.5"),
        ([{"name": "chat", "max_tokens": True}], "max_tokens must be a whole number; got: True"),
        ([{"name": "chat", "max_tokens": 0}], "max_tokens must be at least 1; got: 0"),
        ([{"name": "chat", "required": "perhaps"}], "required must be true or false"),
        ([{"name": "chat", "prompt": ["x"]}], "prompt must be text"),
        ([{"name": "errors", "cases": ["none"]}], "cases must be one of unknown_model, bad_json"),
        ([{"name": "tool_call", "tool_choice": "none"}], "tool_choice must be one of auto, required"),
        ([{"name": "stop", "stop": ""}], "stop must not be empty"),
        ([{"name": "worker_metrics", "families": "("}], "families is no regular expression"),
        ([{"name": "chat", "label": "a"}, {"name": "models", "label": "a"}], "the label a more than once"),
        ([{"name": "log"}], "selector and pattern are needed"),
        ([{"name": "load", "concurrency": 65}], "concurrency must be at most 64"),
        ([{"name": "load", "concurrency": 500}], "inside the cluster, as a Job"),
        ([{"name": "load", "requests": 5, "duration": 5}], "exclude each other"),
        ([{"name": "load", "prompts": "file"}], "needs prompt_file"),
        ([{"name": "load", "slo": {"ttft_p42_ms": 1}}], "slo has no constraint 'ttft_p42_ms'"),
        ([{"name": "load", "slo": {"error_rate": "few"}}], "error_rate must be a number"),
        ([{"name": "load", "tolerance": -1}], "tolerance must be at least 0 and at most 100"),
        ([{"name": "log", "selector": "a=b", "pattern": "("}], "no regular expression"),
        ([], "checks is empty"),
        ([7], "must be a name"),
    ],
)
def test_wrong_lists_of_checks(checks: list[Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        specs.parse(checks)


def test_options_from_the_command_line_are_text() -> None:
    found = specs.parse(
        [{"name": "load", "concurrency": "8", "duration": "2.5", "calibrate": "no", "required": "true"}]
    )
    spec = found[0]
    assert (spec["concurrency"], spec["duration"], spec["calibrate"], spec.required) == (8, 2.5, False, True)


def test_labels_tell_checks_of_one_kind_apart() -> None:
    found = specs.parse(["chat", {"name": "chat", "prompt": "x"}, {"name": "chat", "label": "long"}])
    assert [spec.label for spec in found] == ["chat", "chat 2", "long"]


def test_planned() -> None:
    outcome = runner.planned(specs.parse(None), "somewhere", "m")
    assert {result.result for result in outcome.results} == {"skipped"}
    assert all("would send" in result.reason for result in outcome.results)
    assert not outcome.passed
