# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Does it do more than talk: tools, formats, probabilities, stop strings, repeatable answers.

A server may accept a parameter and ignore it. That is a skip with that reason, unless the check is required: it tells
what the deployment cannot do, and nothing is broken. An answer that takes the parameter up and gets it wrong fails.
"""

from __future__ import annotations

import json
import math
import typing as t

from .. import generate, judge, schema
from ..generate import CHAT
from ..judge import Json, quoted
from ..session import Failed, Session, Skipped, Spec
from ..transport import Answer
from .check import MAX_TOKENS, PROMPT, Check, Option

WEATHER: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city"],
}
TOOL: Json = {"name": "get_weather", "description": "Tell the weather of a city now.", "parameters": WEATHER}
PERSON: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "languages": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "age", "languages"],
    "additionalProperties": False,
}


def ask(session: Session, spec: Spec, payload: Json, what: str) -> Json:
    """Post a chat request that a server need not support. Raises Skipped when it refuses `what` with 4xx."""
    answer = session.post(CHAT, payload)
    if answer.status in (400, 422, 501):
        raise Skipped(f"the server refuses {what}: {answer.summary()}")
    generate.expect_ok(session, "POST", CHAT, answer)
    document = judge.refuse_error(generate.document_of(answer))
    session.records.append(generate.whole(spec, CHAT, answer, generate.usage_of(document)))
    judge.check_model(document, session.model)
    return document


def message_of(document: Json) -> tuple[Json, str]:
    """Message and finish_reason of the only choice."""
    choice = judge.first_choice(document)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Failed("the choice has no message")
    return message, judge.check_finish(choice.get("finish_reason"))


def tool_call(session: Session, spec: Spec) -> str:
    """The model calls a tool with arguments that fit, and answers with what the tool said."""
    question = {"role": "user", "content": spec["prompt"]}
    tool = spec["tool"] or TOOL
    payload: Json = {
        "model": session.model_id(),
        "messages": [question],
        "max_tokens": spec["max_tokens"],
        "temperature": 0,
        "tools": [{"type": "function", "function": tool}],
        "tool_choice": spec["tool_choice"],
    }
    message, finish = message_of(ask(session, spec, payload, "tools"))
    calls = message.get("tool_calls")
    if not calls:
        text = judge.text_of(message)
        marks = [mark for mark in ("<tool_call>", "[TOOL_CALLS]", "<|python_tag|>", '"name"') if mark in text]
        how = "wrote the call as text: no parser of tool calls is configured" if marks else "answered with text instead"
        raise Skipped(f"the model {how}: {quoted(text)}")
    call, arguments = judge_call(calls, tool)
    if finish not in ("tool_calls", "stop"):
        raise Failed(f"finish_reason is {finish} beside a tool call, not tool_calls")
    result = {"role": "tool", "tool_call_id": str(call.get("id") or ""), "content": spec["tool_result"]}
    turn = {"role": "assistant", "content": message.get("content") or "", "tool_calls": calls}
    again = ask(
        session, spec, {**payload, "messages": [question, turn, result], "tool_choice": "auto"}, "a tool's result"
    )
    second, _finish = message_of(again)
    text = judge.text_of(second) or judge.reasoning_of(second)
    session.said(spec.label or spec.name, question, turn, result, {**second, "reasoning": judge.reasoning_of(second)})
    if not text.strip():
        raise Failed("the answer to the tool's result is empty")
    return f"{tool['name']}({json.dumps(arguments)}), then {quoted(text)}"


def judge_call(calls: t.Any, tool: Json) -> tuple[Json, Json]:
    """The first call and its arguments. Raises Failed when it does not fit the tool."""
    call = calls[0] if isinstance(calls, list) and isinstance(calls[0], dict) else {}
    function = call.get("function")
    if not isinstance(function, dict) or function.get("name") != tool["name"]:
        raise Failed(f"the tool call names no tool that was offered: {quoted(json.dumps(calls))}")
    if not call.get("id"):
        raise Failed(f"the tool call has no id: {quoted(json.dumps(calls))}")
    try:
        arguments = json.loads(function.get("arguments") or "")
    except (TypeError, ValueError, RecursionError) as error:
        raise Failed(
            f"the arguments of the tool call are not JSON: {quoted(str(function.get('arguments')))}"
        ) from error
    wrong = schema.faults(arguments, tool.get("parameters") or {})
    if wrong:
        raise Failed(f"the arguments of the tool call do not fit: {'; '.join(wrong[:3])}")
    return call, arguments


def structured_output(session: Session, spec: Spec) -> str:
    """An answer in a given schema fits it."""
    wanted = spec["schema"] or PERSON
    kind: Json = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": wanted}}
    if spec["format"] == "json_object":
        kind = {"type": "json_object"}
    payload = {**generate.chat_payload(session, spec), "temperature": 0, "response_format": kind}
    message, finish = message_of(ask(session, spec, payload, f"response_format {spec['format']}"))
    text = judge.text_of(message).strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        if not text.startswith(("{", "[")):
            raise Skipped(
                f"response_format was accepted but not obeyed: the answer is no JSON: {quoted(text)}"
            ) from error
        hint = f" (cut off at max_tokens {spec['max_tokens']})" if finish == "length" else ""
        raise Failed(f"the answer is not JSON{hint}: {quoted(text)}") from error
    wrong = schema.faults(document, wanted) if spec["format"] == "json_schema" else []
    if wrong:
        raise Failed(f"the answer does not fit the schema: {'; '.join(wrong[:3])}")
    unseen = schema.unknown(wanted) if spec["format"] == "json_schema" else set()
    return f"{quoted(text)} fits" + (f" (not looked at: {', '.join(sorted(unseen))})" if unseen else "")


def logprobs(session: Session, spec: Spec) -> str:
    """Probabilities come with an answer, one per token, and are logarithms of probabilities."""
    payload = {**generate.chat_payload(session, spec), "logprobs": True, "top_logprobs": spec["top"]}
    document = ask(session, spec, payload, "logprobs")
    found = judge.first_choice(document).get("logprobs")
    entries = found.get("content") if isinstance(found, dict) else None
    if not entries:
        raise Skipped("logprobs were accepted but not returned")
    for entry in entries:
        value = entry.get("logprob") if isinstance(entry, dict) else None
        if not isinstance(value, (int, float)) or not math.isfinite(value) or value > 1e-6 or "token" not in entry:
            raise Failed(f"no logarithm of a probability: {quoted(json.dumps(entry))}")
    tokens = generate.usage_of(document).completion_tokens
    if tokens is not None and len(entries) > tokens:
        raise Failed(f"{len(entries)} probabilities came for {tokens} tokens")
    tops = [len(entry.get("top_logprobs") or []) for entry in entries]
    return f"{len(entries)} probabilities for {tokens} tokens, {min(tops)} to {max(tops)} alternatives each"


def stop(session: Session, spec: Spec) -> str:
    """Generation ends at a stop string, and the string is not in the answer."""
    payload = {**generate.chat_payload(session, spec), "stop": [spec["stop"]]}
    answer = session.post(CHAT, payload)
    if answer.status in (400, 422):
        raise Skipped(f"the server refuses stop: {answer.summary()}")
    if answer.status == 500 and "Stream ended before generation completed" in text_of(answer):
        raise Skipped("a fault of Dynamo before 0.5: it answers 500 when a stop string ends an answer in one piece")
    generate.expect_ok(session, "POST", CHAT, answer)
    document = judge.refuse_error(generate.document_of(answer))
    session.records.append(generate.whole(spec, CHAT, answer, generate.usage_of(document)))
    message, finish = message_of(document)
    text = judge.text_of(message)
    if spec["stop"] in text.lstrip():
        raise Failed(f"the answer holds the stop string {spec['stop']!r}: {quoted(text)}")
    tokens = generate.usage_of(document).completion_tokens
    if finish == "length" and (tokens or 0) >= spec["max_tokens"]:
        raise Skipped(f"the answer came to its {tokens} tokens without {spec['stop']!r}: {quoted(text)}")
    if finish != "stop":
        raise Failed(f"finish_reason is {finish}, not stop: {quoted(text)}")
    if tokens is not None and tokens >= spec["max_tokens"]:
        raise Failed(f"{tokens} tokens were made in spite of the stop string {spec['stop']!r}")
    return f"ended at {spec['stop']!r} after {tokens} tokens: {quoted(text)}"


def text_of(answer: Answer) -> str:
    """Start of a body as text."""
    return answer.body[:4096].decode("utf-8", "replace")


def seed(session: Session, spec: Spec) -> str:
    """The same request with the same seed at temperature 0 brings the same answer."""
    payload = {**generate.chat_payload(session, spec), "seed": spec["seed"], "temperature": 0}
    said = []
    for _time in range(2):
        message, _finish = message_of(ask(session, spec, payload, "seed"))
        said.append(judge.text_of(message) or judge.reasoning_of(message))
    if not said[0].strip():
        raise Failed("the answer is empty")
    if said[0] != said[1]:
        raise Skipped(f"answers are not repeatable here: {quoted(said[0], 60)}, then {quoted(said[1], 60)}")
    return f"twice {quoted(said[0])}"


_CHAT = {"prompt": PROMPT, "max_tokens": MAX_TOKENS}
CHECKS: dict[str, Check] = {
    "tool_call": Check(
        tool_call,
        f"POST {CHAT} with a tool, then once more with its result",
        ("models",),
        options={
            "prompt": Option("What is the weather in Paris now? Use the tool."),
            "max_tokens": Option(256, int, 1),
            "tool": Option({}, dict),
            "tool_choice": Option("auto", choices=("auto", "required")),
            "tool_result": Option('{"temperature": 21, "unit": "celsius", "sky": "clear"}'),
        },
    ),
    "structured_output": Check(
        structured_output,
        f"POST {CHAT} with response_format",
        ("models",),
        options={
            "prompt": Option("Describe a person as JSON: Ada, 36 years old, speaks English and French."),
            "max_tokens": Option(256, int, 1),
            "schema": Option({}, dict),
            "format": Option("json_schema", choices=("json_schema", "json_object")),
        },
    ),
    "logprobs": Check(
        logprobs, f"POST {CHAT} with logprobs", ("models",), options={**_CHAT, "top": Option(2, int, 0, 20)}
    ),
    "stop": Check(stop, f"POST {CHAT} with a stop string", ("models",), options={**_CHAT, "stop": Option(" ")}),
    "seed": Check(seed, f"POST {CHAT} twice with one seed", ("models",), options={**_CHAT, "seed": Option(7, int)}),
}
