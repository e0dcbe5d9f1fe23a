# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a check knows and how it asks: one session per probe, with the rules for trying again.

Rules (measured on Dynamo 0.4.1 to 1.6.1): connection errors, 404 with an empty body, 429 (honouring Retry-After),
502, 503, 504 and 529 mean "not yet". 404 with a body means a wrong name; other statuses are answers. A request that
has begun to stream is never repeated. Every wait ends at the session's deadline, which the message names.
"""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from .errors import ProbeError
from .progress import Progress, Silent
from .transport import Answer, Client, is_html

if t.TYPE_CHECKING:
    from .job.manifest import Inside, State

RETRY_STATUSES = (429, 502, 503, 504, 529)
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.25, 5.0, 1.6
REASONING_KEYS = ("reasoning_content", "reasoning")
TRANSCRIPTS, MESSAGE_CHARACTERS = 20, 4000


class Failed(Exception):
    """The check failed. `unreachable`: nothing ever answered, so no other check can do better."""

    def __init__(self, reason: str, *, answer: Answer | None = None, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.answer = answer
        self.unreachable = unreachable


class Skipped(Exception):
    """The endpoint does not offer what the check tests; the text says how that was seen."""


Details = dict[str, t.Any]


@dataclass(frozen=True)
class Spec:
    """One check as the caller asked for it. `required`: a skip counts as a failure.

    `options`: the check's own parameters, all of them, with their defaults and of the right types.
    """

    name: str
    label: str = ""
    required: bool = False
    options: t.Mapping[str, t.Any] = field(default_factory=dict)

    def __getitem__(self, option: str) -> t.Any:
        return self.options[option]

    def but(self, **options: t.Any) -> Spec:
        """The same with other options."""
        return Spec(self.name, self.label, self.required, {**self.options, **options})


@dataclass
class Record:
    """Times of one request in milliseconds, from the moment it was sent; None where there is no such time.

    docs/probe.md defines them, and says which tool's definition each follows.
    """

    check: str
    path: str
    status: int
    stream: bool
    connect_ms: float | None = None
    queued_ms: float | None = None
    ttft_ms: float | None = None
    ttft_content_ms: float | None = None
    ttft_reasoning_ms: float | None = None
    itl_ms: float | None = None
    tpot_ms: float | None = None
    ntpot_ms: float | None = None
    e2e_ms: float | None = None
    server_ttft_ms: float | None = None
    chunks: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    started: float = 0.0
    error: str = ""


class Cluster(t.Protocol):
    """What some checks need of the cluster behind an endpoint. Every method raises ProbeError."""

    def logs(self, selector: str, container: str) -> list[tuple[str, list[str]]]:
        """Last lines of every pod that the selector finds ("" = each pod's first container)."""

    def clients(self, selector: str, port: str) -> list[tuple[str, Client]]:
        """Name of, and a client for, every ready pod that the selector finds."""

    def ready_pods(self, selector: str) -> list[str]:
        """Names of the ready pods that the selector finds."""

    def service(self, namespace: str, service: str, port: str) -> Client | None:
        """A client for a Service ("" = in the namespace of the pods); None when there is none of that name."""

    def inside(self) -> Inside:
        """How the endpoint that is probed is reached inside the cluster."""

    def create_job(self, job: dict[str, t.Any]) -> None:
        """Make a Job."""

    def job_state(self, name: str) -> State:
        """Where a Job is."""

    def job_log(self, name: str) -> str:
        """All that the Job's pod has written; "" when there is none yet."""

    def delete_job(self, name: str) -> None:
        """Remove a Job and its pod; one that is gone is fine."""


@dataclass
class Session:
    """State of one probe. `timeout`: seconds for all waiting together; `request_timeout`: seconds for one request."""

    client: Client
    model: str = ""
    timeout: float = 120.0
    request_timeout: float = 60.0
    cluster: Cluster | None = None
    progress: Progress = field(default_factory=Silent)
    clock: t.Callable[[], float] = time.monotonic
    sleep: t.Callable[[float], None] = time.sleep
    models: list[str] = field(default_factory=list)
    answer: str = ""
    transcript: list[dict[str, t.Any]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    details: Details = field(default_factory=dict)
    deadline: float = 0.0
    fresh: int = 0

    def __post_init__(self) -> None:
        self.deadline = self.clock() + self.timeout

    def get(self, path: str, *, absent_ok: bool = False, usable: t.Callable[[Answer], bool] | None = None) -> Answer:
        """GET with the rules for trying again.

        `absent_ok`: a 404 without body is an answer (an optional route), not "not yet". `usable`: an answer that it
        refuses also means "not yet". Raises Failed at the deadline and for what cannot get better.
        """
        return self.until_answer(
            f"GET {path}",
            lambda: self.client.request("GET", path, None, self.request_timeout),
            lambda answer: retriable(answer, absent_ok) or bool(usable and answer.status == 200 and not usable(answer)),
        )

    def post(self, path: str, payload: t.Any, *, starting: bool = False) -> Answer:
        """POST a JSON document (or raw bytes) with the rules for trying again.

        `starting`: the model may just be coming up, when Dynamo also answers 500 or hangs; both then mean "not yet".
        """
        body = encode(payload)
        return self.until_answer(
            f"POST {path}",
            lambda: self.client.request("POST", path, body, self.request_timeout),
            lambda answer: retriable(answer) or (starting and answer.status == 500),
            late_ok=starting,
        )

    def model_id(self) -> str:
        """The model to ask: the caller's, else the only one that is served. Raises Failed."""
        if not self.model:
            self.model = only_model(self.list_models(wait=True))
        return self.model

    def list_models(self, *, wait: bool) -> list[str]:
        """Ids that /v1/models lists now; with `wait`, as soon as there is one. Raises Failed."""
        answer = self.get("/v1/models", usable=(lambda found: bool(model_ids(found))) if wait else None)
        if answer.status != 200:
            raise Failed(f"GET /v1/models answered {answer.summary()}{key_hint(answer)}", answer=answer)
        self.models = model_ids(answer)
        return self.models

    def said(self, check: str, *messages: dict[str, t.Any]) -> None:
        """Keep a conversation for people who read the report."""
        if len(self.transcript) < TRANSCRIPTS:
            self.transcript.append({"check": check, "messages": [shorten(message) for message in messages]})

    def until_answer(
        self,
        what: str,
        send: t.Callable[[], Answer],
        not_yet: t.Callable[[Answer], bool],
        *,
        late_ok: bool = False,
    ) -> Answer:
        """Repeat `send` until its answer is not `not_yet`. Raises Failed at the deadline or when nothing can help.

        `late_ok`: an answer that did not come in time is one to try again, too.
        """
        began, pause, attempts, heard = self.clock(), FIRST_PAUSE, 0, False
        answer: Answer | None
        while True:
            attempts += 1
            asked = 0.0
            try:
                answer = send()
                heard = True
                if not not_yet(answer):
                    return answer
                last = answer.summary()
                asked = retry_after(answer)
            except ProbeError as error:
                if not (error.retry or late_ok):
                    raise Failed(f"{what}: {error}", unreachable=not heard) from error
                answer, last = None, str(error)
            left = self.deadline - self.clock()
            if left <= 0 or asked > left:
                break
            self.progress.waiting(what, last + meaning(answer), left)
            self.sleep(min(left, max(pause, asked)))
            pause = min(LONGEST_PAUSE, pause * GROWTH)
        times = "1 attempt" if attempts == 1 else f"{attempts} attempts in {self.clock() - began:.0f} s"
        raise Failed(
            f"{what}: no usable answer after {times} (all waiting ends {self.timeout:g} s after the start); "
            f"last: {last}{meaning(answer)}",
            answer=answer,
            unreachable=not heard,
        )


def shorten(message: dict[str, t.Any]) -> dict[str, t.Any]:
    """A message with the keys that a transcript has, its texts cut to a length that people read."""
    text = {key: str(message.get(key) or "")[:MESSAGE_CHARACTERS] for key in ("content", "reasoning")}
    return {"role": str(message.get("role") or ""), **text, "tool_calls": list(message.get("tool_calls") or [])}


def encode(payload: t.Any) -> bytes:
    """Request body of a JSON document; bytes pass as they are."""
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def retriable(answer: Answer, absent_ok: bool = False) -> bool:
    """Tell whether an answer means "not yet"."""
    return answer.status in RETRY_STATUSES or (answer.status == 404 and not answer.body.strip() and not absent_ok)


def retry_after(answer: Answer) -> float:
    """Seconds that the server asks to wait; 0 when it names none. A date counts from the answer's own Date header."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until, now = (parsedate_to_datetime(text) for text in (value, answer.headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, IndexError):
        return 0.0


def meaning(answer: Answer | None) -> str:
    """What an answer that ended a wait says about the deployment."""
    if answer is None:
        return ""
    if answer.status == 404 and not answer.body.strip():
        return ": the frontend runs, but no worker has registered the model"
    if answer.status == 200:
        return ": the frontend runs, but no worker has registered"
    if answer.status in (429, 529):
        return ": the endpoint is overloaded"
    if is_html(answer):
        return ": a load balancer or proxy has no healthy server behind it"
    return ""


def key_hint(answer: Answer) -> str:
    """Next step for an answer that refuses the key."""
    return ". Check api_key" if answer.status in (401, 403) else ""


def model_ids(answer: Answer) -> list[str]:
    """Ids in an answer of /v1/models. Raises Failed when it is not a list of models."""
    try:
        document = answer.json()
    except ProbeError as error:
        raise Failed(f"GET /v1/models: {error}", answer=answer) from error
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, list) or not all(isinstance(entry, dict) and entry.get("id") for entry in data):
        raise Failed(f"GET /v1/models: {answer.summary()} is not a list of models", answer=answer)
    return [str(entry["id"]) for entry in data]


def only_model(models: list[str]) -> str:
    """The single served model. Raises Failed when there are several."""
    if len(set(models)) != 1:
        raise Failed(f"several models are served: {', '.join(sorted(set(models)))}. Name one with model.")
    return models[0]
