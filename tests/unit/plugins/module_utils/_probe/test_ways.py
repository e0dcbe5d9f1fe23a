# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Ways to an endpoint, and what stands in them: names, certificates, proxies, buffers, torn connections."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.endpoints import ForwardError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.errors import ProbeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.progress import Lines
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session, retry_after
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import (
    Target,
    Tls,
    proxy_address,
    url_target,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Answer, Client, Key

CHAT = "/v1/chat/completions"


def check(session: Session, *checks: Any) -> runner.Result:
    """Result of the last check."""
    return runner.run(session, specs.parse(list(checks))).results[-1]


def test_name_that_does_not_resolve(session: Session) -> None:
    session.client = Client(url_target("http://does-not-exist.invalid:8000"))
    result = check(session, "live")
    assert "its name does not resolve" in result.reason
    assert "all waiting ends 60 s after the start" in result.reason


def test_proxy_that_buffers_is_found_out(session: Session, stub: Any) -> None:
    def late(handler: Any, body: Any) -> None:
        stub.text = " ".join(["word"] * min(40, body["max_tokens"]))
        # The engine needs 4 ms for a token, and nothing comes before the last one.
        time.sleep(0.004 * len(stub.text.split()))
        data = "".join(f"data: {json.dumps(event)}\n\n" for event in stub.chunks(body)) + "data: [DONE]\n\n"
        handler.send(200, data.encode(), "text/event-stream")

    stub.routes[CHAT] = late
    result = check(session, "chat_stream")
    assert result.result == "failed"
    assert "all 40 chunks came at once" in result.reason
    assert "those of a single token after " in result.reason
    assert check(session, {"name": "chat_stream", "buffered": True}).result == "passed"


def test_an_engine_that_is_that_fast_is_no_proxy_that_buffers(session: Session, stub: Any) -> None:
    def quick(handler: Any, body: Any) -> None:
        stub.text = " ".join(["word"] * min(40, body["max_tokens"]))
        time.sleep(0.08)
        handler.send_events(stub.chunks(body))

    stub.routes[CHAT] = quick
    assert check(session, "chat_stream").result == "passed"


def test_storm_of_errors_ends_at_the_deadline(session: Session, stub: Any, fake_time: Any) -> None:
    for path in list(stub.routes):
        stub.routes[path] = lambda h, _b: h.send(503, b"upstream connect error")
    outcome = runner.run(session, specs.parse(None))
    assert not outcome.passed
    assert "503 upstream connect error" in outcome.results[0].reason
    assert fake_time.now <= 61


@pytest.mark.parametrize("status", [401, 403])
def test_refused_key(session: Session, stub: Any, status: int) -> None:
    stub.routes["/v1/models"] = lambda h, _b: h.send(status, {"error": {"message": "no"}})
    result = check(session, "models", "chat")
    assert result.result == "skipped"
    first = runner.run(session, specs.parse(["models"])).results[0]
    assert f"answered {status} " in first.reason
    assert "Check api_key" in first.reason


class Torn:
    """A port-forward that breaks after the head of the answer, as when its pod goes away."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def settimeout(self, _seconds: float | None) -> None:
        pass

    def sendall(self, _data: bytes) -> None:
        pass

    def recv_into(self, buffer: memoryview) -> int:
        if not self.data:
            raise ForwardError("Failed to talk to pod dyn/web-1 port 8000: lost connection to pod")
        count = len(self.data)
        buffer[:count], self.data = self.data, b""
        return count

    def close(self) -> None:
        pass


def test_port_forward_that_is_torn_down(session: Session, stub: Any) -> None:
    event = json.dumps(stub.chunks({"model": session.model})[0]).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: " + event + b"\n\n"
    session.client = Client(Target("service dyn/web", "web", lambda _timeout: Torn(head)))
    result = check(session, "chat_stream")
    assert "the stream broke off after 1 chunks: Failed to talk to pod dyn/web-1 port 8000" in result.reason


class Https:
    """A TLS server that answers every request with {}; it may ask for a certificate."""

    def __init__(self, certificate: Path, wants: Path | None = None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # With TLS 1.3 a missing certificate shows only in the first read.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if wants is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(wants)
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Serve until the listener is closed."""
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), self.context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(65536)
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


@pytest.fixture
def pem(tmp_path: Path, make_certificate: Callable[[Path], None]) -> Path:
    path = tmp_path / "own.pem"
    make_certificate(path)
    return path


def status(url: str, tls: Tls | None = None, proxy: str = "") -> int:
    """Status of a GET."""
    return Client(url_target(url, tls, proxy)).request("GET", "/", timeout=5).status


def test_certificate_for_another_name(pem: Path) -> None:
    server = Https(pem)
    with pytest.raises(ProbeError, match=r"its certificate is not trusted: .*match"):
        status(f"https://localhost:{server.port}", Tls(ca_path=str(pem)))
    assert status(f"https://localhost:{server.port}", Tls(ca_path=str(pem), server_name="127.0.0.1")) == 200
    server.listener.close()


