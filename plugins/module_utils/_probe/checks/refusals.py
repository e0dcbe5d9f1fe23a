# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Are bad requests refused: with the right status and words, not with 5xx, not with a hang, not with an answer."""

from __future__ import annotations

import json
import typing as t
from dataclasses import asdict, dataclass

from .. import generate
from ..errors import ProbeError
from ..generate import CHAT
from ..session import Failed, Session, Skipped, Spec, retriable
from ..transport import Answer, Client
from .check import Check, Option

BODY_BYTES = 8 * 1024 * 1024
# Where servers say how long a prompt may be: Dynamo, vLLM, llama.cpp.
CONTEXT_KEYS = ("context_window", "max_model_len", "context_length", "n_ctx", "n_ctx_train")


@dataclass
class Case:
    """One bad request and what became of it."""

    name: str
    result: str = "passed"
    status: int | None = None
    evidence: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Bad:
    """A bad request: what it is called, and the statuses that refuse it. `named`: the refusal must say why."""

    name: str
    statuses: tuple[int, ...]
    named: bool = False


CASES: dict[str, Bad] = {
    "unknown_model": Bad("an unknown model", (404, 400), named=True),
    "bad_json": Bad("malformed JSON", (400, 422)),
    "negative_max_tokens": Bad("a negative max_tokens", (400, 422)),
    "over_context": Bad("a prompt longer than the context", (400, 413, 422)),
    "wrong_content_type": Bad("a wrong content type", (400, 415, 422)),
    "wrong_key": Bad("a wrong key", (401, 403)),
}


def errors(session: Session, spec: Spec) -> str:
    """Every kind of bad request is refused as it should be."""
    names = spec["cases"] or list(CASES)
    session.model_id()
    cases = [one(session, spec, name) for name in names]
    session.details["cases"] = [asdict(case) for case in cases]
    failed = [case for case in cases if case.result == "failed"]
    if failed:
        raise Failed("; ".join(case.reason for case in failed))
    if all(case.result == "skipped" for case in cases):
        raise Skipped("; ".join(f"{case.name}: {case.reason}" for case in cases))
    return "; ".join(f"{case.name}: {case.evidence}" for case in cases if case.result == "passed")


def one(session: Session, spec: Spec, name: str) -> Case:
    """Send one bad request and judge the refusal."""
    case, bad = Case(name), CASES[name]
    try:
        answer = send(session, spec, name)
        case.status, case.evidence = answer.status, answer.summary()
        if answer.status not in bad.statuses:
            wanted = " or ".join(map(str, bad.statuses))
            raise Failed(f"{bad.name} must be refused with {wanted}; the answer was {answer.summary()}")
        said = error_text(answer)
        if bad.named and not said:
            raise Failed(f"the refusal of {bad.name} holds no error object: {answer.summary()}")
    except Skipped as skip:
        case.result, case.reason = "skipped", str(skip)
    except Failed as failure:
        case.result, case.reason = "failed", str(failure)
    return case


def send(session: Session, spec: Spec, name: str) -> Answer:
    """The answer to one bad request. Raises Failed, or Skipped where the case has no meaning."""
    good: dict[str, t.Any] = {
        "model": session.model,
        "messages": [{"role": "user", "content": "?"}],
        "max_tokens": 1,
    }
    client, body, content_type = session.client, b"", ""
    if name == "unknown_model":
        body = json.dumps({**good, "model": f"{session.model}-does-not-exist"}).encode()
    elif name == "bad_json":
        body = b'{"model": "' + session.model.encode() + b'", "messages": ['
    elif name == "negative_max_tokens":
        body = json.dumps({**good, "max_tokens": -1}).encode()
    elif name == "wrong_content_type":
        body, content_type = json.dumps(good).encode(), "text/plain"
    elif name == "wrong_key":
        if not session.client.key.secret:
            raise Skipped("no api_key was given, so the endpoint asks for none")
        client, body = session.client.without_key(), json.dumps(good).encode()
    else:
        body = json.dumps({**good, "messages": [{"role": "user", "content": long_text(session, spec)}]}).encode()
    return refused(session, client, body, content_type, min(session.request_timeout, spec["timeout"]))


def refused(session: Session, client: Client, body: bytes, content_type: str, timeout: float) -> Answer:
    """Send once, and again only while the endpoint is not there. A hang is a failure, not a reason to wait longer."""

    def attempt() -> Answer:
        try:
            return client.request("POST", CHAT, body, timeout, content_type)
        except ProbeError as error:
            if not error.retry:
                raise Failed(f"a bad request got no answer: {error}") from error
            raise

    return session.until_answer(f"POST {CHAT}", attempt, retriable)


def long_text(session: Session, spec: Spec) -> str:
    """A prompt of more tokens than the model takes. Raises Skipped when nobody says how many that are."""
    tokens = spec["context_tokens"] or context_of(session)
    if not tokens:
        raise Skipped("nobody says how long a prompt may be; set context_tokens")
    if 2 * (tokens + 64) > BODY_BYTES:
        raise Skipped(f"a prompt of more than {tokens} tokens is longer than this check sends")
    # Tokenizers rarely join a word with the next one, so every word is at least one token.
    return "z " * (tokens + 64)


def context_of(session: Session) -> int:
    """Length of the model's context in tokens, from the list of models; 0 when it is not there."""
    document = generate.document_of(session.get("/v1/models"))
    data = document.get("data") if isinstance(document, dict) else None
    for entry in data if isinstance(data, list) else []:
        if isinstance(entry, dict) and entry.get("id") == session.model:
            places = [entry, entry.get("meta") or {}]
            found = [place.get(key) for place in places if isinstance(place, dict) for key in CONTEXT_KEYS]
            return max((number for number in found if isinstance(number, int) and number > 0), default=0)
    return 0


def error_text(answer: Answer) -> str:
    """Message of a refusal: OpenAI's error object, Dynamo's flat one, or 0.4.1's plain string; "" without one."""
    try:
        document = answer.json()
    except ProbeError:
        return ""
    if isinstance(document, dict):
        error = document.get("error", document)
        text = error.get("message") if isinstance(error, dict) else error
        if isinstance(text, str):
            return text
    return ""


CHECKS: dict[str, Check] = {
    "errors": Check(
        errors,
        f"POST {CHAT} once per case: {', '.join(bad.name for bad in CASES.values())}",
        ("models",),
        default=True,
        options={
            "cases": Option([], list, choices=tuple(CASES)),
            "context_tokens": Option(0, int, 0, 4_000_000),
            "timeout": Option(15.0, float, 0.1),
        },
    ),
}
