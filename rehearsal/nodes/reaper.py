# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Ends every process of the agent when the agent is gone, however it went.

The agent keeps the writing end of a pipe and tells which process groups it has started (+PGID) and which have ended
(-PGID). When the pipe closes, because the agent ended or was killed, the groups that are left are killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable


def watch(lines: Iterable[str]) -> set[int]:
    """Follow the agent's messages to their end; return the process groups that are left."""
    groups: set[int] = set()
    for line in lines:
        text = line.strip()
        if text.startswith("+"):
            groups.add(int(text[1:]))
        elif text.startswith("-"):
            groups.discard(int(text[1:]))
    return groups


def kill_group(group: int, signum: int = signal.SIGKILL) -> None:
    """Signal a process group; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signum)


class Reaper:
    """The agent's side of the pipe."""

    def __init__(self) -> None:
        """Start the reaper in a session of its own, so that a signal to the agent's group does not reach it."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
        )

    def _tell(self, text: str) -> None:
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            pipe.write(text.encode())
            pipe.flush()

    def add(self, group: int) -> None:
        """Register a process group that has just been started."""
        self._tell(f"+{group}\n")

    def discard(self, group: int) -> None:
        """Forget a process group whose leader has ended; what the leader left behind in it is killed."""
        kill_group(group)
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Let the reaper do its work and end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=10)


if __name__ == "__main__":
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    for leftover in watch(sys.stdin):
        kill_group(leftover)
