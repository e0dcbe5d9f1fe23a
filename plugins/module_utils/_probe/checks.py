# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The checks, as a table: name, what it sends, and a function that returns evidence or raises Failed or Skipped."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from urllib.parse import quote

from . import generate, judge, metrics
from .generate import CHAT, COMPLETIONS
from .session import Failed, Session, Skipped, Spec, key_hint, model_ids
from .transport import Answer, ProbeError, is_html

# A model that another one is listed without may still be starting; longer than this it is a wrong name.
OTHER_MODEL_SECONDS = 15.0
COUNTER_SECONDS = 10.0
COUNTER_ROUNDS = 3
LOG_PAUSE = 1.0


def live(session: Session, _spec: Spec) -> str:
    """The process answers."""
    answer = session.get("/live", absent_ok=True)
    return route(answer, "/live").summary()


def health(session: Session, _spec: Spec) -> str:
    """The frontend calls itself healthy and knows a worker.

    Without a worker Dynamo 0.4.1 answers 503; from 0.5.1 on it answers 200 with an empty list, which proves nothing.
    """
    answer = session.get("/health", absent_ok=True, usable=has_worker)
    route(answer, "/health")
    if not answer.body.strip():
        return f"{answer.status}, no body: a server that only says that it runs"
    document = generate.document_of(answer)
    if not isinstance(document, dict):
        raise Failed(f"GET /health answered {answer.summary()}", answer=answer)
    status = str(document.get("status") or "no status")
    if status not in ("healthy", "ok", "ready"):
        raise Failed(f"GET /health says {status}: {answer.summary()}", answer=answer)
    instances = document.get("instances")
    return f"{status}, {len(instances)} worker endpoints" if isinstance(instances, list) else status


def has_worker(answer: Answer) -> bool:
    """False for a body that lists worker instances and lists none."""
    try:
        document = answer.json()
    except ProbeError:
        return True
    return not (isinstance(document, dict) and document.get("instances") == [])


def models(session: Session, spec: Spec) -> str:
    """The model is listed exactly once, and it answers: a listed model may still hang or answer 500."""
    found = session.list_models(wait=True)
    if not session.model:
        session.model_id()
    if session.model not in found:
        wait_for_other(session)
        found = session.list_models(wait=False)
    if found.count(session.model) != 1:
        times = "does not list" if session.model not in found else f"lists {found.count(session.model)} times"
        raise Failed(f"/v1/models {times} {session.model}; it lists: {', '.join(found)}")
    began = session.clock()
    answer = session.post(CHAT, {**generate.chat_payload(session, spec), "max_tokens": 1}, starting=True)
    if answer.status != 200:
        answer = session.post(
            COMPLETIONS, {"model": session.model, "prompt": spec.prompt, "max_tokens": 1}, starting=True
        )
    if answer.status != 200:
        raise Failed(f"{session.model} is listed but answers {answer.summary()}{key_hint(answer)}", answer=answer)
    others = f"; listed beside it: {', '.join(sorted(set(found) - {session.model}))}" if len(found) > 1 else ""
    return f"{session.model} is listed and answers (first answer after {session.clock() - began:.1f} s){others}"


def wait_for_other(session: Session) -> None:
    """Give a model that other models are listed without a little time to come. Raises Failed when nothing answers."""
    until = session.clock() + OTHER_MODEL_SECONDS
    try:
        session.get("/v1/models", usable=lambda a: session.model in model_ids(a) or session.clock() >= until)
    except Failed as error:
        if error.answer is None or error.answer.status != 200:
            raise


