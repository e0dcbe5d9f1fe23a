# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Queue of things to reconcile: each at most once at a time, failed ones again after a growing pause."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class WorkQueue(Generic[Key]):
    """A set of keys in order of their due time."""

    def __init__(self, first_pause: float = 0.005, longest_pause: float = 30.0) -> None:
        """Make an empty queue; pauses are in seconds and double with each failure."""
        self._first, self._longest = first_pause, longest_pause
        self._ready = threading.Condition()
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._failures: dict[Key, int] = {}
        self._active: set[Key] = set()
        self._count = 0
        self._closed = False

    def add(self, key: Key, delay: float = 0.0) -> None:
        """Ask for `key` in `delay` seconds; an earlier request for it wins."""
        with self._ready:
            due = time.monotonic() + delay
            if self._due.get(key, due + 1) <= due:
                return
            self._due[key] = due
            self._count += 1
            heapq.heappush(self._heap, (due, self._count, key))
            self._ready.notify()

    def retry(self, key: Key) -> float:
        """Ask for `key` again after its next pause, which is returned."""
        with self._ready:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
        pause = min(self._longest, self._first * float(2 ** min(failures, 30)))
        self.add(key, pause)
        return pause

    def forget(self, key: Key) -> None:
        """Reset the pause of `key` after a success."""
        with self._ready:
            self._failures.pop(key, None)

    def get(self) -> Key | None:
        """Wait for the next due key and mark it active; None once the queue is closed."""
        with self._ready:
            while not self._closed:
                pause = self._take_stale()
                if pause is None:
                    self._ready.wait()
                elif pause > 0:
                    self._ready.wait(pause)
                else:
                    _, _, key = heapq.heappop(self._heap)
                    if key in self._active:
                        # Asked for again while it runs: come back to it when it is done.
                        self._due[key] = float("-inf")
                        continue
                    del self._due[key]
                    self._active.add(key)
                    return key
            return None

    def _take_stale(self) -> float | None:
        """Drop superseded heap entries; return seconds until the next due key, None when there is none."""
        while self._heap:
            due, _, key = self._heap[0]
            if self._due.get(key) == due:
                return due - time.monotonic()
            heapq.heappop(self._heap)
        return None

    def done(self, key: Key) -> None:
        """Mark `key` as no longer active."""
        with self._ready:
            self._active.discard(key)
            if self._due.get(key) == float("-inf"):
                del self._due[key]
                again = True
            else:
                again = False
        if again:
            self.add(key)

    def close(self) -> None:
        """Wake every waiting worker up to end."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def __len__(self) -> int:
        """Keys that wait."""
        with self._ready:
            return len(self._due)
