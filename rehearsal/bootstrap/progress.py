# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines that say what is going on, so that a build of ten minutes does not look like one that hangs."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_HEARTBEAT_SECONDS = 15.0


class StepFailedError(Exception):
    """A step did not work; the message says which, why and where its log is."""


class Progress:
    """Prints steps with the time since the beginning; safe to use from several threads."""

    def __init__(self, heartbeat: float = _HEARTBEAT_SECONDS) -> None:
        """Start the clock."""
        self._begin = time.monotonic()
        self._lock = threading.Lock()
        self._running: dict[str, float] = {}
        self._heartbeat = heartbeat
        self._stop = threading.Event()
        self._children: set[subprocess.Popen[bytes]] = set()

    def say(self, text: str) -> None:
        """Print one line."""
        with self._lock:
            print(f"[{time.monotonic() - self._begin:6.1f} s] {text}", flush=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Print what still runs every now and then; end all commands when the block is left."""
        thread = threading.Thread(target=self._beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.cancel()
            thread.join()

    def cancel(self) -> None:
        """End the commands that run; no other will be started."""
        with self._lock:
            self._stop.set()
            for child in self._children:
                child.terminate()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Announce a step, and what it took."""
        self.say(f"{name} ...")
        started = self._running[name] = time.monotonic()
        try:
            yield
        finally:
            del self._running[name]
        self.say(f"{name}: done in {time.monotonic() - started:.0f} s")

    def run(
        self, what: str, argv: Sequence[str], log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Run a command with its output in a log.

        Raises:
            StepFailedError: when it fails, with the log's last lines.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out, self._lock:
            if self._stop.is_set():
                raise StepFailedError(f"Failed to {what}: stopped.")
            child = subprocess.Popen(list(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd, env=env)
            self._children.add(child)
        try:
            code = child.wait()
        finally:
            with self._lock:
                self._children.discard(child)
        if code != 0:
            lines = "\n  ".join(log.read_text(errors="replace").splitlines()[-15:])
            raise StepFailedError(f"Failed to {what}: exit code {code}. Last lines of {log}:\n  {lines}")

    def _beat(self) -> None:
        while not self._stop.wait(self._heartbeat):
            now = time.monotonic()
            running = [f"{name} ({now - started:.0f} s)" for name, started in list(self._running.items())]
            if running:
                self.say("still at work: " + ", ".join(running))
