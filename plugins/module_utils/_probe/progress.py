# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a probe tells while it runs. The module has nobody to tell; the action plugin has a terminal."""

from __future__ import annotations

import time
import typing as t
from datetime import datetime, timedelta, timezone

HEARTBEAT = 10.0
QUIET = 2.0
LINE = 300


class Progress(t.Protocol):
    """Where news go."""

    def begin(self, name: str) -> None:
        """A check begins."""

    def waiting(self, what: str, why: str, left: float) -> None:
        """The check waits for `what`, because of `why`, for at most `left` seconds more."""

    def news(self, text: str) -> None:
        """Something that happens within a check, such as the state of a load."""

    def end(self, name: str, result: str, seconds: float, text: str) -> None:
        """A check ended."""


class Silent:
    """Tells nobody."""

    def begin(self, name: str) -> None: ...
    def waiting(self, what: str, why: str, left: float) -> None: ...
    def news(self, text: str) -> None: ...
    def end(self, name: str, result: str, seconds: float, text: str) -> None: ...


class Lines:
    """Makes lines of the news: on every change, and every ten seconds without one. `say` takes a text and its kind.

    A line of waiting names the moment when the wait ends, so nobody has to guess whether to go on waiting.
    """

    def __init__(self, say: t.Callable[[str, str], None], clock: t.Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._name = ""
        self._why = ""
        self._told = -HEARTBEAT

    def begin(self, name: str) -> None:
        """Remember which check the next lines belong to."""
        self._name, self._why, self._told = name, "", -HEARTBEAT

    def waiting(self, what: str, why: str, left: float) -> None:
        """Tell what is waited for, why, and until when."""
        now = self._clock()
        changed = why != self._why and now - self._told >= QUIET
        if not (changed or now - self._told >= HEARTBEAT):
            return
        self._why, self._told = why, now
        until = (datetime.now(timezone.utc) + timedelta(seconds=left)).strftime("%H:%M:%S")
        self._line(
            f"{self._name}: {what} is not answered yet, waiting {left:.0f} s more, until {until} UTC: {why}", "change"
        )

    def news(self, text: str) -> None:
        """Tell it."""
        self._line(f"{self._name}: {text}", "change")

    def end(self, name: str, result: str, seconds: float, text: str) -> None:
        """Tell the result."""
        kind = {"passed": "done", "failed": "problem"}.get(result, "change")
        self._line(f"{name}: {result} ({seconds:.1f} s)" + (f": {text}" if text else ""), kind)

    def _line(self, text: str, kind: str) -> None:
        line = " ".join(text.split())
        self._say(line[:LINE] + ("…" if len(line) > LINE else ""), kind)
