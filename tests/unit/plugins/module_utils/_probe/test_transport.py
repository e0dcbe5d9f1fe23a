# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""HTTP at its edges, against sockets that send exactly what a test says."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.endpoints import ForwardError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import transport
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.errors import ProbeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import Target, Tls, url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client


class Wire:
    """One listening port; every connection gets the bytes of `reply` and is closed."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.reply: list[bytes] = []
        self.hold = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(ConnectionError):  # a client may hang up before the end
                connection.recv(65536)
                for piece in self.reply:
                    connection.sendall(piece)
                if self.hold.is_set():
                    connection.recv(1)

    @property
    def client(self) -> Client:
        """A client for this port."""
        return Client(url_target(f"http://127.0.0.1:{self.listener.getsockname()[1]}"))


@pytest.fixture
def wire() -> Iterator[Wire]:
    found = Wire()
    yield found
    found.listener.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        [HEAD + b"Content-Length: 2\r\n\r\n{}"],
        [HEAD + b"Content-Length: 2\r\n\r\n", b"{", b"}"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n"],
        [HEAD + b"\r\n{", b"}"],
        [b"HTTP/1.0 200 OK\r\n\r\n{}"],
        [HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}")],
    ],
)
def test_every_framing(wire: Wire, reply: list[bytes]) -> None:
    wire.reply = reply
    assert wire.client.request("GET", "/", timeout=5).json() == {}


def test_server_that_keeps_the_connection_open(wire: Wire) -> None:
    wire.reply = [HEAD + b"Content-Length: 2\r\n\r\n{}"]
    wire.hold.set()
    assert wire.client.request("GET", "/", timeout=5).seconds < 4


@pytest.mark.parametrize(
    ("reply", "says", "retry"),
    [
        ([], "closed the connection without an answer", True),
        ([b"SSH-2.0-OpenSSH\r\n"], "does not speak HTTP", False),
        ([HEAD + b"Content-Length: 9\r\n\r\n{}"], "7 bytes before the end", True),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}"], "in the middle of an answer", True),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"], "in the middle of an answer", True),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"], "a chunked answer that is broken: b'zz'", False),
        ([HEAD + b"Content-Encoding: gzip\r\n\r\nnot gzip"], "gzip encoding is broken", False),
        ([HEAD + b"Content-Encoding: br\r\n\r\nx"], "the encoding br, which nobody asked for", False),
    ],
)
def test_broken_answers(wire: Wire, reply: list[bytes], says: str, retry: bool) -> None:
    wire.reply = reply
    with pytest.raises(ProbeError, match=says) as caught:
        wire.client.request("GET", "/", timeout=5)
    assert caught.value.retry is retry


@pytest.mark.parametrize("compressed", [False, True])
def test_endless_answer_is_refused(wire: Wire, monkeypatch: pytest.MonkeyPatch, compressed: bool) -> None:
    monkeypatch.setattr(transport, "BODY_BYTES", 2**20)
    zeros = bytes(4 * 2**20)
    wire.reply = [HEAD, b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(zeros) if compressed else b"\r\n" + zeros]
    with pytest.raises(ProbeError, match="longer than 1 MiB"):
        wire.client.request("GET", "/", timeout=5)


def test_silence_ends_at_the_timeout(wire: Wire) -> None:
    wire.hold.set()
    with pytest.raises(ProbeError, match=r"no complete answer within 0\.2 s"):
        wire.client.request("GET", "/", timeout=0.2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_are_survived(wire: Wire, junk: bytes) -> None:
    wire.reply = [junk]
    with contextlib.suppress(ProbeError):
        wire.client.request("GET", "/", timeout=2)


def test_environment_proxy_is_not_used(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    wire.reply = [HEAD + b"\r\n{}"]
    assert wire.client.request("GET", "/", timeout=5).status == 200


@pytest.mark.parametrize(
    ("url", "prefix"),
    [("http://h:8000", ""), ("http://h/", ""), ("https://h/v1", ""), ("https://h/a/v1/", "/a"), ("http://h/a", "/a")],
)
def test_prefix_of_a_url(url: str, prefix: str) -> None:
    assert url_target(url).prefix == prefix


@pytest.mark.parametrize("url", ["h:8000", "ftp://h", "http://", "http://user:secret@h", "http://h/?x=1"])
def test_refused_urls(url: str) -> None:
    with pytest.raises(ValueError, match="url must"):
        url_target(url)


def dialling(error: BaseException) -> Client:
    """A client whose connections fail."""

    def dial(_timeout: float) -> Any:
        raise error

    return Client(Target("web", "web", dial))


@pytest.mark.parametrize(
    ("error", "says", "retry"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "cannot connect to web: Connection refused", True),
        (socket.gaierror(-2, "Name or service not known"), "its name does not resolve", True),
        (TimeoutError("timed out"), "no answer to the connection attempt", True),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "Is it http, not https", False),
        (ForwardError("no ready pod behind service web"), "^no ready pod behind service web$", True),
        (ForwardError("forbidden", permanent=True), "^forbidden$", False),
    ],
)
def test_failing_connections(error: BaseException, says: str, retry: bool) -> None:
    with pytest.raises(ProbeError, match=says) as caught:
        dialling(error).request("GET", "/")
    assert caught.value.retry is retry


@pytest.fixture
def https(tmp_path: Path, make_certificate: Callable[[Path], None]) -> Iterator[tuple[str, Path]]:
    """A TLS server with a certificate of its own making."""
    certificate = tmp_path / "server.pem"
    make_certificate(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as tls:
                    tls.recv(65536)
                    tls.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
            except OSError:
                continue

    threading.Thread(target=serve, daemon=True).start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}", certificate
    listener.close()


def test_certificates(https: tuple[str, Path]) -> None:
    url, certificate = https
    with pytest.raises(ProbeError, match=r"certificate is not trusted: self.signed certificate.* Set ca_path"):
        Client(url_target(url)).request("GET", "/", timeout=5)
    for target in (
        url_target(url, Tls(ca_path=str(certificate))),
        url_target(url, Tls(validate_certs=False)),
    ):
        assert Client(target).request("GET", "/", timeout=5).status == 200
    with pytest.raises(FileNotFoundError):
        url_target(url, Tls(ca_path="/nowhere.pem"))
