# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""HTTP/1.1 requests with one deadline for everything, over a socket from a URL or from a Kubernetes port-forward.

http.client's own time-out starts again with every received byte, so a server that drips can hold a client for ever.
Here every read and write gets only what is left until the deadline. Environment proxies are never used: a probe must
reach what it was pointed at. One connection per request: a connection that broke while idle must not look like a failed
request.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
import time
import typing as t
import zlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BODY_BYTES = 16 * 1024 * 1024
READ_BYTES = 64 * 1024
SCHEMES = {"http": 80, "https": 443}
# One and the same from Python 3.10 on.
TIMEOUTS = (TimeoutError, socket.timeout)


class ProbeError(Exception):
    """A request that got no usable answer. `retry` tells whether trying again can help."""

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


class RawSocket(t.Protocol):
    """What a connection must offer; socket.socket and ForwardedSocket do."""

    def settimeout(self, seconds: float | None, /) -> None: ...
    def sendall(self, data: bytes, /) -> None: ...
    def recv_into(self, buffer: memoryview, /) -> int: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Target:
    """Where requests go: how to open a connection, what to put into Host, and the path in front of /v1."""

    name: str
    host: str
    dial: t.Callable[[float], RawSocket]
    prefix: str = ""


def url_target(url: str, *, validate_certs: bool = True, ca_path: str = "") -> Target:
    """Make a target of an http or https URL. Raises ValueError for anything else, OSError for a bad CA file.

    A trailing /v1 is dropped, so both the server's address and an OpenAI client's base_url can be given.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(f"url must look like http://host:port or https://host, got: {url}")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("url must hold neither credentials nor a query nor a fragment. Use api_key for a key.")
    host, port = parts.hostname, parts.port or SCHEMES[parts.scheme]
    prefix = parts.path.rstrip("/")
    prefix = prefix[: -len("/v1")] if prefix.endswith("/v1") else prefix
    context = _tls(validate_certs, ca_path) if parts.scheme == "https" else None

    def dial(timeout: float) -> RawSocket:
        plain = socket.create_connection((host, port), timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is None:
            return plain
        try:
            return context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    return Target(name=url, host=parts.netloc, dial=dial, prefix=prefix)


def _tls(validate_certs: bool, ca_path: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_path or None)
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _Stream(io.RawIOBase):
    """A connection that honours a deadline, in the shape that http.client wants from a socket."""

    def __init__(self, raw: RawSocket, deadline: float, limit: float) -> None:
        super().__init__()
        self._raw = raw
        self._deadline = deadline
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        self._raw.settimeout(self._left())
        try:
            return self._raw.recv_into(memoryview(buffer).cast("B"))
        except TIMEOUTS as error:
            raise self._late() from error

    def sendall(self, data: bytes) -> None:
        self._raw.settimeout(self._left())
        try:
            self._raw.sendall(data)
        except TIMEOUTS as error:
            raise self._late() from error

    def makefile(self, mode: str = "rb") -> io.BufferedReader:  # noqa: ARG002  # http.client reads only
        return io.BufferedReader(self, READ_BYTES)

    def close(self) -> None:
        """Called by http.client while it still reads; the exchange closes the connection itself."""

    def shut(self) -> None:
        self._raw.close()

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _late(self) -> ProbeError:
        return ProbeError(f"no complete answer within {self._limit:g} s")


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

    def __init__(self, client: Client, method: str, path: str, body: bytes | None, timeout: float) -> None:
        self._client = client
        self._method, self._path, self._body, self._timeout = method, path, body, timeout
        self._stream: _Stream | None = None

    def __enter__(self) -> tuple[Answer, t.Iterator[bytes]]:
        client = self._client
        deadline = time.monotonic() + self._timeout
        began = time.perf_counter()
        try:
            raw = client.target.dial(min(self._timeout, client.connect_timeout))
            self._stream = _Stream(raw, deadline, self._timeout)
            connection = http.client.HTTPConnection(client.target.host)
            connection.sock = t.cast(socket.socket, self._stream)
            sent = time.perf_counter()
            connection.request(self._method, client.target.prefix + self._path, self._body, client.headers(self._body))
            response = connection.getresponse()
        except ProbeError:
            self.__exit__()
            raise
        except (OSError, http.client.HTTPException) as error:
            self.__exit__()
            raise connection_error(client.target.name, error) from error
        headers = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, headers, connect_seconds=sent - began, sent=sent)
        return answer, self._pieces(response, headers.get("content-encoding", "").lower())

    def __exit__(self, *_exception: object) -> None:
        if self._stream is not None:
            self._stream.shut()

    def _pieces(self, response: http.client.HTTPResponse, encoding: str) -> t.Iterator[bytes]:
        """Yield the body as it arrives. Raises ProbeError when it breaks off."""
        if encoding not in ("", "identity", "gzip", "deflate"):
            raise ProbeError(f"the answer came in the encoding {encoding}, which nobody asked for")
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding in ("gzip", "deflate") else None
        # Counted here: whether read1 keeps response.length up to date differs between versions of Python.
        left = response.length
        try:
            while left is None or left > 0:
                piece = response.read1(READ_BYTES if left is None else min(READ_BYTES, left))
                if not piece:
                    if left:
                        raise ProbeError(f"the connection closed {left} bytes before the end", retry=True)
                    break
                left = None if left is None else left - len(piece)
                while unpack is not None and piece:
                    yield unpack.decompress(piece, READ_BYTES)
                    piece = unpack.unconsumed_tail
                if piece:
                    yield piece
            if unpack is not None:
                yield unpack.flush()
        except zlib.error as error:
            raise ProbeError(f"the answer's {encoding} encoding is broken: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            raise connection_error(self._client.target.name, error) from error


class Client:
    """Sends requests to one target. Threads may share it."""

    def __init__(self, target: Target, *, api_key: str = "", connect_timeout: float = 10.0) -> None:
        if any(character in api_key for character in "\r\n"):
            raise ValueError("api_key must not hold line breaks. Remove the trailing newline of the file it came from.")
        self.target = target
        self.connect_timeout = connect_timeout
        self._api_key = api_key

    def headers(self, body: bytes | None) -> dict[str, str]:
        """Headers of a request."""
        found = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "openai_probe"}
        if body is not None:
            found["Content-Type"] = "application/json"
        if self._api_key:
            found["Authorization"] = f"Bearer {self._api_key}"
        return found

    def stream(self, method: str, path: str, body: bytes | None, timeout: float) -> Exchange:
        """Send a request and read its answer piece by piece; `timeout` in seconds covers all of it."""
        return Exchange(self, method, path, body, timeout)

    def request(self, method: str, path: str, body: bytes | None = None, timeout: float = 60.0) -> Answer:
        """Send a request and return the whole answer, whatever its status. Raises ProbeError."""
        with self.stream(method, path, body, timeout) as (answer, pieces):
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


def connection_error(name: str, error: BaseException) -> ProbeError:
    """Say in one line what went wrong below HTTP, and whether it can pass."""
    if isinstance(error, ssl.SSLCertVerificationError):
        cause = f"its certificate is not trusted: {error.verify_message}. Set ca_path, or validate_certs=false."
        return ProbeError(f"cannot connect to {name}: {cause}")
    if isinstance(error, ssl.SSLError):
        failure = getattr(error, "reason", None) or error
        return ProbeError(f"cannot connect to {name}: TLS failed: {failure}. Is it http, not https?")
    if isinstance(error, socket.gaierror):
        return ProbeError(f"cannot connect to {name}: its name does not resolve: {error.strerror}", retry=True)
    if isinstance(error, http.client.RemoteDisconnected):
        return ProbeError(f"{name} closed the connection without an answer", retry=True)
    if isinstance(error, http.client.IncompleteRead):
        return ProbeError(f"{name} closed the connection in the middle of an answer", retry=True)
    if isinstance(error, http.client.HTTPException):
        return ProbeError(f"{name} does not speak HTTP: {error!r}")
    if isinstance(error, TIMEOUTS):
        return ProbeError(f"cannot connect to {name}: no answer to the connection attempt", retry=True)
    permanent = getattr(error, "permanent", None)
    if permanent is not None:
        # A ForwardError says itself what it could not reach, and why.
        return ProbeError(str(error), retry=not permanent)
    text = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return ProbeError(f"cannot connect to {name}: {text}", retry=True)
