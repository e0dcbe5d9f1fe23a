# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Is it there: the process, its health, the model, its workers."""

from __future__ import annotations

from urllib.parse import quote

from .. import generate
from ..errors import ProbeError
from ..generate import CHAT, COMPLETIONS
from ..session import Failed, Session, Skipped, Spec, key_hint, model_ids
from ..transport import Answer, is_html
from .check import TEXT, Check

# A model that another one is listed without may still be starting; longer than this it is a wrong name.
OTHER_MODEL_SECONDS = 15.0


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
    if "status" not in document:
        return f"{answer.summary()} (a form of its own)"
    status = str(document["status"])
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
        payload = {"model": session.model, "prompt": spec["prompt"], "max_tokens": 1}
        answer = session.post(COMPLETIONS, payload, starting=True)
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


def route(answer: Answer, path: str) -> Answer:
    """Return an answer that is fine. Raises Skipped where the server has no such route, Failed otherwise."""
    if answer.status in (404, 405, 501):
        raise Skipped(f"the server has no {path} ({answer.summary()})")
    if answer.status != 200 or is_html(answer):
        raise Failed(f"GET {path} answered {answer.summary()}{key_hint(answer)}", answer=answer)
    return answer


CHECKS: dict[str, Check] = {
    "live": Check(live, "GET /live", default=True),
    "health": Check(health, "GET /health", default=True),
    "models": Check(
        models,
        f"GET /v1/models until the model is listed, then POST {CHAT} with max_tokens 1",
        default=True,
        options=TEXT,
    ),
    "ready": Check(ready, "GET /v1/models/{model}/ready", ("models",), default=True),
}
