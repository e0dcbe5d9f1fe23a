# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Addresses that exist on paper, and the way to what stands behind them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.nodes import network
from rehearsal.nodes.egress import EgressProxy, Router, split_target
from rehearsal.nodes.network import Network


class Objects:
    """A store of given objects."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self._items = items

    def get(self, namespace: str, name: str) -> dict[str, Any] | None:
        found = (
            i for i in self._items if (i["metadata"].get("namespace", ""), i["metadata"]["name"]) == (namespace, name)
        )
        return next(found, None)

    def all(self) -> Iterator[dict[str, Any]]:
        return iter(self._items)


def pod(uid: str, ready: str = "True", **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"name": uid, "namespace": "dyn", "uid": uid, "labels": labels},
        "spec": {"containers": [{"ports": [{"name": "webhook", "containerPort": 9443}]}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


SERVICE = {
    "metadata": {"name": "hook", "namespace": "dyn"},
    "spec": {
        "clusterIP": "172.20.0.9",
        "selector": {"app": "op"},
        "ports": [{"port": 443, "targetPort": "webhook"}, {"port": 80, "targetPort": 8080}],
    },
}
NODE = {"metadata": {"name": "ip-1"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.5"}]}}


def test_addresses_are_unique_kept_and_remembered() -> None:
    pods = Network()
    first, second = pods.address("a"), pods.address("b")
    assert first != second
    assert pods.address("a") == first
    assert pods.address("c", "100.64.9.9") == "100.64.9.9"
    assert pods.address("d", first) != first
    pods.release("a")
    assert pods.pod_at(first) is None
    assert pods.pod_at(second) == "b"


def test_local_ports_are_low_distinct_and_kept() -> None:
    pods = Network()
    mapped = pods.map_ports("a", [8000, 9090])
    assert all(20000 <= port < 32000 for port in mapped.values())
    assert len({*mapped.values(), *pods.map_ports("b", [8000]).values()}) == 3
    assert pods.map_ports("a", [8000]) == mapped


def test_a_port_that_a_stranger_took_is_replaced() -> None:
    pods = Network()
    taken = pods.map_ports("a", [8000])[8000]
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", taken))
        stranger.listen()
        assert pods.map_ports("a", [8000])[8000] != taken


def test_ports_of_services() -> None:
    assert network.target_port(SERVICE, 443, pod("p")) == 9443
    assert network.target_port(SERVICE, 80, pod("p")) == 8080
    assert network.target_port(SERVICE, 81, pod("p")) is None


def router(*pods: dict[str, Any]) -> tuple[Router, dict[str, dict[int, int]]]:
    net = Network()
    mapped = {}
    for item in pods:
        net.address(item["metadata"]["uid"])
        mapped[item["metadata"]["uid"]] = net.map_ports(item["metadata"]["uid"], [9443])
    return Router(Objects(*pods), Objects(SERVICE), Objects(NODE), net, 10999), mapped


def test_routes() -> None:
    found, mapped = router(pod("sick", "False", app="op"), pod("other"), pod("well", app="op"))
    assert found.local_port("172.20.0.9", 443) == mapped["well"][9443]
    assert found.local_port("hook.dyn.svc", 443) == mapped["well"][9443]
    assert found.local_port("hook.dyn.svc.cluster.local", 443) == mapped["well"][9443]
    assert found.local_port("172.20.0.9", 80) is None
    assert found.local_port("172.20.0.10", 443) is None
    assert found.local_port("10.1.0.5", 10250) == 10999
    assert found.local_port("ip-1", 10250) == 10999
    assert found.local_port("127.0.0.1", 5) == 5
    assert found.local_port("100.64.0.10", 9443) == mapped["sick"][9443]


def test_a_service_without_ready_pods_leads_nowhere() -> None:
    found, _ = router(pod("sick", "False", app="op"))
    assert found.local_port("172.20.0.9", 443) is None


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("CONNECT 172.20.0.9:443 HTTP/1.1", ("172.20.0.9", 443)),
        ("CONNECT [::1]:443 HTTP/1.1", ("::1", 443)),
        ("GET / HTTP/1.1", None),
        ("CONNECT nowhere HTTP/1.1", None),
        ("", None),
    ],
)
def test_request_lines(line: str, target: tuple[str, int] | None) -> None:
    assert split_target(line) == target


def test_proxy_connects_and_refuses(tmp_path: Path) -> None:
    async def scenario() -> tuple[bytes, bytes, bytes]:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"echo " + await reader.readline())
            writer.close()

        upstream = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = upstream.sockets[0].getsockname()[1]
        found, _ = router()
        proxy = EgressProxy(found)
        await proxy.start(tmp_path / "s")

        async def ask(target: str, text: bytes) -> tuple[bytes, bytes]:
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(text)
            body = await reader.read() if head.startswith(b"HTTP/1.1 200") else b""
            writer.close()
            return head, body

        good, answer = await ask(f"127.0.0.1:{port}", b"hello\n")
        bad, _ = await ask("172.20.9.9:443", b"")
        await proxy.close()
        upstream.close()
        return good, answer, bad

    good, answer, bad = asyncio.run(scenario())
    assert good.startswith(b"HTTP/1.1 200")
    assert answer == b"echo hello\n"
    assert bad.startswith(b"HTTP/1.1 502")
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
