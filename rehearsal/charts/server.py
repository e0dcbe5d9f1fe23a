# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Serve the repository folder over HTTP, whole or with the failures that real chart hosts show."""

from __future__ import annotations

import base64
import hmac
import logging
import sys
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOG = logging.getLogger("charts")
_TYPES = {".yaml": "text/yaml; charset=utf-8", ".tgz": "application/gzip", ".prov": "text/plain; charset=utf-8"}


@dataclass(frozen=True)
class Behaviour:
    """How the server answers."""

    folder: Path
    basic_auth: str = ""
    """`user:password` that a client must send; empty for none."""
    fail: int = 0
    """Status to answer everything with; 0 for the truth."""


def authorized(header: str, expected: str) -> bool:
    """Tell whether an Authorization header carries the expected `user:password`."""
    wanted = "Basic " + base64.b64encode(expected.encode()).decode()
    return hmac.compare_digest(header.encode(), wanted.encode())


def locate(folder: Path, target: str) -> Path | None:
    """File that a request's target names; None when there is none, or it is outside the folder."""
    name = unquote(urlsplit(target).path).lstrip("/")
    path = (folder / name).resolve()
    if not name or not path.is_relative_to(folder.resolve()) or not path.is_file() or path.name.startswith("."):
        return None
    return path


def server(behaviour: Behaviour, port: int, address: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Return an HTTP server, bound and not yet serving.

    Raises:
        OSError: the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            if behaviour.fail:
                self._send(HTTPStatus(behaviour.fail), with_body=with_body)
            elif behaviour.basic_auth and not authorized(self.headers.get("Authorization", ""), behaviour.basic_auth):
                self._send(HTTPStatus.UNAUTHORIZED, with_body=with_body)
            elif (path := locate(behaviour.folder, self.path)) is None:
                self._send(HTTPStatus.NOT_FOUND, with_body=with_body)
            else:
                kind = _TYPES.get(path.suffix, "application/octet-stream")
                self._send(HTTPStatus.OK, path.read_bytes(), kind, with_body=with_body)

        def _send(
            self, status: HTTPStatus, data: bytes = b"", kind: str = "text/plain; charset=utf-8", *, with_body: bool
        ) -> None:
            body = data if status is HTTPStatus.OK else f"{status.value} {status.phrase}\n".encode()
            self.send_response(status)
            if status is HTTPStatus.UNAUTHORIZED:
                self.send_header("WWW-Authenticate", 'Basic realm="charts"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            LOG.info(format, *args)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            if not isinstance(sys.exception(), (BrokenPipeError, ConnectionResetError)):
                super().handle_error(request, client_address)  # type: ignore[arg-type]

    return Server((address, port), Handler)
