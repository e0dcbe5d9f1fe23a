# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Server-sent events, parsed by line as they arrive (https://html.spec.whatwg.org/multipage/server-sent-events.html).

Bytes may be cut anywhere, also inside a character: only whole lines are decoded. Memory is bounded by the limits.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

LINE_BYTES = 1024 * 1024
EVENT_BYTES = 4 * 1024 * 1024
BOM = b"\xef\xbb\xbf"


class SseError(Exception):
    """A stream that is too large to be one of events."""


@dataclass(frozen=True)
class Event:
    """One event: its data lines joined by line feeds, and its type ("" when the stream names none)."""

    data: str
    type: str = ""


class Parser:
    """Feed it bytes, take events. `comments` and `invalid` count comment lines and lines that were not UTF-8."""

    def __init__(self, line_bytes: int = LINE_BYTES, event_bytes: int = EVENT_BYTES) -> None:
        self._line_bytes = line_bytes
        self._event_bytes = event_bytes
        self._rest = bytearray()
        self._searched = 0
        self._data: list[str] = []
        self._size = 0
        self._type = ""
        self._started = False
        self._skip_feed = False
        self.comments = 0
        self.invalid = 0

    def feed(self, chunk: bytes) -> t.Iterator[Event]:
        """Yield the events that `chunk` completes. Raises SseError when a line or an event exceeds its limit."""
        self._rest += chunk
        while True:
            line = self._line()
            if line is None:
                if len(self._rest) > self._line_bytes:
                    raise SseError(f"a line is longer than {self._line_bytes} bytes")
                return
            event = self._take(line)
            if event is not None:
                yield event

    @property
    def pending(self) -> bool:
        """True when the stream stopped in the middle of an event."""
        return bool(self._rest or self._data)

    def _line(self) -> bytes | None:
        """Cut off the next line; its end is CRLF, LF or CR."""
        rest = self._rest
        if self._skip_feed and rest:
            # The CR before ended its line already; this may be the LF that belongs to it.
            if rest[:1] == b"\n":
                del rest[:1]
            self._skip_feed = False
        index = rest.find(b"\n", self._searched)
        # A CR before that LF ends the line earlier, unless it is the CR of a CRLF; both cut at the CR.
        early = rest.find(b"\r", self._searched, len(rest) if index < 0 else index)
        index = index if early < 0 else early
        if index < 0:
            self._searched = len(rest)
            return None
        line, self._skip_feed = bytes(rest[:index]), rest[index] == ord("\r")
        del rest[: index + 1]
        self._searched = 0
        if not self._started:
            self._started = True
            line = line[len(BOM) :] if line.startswith(BOM) else line
        return line

    def _take(self, line: bytes) -> Event | None:
        if not line:
            data, kind = self._data, self._type
            self._data, self._size, self._type = [], 0, ""
            return Event("\n".join(data), kind) if data else None
        if line.startswith(b":"):
            self.comments += 1
            return None
        name, _colon, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        try:
            text = value.decode()
        except UnicodeDecodeError:
            self.invalid += 1
            text = value.decode("utf-8", "replace")
        if name == b"data":
            self._size += len(value) + 1
            if self._size > self._event_bytes:
                raise SseError(f"an event is longer than {self._event_bytes} bytes")
            self._data.append(text)
        elif name == b"event":
            self._type = text
        return None
