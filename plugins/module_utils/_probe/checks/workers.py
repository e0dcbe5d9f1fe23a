# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The second tier: the workers' own health and metrics, pod by pod or URL by URL."""

from __future__ import annotations

import re
import typing as t

from .. import generate, metrics
from ..errors import ProbeError
from ..session import Failed, Session, Skipped, Spec
from ..target import url_target
from ..transport import Client
from .check import PROMPT, Check, Option

REQUESTS = "dynamo_component_requests_total"
PAUSE = 0.5


def worker_metrics(session: Session, spec: Spec) -> str:
    """Every worker is ready and has metrics, and together they count the request that this check sends."""
    workers = found_workers(session, spec)
    pattern = re.compile(spec["families"])
    look = [state(name, client, pattern, session.request_timeout) for name, client in workers]
    session.details["workers"] = look
    wrong = [f"{entry['name']}: {entry['wrong']}" for entry in look if entry["wrong"]]
    if wrong:
        raise Failed("; ".join(wrong))
    before = sum(entry["requests"] or 0 for entry in look)
    seen = f"{len(look)} workers with {min(len(entry['families']) for entry in look)} families or more"
    if not spec["send"] or all(entry["requests"] is None for entry in look):
        return seen
    generate.chat(session, spec)
    until = session.clock() + spec["settle"]
    while True:
        look = [state(name, client, pattern, session.request_timeout) for name, client in workers]
        session.details["workers"] = look
        rise = sum(entry["requests"] or 0 for entry in look) - before
        if rise > 0:
            return f"{seen}; {REQUESTS} rose by {rise:g} after one request"
        if session.clock() >= until:
            raise Failed(f"{REQUESTS} of {len(look)} workers did not rise after a request: another worker answered it")
        session.sleep(PAUSE)


def found_workers(session: Session, spec: Spec) -> list[tuple[str, Client]]:
    """Names and clients of the workers that the options name. Raises Failed or Skipped."""
    if spec["urls"]:
        return [(str(url), Client(url_target(str(url)))) for url in spec["urls"]]
    if not spec["selector"]:
        raise Skipped("where the workers are is not known: set selector, or urls")
    if session.cluster is None:
        raise Failed("a selector needs a cluster: give kubeconfig, context and namespace")
    try:
        found = session.cluster.clients(spec["selector"], spec["port"])
    except ProbeError as error:
        raise Failed(str(error)) from error
    if not found:
        raise Failed(f"no ready pod has the labels {spec['selector']}")
    return found


def state(name: str, client: Client, pattern: re.Pattern[str], timeout: float) -> dict[str, t.Any]:
    """Health, families and count of requests of one worker; `wrong` says what is."""
    found: dict[str, t.Any] = {"name": name, "health": None, "families": [], "requests": None, "wrong": ""}
    try:
        health = client.request("GET", "/health", timeout=timeout)
        found["health"] = health.status
        answer = client.request("GET", "/metrics", timeout=timeout)
    except ProbeError as error:
        return {**found, "wrong": str(error)}
    if health.status != 200:
        return {**found, "wrong": f"GET /health answered {health.summary()}"}
    if answer.status != 200:
        return {**found, "wrong": f"GET /metrics answered {answer.summary()}"}
    samples = metrics.parse(answer.body.decode("utf-8", "replace"))
    families = sorted({sample.name for sample in samples if pattern.match(sample.name)})
    counts = [s.value for s in samples if s.name == REQUESTS and s.labels.get("dynamo_endpoint") == "generate"]
    wrong = "" if families else f"none of its metrics begins like {pattern.pattern}"
    return {**found, "families": families, "requests": sum(counts) if counts else None, "wrong": wrong}


CHECKS: dict[str, Check] = {
    "worker_metrics": Check(
        worker_metrics,
        "GET /health and /metrics of every worker",
        options={
            "selector": Option(""),
            "port": Option("9090"),
            "urls": Option([], list),
            "families": Option("dynamo_component_|vllm:|sglang:|trtllm"),
            "send": Option(True, bool),
            "settle": Option(15.0, float, 0),
            "prompt": PROMPT,
            "max_tokens": Option(4, int, 1),
        },
    ),
}
