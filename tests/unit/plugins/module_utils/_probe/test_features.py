# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Tools, formats, probabilities, stop strings, repeatability, responses and embeddings: right, wrong, not offered."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, schema, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session

MODEL = "org/Tiny-0.1"
CHAT = "/v1/chat/completions"


def check(session: Session, name: str, **options: Any) -> runner.Result:
    """Result of one check."""
    return runner.run(session, specs.parse([{"name": name, **options}])).results[0]


def answers(stub: Any, *choices: dict[str, Any], **document: Any) -> list[dict[str, Any]]:
    """Let the stub answer chats with these choices, one after the other, the last one for ever; what it was asked."""
    asked: list[dict[str, Any]] = []

    def route(handler: Any, body: dict[str, Any]) -> None:
        asked.append(body)
        choice = choices[min(len(asked), len(choices)) - 1]
        handler.send(200, {**stub.document(body, **choice), **document})

    stub.routes[CHAT] = route
    return asked


def said(text: str | None, finish: str = "stop") -> dict[str, Any]:
    """A choice with a text."""
    return {"message": {"role": "assistant", "content": text}, "finish_reason": finish}


def call(name: str = "get_weather", arguments: str = '{"city": "Paris"}', **more: Any) -> dict[str, Any]:
    """A choice with a tool call."""
    calls = [{"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}, **more}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    return {"message": message, "finish_reason": "tool_calls"}


def test_tool_call(session: Session, stub: Any) -> None:
    asked = answers(stub, call(), said("It is 21 degrees in Paris."))
    result = check(session, "tool_call")
    assert (result.result, result.reason) == ("passed", "")
    assert result.evidence == 'get_weather({"city": "Paris"}), then "It is 21 degrees in Paris."'
    roles = [message["role"] for message in asked[1]["messages"]]
    assert roles == ["user", "assistant", "tool"]
    assert asked[1]["messages"][2]["tool_call_id"] == "c1"


@pytest.mark.parametrize(
    ("choice", "result", "reason"),
    [
        (call(name="rm"), "failed", "names no tool that was offered"),
        (call(id=""), "failed", "has no id"),
        (call(arguments="{city"), "failed", "are not JSON"),
        (call(arguments="{}"), "failed", "$.city is missing"),
        (call(arguments='{"city": 5}'), "failed", "$.city is 5, not string"),
        ({**call(), "finish_reason": "length"}, "failed", "finish_reason is length beside a tool call"),
        (said("It is sunny."), "skipped", "answered with text instead"),
        (said('<tool_call>{"name": "get_weather"}</tool_call>'), "skipped", "no parser of tool calls is configured"),
    ],
)
def test_wrong_tool_call(session: Session, stub: Any, choice: dict[str, Any], result: str, reason: str) -> None:
    answers(stub, choice, said("x"))
    found = check(session, "tool_call")
    assert found.result == result
    assert reason in found.reason


def test_tool_result_that_is_not_taken_up(session: Session, stub: Any) -> None:
    answers(stub, call(), said(""))
    assert "the answer to the tool's result is empty" in check(session, "tool_call").reason


@pytest.mark.parametrize("name", ["tool_call", "structured_output", "logprobs", "seed", "stop"])
def test_refused_is_skipped_unless_required(session: Session, stub: Any, name: str) -> None:
    stub.routes[CHAT] = lambda h, _b: h.send(400, {"message": "Unsupported parameter(s)"})
    result = check(session, name)
    assert result.result == "skipped"
    assert "the server refuses" in result.reason
    assert check(session, name, required=True).result == "failed"


GOOD = '{"name": "Ada", "age": 36, "languages": ["English"]}'


@pytest.mark.parametrize(
    ("text", "finish", "result", "reason"),
    [
        (GOOD, "stop", "passed", ""),
        ('{"name": "Ada"}', "stop", "failed", "$.age is missing; $.languages is missing"),
        (GOOD[:-1] + ', "x": 1}', "stop", "failed", "$.x is not in the schema"),
        (GOOD[:20], "length", "failed", "cut off at max_tokens 256"),
        ("Ada is 36.", "stop", "skipped", "accepted but not obeyed"),
    ],
)
def test_structured_output(session: Session, stub: Any, text: str, finish: str, result: str, reason: str) -> None:
    answers(stub, said(text, finish))
    found = check(session, "structured_output")
    assert found.result == result
    assert reason in found.reason


def test_own_schema_and_json_object(session: Session, stub: Any) -> None:
    asked = answers(stub, said('{"n": 5}'))
    wanted = {"type": "object", "properties": {"n": {"type": "integer", "multipleOf": 5}}}
    result = check(session, "structured_output", schema=wanted)
    assert "not looked at: multipleOf" in result.evidence
    assert asked[0]["response_format"]["json_schema"]["schema"] == wanted
    assert check(session, "structured_output", format="json_object").result == "passed"
    assert asked[1]["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("entries", "result", "reason"),
    [
        ([{"token": "a", "logprob": -0.5, "top_logprobs": [{}, {}]}], "passed", ""),
        ([{"token": "a", "logprob": 0.5}], "failed", "no logarithm of a probability"),
        ([{"token": "a", "logprob": None}], "failed", "no logarithm of a probability"),
        ([{"token": "a", "logprob": -1}] * 2, "failed", "2 probabilities came for 1 tokens"),
        (None, "skipped", "accepted but not returned"),
    ],
)
def test_logprobs(session: Session, stub: Any, entries: Any, result: str, reason: str) -> None:
    answers(stub, {**said("a"), "logprobs": None if entries is None else {"content": entries}})
    found = check(session, "logprobs")
    assert found.result == result
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "finish", "result", "reason"),
    [
        ("It", "stop", "passed", ""),
        (None, "stop", "passed", ""),
        (" It", "stop", "passed", ""),
        ("It is", "stop", "failed", "holds the stop string ' '"),
        ("It", "length", "failed", "finish_reason is length"),
    ],
)
def test_stop(session: Session, stub: Any, text: str | None, finish: str, result: str, reason: str) -> None:
    answers(stub, said(text, finish))
    found = check(session, "stop")
    assert found.result == result
    assert reason in found.reason


