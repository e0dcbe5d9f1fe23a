# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Loads: limits, percentiles, distributions and what happened when."""

from __future__ import annotations

import typing as t

from .charts import distribution, timeline
from .html import NONE, e, section, shown, state, table

Json = dict[str, t.Any]
TIMES = (
    ("ttft_ms", "first token"),
    ("ttft_reasoning_ms", "first reasoning"),
    ("ttft_content_ms", "first content"),
    ("itl_ms", "between tokens"),
    ("tpot_ms", "per token"),
    ("e2e_ms", "whole answer"),
    ("queued_ms", "queued"),
    ("connect_ms", "connect"),
    ("server_ttft_ms", "first token, by the server"),
)
STATISTICS = ("mean", "p50", "p90", "p95", "p99", "max")
SHAPES = (("ttft_ms", "First token"), ("itl_ms", "Between tokens"), ("e2e_ms", "Whole answer"))


def loads(checks: t.Sequence[Json]) -> str:
    """A section for every load that was measured."""
    measured = [check for check in checks if check["details"].get("times")]
    return "".join(section(f"Load: {check['label']}", load(check["details"])) for check in measured)


def load(details: Json) -> str:
    """One load."""
    charts = "".join(
        distribution(details["distributions"][metric], details["times"].get(metric) or {}, title)
        for metric, title in SHAPES
        if details["distributions"].get(metric, {}).get("counts")
    )
    parts = [
        f"<p class='lead'>{plan(details)}</p>",
        limits(details),
        f"<div class='charts'>{charts}</div>" if charts else "",
        timeline(details["timeline"], details["seconds"]),
        percentiles(details["times"]),
        compared(details),
        faults(details),
        "".join(f"<p class='note'>{e(note)}</p>" for note in remarks(details)),
    ]
    return "".join(parts)


def plan(details: Json) -> str:
    """What was asked for, as a sentence."""
    settings = details["settings"]
    how = f"{settings['concurrency']} stream{'s' if settings['concurrency'] != 1 else ''}"
    if settings.get("rate"):
        how = f"{settings['rate']:g} requests per second arriving (seed {settings.get('seed')}), at most {how} at once"
    requests = details["requests"]
    tool = f" Measured by {e(settings['tool'])}." if settings.get("tool") else ""
    return (
        f"{e(how)}, {requests['sent']} requests in {shown(details['seconds'])} s after {requests['warmup']} of warm-up;"
        f" {e(settings.get('prompts') or 'short')} prompts, at most {e(settings.get('max_tokens'))} tokens each. "
        f"{shown(details['throughput']['mean_in_flight'])} were in flight on average.{tool}"
    )


def limits(details: Json) -> str:
    """Service levels, one row each."""
    rows = [
        [
            f"<span class='id'>{e(row['constraint'])}</span>",
            state("passed" if row["met"] else "failed", "met" if row["met"] else "missed"),
            f"{row['limit']:g}",
            NONE if row["measured"] is None else f"{row['measured']:g}",
        ]
        for row in details["slo"]
    ]
    return table(["limit", "result", "#allowed", "#measured"], rows, "small limits") if rows else ""


def percentiles(times: Json) -> str:
    """All metrics with their percentiles."""
    rows = [
        [e(title), str(times[metric]["count"]), *(shown(times[metric][name]) for name in STATISTICS)]
        for metric, title in TIMES
        if times.get(metric)
    ]
    return table(["milliseconds", "#count", *(f"#{name}" for name in STATISTICS)], rows, "percentiles")


def compared(details: Json) -> str:
    """Against the baseline."""
    rows = [
        [
            e(row["metric"]),
            state("passed" if row["met"] else "failed", "as before" if row["met"] else "worse"),
            f"{row['before']:g}",
            f"{row['now']:g}",
            f"{row['change']:+.1%}",
        ]
        for row in details["baseline"]
    ]
    return table(["against the baseline", "result", "#before", "#now", "#change"], rows, "small") if rows else ""


def faults(details: Json) -> str:
    """Errors of the load."""
    rows = [[str(row["count"]), f"<bdi>{e(row['reason'])}</bdi>"] for row in details["errors"]]
    return table(["#times", "error"], rows, "small") if rows else ""


def remarks(details: Json) -> list[str]:
    """What a reader of the numbers should know."""
    found = list(details["notes"])
    overhead = details["overhead"]
    if overhead:
        found.append(
            f"This probe's own part, measured before at {overhead['streams']} streams: first token "
            f"{shown(overhead['ttft_ms']['p50'])} / {shown(overhead['ttft_ms']['p99'])} ms, between tokens "
            f"{shown(overhead['itl_ms']['p50'])} / {shown(overhead['itl_ms']['p99'])} ms (p50 / p99)."
        )
    return found
