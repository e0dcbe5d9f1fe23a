# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What keeps objects from going, whose it is and what to do: one row for each object. Pure functions."""

from __future__ import annotations

import typing as t

from .absent import Result, blocker
from .guards import owner_of

Row = dict[str, t.Any]


def of(result: Result) -> list[Row]:
    """Return what did not go, its owner, the next step, and whether only a person can go on there."""
    if result.problem:
        following = "Run the playbook again when it answers."
        return [{"what": result.problem, "owner": "the API server", "next": following, "hard": False}]
    return [_row(item) for item in result.remaining]


def _row(item: t.Mapping[str, t.Any]) -> Row:
    what, owners = blocker(item), [owner_of(name) for name in item["finalizers"]]
    strangers = [owner for owner in owners if not owner.known]
    # A finalizer of whom nobody knows weighs most: only a person can go on there.
    hard = bool(strangers) or any("instance " in thing for thing in item.get("behind") or [])
    if owners:
        chief = (strangers or owners)[0]
        return {"what": what, "owner": chief.name, "next": chief.advice, "hard": hard}
    if item["message"]:
        return {"what": what, "owner": "who refuses it", "next": "Remove what the message names.", "hard": hard}
    return {
        "what": what,
        "owner": "a controller that makes it again, or a node that does not answer",
        "next": "See its events (kubectl describe) and its ownerReferences.",
        "hard": hard,
    }
