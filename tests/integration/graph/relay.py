# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A local port that leads to a Service the way kube-proxy does: every connection goes to a pod that is ready then.

A port-forward stays with one pod, and cannot tell what clients of the Service see while pods are replaced.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import Stage


class Relay:
    """Relays connections through the node agent's proxy, which knows the pods behind a ClusterIP."""

    def __init__(self, stage: Stage, service: str) -> None:
        """Listen for connections to port 8000 of a Service."""
        self._socket = str(stage.world.plane.layout.egress_socket)
        self._target = f"{stage.get('service', service)['spec']['clusterIP']}:8000"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.posts = 0
        """Requests with a body that have gone through; each begins a piece of what a client sends."""

    def __enter__(self) -> str:
        threading.Thread(target=self._accept, daemon=True).start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, server, contextlib.suppress(OSError):
            server.connect(self._socket)
            server.sendall(f"CONNECT {self._target} HTTP/1.1\r\nHost: {self._target}\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = server.recv(1)
                if not byte:
                    return
                head += byte
            if b" 200 " not in head.split(b"\r\n")[0]:
                return
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server, self._count)
            back.join()

    def _count(self, data: bytes) -> None:
        self.posts += data.startswith(b"POST ")


def _pump(source: socket.socket, target: socket.socket, look: Callable[[bytes], None] = lambda _data: None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            look(data)
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
