# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A load from inside the cluster, for more streams than one probe can hold: a Job, and its result as a load's."""

from __future__ import annotations

import inspect
import typing as t
import uuid

from ..errors import ProbeError
from ..job import manifest, result, wrapper
from ..load import gates
from ..session import Cluster, Failed, Session, Spec
from .check import Check, Option
from .loading import baseline_of, evidence, gate, notes

PAUSE = 2.0
# The wrapper waits this share of the Job's time for the model, which was listed a moment ago.
WAIT = 300.0
Json = dict[str, t.Any]


def load_job(session: Session, spec: Spec) -> str:
    """The endpoint bears a load from beside it, keeps the limits and does not fall behind the baseline."""
    cluster = session.cluster
    if cluster is None:
        raise Failed("a Job needs a cluster: give kubeconfig, context and namespace")
    limits = {"error_rate": 0.0, **gates.check_limits(spec["slo"])}
    before = baseline_of(spec)
    model = session.model_id()
    config = config_of(session, spec, model)
    name = f"load-{uuid.uuid4().hex[:8]}"
    try:
        near = cluster.inside()
        config["url"] = spec["endpoint"] or near.url
        source = inspect.getsource(wrapper)
        cluster.create_job(manifest.job(name, source, config, spec.options, near.labels))
    except ProbeError as error:
        raise Failed(str(error)) from error
    trouble = ""
    try:
        log = follow(session, cluster, name, spec["timeout"])
    finally:
        trouble = remove(cluster, name)
    details = details_of(session, spec, config, log)
    details["notes"] += [*([trouble] if trouble else []), *notes(details, None)]
    session.details.update(details)
    gate(session, spec, limits, before)
    return evidence(details)


def config_of(session: Session, spec: Spec, model: str) -> Json:
    """What the wrapper is to do."""
    streams, count, duration = spec["concurrency"], spec["requests"], spec["duration"]
    return {
        "model": model,
        "concurrency": streams,
        "requests": count if count or duration else 4 * streams,
        "duration": duration,
        "rate": spec["rate"],
        "warmup": streams if spec["warmup"] < 0 else spec["warmup"],
        "max_tokens": spec["max_tokens"],
        "prompt_words": spec["prompt_words"],
        "seed": spec["seed"],
        "version": spec["version"],
        "request_timeout": session.request_timeout,
        "wait": WAIT,
    }


def follow(session: Session, cluster: Cluster, name: str, timeout: float) -> str:
    """The Job's log, once it is over. Raises Failed with what went wrong."""
    until = session.clock() + timeout
    last = ""
    session.progress.news(f"job {name}: everything ends {timeout:g} s after its creation")
    while True:
        try:
            state = cluster.job_state(name)
            said = result.news(cluster.job_log(name)) if state.phase == "running" else ""
        except ProbeError as error:
            if not error.retry:
                raise Failed(str(error)) from error
            state, said = manifest.State("waiting", str(error)), ""
        if state.phase in ("succeeded", "failed"):
            return final(cluster, name, state)
        last = f"job {name}: {state.phase}{f', {state.message}' if state.message else ''}{f', {said}' if said else ''}"
        left = until - session.clock()
        if left <= 0:
            raise Failed(f"{last}; not over after {timeout:g} s. Raise timeout, or look at its pod while it runs.")
        session.progress.waiting("load_job", last, left)
        session.sleep(min(PAUSE, left))


def final(cluster: Cluster, name: str, state: manifest.State) -> str:
    """The log of a Job that is over. Raises Failed when it has none that helps."""
    try:
        log = cluster.job_log(name)
    except ProbeError as error:
        raise Failed(f"job {name} {state.phase}, {state.message or 'and'} its log cannot be read: {error}") from error
    if state.phase == "failed" and f"{wrapper.MARK} end" not in log:
        lines = [line for line in log.splitlines() if line.strip() and not line.startswith(wrapper.MARK)]
        tail = f". Its log ends with: {lines[-1].strip()[:300]}" if lines else ""
        raise Failed(f"job {name} failed: {state.message}{tail}")
    return log


def details_of(session: Session, spec: Spec, config: Json, log: str) -> Json:
    """The result in the log as details of a load. Raises Failed."""
    try:
        sent = result.read(log)
        if sent.get("error"):
            raise Failed(f"the load could not be made: {sent['error']}")
        tool = f"aiperf {spec['version']} in a Job"
        keys = ("concurrency", "rate", "requests", "duration", "warmup", "max_tokens", "prompt_words", "seed")
        settings = {**{key: config[key] for key in keys}, "prompts": "short", "tool": tool, "image": spec["image"]}
        details, records = result.summary(sent, settings, spec.name, spec["keep_records"])
    except (ValueError, KeyError, TypeError) as error:
        raise Failed(f"the result of the Job cannot be used: {error}") from error
    session.records.extend(records)
    return details


def remove(cluster: Cluster, name: str) -> str:
    """Remove the Job with its pod; what keeps it, if anything."""
    try:
        cluster.delete_job(name)
    except ProbeError as error:
        return f"the job {name} is still there ({error}); it goes {manifest.KEPT} s after its end"
    return ""


CHECKS: dict[str, Check] = {
    "load_job": Check(
        load_job,
        "POST /v1/chat/completions with stream, many times, from a Job in the cluster that it makes and removes",
        ("models",),
        options={
            "concurrency": Option(128, int, 1, 100_000),
            "requests": Option(0, int, 0, 10_000_000),
            "duration": Option(0.0, float, 0, 86400),
            "rate": Option(0.0, float, 0, 1_000_000),
            "warmup": Option(-1, int, -1, 1_000_000),
            "max_tokens": Option(64, int, 1),
            "prompt_words": Option(24, int, 1, 100_000),
            "seed": Option(1, int),
            "image": Option("public.ecr.aws/docker/library/python:3.12-slim"),
            "version": Option("0.13.0"),
            "resources": Option(
                {"requests": {"cpu": "4", "memory": "4Gi"}, "limits": {"memory": "8Gi"}},
                dict,
            ),
            "node_selector": Option({}, dict),
            "endpoint": Option(""),
            "timeout": Option(1800.0, float, 1, 86400),
            "slo": Option({}, dict),
            "baseline": Option(""),
            "tolerance": Option(0.2, float, 0, 100),
            "keep_records": Option(200, int, 0, 100_000),
        },
    ),
}