def test_http_where_tls_was_expected(stub: Any) -> None:
    with pytest.raises(ProbeError, match=r"TLS failed: .*Is it http, not https"):
        status(stub.url.replace("http:", "https:"))


def test_certificate_of_the_client(pem: Path, tmp_path: Path) -> None:
    server = Https(pem, wants=pem)
    url = f"https://127.0.0.1:{server.port}"
    with pytest.raises(ProbeError, match=r"closed the connection|TLS failed|Connection reset"):
        status(url, Tls(ca_path=str(pem)))
    assert status(url, Tls(ca_path=str(pem), client_cert=str(pem))) == 200
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    with pytest.raises(OSError, match=r"client_cert .*bad.pem and its key cannot be used"):
        url_target(url, Tls(client_cert=str(bad)))
    server.listener.close()


class Proxy:
    """An HTTP proxy: tunnels, and whole URLs in request lines."""

    def __init__(self, refusal: bytes = b"") -> None:
        self.refusal = refusal
        self.asked: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Serve until the listener is closed."""
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client: socket.socket) -> None:
        """Serve one connection."""
        with client, contextlib.suppress(OSError):
            data = client.recv(65536)
            line = data.split(b"\r\n")[0].decode()
            self.asked.append(line)
            if self.refusal:
                client.sendall(self.refusal)
                return
            method, target, _version = line.split(" ")
            if method == "CONNECT":
                host, port = target.rsplit(":", 1)
                with socket.create_connection((host, int(port))) as server:
                    client.sendall(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")
                    threading.Thread(target=self.pump, args=(client, server), daemon=True).start()
                    self.pump(server, client)
                return
            host, port = target.split("/")[2].rsplit(":", 1)
            with socket.create_connection((host, int(port))) as server:
                server.sendall(data.replace(target.encode(), b"/" + target.split("/", 3)[3].encode(), 1))
                self.pump(server, client)

    @staticmethod
    def pump(source: socket.socket, sink: socket.socket) -> None:
        """Copy until the end."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    found = Proxy()
    yield found
    found.listener.close()


def test_proxy(stub: Any, proxy: Proxy, pem: Path) -> None:
    client = Client(url_target(f"{stub.url}/v1", proxy=proxy.url))
    assert client.request("GET", "/live", timeout=5).json() == {"status": "live"}
    server = Https(pem)
    assert status(f"https://127.0.0.1:{server.port}", Tls(ca_path=str(pem)), proxy.url) == 200
    assert proxy.asked == [f"GET {stub.url}/live HTTP/1.1", f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"]
    server.listener.close()


def test_proxy_that_refuses() -> None:
    found = Proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    with pytest.raises(ProbeError, match=r"the proxy refused a tunnel to h:443 with 403") as caught:
        status("https://h", proxy=found.url)
    assert not caught.value.retry
    found.listener.close()


@pytest.mark.parametrize("url", ["proxy:3128", "https://p:1", "http://p", "http://u:secret@p:3128"])
def test_wrong_proxies(url: str) -> None:
    with pytest.raises(ValueError, match=r"proxy must") as caught:
        proxy_address(url)
    assert "secret" not in str(caught.value)


def test_key_in_another_header_and_further_headers(stub: Any) -> None:
    client = Client(url_target(stub.url), key=Key("s3cret", "X-Api-Key"), headers={"X-Tenant": "a"})
    client.request("POST", CHAT, b"{")
    sent = stub.headers[-1]
    assert (sent["X-Api-Key"], sent["X-Tenant"], sent.get("Authorization")) == ("s3cret", "a", None)
    assert "s3cret" not in repr(client.key)
    with pytest.raises(ValueError, match="which is no header"):
        Client(url_target(stub.url), headers={"a\r\nb": "c"})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0),
        ({"retry-after": "soon", "date": "now"}, 0),
        ({"retry-after": "-5"}, 0),
        ({}, 0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(Answer(503, headers)) == seconds


def test_progress_tells_changes_at_once_and_the_rest_every_ten_seconds(
    session: Session, stub: Any, fake_time: Any
) -> None:
    said: list[str] = []
    session.progress = Lines(lambda text, kind: said.append(f"{kind} {text}"), lambda: fake_time.now)

    def route(handler: Any, body: Any) -> None:
        if fake_time.now < 25:
            handler.send(404, b"")
        elif fake_time.now < 30:
            handler.send(503, b"")
        else:
            stub.chat(handler, body)

    stub.routes[CHAT] = route
    assert check(session, "chat").result == "passed"
    waits = [line for line in said if "not answered yet" in line]
    assert 3 <= len(waits) <= 5
    assert "waiting 60 s more, until " in waits[0]
    assert "UTC: 404 with an empty body: the frontend runs, but no worker has registered the model" in waits[0]
    assert any("503 with an empty body" in line for line in waits)
    assert said[-1].startswith("done chat: passed (")
