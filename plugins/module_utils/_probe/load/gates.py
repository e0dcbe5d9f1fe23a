# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Gates: limits that a load must keep, and a saved report that it must not fall behind. Pure."""

from __future__ import annotations

import re
import typing as t

METRICS = ("ttft", "ttft_content", "ttft_reasoning", "itl", "tpot", "ntpot", "e2e", "connect", "queued")
LIMIT = re.compile(rf"({'|'.join(METRICS)})_(mean|min|max|p50|p90|p95|p99)_ms")
RATES = ("requests_per_second", "output_tokens_per_second", "total_tokens_per_second")
ENOUGH = 20
COMPARED = ("ttft_ms", "itl_ms", "e2e_ms")
ALIKE = ("concurrency", "rate", "prompts", "prompt_words", "max_tokens")
# Differences below this are noise of any machine.
NOISE_MS = 2.0

Json = dict[str, t.Any]


def check_limits(slo: t.Mapping[str, t.Any]) -> dict[str, float]:
    """Limits as numbers. Raises ValueError that says what there is."""
    found = {}
    for name, limit in slo.items():
        if not LIMIT.fullmatch(str(name)) and name != "error_rate" and name not in RATES:
            raise ValueError(
                f"slo has no constraint {name!r}. There are: error_rate, {', '.join(RATES)} (these at least), and "
                f"METRIC_STATISTIC_ms with a metric of {', '.join(METRICS)} and a statistic of mean, min, max, p50, "
                "p90, p95, p99 (these at most)."
            )
        try:
            found[str(name)] = float(limit)
        except (TypeError, ValueError) as error:
            raise ValueError(f"slo: {name} must be a number; got: {limit!r}") from error
        if isinstance(limit, bool) or not found[str(name)] >= 0:
            raise ValueError(f"slo: {name} must be a number of at least 0; got: {limit!r}")
    return found


def judge(load: Json, limits: t.Mapping[str, float]) -> list[Json]:
    """One row per limit: constraint, limit, measured, met, reason."""
    rows = []
    for name, limit in limits.items():
        match = LIMIT.fullmatch(name)
        if match:
            times = load["times"].get(f"{match.group(1)}_ms")
            measured = times[match.group(2)] if times else None
            met = measured is not None and measured <= limit
            reason = "" if met else f"{name} is {shown(measured)}, above {limit:g}"
            if met and match.group(2) in ("p90", "p95", "p99") and load["requests"]["completed"] < ENOUGH:
                met = False
                reason = f"{name}: {load['requests']['completed']} answers are too few for it, measure {ENOUGH} or more"
        elif name == "error_rate":
            measured = load["error_rate"]
            met = measured <= limit
            reason = "" if met else f"error_rate is {measured:g}, above {limit:g}: {first_error(load)}"
        else:
            measured = load["throughput"][name]
            met = measured >= limit
            reason = "" if met else f"{name} is {measured:g}, below {limit:g}"
        rows.append({"constraint": name, "limit": limit, "measured": measured, "met": met, "reason": reason})
    return rows


def shown(measured: float | None) -> str:
    """A measured value, or that there is none."""
    return "not measured" if measured is None else f"{measured:g}"


def first_error(load: Json) -> str:
    """The most frequent error of a load."""
    errors = load["errors"]
    return f"{errors[0]['count']} x {errors[0]['reason']}" if errors else "no error"


def find_baseline(document: t.Any, label: str) -> Json:
    """The load of that label in a saved report, else the only load in it. Raises ValueError."""
    checks = document.get("checks") if isinstance(document, dict) else None
    loads = [
        check
        for check in checks or []
        if isinstance(check, dict) and check.get("name") in ("load", "load_job") and check.get("details")
    ]
    found = [check for check in loads if check.get("label") == label] or loads
    if len(found) != 1:
        labels = ", ".join(str(check.get("label")) for check in loads) or "none"
        raise ValueError(f"it holds no load called {label}. Loads in it: {labels}.")
    details: Json = found[0]["details"]
    if not isinstance(details.get("times"), dict) or not isinstance(details.get("settings"), dict):
        raise ValueError("its load is not complete")
    return details


def compare(before: Json, now: Json, tolerance: float) -> list[Json]:
    """One row per compared number: metric, before, now, change (0.1 = 10 % more), met, reason.

    Raises ValueError when the two loads were not alike.
    """
    for name in ALIKE:
        old, new = before["settings"].get(name), now["settings"].get(name)
        if old != new:
            raise ValueError(f"it was measured with {name} {old}, this load has {new}")
    rows = []
    for metric in COMPARED:
        for statistic in ("p50", "p99"):
            old, new = ((load["times"].get(metric) or {}).get(statistic) for load in (before, now))
            if old is None or new is None:
                continue
            met = new <= old * (1 + tolerance) or new - old <= NOISE_MS
            rows.append(row(f"{statistic} of {metric}", old, new, met))
    old, new = (load["throughput"]["output_tokens_per_second"] for load in (before, now))
    rows.append(row("output_tokens_per_second", old, new, new >= old * (1 - tolerance)))
    return rows


def row(metric: str, old: float, new: float, met: bool) -> Json:
    """One compared number."""
    change = round(new / old - 1, 4) if old else 0.0
    reason = "" if met else f"{metric} went from {old:g} to {new:g} ({change:+.0%})"
    return {"metric": metric, "before": old, "now": new, "change": change, "met": met, "reason": reason}
