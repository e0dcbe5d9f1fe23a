# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The way from the API server into the cluster: HTTP CONNECT over a unix socket.

The API server's egress selector sends here whatever goes to Services (webhooks, conversion, aggregated APIs), pods and
kubelets. Addresses of the pod and service network exist only on paper, so each is led to the local port of a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rehearsal.nodes import network
from rehearsal.nodes.informer import Store
from rehearsal.nodes.network import Network

Json = dict[str, Any]
log = logging.getLogger(__name__)
_HEAD_LIMIT = 16 * 1024
_CHUNK = 64 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Router:
    """Finds the local port behind an address of the cluster."""

    def __init__(self, pods: Store, services: Store, nodes: Store, pod_network: Network, kubelet_port: int) -> None:
        """Take read access to the cluster's objects."""
        self._pods = pods
        self._services = services
        self._nodes = nodes
        self._network = pod_network
        self._kubelet_port = kubelet_port

    def local_port(self, host: str, port: int) -> int | None:
        """Return the local port for host:port, None when nothing listens there."""
        if host in _LOOPBACK:
            return port
        if any(host in node_addresses(node) for node in self._nodes.all()):
            return self._kubelet_port
        uid = self._network.pod_at(host)
        if uid is not None:
            return self._network.local_port(uid, port)
        service = self._service(host)
        if service is None:
            return None
        behind = [pod for pod in self._pods.all() if network.selects(service, pod) and network.is_ready(pod)]
        for pod in behind:
            target = network.target_port(service, port, pod)
            local = self._network.local_port(pod["metadata"]["uid"], target) if target else None
            if local is not None:
                return local
        return None

    def _service(self, host: str) -> Json | None:
        name, _, rest = host.partition(".")
        namespace, _, suffix = rest.partition(".")
        if suffix.startswith("svc"):
            return self._services.get(namespace, name)
        return next((item for item in self._services.all() if item["spec"].get("clusterIP") == host), None)


def node_addresses(node: Json) -> set[str]:
    """Return every name and address of a node."""
    rows = (node.get("status") or {}).get("addresses") or []
    return {node["metadata"]["name"], *(row["address"] for row in rows)}


def split_target(request_line: str) -> tuple[str, int] | None:
    """Return (host, port) of a CONNECT request line, None for any other request."""
    words = request_line.split()
    if len(words) < 2 or words[0] != "CONNECT":
        return None
    host, _, port = words[1].rpartition(":")
    if not host or not port.isdigit():
        return None
    return host.strip("[]"), int(port)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # whoever closed first leaves the other with a reset, or with a socket that is not connected any more (ENOTCONN)
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def _close(writers: Iterable[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


class EgressProxy:
    """Serves CONNECT on a unix socket."""

    def __init__(self, router: Router) -> None:
        """Use a router."""
        self._router = router
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, path: Path) -> None:
        """Listen; only this user may connect."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._accept, path=path, limit=_HEAD_LIMIT)
        path.chmod(0o600)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # tasks of our own: asyncio logs the cancellation of a handler that it made itself as an error
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            writer.close()
            return
        target = split_target(head.split("\r\n", 1)[0])
        port = self._router.local_port(*target) if target else None
        try:
            if port is None:
                raise ConnectionRefusedError(f"nothing listens at {target}")
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            log.info("Refused a connection to %s: %s", target, error)
            status = "502 Bad Gateway" if target else "405 Method Not Allowed"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            await _close([writer])
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))
        await _close([writer, upstream_writer])
