# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""From the result of a task that failed to what blocks: what, whose it is, and what to do. Pure functions.

A blocker is hard when the cluster must stay until it is solved: a finalizer of somebody unknown, who would lose his
record of what he still has to remove, or an instance that nobody terminates. It is inside when it is an object of the
cluster, which goes with the cluster.
"""

from __future__ import annotations

import typing as t

Row = t.Mapping[str, t.Any]

# Phases whose work is in AWS.
_OUTSIDE = {"orphans", "terraform", "sweep"}
_MACHINES = {"ec2_instance", "ec2_fleet", "spot_request"}


def of(result: Row, phase: str) -> list[dict[str, t.Any]]:
    """Return a row for everything that keeps a phase from its end, each with a line that says it."""
    rows = [{"phase": phase, "inside": phase not in _OUTSIDE, "hard": False, **row} for row in _rows(result)]
    return [{**row, "line": line(row)} for row in rows]


def _rows(result: Row) -> list[dict[str, t.Any]]:
    if result.get("blockers"):
        return [{key: row[key] for key in ("what", "owner", "next", "hard")} for row in result["blockers"]]
    if result.get("blocked"):
        return [_swept(row) for row in result["blocked"]]
    if result.get("problems"):
        return [_unread(row) for row in result["problems"]]
    failed = [item for item in result.get("results") or [] if item.get("failed")]
    if failed:
        return [row for item in failed for row in _rows(item)]
    return [{"what": str(result.get("msg") or "a task failed without a message"), "owner": "", "next": ""}]


def _swept(row: Row) -> dict[str, t.Any]:
    name = f" ({row['name']})" if row.get("name") else ""
    what = f"{row['kind']} {row['id']}{name}: {row.get('reason') or row.get('code') or 'it stays'}"
    return {
        "what": what,
        "owner": str(row.get("owner") or ""),
        "next": str(row.get("hint") or ""),
        "hard": row["kind"] in _MACHINES,
    }


def _unread(row: Row) -> dict[str, t.Any]:
    denied = bool(row.get("denied"))
    return {
        "what": f"{row['kind']}: cannot be looked for ({row.get('error', '')})",
        "owner": "the permissions of the principal" if denied else "AWS",
        "next": "Attach the documents of docs/iam/installer-policy.json to it." if denied else "Run cleanup.yml again.",
    }


def line(row: Row) -> str:
    """Say it in one line."""
    owner = f" Its owner is {row['owner']}." if row["owner"] else ""
    following = f" {row['next']}" if row["next"] else ""
    return f"{row['phase']}: {str(row['what']).rstrip('.')}.{owner}{following}"
