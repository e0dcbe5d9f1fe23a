# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""How long a kubelet waits before it starts a failing container, or pulls a failing image, again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

INITIAL_SECONDS = 10.0
MAXIMUM_SECONDS = 300.0


@dataclass
class BackOff:
    """10 s, 20 s, 40 s … 300 s; forgotten after twice the maximum without a failure.

    The first failure is retried at once: the wait counts from the failure before it, as in the kubelet.
    """

    scale: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _seconds: float = field(default=0.0, repr=False)
    _last: float = field(default=float("-inf"), repr=False)

    def next(self) -> float:
        """Take a failure; return the seconds to wait before the next try (0 for the first one)."""
        now = self.clock()
        if now - self._last > 2 * MAXIMUM_SECONDS * self.scale:
            self._seconds = 0.0
        wait = self._seconds
        self._seconds = min(max(2 * self._seconds, INITIAL_SECONDS), MAXIMUM_SECONDS)
        self._last = now + wait * self.scale
        return wait * self.scale

    def nominal(self, wait: float) -> str:
        """Return a wait as the kubelet prints it ("10s", "2m40s", "5m0s"), unscaled."""
        seconds = round(wait / self.scale) if self.scale else 0
        return f"{seconds // 60}m{seconds % 60}s" if seconds >= 60 else f"{seconds}s"
