# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Numbers of a load: percentiles, histograms, a timeline. Pure. Percentiles interpolate linearly, as numpy does."""

from __future__ import annotations

import math
import random
import typing as t
from array import array

PERCENTS = (50, 90, 95, 99)
KEPT = 1_000_000
BINS = 40
SLICES = 120


class Series:
    """Milliseconds of one kind. Beyond KEPT values a random sample of that size stands for all of them."""

    def __init__(self) -> None:
        self.values = array("d")
        self.count = 0
        self._total = 0.0
        self._squares = 0.0
        self._random = random.Random(1)  # noqa: S311  # a sample, not a secret

    def add(self, value: float) -> None:
        """Note a value."""
        self.count += 1
        self._total += value
        self._squares += value * value
        if len(self.values) < KEPT:
            self.values.append(value)
            return
        place = self._random.randrange(self.count)
        if place < KEPT:
            self.values[place] = value

    def summary(self) -> dict[str, float | int] | None:
        """Count, mean, standard deviation, extremes and percentiles; None without values."""
        if not self.count:
            return None
        ordered = sorted(self.values)
        mean = self._total / self.count
        found: dict[str, float | int] = {
            "count": self.count,
            "mean": round(mean, 3),
            "stdev": round(math.sqrt(max(0.0, self._squares / self.count - mean * mean)), 3),
            "min": round(ordered[0], 3),
        }
        found.update({f"p{percent}": round(percentile(ordered, percent), 3) for percent in PERCENTS})
        return {**found, "max": round(ordered[-1], 3)}

    def histogram(self) -> dict[str, list[t.Any]]:
        """Bins of equal width up to the 99.5th percentile, and one for what lies beyond."""
        if not self.count:
            return {"edges": [], "counts": []}
        ordered = sorted(self.values)
        low, high, top = ordered[0], percentile(ordered, 99.5), ordered[-1]
        width = (high - low) / BINS or 1.0
        edges = [round(low + width * place, 3) for place in range(BINS + 1)]
        counts = [0] * BINS
        beyond = 0
        for value in ordered:
            place = int((value - low) / width)
            if place < BINS:
                counts[place] += 1
            elif value <= high:
                counts[BINS - 1] += 1
            else:
                beyond += 1
        return (
            {"edges": [*edges, round(top, 3)], "counts": [*counts, beyond]}
            if beyond
            else {
                "edges": edges,
                "counts": counts,
            }
        )


def percentile(ordered: t.Sequence[float], percent: float) -> float:
    """Percentile of values in ascending order, at least one."""
    place = (len(ordered) - 1) * percent / 100
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


class Timeline:
    """What happened when, in slices that grow as the load gets longer, so that there are never many."""

    KINDS = ("started", "completed", "failed", "chunks")

    def __init__(self) -> None:
        self.width = 0.25
        self._rows: dict[int, dict[str, int]] = {}

    def note(self, kind: str, seconds: float, number: int = 1) -> None:
        """Count something at a moment after the start."""
        place = max(0, int(seconds / self.width))
        if place >= SLICES:
            self._widen(place)
            place = int(seconds / self.width)
        row = self._rows.setdefault(place, dict.fromkeys(self.KINDS, 0))
        row[kind] += number

    def _widen(self, place: int) -> None:
        while place >= SLICES:
            self.width *= 2
            place //= 2
            rows: dict[int, dict[str, int]] = {}
            for old, row in self._rows.items():
                new = rows.setdefault(old // 2, dict.fromkeys(self.KINDS, 0))
                for kind, number in row.items():
                    new[kind] += number
            self._rows = rows

    def rows(self) -> list[dict[str, t.Any]]:
        """One row per slice, from the first one to the last one that has something."""
        found, running = [], 0
        for place in range(max(self._rows, default=-1) + 1):
            row = self._rows.get(place) or dict.fromkeys(self.KINDS, 0)
            running += row["started"] - row["completed"] - row["failed"]
            found.append({"second": round(place * self.width, 3), **row, "in_flight": running})
        return found
