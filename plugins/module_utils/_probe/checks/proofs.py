# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What only Dynamo does, proved by the ids of the workers that made an answer: routing and disaggregation.

A request that asks for `nvext.extra_fields: [worker_id]` gets the ids of its prefill and its decode worker.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass

from .. import generate, judge
from ..generate import CHAT
from ..session import Failed, Session, Skipped, Spec
from .check import Check, Option
from .served import route


@dataclass(frozen=True)
class Ids:
    """Workers of one answer, as hexadecimal text: the numbers are too long for most readers of JSON."""

    prefill: str
    decode: str


def hexadecimal(value: t.Any) -> str:
    """An id as text; "" when there is none."""
    return f"{value:x}" if isinstance(value, int) and not isinstance(value, bool) else str(value or "")


def ask(session: Session, spec: Spec, prompt: str) -> Ids:
    """Send one request and tell which workers answered it. Raises Skipped when the answer names none."""
    payload = {
        **generate.chat_payload(session, spec.but(prompt=prompt)),
        "nvext": {"extra_fields": ["worker_id"]},
    }
    answer = session.post(CHAT, payload)
    if answer.status in (400, 422):
        raise Skipped(f"the server refuses nvext, so it is not Dynamo: {answer.summary()}")
    generate.expect_ok(session, "POST", CHAT, answer)
    document = judge.refuse_error(generate.document_of(answer))
    nvext = document.get("nvext")
    found = nvext.get("worker_id") if isinstance(nvext, dict) else None
    if not isinstance(found, dict) or not found.get("decode_worker_id"):
        raise Skipped("the answer names no workers: an older Dynamo, or another server")
    decode = hexadecimal(found["decode_worker_id"])
    return Ids(hexadecimal(found.get("prefill_worker_id")) or decode, decode)


def instances(session: Session, worker: str) -> dict[str, set[str]]:
    """Ids of the workers that /health lists and that generate, by component; {} where it lists none.

    /health lists the workers of every graph in the Kubernetes namespace. Those that share the Dynamo namespace of
    `worker`, which has answered, are the graph's own; all count when it is not among them.
    """
    try:
        document = generate.document_of(route(session.get("/health", absent_ok=True), "/health"))
    except (Failed, Skipped):
        return {}
    found: dict[str, dict[str, set[str]]] = {}
    listed = document.get("instances") if isinstance(document, dict) else None
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and entry.get("endpoint") == "generate":
            own = found.setdefault(str(entry.get("namespace")), {})
            own.setdefault(str(entry.get("component")), set()).add(hexadecimal(entry.get("instance_id")))
    mine = [own for own in found.values() if any(worker in workers for workers in own.values())]
    merged: dict[str, set[str]] = {}
    for own in mine or found.values():
        for component, workers in own.items():
            merged.setdefault(component, set()).update(workers)
    return merged


def peers(session: Session, spec: Spec, ids: Ids) -> set[str]:
    """The workers that could have made the prefill of an answer: all of that worker's component."""
    listed = instances(session, ids.prefill)
    found = next((workers for workers in listed.values() if ids.prefill in workers), {ids.prefill})
    if len(found) < 2:
        raise Skipped(f"there is one worker ({ids.prefill}), so there is nothing to choose between")
    wanted = spec["workers"]
    if wanted and len(found) != wanted:
        raise Failed(f"{wanted} workers were expected, /health lists {len(found)}: {', '.join(sorted(found))}")
    return found


def worker_ids(session: Session, spec: Spec) -> str:
    """An answer names its workers, and the frontend lists them."""
    ids = ask(session, spec, spec["prompt"])
    session.details["workers"] = dict(Counter({ids.prefill, ids.decode}))
    listed = instances(session, ids.decode)
    known = set().union(*listed.values()) if listed else set()
    strangers = {ids.prefill, ids.decode} - known
    if known and strangers:
        raise Failed(f"worker {', '.join(sorted(strangers))} answered, but /health lists {', '.join(sorted(known))}")
    both = f"prefill worker {ids.prefill}, decode worker {ids.decode}"
    return (both if ids.prefill != ids.decode else f"worker {ids.decode}") + f", of {len(known)} listed"


