# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""How long a graph may stay in each phase of its way, and how long it has been there. Pure but for the clock's hands.

The defaults come from measured deployments. A GPU node takes 45 to 90 s to join, longer when the first choice has no
capacity; an image of 15 to 20 GB takes four to six minutes on default settings; whole deployments of the guide's
examples took 241 to 749 s, node included, most of the longest being the start of the engine.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .pods import PHASES, PodView

ANSWER = "answer"
DEFAULTS: dict[str, int] = {"scheduling": 600, "pull": 900, "start": 1200}
"""Seconds for one pod in one phase; 0 is no limit."""


@dataclass(frozen=True)
class Overdue:
    """A pod that has been in one phase for longer than it may."""

    pod: str
    phase: str
    limit: float


class PhaseClock:
    """Remember since when each pod of one graph is in its phase, and how long the graph as a whole was in each."""

    def __init__(self, limits: t.Mapping[str, float]) -> None:
        self._limits = limits
        self._since: dict[tuple[str, str], float] = {}
        self._last: tuple[str, float] | None = None
        self.spent: dict[str, float] = {}
        """Seconds by phase; the graph is in the phase of its hindmost pod."""

    def look(self, seen: t.Sequence[PodView], now: float) -> tuple[Overdue | None, float | None]:
        """Return the first pod that has been in a phase for too long, and when the next one will have been."""
        self._count(hindmost(seen), now)
        waiting = [pod for pod in seen if pod.phase not in ("", "ready")]
        self._since = {(pod.uid, pod.phase): self._since.get((pod.uid, pod.phase), now) for pod in waiting}
        coming = None
        for pod in waiting:
            limit = self._limits.get(pod.phase) or 0
            if not limit:
                continue
            ends = self._since[pod.uid, pod.phase] + limit
            if ends <= now:
                return Overdue(pod.name, pod.phase, limit), None
            coming = ends if coming is None else min(coming, ends)
        return None, coming

    def answering(self, now: float) -> None:
        """Count the time since the last look as time of asking."""
        self._count(ANSWER, now)

    def _count(self, phase: str, now: float) -> None:
        if self._last is not None:
            before, then = self._last
            self.spent[before] = self.spent.get(before, 0.0) + now - then
        self._last = (phase, now)

    def close(self, now: float) -> None:
        """Count what is left."""
        if self._last is not None:
            self._count(self._last[0], now)


def hindmost(seen: t.Sequence[PodView]) -> str:
    """Return the phase of the pod that is farthest from ready; "scheduling" while there are no pods."""
    there = [PHASES.index(pod.phase) for pod in seen if pod.phase in PHASES]
    return PHASES[min(there)] if there else PHASES[0]
