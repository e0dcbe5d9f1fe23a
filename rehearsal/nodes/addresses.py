# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Services as the processes of pods reach them: a local port of its own for each Service port that somebody names.

What cluster DNS and kube-proxy do: the port stays while pods come and go, and a connection goes to one that is ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import struct
from collections.abc import Callable, Iterable, Mapping

from rehearsal.nodes.network import free_port

log = logging.getLogger(__name__)
_CHUNK = 64 * 1024
_NAME = re.compile(r"(?<![\w.-])([a-z0-9-]+\.[a-z0-9-]+\.svc(?:\.cluster\.local)?):(\d{1,5})(?!\d)")


def named(texts: Iterable[str]) -> set[tuple[str, int]]:
    """Return the Services that texts name as <service>.<namespace>.svc[.cluster.local]:<port>."""
    return {(match[1], int(match[2])) for text in texts for match in _NAME.finditer(text)}


def rewrite(text: str, local: Mapping[tuple[str, int], int]) -> str:
    """Replace each Service's name and port by the local address that leads there."""

    def replace(match: re.Match[str]) -> str:
        port = local.get((match[1], int(match[2])))
        return f"127.0.0.1:{port}" if port is not None else match[0]

    return _NAME.sub(replace, text)


class Addresses:
    """The local ports of Services."""

    def __init__(self, find: Callable[[str, int], int | None]) -> None:
        """Take how to find the local port of a ready pod behind a Service's name and port."""
        self._find = find
        self._ports: dict[tuple[str, int], int] = {}
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()

    async def local(self, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return the local port of each Service named, listening from the first time that it is asked for."""
        result = {}
        async with self._lock:
            for name in sorted(wanted):
                if name not in self._ports:
                    self._ports[name] = await self._listen(*name)
                result[name] = self._ports[name]
        return result

    async def _listen(self, host: str, port: int) -> int:
        local = free_port(set(self._ports.values()))

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(host, port, reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._servers.append(await asyncio.start_server(accept, "127.0.0.1", local))
        return local

    async def _serve(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = self._find(host, port)
        try:
            if target is None:
                raise ConnectionRefusedError("no ready pod")
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError as error:
            log.debug("No connection to %s:%d: %s", host, port, error)
            # reset, which is as near to a refused connection as a listener can come
            end = writer.get_extra_info("socket")
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
        try:
            await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))
        finally:
            for end in (writer, upstream_writer):
                end.close()

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction; a half that fails takes the other with it, as a lost pod does."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        with contextlib.suppress(OSError):
            writer.transport.abort()
