# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a sweep reports. Pure functions."""

from __future__ import annotations

from .asking import Connections
from .blocked import sentence
from .finder import INDEX, Leftover
from .kind import Json
from .look import results, total
from .order import holds_data
from .sweep import Sweep


def everything(done: Sweep) -> list[Leftover]:
    """Return all resources of a sweep that have a price."""
    last = done.last
    return list(
        {id(one): one for one in (*done.deleted, *done.kept, *last.leftovers, *last.foreign, *last.kept)}.values()
    )


def result(done: Sweep) -> Json:
    """Return the result of the module, without what it cost to get."""
    there = {one.key: one for one in done.last.leftovers}
    for entry in done.blocked:
        known = there.get((entry["kind"], entry["parent"], entry["id"]))
        entry["monthly_usd"] = known.monthly_usd if known else entry["monthly_usd"]
    marked = "holds data (KeepData=true, delete_data_on_destroy = false)"
    kept = [{**one.result(), "why": marked if holds_data(one) else "asked to be kept"} for one in done.kept]
    kept += [{**one.result(), "why": one.note} for one in done.last.kept]
    return {
        "deleted": [{**one.result(), "pending": one.key in done.scheduled} for one in done.deleted],
        "kept": kept,
        "foreign": results(done.last.foreign),
        "pending": results(one for one in done.last.leftovers if one.pending),
        "blocked": done.blocked,
        "monthly_usd": total(done.deleted),
        "left_monthly_usd": round(
            sum(entry["monthly_usd"] or 0 for entry in [*done.blocked, *kept] if entry.get("owned", True)), 2
        ),
        "problems": done.last.errors,
        "rounds": done.rounds,
    }


def calls(connections: Connections) -> Json:
    """Return how many requests were sent."""
    counted = connections.calls
    return {"api_calls": sum(counted.values()), "api_calls_by_service": dict(sorted(counted.items()))}


def failure(done: Sweep, cluster: str) -> str:
    """Return why a sweep failed; empty when it did not.

    A kind that could not be read cannot be proved empty. The index of tags only helps to find things.
    """
    unread = [error for error in done.last.errors if error["kind"] != INDEX]
    if done.blocked:
        listed = " ".join(sentence(entry) for entry in done.blocked)
        return f"Failed to sweep {cluster}: {len(done.blocked)} resources are left. {listed}"
    if unread:
        listed = ", ".join(f"{error['kind']} ({error['action']}: {error['code']})" for error in unread)
        return (
            f"Failed to sweep {cluster}: these kinds could not be read, so they may have something left: {listed}. "
            "Attach the document cleanup-scan of docs/iam/installer-policy.json, and run again."
        )
    return ""
