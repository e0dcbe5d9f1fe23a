# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Does it talk: chat, streams, plain completions, responses, embeddings."""

from __future__ import annotations

from .. import generate, judge, judge_api
from ..generate import CHAT, COMPLETIONS
from ..session import Failed, Record, Session, Spec
from .check import TEXT, Check, Option

RESPONSES = "/v1/responses"
EMBEDDINGS = "/v1/embeddings"
# A whole answer that is held back comes later than a short one, by more than chance makes it.
SOONER = 1.5


def chat(session: Session, spec: Spec) -> str:
    """A chat completion is correct and not empty."""
    return remember(session, spec, generate.chat(session, spec)).evidence()


def remember(session: Session, spec: Spec, found: judge.Completion) -> judge.Completion:
    """Keep what was said for the report."""
    session.answer = session.answer or found.text
    said = {"role": "assistant", "content": found.content, "reasoning": found.reasoning}
    session.said(spec.label or spec.name, {"role": "user", "content": spec["prompt"]}, said)
    return found


def chat_stream(session: Session, spec: Spec) -> str:
    """A streamed chat completion is correct, complete, not empty, and comes as it is made."""
    stream, record, at_once = generate.chat_stream(session, spec)
    found = remember(session, spec, stream.found)
    gap = "" if record.itl_ms is None else f", one chunk every {record.itl_ms:g} ms"
    if at_once and not spec["buffered"]:
        refuse_held_back(session, spec, record)
    return f"{found.evidence()}; first token after {record.ttft_ms:g} ms{gap}, {record.chunks} chunks"


def refuse_held_back(session: Session, spec: Spec, record: Record) -> None:
    """Raise Failed when a stream that came at once was held back. Some engines are as fast as that by themselves.

    What holds a stream back until it is whole lets a short answer through sooner than a long one.
    """
    try:
        _stream, short, _at_once = generate.chat_stream(session, spec.but(max_tokens=1))
        sooner = short.ttft_ms
    except Failed:
        # An answer that is longer than it may be tells nothing.
        sooner = 0.0
    if sooner is None or (record.ttft_ms or 0.0) > SOONER * sooner:
        raise Failed(
            f"all {record.chunks} chunks came at once, {record.ttft_ms:g} ms after the request"
            f"{f', those of a single token after {sooner:g} ms' if sooner else ''}: a proxy or load "
            "balancer on the way holds the stream back until it is whole. Switch its response buffering off."
        )


def completions(session: Session, spec: Spec) -> str:
    """A plain completion is correct and not empty."""
    return remember(session, spec, generate.completion(session, spec)).evidence()


def responses(session: Session, spec: Spec) -> str:
    """An answer of the Responses API is correct and not empty."""
    payload = {"model": session.model_id(), "input": spec["prompt"], "max_output_tokens": spec["max_tokens"]}
    answer = session.post(RESPONSES, payload)
    generate.expect_ok(session, "POST", RESPONSES, answer)
    found = judge_api.response(generate.document_of(answer), session.model, spec["max_tokens"])
    session.records.append(generate.whole(spec, RESPONSES, answer, found))
    return remember(session, spec, found).evidence()


def embeddings(session: Session, spec: Spec) -> str:
    """Vectors are finite, of one length, and the same as numbers and as base64."""
    model = spec["model"] or session.model_id()
    texts = ["What is Kubernetes?", "A pod is a group of containers."]
    payload = {"model": model, "input": texts, "encoding_format": "float"}
    answer = session.post(EMBEDDINGS, payload)
    generate.expect_ok(session, "POST", EMBEDDINGS, answer)
    vectors = judge_api.vectors(generate.document_of(answer), len(texts))
    session.records.append(generate.whole(spec, EMBEDDINGS, answer, judge.Completion()))
    evidence = f"{len(vectors)} vectors of {len(vectors[0])} numbers"
    packed = session.post(EMBEDDINGS, {**payload, "encoding_format": "base64"})
    if packed.status != 200:
        return f"{evidence}; base64 is refused with {packed.status}"
    difference = judge_api.difference(vectors, judge_api.vectors(generate.document_of(packed), len(texts)))
    if difference > 1e-3:
        raise Failed(f"the vectors differ by {difference:.2g} between encoding_format float and base64")
    return f"{evidence}; base64 holds the same"


CHECKS: dict[str, Check] = {
    "chat": Check(chat, f"POST {CHAT}", ("models",), default=True, options=TEXT),
    "chat_stream": Check(
        chat_stream,
        f"POST {CHAT} with stream",
        ("models",),
        default=True,
        options={**TEXT, "buffered": Option(False, bool)},
    ),
    "completions": Check(completions, f"POST {COMPLETIONS}", ("models",), default=True, options=TEXT),
    "responses": Check(responses, f"POST {RESPONSES}", ("models",), options=TEXT),
    "embeddings": Check(embeddings, f"POST {EMBEDDINGS} twice", ("models",), options={"model": Option("")}),
}
