# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""How fast, and how fast under load: many streams, gates, a comparison with what was saved before."""

from __future__ import annotations

import contextlib
import json
import typing as t
from pathlib import Path

from ..generate import CHAT
from ..load import gates
from ..load.plan import PROMPTS, STREAMS, Plan, bodies, read_prompts
from ..session import Failed, Session, Spec
from .check import Check, Option

Json = dict[str, t.Any]
# The probe's own part of a time may be this much of it before a note says so.
SHARE = 0.05


def load(session: Session, spec: Spec) -> str:
    """The endpoint bears the load, keeps the limits and does not fall behind the baseline."""
    from ..load.calibrate import calibrate
    from ..load.run import Runner

    plan = plan_of(spec)
    limits = {"error_rate": 0.0, **gates.check_limits(spec["slo"])}
    texts = prompts_of(spec)
    before = baseline_of(spec)
    model = session.model_id()
    overhead: Json | None = None
    trouble = ""
    if spec["calibrate"]:
        try:
            overhead = calibrate(plan.concurrency)
        except OSError as error:
            trouble = f"the probe's own part is not known: {error}"
    size = f"{plan.requests} requests" if plan.requests else f"{plan.duration:g} s"
    loop = (
        f"{plan.rate:g} requests/s arriving, at most {plan.concurrency} at once"
        if plan.rate
        else f"{plan.concurrency} streams"
    )
    session.progress.news(
        f"{loop}, {size} after {plan.warmup} of warm-up; no request starts after {plan.longest:g} s, each may take "
        f"{session.request_timeout:g} s"
    )
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(open_sink(spec["records_file"])) if spec["records_file"] else None
        runner = Runner(spec.name, spec["keep_records"], sink, session.progress.news)
        found = runner.run(
            session.client, plan, bodies(plan, model, spec["body"], texts), model, session.request_timeout
        )
    session.records.extend(runner.records)
    session.details.update(found)
    session.details["overhead"] = overhead
    session.details["notes"] += [trouble] if trouble else []
    session.details["notes"] += notes(found, overhead)
    gate(session, spec, limits, before)
    return evidence(found)


def gate(session: Session, spec: Spec, limits: t.Mapping[str, float], before: Json | None) -> None:
    """Hold the load in the session's details to its limits and to the baseline. Raises Failed."""
    found = session.details
    if not found["requests"]["completed"]:
        raise Failed(f"no request was answered: {gates.first_error(found)}")
    rows = gates.judge(found, limits)
    session.details["slo"] = rows
    wrong = [entry["reason"] for entry in rows if not entry["met"]]
    if before is not None:
        try:
            compared = gates.compare(before, found, spec["tolerance"])
        except ValueError as error:
            raise Failed(f"the baseline {spec['baseline']} cannot be compared: {error}") from error
        session.details["baseline"] = compared
        wrong += [entry["reason"] for entry in compared if not entry["met"]]
    if wrong:
        raise Failed("; ".join(wrong))


def plan_of(spec: Spec) -> Plan:
    """The plan that the options describe. Raises ValueError."""
    streams, count, duration = spec["concurrency"], spec["requests"], spec["duration"]
    if streams > STREAMS:
        raise ValueError(
            f"concurrency must be at most {STREAMS}: beyond that one process measures itself. For {streams} streams "
            "use the check load_job, which runs a load generator inside the cluster, as a Job."
        )
    if count and duration:
        raise ValueError("requests and duration exclude each other")
    return Plan(
        concurrency=streams,
        requests=count if count or duration else max(50, 4 * streams),
        duration=duration,
        rate=spec["rate"],
        seed=spec["seed"],
        # The first request of every stream pays for connections, caches and the first use of a worker.
        warmup=streams if spec["warmup"] < 0 else spec["warmup"],
        ramp=spec["ramp"],
        max_tokens=spec["max_tokens"],
        prompts="file" if spec["prompt_file"] else spec["prompts"],
        prompt_words=spec["prompt_words"],
        longest=spec["longest"],
    )