def ready(session: Session, _spec: Spec) -> str:
    """Every type of worker that the model needs is there (a route of Dynamo 1.3 and newer)."""
    path = f"/v1/models/{quote(session.model_id(), safe='/')}/ready"
    try:
        answer = session.get(path, absent_ok=True)
    except Failed as error:
        missing = missing_types(error.answer)
        raise Failed(f"{error}{f'; missing worker types: {missing}' if missing else ''}", answer=error.answer) from None
    if answer.status in (404, 405):
        raise Skipped("no such route: Dynamo before 1.3, or another server")
    document = generate.document_of(route(answer, path))
    if not isinstance(document, dict) or document.get("ready") is not True:
        raise Failed(f"GET {path} answered {answer.summary()}", answer=answer)
    return "; ".join(
        f"{name}: {', '.join(namespace.get('present') or [])}"
        for name, namespace in sorted((document.get("namespaces") or {}).items())
    )


def missing_types(answer: Answer | None) -> str:
    """Worker types that a readiness answer calls missing."""
    if answer is None:
        return ""
    try:
        document = answer.json()
    except ProbeError:
        return ""
    namespaces = document.get("namespaces") if isinstance(document, dict) else None
    entries = namespaces.values() if isinstance(namespaces, dict) else []
    return ", ".join(sorted({kind for entry in entries for kind in entry.get("missing_worker_types") or []}))


def chat(session: Session, spec: Spec) -> str:
    """A chat completion is correct and not empty."""
    found = generate.chat(session, spec)
    session.answer = session.answer or found.text
    return found.evidence()


def chat_stream(session: Session, spec: Spec) -> str:
    """A streamed chat completion is correct, complete and not empty."""
    found, record = generate.chat_stream(session, spec)
    session.answer = session.answer or found.text
    gap = "" if record.itl_ms is None else f", one chunk every {record.itl_ms:g} ms"
    return f"{found.evidence()}; first token after {record.ttft_ms:g} ms{gap}, {record.chunks} chunks"


def completions(session: Session, spec: Spec) -> str:
    """A plain completion is correct and not empty."""
    return generate.completion(session, spec).evidence()


def errors(session: Session, _spec: Spec) -> str:
    """Bad requests are refused with the right status and words, not with 5xx or a hang."""
    absent = f"{session.model_id()}-does-not-exist"
    unknown = session.post(CHAT, {"model": absent, "messages": [{"role": "user", "content": "?"}], "max_tokens": 1})
    expect_refusal("an unknown model", unknown, (404, 400))
    error_text(unknown)
    broken = session.post(CHAT, b'{"model": "' + session.model.encode() + b'", "messages": [')
    expect_refusal("malformed JSON", broken, (400, 422))
    return f"unknown model: {unknown.summary()}; malformed JSON: {broken.summary()}"


def expect_refusal(what: str, answer: Answer, statuses: tuple[int, ...]) -> None:
    """Raise Failed unless a bad request was refused with one of `statuses`."""
    if answer.status not in statuses:
        wanted = " or ".join(map(str, statuses))
        raise Failed(f"{what} must be refused with {wanted}; the answer was {answer.summary()}", answer=answer)


def error_text(answer: Answer) -> str:
    """Message of an error answer: OpenAI's error object, Dynamo's flat one, or 0.4.1's plain string. Raises Failed."""
    document = generate.document_of(answer)
    if isinstance(document, dict):
        error = document.get("error", document)
        text = error.get("message") if isinstance(error, dict) else error
        if isinstance(text, str) and text:
            return text
    raise Failed(f"the refusal holds no error object: {answer.summary()}", answer=answer)


