# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Container logs in the CRI format, which `kubectl logs` is served from."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

# A kubelet keeps 10 MiB per log file before it rotates.
_ROTATE_BYTES = 10 * 1024 * 1024
_CHUNK = 64 * 1024
_TAIL_LINES = 80
# containerd splits longer lines into partial ones.
_LINE_LIMIT = 16 * 1024
# The kubelet's bounds for a termination message taken from the log.
_MESSAGE_LINES = 80
_MESSAGE_BYTES = 2048


def cri_line(stream: str, text: str, *, partial: bool = False, moment: datetime | None = None) -> str:
    """Return one line of a CRI log."""
    when = (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"{when} {stream} {'P' if partial else 'F'} {text}\n"


class ContainerLog:
    """The log of one container: this run's file and the one before (for `kubectl logs --previous`)."""

    def __init__(self, directory: Path) -> None:
        """Use a directory of the container's own."""
        self.path = directory / "current.log"
        self.previous = directory / "previous.log"
        self._out: IO[str] | None = None
        self._size = 0
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def begin(self) -> None:
        """Start the file of a new run (a follower sees a rotation)."""
        self.end()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self._open()
        self._tail.clear()

    def _open(self) -> None:
        self._out = self.path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._size = self.path.stat().st_size

    def end(self) -> None:
        """Close the file; from now on it is the previous run's too, as a kubelet sees an ended container."""
        if self._out is not None:
            self._out.close()
            self._out = None
            self.previous.unlink(missing_ok=True)
            self.previous.hardlink_to(self.path)

    def write(self, stream: str, text: str, *, partial: bool = False) -> None:
        """Append one line."""
        if self._out is None:
            return
        line = cri_line(stream, text, partial=partial)
        self._out.write(line)
        self._size += len(line)
        self._tail.append(text)
        if self._size > _ROTATE_BYTES:
            self._out.close()
            self.path.replace(self.path.with_suffix(".old"))
            self._open()

    def last_lines(self) -> str:
        """Return the end of the log, as a termination message may hold it."""
        text = "\n".join(list(self._tail)[-_MESSAGE_LINES:])
        return text.encode()[-_MESSAGE_BYTES:].decode(errors="replace")


async def pump(reader: asyncio.StreamReader, stream: str, write: Callable[..., None]) -> None:
    """Copy a process's output to its log until it ends; long lines are split."""
    rest = b""
    while chunk := await reader.read(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            write(stream, line.decode(errors="replace").rstrip("\r"))
        while len(rest) > _LINE_LIMIT:
            write(stream, rest[:_LINE_LIMIT].decode(errors="replace"), partial=True)
            rest = rest[_LINE_LIMIT:]
    if rest:
        write(stream, rest.decode(errors="replace"))
