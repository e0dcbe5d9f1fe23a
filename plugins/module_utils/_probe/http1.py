# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Read an HTTP/1.x answer from bytes that arrive in any pieces. Pure: no socket, no clock; memory is bounded.

One parser serves requests that wait for their answer and loads whose streams are read by one event loop.
"""

from __future__ import annotations

import re
import typing as t
import zlib
from dataclasses import dataclass

from .errors import ClosedError, ProbeError

HEAD_BYTES = 64 * 1024
LINE_BYTES = 1024
PIECE_BYTES = 64 * 1024
STATUS = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: [^\r\n]*)?")
CHUNK = re.compile(rb"([0-9a-fA-F]{1,12})[ \t]*(?:;[^\r\n]*)?")
DIGITS = re.compile(r"\d{1,15}")


@dataclass(frozen=True)
class Head:
    """Status and headers (names in lower case; of repeated ones the values joined by commas)."""

    status: int
    headers: dict[str, str]
    minor: int = 1


class ResponseParser:
    """Feed it bytes, take pieces of the body, already decoded. `head` is None until the head was read.

    `method` is the request's: an answer to HEAD has no body. Raises ProbeError for what is no HTTP.
    """

    def __init__(self, method: str = "GET", name: str = "the server") -> None:
        self.head: Head | None = None
        self.done = False
        self._method = method
        self._name = name
        self._rest = bytearray()
        self._chunked = False
        self._left: int | None = None  # bytes of the body, or of the chunk; None = until the connection closes
        self._state = "head"
        self._unpack: t.Any = None
        self._encoding = ""
        self._searched = 0

    @property
    def reusable(self) -> bool:
        """True when another request may follow on this connection."""
        head = self.head
        if head is None or not self.done or self._rest or (self._left is None and not self._chunked):
            return False
        wish = head.headers.get("connection", "").lower()
        return "close" not in wish and (head.minor == 1 or "keep-alive" in wish)

    def feed(self, data: bytes) -> t.Iterator[bytes]:
        """Yield what of the body `data` completes. The iterator must be used up before the next call."""
        self._rest += data
        while not self.done:
            if self._state == "body":
                if not self._rest:
                    return
                yield from self._body()
            else:
                line = self._line(HEAD_BYTES if self._state == "head" else LINE_BYTES)
                if line is None:
                    return
                getattr(self, f"_{self._state}")(line)
        if self._unpack is not None:
            yield from self._flush()

    def eof(self) -> t.Iterator[bytes]:
        """The connection closed: yield what is left. Raises ClosedError when the answer was not complete."""
        if not self.done:
            if self.head is None or self._state != "body" or self._chunked or self._left is not None:
                began = self.head is not None or bool(self._rest)
                if self._left and not self._chunked and self.head is not None:
                    raise ClosedError(f", {self._left} bytes before the end", began=True)
                raise ClosedError("", began=began)
            self.done = True
        if self._unpack is not None:
            yield from self._flush()

    def _line(self, limit: int) -> bytes | None:
        """Cut off the next line. The whole head is one: it ends with an empty line."""
        rest = self._rest
        if self._state == "head":
            return self._cut_head(limit)
        end = rest.find(b"\n")
        if end < 0:
            if len(rest) > limit:
                raise ProbeError(f"{self._name} sends a chunked answer that is broken: {bytes(rest[:40])!r}")
            return None
        line = bytes(rest[:end]).rstrip(b"\r")
        del rest[: end + 1]
        return line

    def _cut_head(self, limit: int) -> bytes | None:
        rest = self._rest
        if len(rest) >= 5 and not rest.startswith(b"HTTP/"):
            raise ProbeError(f"{self._name} does not speak HTTP: {bytes(rest[:40])!r}")
        start = max(0, self._searched - 3)
        ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") for at in [rest.find(mark, start)] if at >= 0]
        if not ends:
            self._searched = len(rest)
            if len(rest) > limit:
                raise ProbeError(f"{self._name} sends headers of more than {limit // 1024} KiB")
            return None
        at, length = min(ends)
        found = bytes(rest[:at])
        del rest[: at + length]
        self._searched = 0
        return found

    def _head(self, block: bytes) -> None:
        first, *lines = block.replace(b"\r\n", b"\n").split(b"\n")
        match = STATUS.fullmatch(first)
        if match is None:
            raise ProbeError(f"{self._name} does not speak HTTP: {first[:40]!r}")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                continue
            key = name.strip().lower()
            headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
        status = int(match.group(2))
        if 100 <= status < 200:
            return  # an interim answer; the real one follows
        self.head = Head(status, headers, int(match.group(1)))
        self._open_body(self.head)

    def _open_body(self, head: Head) -> None:
        self._encoding = head.headers.get("content-encoding", "").lower()
        if self._encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise ProbeError(f"the answer came in the encoding {self._encoding[:40]}, which nobody asked for")
        if self._encoding not in ("", "identity"):
            self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
        if self._method == "HEAD" or head.status in (204, 304):
            self._unpack, self._left, self.done = None, 0, True
        elif "chunked" in head.headers.get("transfer-encoding", "").lower():
            self._chunked, self._state = True, "size"
        elif "content-length" in head.headers:
            # Equal repeated lengths were joined by commas; different ones are an attack or a broken proxy.
            lengths = {value.strip() for value in head.headers["content-length"].split(",")}
            if len(lengths) != 1 or not DIGITS.fullmatch(min(lengths)):
                raise ProbeError(f"{self._name} sends a broken Content-Length: {head.headers['content-length'][:40]}")
            self._left, self._state = int(min(lengths)), "body"
            self.done = self._left == 0
        else:
            self._state = "body"

    def _size(self, line: bytes) -> None:
        match = CHUNK.fullmatch(line)
        if match is None:
            raise ProbeError(f"{self._name} sends a chunked answer that is broken: {line[:40]!r}")
        self._left = int(match.group(1), 16)
        self._state = "body" if self._left else "trailer"

    def _after(self, line: bytes) -> None:
        if line:
            raise ProbeError(f"{self._name} sends a chunked answer that is broken: {line[:40]!r}")
        self._state = "size"

    def _trailer(self, line: bytes) -> None:
        self.done = not line

    def _body(self) -> t.Iterator[bytes]:
        rest = self._rest
        count = min(PIECE_BYTES, len(rest)) if self._left is None else min(PIECE_BYTES, len(rest), self._left)
        piece = bytes(rest[:count])
        del rest[:count]
        if self._left is not None:
            self._left -= count
            if not self._left:
                self._state, self.done = ("after", False) if self._chunked else ("body", True)
        if self._unpack is None:
            yield piece
            return
        try:
            while piece:
                out = self._unpack.decompress(piece, PIECE_BYTES)
                piece = self._unpack.unconsumed_tail
                if out:
                    yield out
        except zlib.error as error:
            raise self._broken(error) from error

    def _flush(self) -> t.Iterator[bytes]:
        unpack, self._unpack = self._unpack, None
        try:
            out = unpack.flush()
        except zlib.error as error:
            raise self._broken(error) from error
        if out:
            yield out
        if not unpack.eof:
            raise self._broken("it ends too early")

    def _broken(self, error: object) -> ProbeError:
        return ProbeError(f"the answer's {self._encoding} encoding is broken: {error}")