def prefix_affinity(session: Session, spec: Spec) -> str:
    """Requests that begin alike go to one worker, which has that beginning in its cache."""
    common = words(session, spec["prefix_words"])
    first = ask(session, spec, f"{common} 0")
    found = peers(session, spec, first)
    counts = Counter([first.prefill])
    for number in range(1, spec["requests"]):
        counts[ask(session, spec, f"{common} {number}").prefill] += 1
    session.details["workers"] = dict(counts)
    worker, most = counts.most_common(1)[0]
    share = most / sum(counts.values())
    seen = f"{most} of {sum(counts.values())} requests with one beginning went to worker {worker}, of {len(found)}"
    if share < spec["share"]:
        raise Failed(f"{seen}; at least {spec['share']:.0%} must: the router does not route by prefix")
    return seen


def spread(session: Session, spec: Spec) -> str:
    """Different requests reach every replica."""
    counts: Counter[str] = Counter()
    found: set[str] = set()
    for number in range(spec["requests"]):
        ids = ask(session, spec, f"{number} {words(session, 24)}")
        found = found or peers(session, spec, ids)
        counts[ids.prefill] += 1
        if found <= set(counts):
            break
    session.details["workers"] = {**dict.fromkeys(sorted(found), 0), **counts}
    seen = f"{sum(counts.values())} different requests went to {len(counts)} of {len(found)} workers"
    if not found <= set(counts):
        raise Failed(f"{seen}; none to {', '.join(sorted(found - set(counts)))}")
    return seen


def disaggregation(session: Session, spec: Spec) -> str:
    """One worker reads the prompt, another one writes the answer."""
    ids = ask(session, spec, words(session, spec["prefix_words"]))
    session.details["workers"] = dict(Counter({ids.prefill, ids.decode}))
    if ids.prefill != ids.decode:
        return f"prefill by worker {ids.prefill}, decode by worker {ids.decode}"
    components = instances(session, ids.decode)
    prefill = [name for name, workers in components.items() if "prefill" in name.lower() and ids.decode not in workers]
    if prefill:
        raise Failed(f"worker {ids.decode} did both, though there is a component {prefill[0]}")
    raise Skipped(f"worker {ids.decode} did both: the graph is not disaggregated")


def words(session: Session, count: int) -> str:
    """A text that no earlier request began with."""
    session.fresh += 1
    base = f"{int(session.clock() * 1e6):x}-{session.fresh}"
    return " ".join(f"{base}-{number}" for number in range(max(1, count // 4)))


_COMMON = {"prompt": Option("Say hello."), "max_tokens": Option(4, int, 1)}
_GROUP = {**_COMMON, "workers": Option(0, int, 0)}
CHECKS: dict[str, Check] = {
    "worker_ids": Check(worker_ids, f"POST {CHAT} that asks for worker ids", ("models",), options=_COMMON),
    "prefix_affinity": Check(
        prefix_affinity,
        f"POST {CHAT} several times with one beginning",
        ("models",),
        options={
            **_GROUP,
            "requests": Option(8, int, 2, 1000),
            "prefix_words": Option(400, int, 1, 100_000),
            "share": Option(0.8, float, 0, 1),
        },
    ),
    "spread": Check(
        spread,
        f"POST {CHAT} with different prompts until every worker was seen",
        ("models",),
        options={**_GROUP, "requests": Option(32, int, 2, 1000)},
    ),
    "disaggregation": Check(
        disaggregation,
        f"POST {CHAT} that asks for worker ids",
        ("models",),
        options={**_COMMON, "prefix_words": Option(400, int, 1, 100_000)},
    ),
}