def check_options(spec: Spec) -> None:
    """Refuse options that exclude each other, before anything is sent. Raises ValueError."""
    plan_of(spec)
    gates.check_limits(spec["slo"])
    if spec["prompts"] == "file" and not spec["prompt_file"]:
        raise ValueError("prompts: file needs prompt_file")


def prompts_of(spec: Spec) -> list[t.Any]:
    """Prompts of the file, if there is one. Raises Failed."""
    if not spec["prompt_file"]:
        return []
    try:
        return read_prompts(Path(spec["prompt_file"]).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failed(f"prompt_file {spec['prompt_file']} cannot be used: {error}") from error


def baseline_of(spec: Spec) -> Json | None:
    """The saved load to compare with, if there is to be one. Raises Failed."""
    if not spec["baseline"]:
        return None
    try:
        text = Path(spec["baseline"]).expanduser().read_text(encoding="utf-8")
        return gates.find_baseline(json.loads(text), spec.label or spec.name)
    except (OSError, ValueError) as error:
        raise Failed(
            f"the baseline {spec['baseline']} cannot be used: {error}. Save one with reports.json of an earlier run."
        ) from error


def open_sink(path: str) -> t.TextIO:
    """File for one record per line. Raises Failed."""
    try:
        target = Path(path).expanduser()
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.open("w", encoding="utf-8")
    except OSError as error:
        raise Failed(f"records_file {path} cannot be written: {error.strerror}") from error


def notes(found: Json, overhead: Json | None) -> list[str]:
    """What a reader of the numbers should know."""
    said = []
    completed = found["requests"]["completed"]
    if 0 < completed < gates.ENOUGH:
        said.append(f"{completed} answers: the p99 is hardly more than the slowest one")
    if found["tokens"]["without_usage"]:
        said.append(f"{found['tokens']['without_usage']} answers had no usage: tokens and tpot leave them out")
    chunks, tokens = found["tokens"]["chunks"], found["tokens"]["completion"]
    if chunks and tokens > 1.05 * chunks:
        said.append(
            f"a chunk holds {tokens / chunks:.1f} tokens on average: itl is the time between chunks, not tokens"
        )
    for name in ("ttft_ms", "itl_ms"):
        times = found["times"][name]
        if overhead and times and overhead[name]["p50"] > SHARE * times["p50"]:
            said.append(
                f"the probe itself adds {overhead[name]['p50']:g} ms to {name}, of {times['p50']:g} ms measured"
            )
    return said


def evidence(found: Json) -> str:
    """The load in one line."""
    parts = []
    for name, title in (("ttft_ms", "first token"), ("itl_ms", "between chunks"), ("e2e_ms", "whole")):
        times = found["times"][name]
        if times:
            parts.append(f"{title} {times['p50']:g} / {times['p99']:g} ms")
    rates = found["throughput"]
    return (
        f"{found['requests']['completed']} answers in {found['seconds']:.1f} s, p50 / p99: {', '.join(parts)}; "
        f"{rates['requests_per_second']:g} requests/s, {rates['output_tokens_per_second']:g} tokens/s"
    )


CHECKS: dict[str, Check] = {
    "load": Check(
        load,
        f"POST {CHAT} with stream, many times",
        ("models",),
        options={
            "concurrency": Option(1, int, 1),
            "requests": Option(0, int, 0, 1_000_000),
            "duration": Option(0.0, float, 0, 86400),
            "rate": Option(0.0, float, 0, 10_000),
            "seed": Option(1, int),
            "warmup": Option(-1, int, -1, 1_000_000),
            "ramp": Option(0.5, float, 0, 3600),
            "longest": Option(600.0, float, 0.1, 86400),
            "max_tokens": Option(64, int, 1),
            "prompts": Option("short", choices=PROMPTS),
            "prompt_words": Option(0, int, 0, 1_000_000),
            "prompt_file": Option(""),
            "body": Option({}, dict),
            "calibrate": Option(True, bool),
            "slo": Option({}, dict),
            "baseline": Option(""),
            "tolerance": Option(0.2, float, 0, 100),
            "keep_records": Option(200, int, 0, 100_000),
            "records_file": Option(""),
        },
    ),
}