def test_stop_of_dynamo_0_4_1(session: Session, stub: Any) -> None:
    error = {"error": "Failed to fold chat completions stream: Stream ended before generation completed\n\nStack"}
    stub.routes[CHAT] = lambda h, _b: h.send(500, error)
    result = check(session, "stop")
    assert (result.result, "a fault of Dynamo before 0.5" in result.reason) == ("skipped", True)


def test_seed(session: Session, stub: Any) -> None:
    answers(stub, said("same"))
    assert check(session, "seed").result == "passed"
    answers(stub, said("one"), said("two"))
    assert "not repeatable here" in check(session, "seed").reason
    answers(stub, said(""))
    assert check(session, "seed").result == "failed"


def response(**changes: Any) -> dict[str, Any]:
    """An answer of the Responses API."""
    output = [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}]
    usage = {"input_tokens": 2, "output_tokens": 1, "total_tokens": 3}
    return {"object": "response", "status": "completed", "model": MODEL, "output": output, "usage": usage, **changes}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"usage": None}, ""),
        ({"status": "failed"}, 'status is "failed"'),
        ({"object": "chat.completion"}, "not response"),
        ({"output": []}, "the answer is empty"),
        ({"model": "other"}, "but other answered"),
        ({"usage": {"input_tokens": 2, "output_tokens": 1, "total_tokens": 9}}, "does not add up"),
        ({"error": {"message": "boom"}}, "boom"),
    ],
)
def test_responses(session: Session, stub: Any, changes: dict[str, Any], reason: str) -> None:
    stub.routes["/v1/responses"] = lambda h, _b: h.send(200, response(**changes))
    result = check(session, "responses")
    assert result.result == ("failed" if reason else "passed")
    assert reason in result.reason


def packed(vector: list[float]) -> str:
    """A vector as base64."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def embed(stub: Any, vectors: list[Any], others: list[Any] | None = None) -> None:
    """Let the stub answer with these vectors, and as base64 with the others."""

    def route(handler: Any, body: dict[str, Any]) -> None:
        found = vectors
        if body["encoding_format"] == "base64":
            found = others if others is not None else [packed(vector) for vector in vectors]
        data = [{"index": place, "embedding": vector} for place, vector in enumerate(found)]
        handler.send(200, {"object": "list", "data": list(reversed(data)), "model": body["model"]})

    stub.routes["/v1/embeddings"] = route


def test_embeddings(session: Session, stub: Any) -> None:
    embed(stub, [[0.5, 1.0, 2.0], [0.25, 1.0, 3.0]])
    result = check(session, "embeddings")
    assert (result.result, result.evidence) == ("passed", "2 vectors of 3 numbers; base64 holds the same")


@pytest.mark.parametrize(
    ("vectors", "others", "reason"),
    [
        ([[0.5], [0.5, 1.0]], None, "have 1, 2 numbers"),
        ([[0.5]], None, "2 vectors were asked for"),
        ([[0.0], [0.0]], None, "all zeros"),
        ([[1e999], [1.0]], [], "not finite"),
        ([["a"], [1.0]], [], "no list of numbers"),
        ([[1.0], [1.0]], [packed([2.0]), packed([1.0])], "differ by 1"),
        ([[1.0], [1.0]], ["?", packed([1.0])], "no base64"),
    ],
)
def test_wrong_embeddings(session: Session, stub: Any, vectors: Any, others: Any, reason: str) -> None:
    embed(stub, vectors, others)
    result = check(session, "embeddings")
    assert result.result == "failed"
    assert reason in result.reason


def test_embeddings_of_a_chat_model_are_skipped(session: Session, stub: Any) -> None:
    stub.routes["/v1/embeddings"] = lambda h, _b: h.send(404, {"message": "Model not found", "code": 404})
    assert "is not served on /v1/embeddings" in check(session, "embeddings").reason


@pytest.mark.parametrize(
    ("value", "wanted", "faults"),
    [
        (1, {"type": "integer"}, 0),
        (True, {"type": "integer"}, 1),
        (None, {"type": ["string", "null"]}, 0),
        ("a", {"enum": ["b"]}, 1),
        (5, {"minimum": 6}, 1),
        ("ab", {"maxLength": 1, "pattern": "^b"}, 2),
        ([1, "x"], {"items": {"type": "integer"}}, 1),
        ({"a": 1}, {"additionalProperties": {"type": "string"}}, 1),
        (1, {"anyOf": [{"type": "string"}, {"type": "integer"}]}, 0),
        (1.5, {"anyOf": [{"type": "string"}, {"type": "integer"}]}, 1),
        ({"c": 2}, {"const": {"c": 2}}, 0),
    ],
)
def test_schema(value: Any, wanted: dict[str, Any], faults: int) -> None:
    assert len(schema.faults(value, wanted)) == faults
    assert schema.unknown(wanted) == set()
    assert json.dumps(wanted)
