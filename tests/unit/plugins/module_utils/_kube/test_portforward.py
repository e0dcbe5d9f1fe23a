# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The port-forward protocol: frames in every order, and what a broken connection becomes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube import frames, portforward
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.endpoints import ForwardError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.portforward import (
    Endpoint,
    ForwardedSocket,
    Forwarder,
)

WEB = Endpoint("dyn", "web-1", 8000)
PORT = (8000).to_bytes(2, "little")


def message(payload: bytes, opcode: int = frames.BINARY) -> bytes:
    """A message as a server sends it: not masked."""
    size = bytes((len(payload),)) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
    return bytes((0x80 | opcode,)) + size + payload


class Channel:
    """A connected socket that plays a script: bytes arrive, errors are raised, and then nothing more comes."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.sent = bytearray()
        self.timeout: float | None = None
        self.room = 10**9

    def recv(self, _size: int) -> bytes:
        step = self.script.pop(0) if self.script else BlockingIOError()
        if isinstance(step, BaseException):
            raise step
        return bytes(step)

    def send(self, data: memoryview) -> int:
        if not self.room:
            raise BlockingIOError
        count = min(len(data), self.room)
        self.room -= count
        self.sent += data[:count]
        return count

    def settimeout(self, seconds: float | None) -> None:
        self.timeout = seconds

    def received(self) -> list[bytes]:
        """What the server reads, unmasked."""
        found, rest = [], bytes(self.sent)
        while rest:
            size, start = rest[1] & 0x7F, 2
            if size > 125:
                width = 2 if size == 126 else 8
                size, start = int.from_bytes(rest[2 : 2 + width], "big"), 2 + width
            mask, data = rest[start : start + 4], rest[start + 4 : start + 4 + size]
            found.append(bytes(byte ^ mask[place % 4] for place, byte in enumerate(data)))
            rest = rest[start + 4 + size :]
        return found


def socket_of(*script: Any) -> tuple[ForwardedSocket, Channel, list[Endpoint]]:
    """A forwarded socket, what is below it, and the endpoints that it reports as failed."""
    failed: list[Endpoint] = []
    channel = Channel(*script)
    return ForwardedSocket(channel, WEB, failed.append), channel, failed


def read(forwarded: ForwardedSocket, size: int = 100) -> bytes:
    """One read."""
    buffer = bytearray(size)
    return bytes(buffer[: forwarded.recv_into(memoryview(buffer))])


BEGIN = message(b"\0" + PORT) + message(b"\1" + PORT)


def test_data_and_end() -> None:
    forwarded, _channel, failed = socket_of(BEGIN, message(b"\0abc") + message(b"\0de"), message(b"", frames.CLOSE))
    assert [read(forwarded, 2) for _ in range(5)] == [b"ab", b"c", b"de", b"", b""]
    assert failed == []


def test_messages_without_data_are_passed_over_and_pings_are_answered() -> None:
    forwarded, channel, _failed = socket_of(
        BEGIN, message(b"x", frames.PING), message(b""), message(b"\0"), message(b"\1"), message(b"\0x")
    )
    assert read(forwarded) == b"x"
    assert channel.sent[0] == 0x80 | frames.PONG
    assert channel.received() == [b"x"]


def test_nothing_there_does_not_wait() -> None:
    forwarded, _channel, failed = socket_of(BEGIN[:5])
    with pytest.raises(BlockingIOError):
        read(forwarded)
    assert failed == []


def test_refused_by_the_pod() -> None:
    error = b"\1error forwarding port 8000 to pod x: connection refused\n"
    forwarded, _channel, failed = socket_of(BEGIN + message(error))
    with pytest.raises(ForwardError, match=r"^Failed to talk to pod dyn/web-1 port 8000: .* connection refused$"):
        read(forwarded)
    assert failed == [WEB]


@pytest.mark.parametrize(
    ("script", "error", "says"),
    [
        ([message(b"\0\1\2")], ForwardError, "unexpected first message on channel 0"),
        ([TimeoutError()], TimeoutError, "timed out while reading from pod dyn/web-1"),
        ([ConnectionResetError(104, "Connection reset by peer")], ForwardError, "Connection reset by peer"),
        ([b"HTTP/1.1 200 OK\r\n"], ForwardError, "a message is broken"),
        ([b"\x82\x7f" + b"\0\0\1" + bytes(5)], ForwardError, "longer than"),
    ],
)
def test_broken_connections(script: list[Any], error: type[OSError], says: str) -> None:
    forwarded, _channel, failed = socket_of(*script)
    with pytest.raises(error, match=says):
        read(forwarded)
    assert failed == ([] if error is TimeoutError else [WEB])


def test_connection_that_is_torn_down_ends_the_stream() -> None:
    forwarded, _channel, failed = socket_of(b"")
    assert read(forwarded) == b""
    assert failed == [WEB]


def test_large_writes_are_cut() -> None:
    forwarded, channel, _failed = socket_of()
    forwarded.settimeout(3)
    data = bytes(range(256)) * (portforward.WRITE_BYTES // 256) + b"!"
    forwarded.sendall(data)
    parts = channel.received()
    assert [len(part) for part in parts] == [portforward.WRITE_BYTES + 1, 2]
    assert all(part.startswith(b"\0") for part in parts)
    assert b"".join(part[1:] for part in parts) == data
    assert channel.timeout == 3


def test_what_has_no_room_is_sent_later() -> None:
    forwarded, channel, _failed = socket_of()
    channel.room = 3
    assert forwarded.send(memoryview(b"hello")) == 5
    assert forwarded.unsent > 0
    with pytest.raises(BlockingIOError):
        forwarded.send(memoryview(b"again"))
    channel.room = 100
    assert forwarded.send(memoryview(b"")) == 0
    assert forwarded.unsent == 0
    assert channel.received() == [b"\0hello"]


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
        return SimpleNamespace(sock=Channel(*outcome))

    monkeypatch.setattr(Forwarder, "_handshake", handshake)
    return Forwarder(cluster, "dyn", **(target or {"service": "web"}))


def test_stays_with_a_pod_until_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: dict[str, Any] = {"a": [message(b"", frames.CLOSE)], "b": [message(b"", frames.CLOSE)]}
    found = forwarder(monkeypatch, Cluster("a", "b"), outcomes)
    assert [found.dial(1).endpoint.pod for _ in range(2)] == ["a", "a"]
    outcomes["a"] = ForwardError("torn down")
    with pytest.raises(ForwardError, match="torn down"):
        found.dial(1)
    assert found.endpoint is None
    assert found.dial(1).endpoint.pod == "b"


def test_pod_that_refuses_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = [message(b"\1" + PORT), message(b"\1connection refused")]
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