def counters(session: Session, spec: Spec) -> str:
    """The frontend's counter of answered requests rises by exactly what this check sends."""
    before = metrics.served(scrape(session), session.model_id())
    rises = []
    for _round in range(COUNTER_ROUNDS):
        small = replace(spec, max_tokens=4)
        generate.chat(session, small)
        generate.chat_stream(session, small)
        sent, until = 2, session.clock() + COUNTER_SECONDS
        while True:
            samples = scrape(session)
            rise = metrics.served(samples, session.model) - before
            if rise >= sent or session.clock() >= until:
                break
            session.sleep(0.2)
        family = metrics.request_family(samples)
        if not family:
            raise Skipped("no request counter of a Dynamo frontend in /metrics: another server, or not the frontend")
        if rise == sent:
            return f"{family} rose by {rise} for {sent} requests, to {before + rise}"
        if rise < sent:
            raise Failed(
                f"{family} rose by {rise} for {sent} requests. Several frontends behind one address count for "
                "themselves: probe one pod, or the Service through the Kubernetes API."
            )
        rises.append(rise)
        before += rise
    raise Skipped(
        f"other clients use the endpoint: the counter rose by {', '.join(map(str, rises))} for 2 requests each"
    )


def scrape(session: Session) -> list[metrics.Sample]:
    """Samples of /metrics. Raises Failed, or Skipped where there is no such page."""
    answer = route(session.get("/metrics", absent_ok=True), "/metrics")
    return metrics.parse(answer.body.decode("utf-8", "replace"))


def log(session: Session, spec: Spec) -> str:
    """A pod wrote a line that matches: the proof for a graph without an HTTP endpoint."""
    if session.read_logs is None:
        raise Failed("log needs a cluster: give kubeconfig, context and namespace")
    pattern = re.compile(spec.pattern)
    began = session.clock()
    while True:
        logs: list[tuple[str, list[str]]] = []
        trouble = ""
        try:
            logs = session.read_logs(spec.selector, spec.container)
        except ProbeError as error:
            if not error.retry:
                raise Failed(str(error)) from error
            trouble = str(error)
        for pod, lines in logs:
            for line in lines:
                if pattern.search(line):
                    return f"{pod}: {judge.quoted(line)}"
        if session.clock() + LOG_PAUSE > session.deadline:
            break
        session.sleep(LOG_PAUSE)
    read = ", ".join(f"{pod} ({len(lines)} lines)" for pod, lines in logs) or trouble or f"no pod with {spec.selector}"
    last = next((judge.quoted(lines[-1]) for _pod, lines in logs if lines), "nothing")
    raise Failed(
        f"no line matches {spec.pattern!r} after {session.clock() - began:.0f} s (all waiting ends "
        f"{session.timeout:g} s after the start); read: {read}; last line: {last}"
    )


def route(answer: Answer, path: str) -> Answer:
    """Return an answer that is fine. Raises Skipped where the server has no such route, Failed otherwise."""
    if answer.status in (404, 405, 501):
        raise Skipped(f"the server has no {path} ({answer.summary()})")
    if answer.status != 200 or is_html(answer):
        raise Failed(f"GET {path} answered {answer.summary()}{key_hint(answer)}", answer=answer)
    return answer


@dataclass(frozen=True)
class Check:
    """One line of the table. `needs`: checks whose failure makes this one pointless."""

    run: t.Callable[[Session, Spec], str]
    sends: str
    needs: tuple[str, ...] = ()
    default: bool = True


CHECKS: dict[str, Check] = {
    "live": Check(live, "GET /live"),
    "health": Check(health, "GET /health"),
    "models": Check(models, f"GET /v1/models until the model is listed, then POST {CHAT} with max_tokens 1"),
    "ready": Check(ready, "GET /v1/models/{model}/ready", ("models",)),
    "chat": Check(chat, f"POST {CHAT}", ("models",)),
    "chat_stream": Check(chat_stream, f"POST {CHAT} with stream", ("models",)),
    "completions": Check(completions, f"POST {COMPLETIONS}", ("models",)),
    "errors": Check(errors, f"POST {CHAT} twice: an unknown model, malformed JSON", ("models",)),
    "metrics": Check(counters, f"GET /metrics around POST {CHAT} twice, once with stream", ("models",)),
    "log": Check(log, "GET the log of the pods through the Kubernetes API", default=False),
}
DEFAULT_CHECKS = [name for name, check in CHECKS.items() if check.default]
