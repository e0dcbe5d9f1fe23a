# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Requests that generate text, with their times. Both return what the judge accepted, or raise Failed."""

from __future__ import annotations

import time
import typing as t

from . import judge
from .errors import ProbeError
from .session import Failed, Record, Session, Skipped, Spec, encode, key_hint, retriable
from .sse import Parser, SseError
from .times import Times, milliseconds
from .transport import Answer, is_html, read_all

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
EVENT_STREAM = "text/event-stream"
STREAM_BYTES = 64 * 1024 * 1024


def chat_payload(session: Session, spec: Spec, *, stream: bool = False, **more: t.Any) -> judge.Json:
    """Body of a chat request with one user message."""
    body: judge.Json = {
        "model": session.model_id(),
        "messages": [{"role": "user", "content": spec["prompt"]}],
        "max_tokens": spec["max_tokens"],
        "stream": stream,
        **more,
    }
    return {**body, "stream_options": {"include_usage": True}} if stream else body


def ask_chat(session: Session, spec: Spec, payload: judge.Json) -> judge.Json:
    """Post a chat request; the document of its answer. Raises Failed, or Skipped where there is no chat."""
    answer = session.post(CHAT, payload)
    expect_ok(session, "POST", CHAT, answer)
    document = document_of(answer)
    if isinstance(document, dict):
        session.records.append(whole(spec, CHAT, answer, usage_of(document)))
    return judge.refuse_error(document)


def usage_of(document: judge.Json) -> judge.Completion:
    """Only the token counts of an answer whose text another one judges."""
    usage = document.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    prompt, completion = counts.get("prompt_tokens"), counts.get("completion_tokens")
    found = judge.Completion()
    found.prompt_tokens = prompt if isinstance(prompt, int) else None
    found.completion_tokens = completion if isinstance(completion, int) else None
    return found


def chat(session: Session, spec: Spec, **more: t.Any) -> judge.Completion:
    """One chat completion in one piece."""
    answer = session.post(CHAT, chat_payload(session, spec, **more))
    expect_ok(session, "POST", CHAT, answer)
    found = judge.chat(document_of(answer), session.model, spec["max_tokens"])
    session.records.append(whole(spec, CHAT, answer, found))
    return found


def completion(session: Session, spec: Spec) -> judge.Completion:
    """One plain text completion."""
    payload = {"model": session.model_id(), "prompt": spec["prompt"], "max_tokens": spec["max_tokens"]}
    answer = session.post(COMPLETIONS, payload)
    expect_ok(session, "POST", COMPLETIONS, answer)
    found = judge.completion(document_of(answer), session.model, spec["max_tokens"])
    session.records.append(whole(spec, COMPLETIONS, answer, found))
    return found


def chat_stream(session: Session, spec: Spec, **more: t.Any) -> tuple[judge.ChatStream, Record, bool]:
    """One streamed chat completion, its times, and whether all of it came at once."""
    payload = encode(chat_payload(session, spec, stream=True, **more))
    stream = judge.ChatStream(session.model, spec["max_tokens"])
    times = Times()
    answer = session.until_answer(f"POST {CHAT} (stream)", lambda: _read(session, payload, stream, times), retriable)
    expect_ok(session, "POST", CHAT, answer)
    found = stream.finish()
    record = whole(spec, CHAT, answer, found)
    record.stream = True
    times.into(record, found.completion_tokens)
    server = (stream.nvext.get("timing") or {}).get("ttft_ms") if isinstance(stream.nvext.get("timing"), dict) else None
    record.server_ttft_ms = round(float(server), 2) if isinstance(server, (int, float)) else None
    session.records.append(record)
    return stream, record, times.at_once()


def _read(session: Session, payload: bytes, stream: judge.ChatStream, times: Times) -> Answer:
    """Send a streaming request; feed `stream` and note when text came, in seconds since the send.

    An answer that is no stream is returned with its body, so that the caller can try again. From the first byte of a
    stream on everything that goes wrong is Failed.
    """
    with session.client.stream("POST", CHAT, payload, session.request_timeout) as (answer, pieces):
        if answer.status != 200:
            answer.body = read_all(pieces)
            return answer
        expect_stream(answer, pieces)
        parser = Parser()
        size = 0
        try:
            for piece in pieces:
                now = time.perf_counter() - answer.sent
                size += len(piece)
                if size > STREAM_BYTES:
                    raise SseError(f"more than {STREAM_BYTES // 2**20} MiB came")
                for event in parser.feed(piece):
                    times.note(stream.take(event), now)
        except (ProbeError, SseError) as error:
            raise Failed(f"the stream broke off after {stream.chunks} chunks: {error}") from error
        answer.seconds = time.perf_counter() - answer.sent
        return answer


def expect_stream(answer: Answer, pieces: t.Iterator[bytes]) -> None:
    """Raise Failed for a 200 that is no event stream."""
    if answer.content_type != EVENT_STREAM:
        answer.body = next(pieces, b"")
        what = "an HTML page" if is_html(answer) else answer.content_type or "no content type"
        raise Failed(f"a stream was asked for, but {what} came instead of {EVENT_STREAM}: {answer.summary()}")


def whole(spec: Spec, path: str, answer: Answer, found: judge.Completion) -> Record:
    """Record of an answer's times and size."""
    return Record(
        check=spec.name,
        path=path,
        status=answer.status,
        stream=False,
        connect_ms=milliseconds(answer.connect_seconds),
        e2e_ms=milliseconds(answer.seconds),
        prompt_tokens=found.prompt_tokens,
        completion_tokens=found.completion_tokens,
    )


def document_of(answer: Answer) -> object:
    """The JSON of an answer. Raises Failed."""
    try:
        return answer.json()
    except ProbeError as error:
        raise Failed(str(error), answer=answer) from error


def expect_ok(session: Session, method: str, path: str, answer: Answer) -> None:
    """Raise Failed for an error, Skipped when a model that is served is not served on this path."""
    if answer.status == 200:
        return
    if answer.status in (404, 405, 501):
        # A 404 with a body is a wrong name or a route that is not there; what is listed cannot be a wrong name.
        if session.model in (session.models or session.list_models(wait=False)):
            raise Skipped(f"{session.model} is not served on {path} ({answer.summary()})")
        raise Failed(f"{method} {path} answered {answer.summary()}: is the model's name right?", answer=answer)
    raise Failed(f"{method} {path} answered {answer.summary()}{key_hint(answer)}", answer=answer)
