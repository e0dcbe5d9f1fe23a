# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The port-forward protocol: frames in every order, and what a broken connection becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import websocket

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube import portforward
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.endpoints import ForwardError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.portforward import (
    Endpoint,
    ForwardedSocket,
    Forwarder,
)

WEB = Endpoint("dyn", "web-1", 8000)
PORT = (8000).to_bytes(2, "little")
BINARY, CLOSE = websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_CLOSE


class Connection:
    """A WebSocket that plays a script of messages and errors."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.sent: list[bytes] = []
        self.timeout: float | None = None

    def recv_data_frame(self, _control: bool) -> tuple[int, Any]:
        step = self.script.pop(0)
        if isinstance(step, BaseException):
            raise step
        opcode, data = step if isinstance(step, tuple) else (BINARY, step)
        return opcode, websocket.ABNF(opcode=opcode, data=data)

    def send_binary(self, data: bytes) -> None:
        self.sent.append(bytes(data))

    def settimeout(self, seconds: float | None) -> None:
        self.timeout = seconds


def socket_of(*script: Any) -> tuple[ForwardedSocket, Connection, list[Endpoint]]:
    """A forwarded socket, its connection, and the endpoints that it reports as failed."""
    failed: list[Endpoint] = []
    connection = Connection(*script)
    return ForwardedSocket(connection, WEB, failed.append), connection, failed


def read(forwarded: ForwardedSocket, size: int = 100) -> bytes:
    """One read."""
    buffer = bytearray(size)
    return bytes(buffer[: forwarded.recv_into(memoryview(buffer))])


def test_data_and_end() -> None:
    forwarded, _connection, failed = socket_of(b"\0" + PORT, b"\1" + PORT, b"\0abc", b"\0de", (CLOSE, b""))
    assert [read(forwarded, 2) for _ in range(5)] == [b"ab", b"c", b"de", b"", b""]
    assert failed == []


def test_messages_without_data_are_passed_over() -> None:
    ping = (websocket.ABNF.OPCODE_PING, b"x")
    forwarded, _connection, _failed = socket_of(b"\0" + PORT, ping, b"", b"\0", b"\1" + PORT, b"\1", b"\0x")
    assert read(forwarded) == b"x"


def test_refused_by_the_pod() -> None:
    error = b"\1error forwarding port 8000 to pod x: connection refused\n"
    forwarded, _connection, failed = socket_of(b"\0" + PORT, b"\1" + PORT, error)
    with pytest.raises(ForwardError, match=r"^Failed to talk to pod dyn/web-1 port 8000: .* connection refused$"):
        read(forwarded)
    assert failed == [WEB]


@pytest.mark.parametrize(
    ("script", "error", "says"),
    [
        ([b"\0\1\2"], ForwardError, "unexpected first message on channel 0"),
        ([websocket.WebSocketTimeoutException()], TimeoutError, "timed out while reading from pod dyn/web-1"),
        ([websocket.WebSocketProtocolException("bad frame")], ForwardError, "bad frame"),
    ],
)
def test_broken_connections(script: list[Any], error: type[OSError], says: str) -> None:
    forwarded, _connection, _failed = socket_of(*script)
    with pytest.raises(error, match=says):
        read(forwarded)


def test_connection_that_is_torn_down_ends_the_stream() -> None:
    forwarded, _connection, failed = socket_of(websocket.WebSocketConnectionClosedException())
    assert read(forwarded) == b""
    assert failed == [WEB]


def test_large_writes_are_cut() -> None:
    forwarded, connection, _failed = socket_of()
    forwarded.settimeout(3)
    forwarded.sendall(b"x" * (portforward.WRITE_BYTES + 1))
    assert [len(message) for message in connection.sent] == [portforward.WRITE_BYTES + 1, 2]
    assert all(message.startswith(b"\0") for message in connection.sent)
    assert connection.timeout == 3


class Cluster:
    """A client that knows one Service and its pods."""

    def __init__(self, *pods: str) -> None:
        self.pods = [
            {
                "metadata": {"name": name},
                "spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8000}]}]},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }
            for name in pods
        ]

    def get(self, path: str) -> dict[str, Any]:
        if path.endswith("/services/web"):
            return {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 8000}]}}
        raise KubeError('services "nope" not found', 404)

    def items(self, _resource: Any, namespace: str, query: dict[str, str]) -> list[dict[str, Any]]:
        assert (namespace, query) == ("dyn", {"labelSelector": "app=web"})
        return self.pods


def forwarder(monkeypatch: pytest.MonkeyPatch, cluster: Any, outcomes: dict[str, Any], **target: str) -> Forwarder:
    """A forwarder whose handshakes end as `outcomes` says, by pod."""

    def handshake(_self: Forwarder, endpoint: Endpoint, _timeout: float) -> Any:
        outcome = outcomes[endpoint.pod]
        if isinstance(outcome, BaseException):
            raise outcome
        return Connection(*outcome)

    monkeypatch.setattr(Forwarder, "_handshake", handshake)
    return Forwarder(cluster, "dyn", **(target or {"service": "web"}))


def test_stays_with_a_pod_until_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: dict[str, Any] = {"a": [(CLOSE, b"")], "b": [(CLOSE, b"")]}
    found = forwarder(monkeypatch, Cluster("a", "b"), outcomes)
    assert [found.dial(1).endpoint.pod for _ in range(2)] == ["a", "a"]
    outcomes["a"] = ForwardError("torn down")
    with pytest.raises(ForwardError, match="torn down"):
        found.dial(1)
    assert found.endpoint is None
    assert found.dial(1).endpoint.pod == "b"


def test_pod_that_refuses_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = [b"\1" + PORT, b"\1connection refused"]
    found = forwarder(monkeypatch, Cluster("a", "b"), {"a": refused, "b": []})
    with pytest.raises(ForwardError):
        read(found.dial(1))
    assert found.dial(1).endpoint.pod == "b"


def test_unknown_service(monkeypatch: pytest.MonkeyPatch) -> None:
    found = forwarder(monkeypatch, Cluster(), {}, service="nope")
    with pytest.raises(ForwardError, match="Failed to find service dyn/nope") as caught:
        found.dial(1)
    assert caught.value.permanent


def test_one_target() -> None:
    for wrong in ({}, {"service": "a", "pod": "b"}):
        with pytest.raises(ValueError, match="exactly one"):
            Forwarder(Cluster(), "dyn", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("https://h:6443", "wss://h:6443/api/v1/x?ports=80"),
        ("http://h", "ws://h/api/v1/x?ports=80"),
        ("https://h/clusters/c1/", "wss://h/clusters/c1/api/v1/x?ports=80"),
    ],
)
def test_url(server: str, url: str) -> None:
    assert portforward.websocket_url(server, "/api/v1/x", 80) == url


@pytest.mark.parametrize(
    ("status", "body", "says", "permanent"),
    [
        (
            403,
            json.dumps({"message": "pods is forbidden"}).encode(),
            "pods is forbidden. The user needs the verbs",
            True,
        ),
        (404, json.dumps({"message": 'pods "web-1" not found'}).encode(), 'pods "web-1" not found', False),
        (502, b"<html>bad gateway</html>", "<html>bad gateway</html>", False),
        (500, b"", "status 500", False),
        (500, b"[1]", "[1]", False),
    ],
)
def test_refusal(status: int, body: bytes, says: str, permanent: bool) -> None:
    error = portforward.refusal(WEB, status, body)
    assert says in str(error)
    assert error.permanent is permanent
