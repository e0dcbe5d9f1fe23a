# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Rolling update of workers: how many pods the new and the old generation get in the next step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Replicas to set now; `done` once the new generation carries everything."""

    new: int
    old: dict[str, int]
    done: bool


def plan(wanted: int, new_ready: int, old: dict[str, int]) -> Step:
    """Plan one step for one component.

    The new generation starts with one pod and gets one more for each that is ready; the old ones keep what the ready
    new pods do not cover yet.

    Args:
        wanted: replicas that the graph asks for.
        new_ready: ready pods of the new generation.
        old: old deployments (oldest first) and their present replicas.
    """
    covered = min(new_ready, wanted)
    left = wanted - covered
    kept: dict[str, int] = {}
    for name in reversed(list(old)):
        kept[name] = min(old[name], left)
        left -= kept[name]
    done = covered >= wanted
    return Step(new=min(wanted, covered + 1), old=kept, done=done)
