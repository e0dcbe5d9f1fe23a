# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Does the server count right: requests, tokens, and requests that were given up."""

from __future__ import annotations

import typing as t

from .. import generate, judge, metrics
from ..errors import ProbeError
from ..generate import CHAT
from ..session import Failed, Session, Skipped, Spec, encode
from ..sse import Parser, SseError
from .check import PROMPT, Check, Option
from .served import route

ROUNDS = 3
SENT = 2
PAUSE = 0.2


def scrape(session: Session) -> list[metrics.Sample]:
    """Samples of /metrics. Raises Failed, or Skipped where there is no such page."""
    answer = route(session.get("/metrics", absent_ok=True), "/metrics")
    return metrics.parse(answer.body.decode("utf-8", "replace"))


def counted(session: Session, spec: Spec) -> str:
    """The server's counters of requests and tokens rise by exactly what this check sends and gets."""
    model = session.model_id()
    rises: list[str] = []
    # A first request makes the families appear, so that all of them have a value before.
    before = metrics.counters(scrape(session), model)
    if not before:
        generate.chat(session, spec)
        before = settled(session, spec, {"requests": 1.0}, {})
    for _round in range(ROUNDS):
        expected = send(session, spec)
        after = settled(session, spec, expected, before)
        if not after:
            raise Skipped(
                "no counters of a server that this check knows in /metrics: another server, or not the frontend"
            )
        wrong = {}
        session.details.clear()
        session.details["sent"] = SENT
        for kind, counter in after.items():
            start = before[kind].value if kind in before else 0.0
            rise = counter.value - start
            row = {"family": counter.family, "before": start, "after": counter.value, "expected": expected.get(kind)}
            session.details[kind] = row
            if expected.get(kind) is not None and rise != expected[kind]:
                wrong[kind] = f"{counter.family} rose by {rise:g} for {expected[kind]:g}"
        if not wrong:
            return "; ".join(
                f"{counter.family} rose by {expected[kind]:g}"
                for kind, counter in after.items()
                if expected.get(kind) is not None
            )
        others = (
            after.get("requests", metrics.Counter("", 0)).value - before.get("requests", metrics.Counter("", 0)).value
        )
        if others <= SENT:
            raise Failed(
                f"{'; '.join(wrong.values())}. Several frontends behind one address count for themselves: probe one "
                "pod, or the Service through the Kubernetes API."
            )
        rises.append(f"{others:g}")
        before = after
    raise Skipped(
        f"other clients use the endpoint: the counter of requests rose by {', '.join(rises)} for 2 requests each"
    )


def send(session: Session, spec: Spec) -> dict[str, float | None]:
    """Two requests; how many there were, and the sums of their usage (None when a usage is missing)."""
    one = generate.chat(session, spec)
    stream, _record, _at_once = generate.chat_stream(session, spec)
    both = (one, stream.found)
    return {
        "requests": float(SENT),
        "prompt_tokens": total(found.prompt_tokens for found in both),
        "computed_tokens": total(
            None if found.prompt_tokens is None else found.prompt_tokens - found.cached_tokens for found in both
        ),
        "completion_tokens": total(found.completion_tokens for found in both),
    }


def total(counts: t.Iterable[int | None]) -> float | None:
    """Sum, or None when one is not known."""
    known = list(counts)
    return None if None in known else float(sum(count or 0 for count in known))


def settled(
    session: Session, spec: Spec, expected: t.Mapping[str, float | None], before: dict[str, metrics.Counter]
) -> dict[str, metrics.Counter]:
    """Counters once they have risen as expected, or when there is no more time: servers count a moment later."""
    until = session.clock() + spec["settle"]
    while True:
        now = metrics.counters(scrape(session), session.model)
        risen = bool(now) and all(
            counter.value - (before[kind].value if kind in before else 0.0) >= (expected.get(kind) or 0.0)
            for kind, counter in now.items()
        )
        if risen or session.clock() >= until:
            return now
        session.sleep(PAUSE)


def cancel(session: Session, spec: Spec) -> str:
    """A client that hangs up in mid-stream: the server notices, and its gauge of running requests returns."""
    generate.chat(session, spec.but(max_tokens=4))
    before = metrics.gauge(scrape(session), session.model)
    if before is None:
        raise Skipped("no gauge of running requests in /metrics that this check knows")
    # What another check began may still be counted.
    before = lowest(session, spec, 0.0) or before
    during, chunks = hang_up(session, spec, before.value)
    began = session.clock()
    after = lowest(session, spec, before.value)
    seconds = session.clock() - began
    session.details.update(
        family=before.family,
        before=before.value,
        during=during,
        after=None if after is None else after.value,
        seconds_to_settle=round(seconds, 2),
    )
    if after is None or after.value > before.value:
        raise Failed(
            f"{before.family} is still {after.value if after else 'absent'} {spec['settle']:g} s after the client hung "
            f"up; it was {before.value:g} before. The server goes on computing for clients that are gone."
        )
    return f"hung up after {chunks} chunks; {before.family} went {before.value:g}, {during:g}, {after.value:g}"


def lowest(session: Session, spec: Spec, wanted: float) -> metrics.Counter | None:
    """The gauge, once it is down to `wanted`, or when there is no more time."""
    until = session.clock() + spec["settle"]
    while True:
        found = metrics.gauge(scrape(session), session.model)
        if found is None or found.value <= wanted or session.clock() >= until:
            return found
        session.sleep(PAUSE)


def hang_up(session: Session, spec: Spec, before: float) -> tuple[float, int]:
    """Begin a stream and drop it; the gauge while it ran, and the chunks that had come."""
    body = encode(generate.chat_payload(session, spec, stream=True))
    stream, parser, during = judge.ChatStream(session.model, spec["max_tokens"]), Parser(), before
    try:
        with session.client.stream("POST", CHAT, body, session.request_timeout) as (answer, pieces):
            if answer.status != 200:
                raise Failed(f"POST {CHAT} answered {answer.status} to a stream", answer=answer)
            generate.expect_stream(answer, pieces)
            for piece in pieces:
                for event in parser.feed(piece):
                    stream.take(event)
                if stream.done or stream.found.finish_reason:
                    break
                if stream.chunks >= spec["chunks"]:
                    found = metrics.gauge(scrape(session), session.model)
                    during = found.value if found else before
                    if during > before:
                        return during, stream.chunks
    except (ProbeError, SseError) as error:
        raise Failed(f"the stream broke off after {stream.chunks} chunks: {error}") from error
    if stream.done or stream.found.finish_reason:
        raise Skipped(f"the answer ended after {stream.chunks} chunks, before it could be given up: raise max_tokens")
    raise Failed(f"the gauge of running requests stayed at {during:g} while a request ran")


CHECKS: dict[str, Check] = {
    "metrics": Check(
        counted,
        f"GET /metrics around POST {CHAT} twice, once with stream",
        ("models",),
        default=True,
        options={"prompt": PROMPT, "max_tokens": Option(4, int, 1), "settle": Option(10.0, float, 0)},
    ),
    "cancel": Check(
        cancel,
        f"POST {CHAT} with stream, hung up on, and GET /metrics",
        ("models",),
        options={
            "prompt": Option("Count from one to a thousand in words."),
            "max_tokens": Option(1000, int, 1),
            "chunks": Option(3, int, 1),
            "settle": Option(10.0, float, 0),
        },
    ),
}
