# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""HTTP/1.1 requests with one deadline for everything, over a socket from a URL or from a Kubernetes port-forward.

http.client's own time-out starts again with every received byte, so a server that drips can hold a client for ever.
Here every read and write gets only what is left until the deadline. One connection per request: a connection that
broke while idle must not look like a failed request.
"""

from __future__ import annotations

import itertools
import json
import time
import typing as t
from dataclasses import dataclass, field

from .errors import TIMEOUTS, ClosedError, ProbeError, connection_error
from .http1 import Head, ResponseParser
from .target import RawSocket, Target

BODY_BYTES = 16 * 1024 * 1024
READ_BYTES = 64 * 1024


@dataclass
class Answer:
    """Status, headers (lower-case names) and, unless streamed, the body. Times in seconds since the send."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    connect_seconds: float = 0.0
    seconds: float = 0.0
    sent: float = field(default=0.0, repr=False)

    @property
    def content_type(self) -> str:
        """Media type without parameters, in lower case."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json(self) -> t.Any:
        """The parsed body. Raises ProbeError that shows what came instead."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ProbeError(f"{self.summary()} is not JSON") from error

    def summary(self) -> str:
        """The answer in one line, for messages: status and the start of the body."""
        if not self.body.strip():
            return f"{self.status} with an empty body"
        if is_html(self):
            return f"{self.status} with an HTML page (a proxy or a login page, not the model server)"
        text = " ".join(self.body[:600].decode("utf-8", "replace").split())
        return f"{self.status} {text[:200]}{'…' if len(text) > 200 else ''}"


def is_html(answer: Answer) -> bool:
    """Tell whether an answer is a web page."""
    start = answer.body[:256].lstrip().lower()
    return answer.content_type == "text/html" or start.startswith((b"<!doctype html", b"<html"))


class Exchange:
    """One request whose answer is read piece by piece. A context manager: leaving it drops the connection."""

    def __init__(self, target: Target, connect_timeout: float, method: str, data: bytes, timeout: float) -> None:
        self._target = target
        self._connect_timeout = connect_timeout
        self._method, self._data, self._timeout = method, data, timeout
        self._deadline = 0.0
        self._raw: RawSocket | None = None
        self._parser = ResponseParser(method, target.name)
        self._buffer = memoryview(bytearray(READ_BYTES))

    def __enter__(self) -> tuple[Answer, t.Iterator[bytes]]:
        self._deadline = time.monotonic() + self._timeout
        began = time.perf_counter()
        try:
            self._raw = raw = self._target.dial(min(self._timeout, self._connect_timeout))
            sent = time.perf_counter()
            try:
                raw.settimeout(self._left())
                raw.sendall(self._data)
                # One piece only: what a small answer unpacks to may be large.
                pieces = self._read(raw)
                first = next(pieces, b"")
                while self._parser.head is None:
                    pieces = self._read(raw)
                    first = next(pieces, b"")
            except TIMEOUTS as error:
                raise self._late() from error
        except ProbeError:
            self.__exit__()
            raise
        except (OSError, ClosedError) as error:
            self.__exit__()
            raise connection_error(self._target.name, error) from error
        head: Head = self._parser.head
        answer = Answer(head.status, head.headers, connect_seconds=sent - began, sent=sent)
        return answer, self._pieces(raw, itertools.chain([first] if first else [], pieces))

    def __exit__(self, *_exception: object) -> None:
        if self._raw is not None:
            self._raw.close()

    def _read(self, raw: RawSocket) -> t.Iterator[bytes]:
        raw.settimeout(self._left())
        count = raw.recv_into(self._buffer)
        return self._parser.feed(bytes(self._buffer[:count])) if count else self._parser.eof()

    def _pieces(self, raw: RawSocket, pieces: t.Iterator[bytes]) -> t.Iterator[bytes]:
        """Yield the body as it arrives. Raises ProbeError when it breaks off."""
        while True:
            try:
                yield from pieces
                if self._parser.done:
                    return
                pieces = self._read(raw)
            except TIMEOUTS as error:
                raise self._late() from error
            except (OSError, ClosedError) as error:
                raise connection_error(self._target.name, error) from error

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _late(self) -> ProbeError:
        return ProbeError(f"no complete answer within {self._timeout:g} s")


@dataclass(frozen=True)
class Key:
    """A secret that every request carries, and the header that it goes into. It never shows in a repr."""

    secret: str = field(default="", repr=False)
    header: str = "Authorization"

    def headers(self) -> dict[str, str]:
        """The header; a key in Authorization is a bearer token, elsewhere it stands alone."""
        if not self.secret:
            return {}
        bearer = self.header.lower() == "authorization"
        return {self.header: f"Bearer {self.secret}" if bearer else self.secret}


class Client:
    """Sends requests to one target. Threads may share it."""

    def __init__(
        self,
        target: Target,
        *,
        key: Key | None = None,
        headers: t.Mapping[str, str] | None = None,
        connect_timeout: float = 10.0,
    ) -> None:
        self.target = target
        self.key = key or Key()
        self.connect_timeout = connect_timeout
        self._extra = dict(headers or {})
        if any(character in self.key.secret for character in "\r\n"):
            raise ValueError("api_key must not hold line breaks. Remove the trailing newline of the file it came from.")
        if not self.key.secret.isascii():
            raise ValueError("api_key must hold ASCII characters only.")
        for name, value in [*self._extra.items(), (self.key.header, "")]:
            if not name.isascii() or any(c in name + value for c in "\r\n\0") or not name.strip() or ":" in name:
                raise ValueError(f"headers holds {name!r}, which is no header.")

    def without_key(self) -> Client:
        """The same client as somebody who has no key."""
        return Client(self.target, headers=self._extra, connect_timeout=self.connect_timeout)

    def encode(
        self, method: str, path: str, body: bytes | None, *, keep: bool = False, content_type: str = ""
    ) -> bytes:
        """The bytes of a request. `keep`: the connection is to stay open after the answer."""
        headers = {
            "Host": self.target.host,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": "openai_probe",
            "Connection": "keep-alive" if keep else "close",
            **self._extra,
            **self.key.headers(),
        }
        if body is not None:
            headers["Content-Type"] = content_type or "application/json"
            headers["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {self.target.prefix}{path} HTTP/1.1\r\n{lines}\r\n"
        return head.encode("utf-8") + (body or b"")

    def stream(self, method: str, path: str, body: bytes | None, timeout: float, content_type: str = "") -> Exchange:
        """Send a request and read its answer piece by piece; `timeout` in seconds covers all of it."""
        data = self.encode(method, path, body, content_type=content_type)
        return Exchange(self.target, self.connect_timeout, method, data, timeout)

    def request(
        self, method: str, path: str, body: bytes | None = None, timeout: float = 60.0, content_type: str = ""
    ) -> Answer:
        """Send a request and return the whole answer, whatever its status. Raises ProbeError."""
        with self.stream(method, path, body, timeout, content_type) as (answer, pieces):
            answer.body = read_all(pieces)
            answer.seconds = time.perf_counter() - answer.sent
            return answer


def read_all(pieces: t.Iterable[bytes]) -> bytes:
    """Join the pieces of a body. Raises ProbeError beyond BODY_BYTES: an endless answer must not fill the memory."""
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) > BODY_BYTES:
            raise ProbeError(f"the answer is longer than {BODY_BYTES // 2**20} MiB")
    return bytes(found)
