# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One measured request: what is read is noted with its moment at once, and understood later."""

from __future__ import annotations

import typing as t

from ..errors import ClosedError, ProbeError
from ..generate import EVENT_STREAM, STREAM_BYTES
from ..http1 import ResponseParser
from ..judge import ChatStream
from ..session import Failed, Record
from ..sse import Parser, SseError
from ..target import RawSocket
from ..times import Times, milliseconds
from ..transport import Answer

ERROR_BYTES = 4096
Observer = t.Callable[["Stream", str, float], None]


class Stream:
    """A request on its way. Moments are of the engine's clock, in seconds."""

    def __init__(
        self, number: int, due: float, body: bytes, model: str, max_tokens: int, warm: bool, name: str
    ) -> None:
        self.number = number
        self.due = due
        self.body = body
        self.warm = warm
        self.raw: RawSocket | None = None
        self.reused = False
        self.connect = 0.0
        self.sent = 0.0
        self.unsent = memoryview(b"")
        self.closed = False
        self.over = False
        self.error = ""
        self.cause = ""
        self.status = 0
        self.times = Times()
        self.chat = ChatStream(model, max_tokens)
        self._name = name
        self._http = ResponseParser("POST", name)
        self._events = Parser()
        self._body = bytearray()
        self._size = 0
        self._last = 0.0

    @property
    def silent(self) -> bool:
        """True until a byte of the answer was understood."""
        return self._size == 0

    @property
    def reusable(self) -> bool:
        """True when the connection may carry another request."""
        return self._http.reusable and not self.error and not self.closed

    def understand(self, data: bytes, now: float, observe: Observer | None) -> bool:
        """Take in what arrived at `now` (b"" = the connection closed); whether the request is over, well or not."""
        self._last = now
        self._size += len(data)
        try:
            for piece in self._http.feed(data) if data else self._http.eof():
                self._take(piece, now, observe)
            if self._size > STREAM_BYTES:
                raise SseError(f"more than {STREAM_BYTES // 2**20} MiB came")
            if self._http.done:
                self._finish()
        except ClosedError as error:
            where = f"after {self.times.chunks} chunks" if error.began else "without an answer"
            self.fail(f"the connection closed {where}" + (f": {self.cause}" if self.cause else ""))
        except (ProbeError, SseError, Failed) as error:
            self.fail(str(error))
        return self.over

    def fail(self, reason: str) -> None:
        """Give the request up."""
        self.error = self.error or reason
        self.over = True

    def _take(self, piece: bytes, now: float, observe: Observer | None) -> None:
        head = self._http.head
        if head is None or head.status != 200 or not head.headers.get("content-type", "").startswith(EVENT_STREAM):
            self._body += piece[: ERROR_BYTES - len(self._body)]
            return
        for event in self._events.feed(piece):
            kind = self.chat.take(event)
            self.times.note(kind, now - self.sent)
            if observe is not None and kind:
                observe(self, event.data, now)

    def _finish(self) -> None:
        head = self._http.head
        if head is None:
            raise ProbeError("no answer")
        self.status = head.status
        answer = Answer(head.status, head.headers, bytes(self._body))
        if head.status != 200:
            raise Failed(answer.summary())
        if answer.content_type != EVENT_STREAM:
            raise Failed(f"{answer.content_type or 'no content type'} came instead of a stream: {answer.summary()}")
        self.chat.finish()
        self.over = True

    def record(self, check: str, path: str, start: float) -> Record:
        """Its times."""
        found = self.chat.found
        record = Record(check, path, self.status, stream=True, error=self.error[:200])
        record.started = round(self.sent - start, 4) if self.sent else round(self.due - start, 4)
        record.queued_ms = milliseconds(max(0.0, self.sent - self.due - self.connect)) if self.sent else None
        record.connect_ms = None if self.reused else milliseconds(self.connect)
        record.prompt_tokens, record.completion_tokens = found.prompt_tokens, found.completion_tokens
        if not self.error:
            record.e2e_ms = milliseconds(self._last - self.sent)
        self.times.into(record, found.completion_tokens)
        timing = self.chat.nvext.get("timing")
        server = timing.get("ttft_ms") if isinstance(timing, dict) else None
        record.server_ttft_ms = round(float(server), 2) if isinstance(server, (int, float)) else None
        return record
