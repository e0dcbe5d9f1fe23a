# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Where requests go: how a connection to an endpoint is opened, directly, through a proxy, with or without TLS.

Proxies of the environment are never used: a probe must reach what it was pointed at. One that is named is.
"""

from __future__ import annotations

import socket
import ssl
import time
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import TIMEOUTS, ProbeError
from .http1 import ResponseParser

SCHEMES = {"http": 80, "https": 443}


class RawSocket(t.Protocol):
    """What a connection must offer; socket.socket and ForwardedSocket do."""

    def settimeout(self, seconds: float | None, /) -> None: ...
    def sendall(self, data: bytes, /) -> None: ...
    def send(self, data: memoryview, /) -> int: ...
    def recv_into(self, buffer: memoryview, /) -> int: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Target:
    """How to open a connection, what to put into Host, and what stands in front of every path."""

    name: str
    host: str
    dial: t.Callable[[float], RawSocket]
    prefix: str = ""


@dataclass(frozen=True)
class Tls:
    """How to speak TLS. Files hold PEM; `server_name` is what the certificate must name, if not the URL's host."""

    validate_certs: bool = True
    ca_path: str = ""
    client_cert: str = ""
    client_key: str = ""
    server_name: str = ""

    def context(self) -> ssl.SSLContext:
        """Load the files. Raises OSError (an SSLError is one) that says which file is wrong."""
        context = ssl.create_default_context(cafile=self.ca_path or None)
        if not self.validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_cert:
            try:
                context.load_cert_chain(self.client_cert, self.client_key or None)
            except ssl.SSLError as error:
                cause = getattr(error, "reason", None) or error
                raise OSError(f"client_cert {self.client_cert} and its key cannot be used: {cause}") from error
        return context


def url_target(url: str, tls: Tls | None = None, proxy: str = "") -> Target:
    """Make a target of an http or https URL. Raises ValueError for anything else, OSError for a bad file.

    A trailing /v1 is dropped, so both the server's address and an OpenAI client's base_url can be given.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(f"url must look like http://host:port or https://host, got: {url}")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("url must hold neither credentials nor a query nor a fragment. Use api_key for a key.")
    tls = tls or Tls()
    host, port = parts.hostname, parts.port or SCHEMES[parts.scheme]
    prefix = parts.path.rstrip("/")
    prefix = prefix[: -len("/v1")] if prefix.endswith("/v1") else prefix
    context = tls.context() if parts.scheme == "https" else None
    if not proxy:
        return Target(url, parts.netloc, dialler((host, port), context, tls.server_name or host), prefix)
    address = proxy_address(proxy)
    if context is None:
        # A proxy for plain HTTP reads the whole URL from the request line.
        return Target(url, parts.netloc, dialler(address, None, ""), f"http://{parts.netloc}{prefix}")
    through = f"{f'[{host}]' if ':' in host else host}:{port}"
    return Target(url, parts.netloc, dialler(address, context, tls.server_name or host, through), prefix)


def proxy_address(proxy: str) -> tuple[str, int]:
    """Host and port of a proxy's URL. Raises ValueError."""
    parts = urlsplit(proxy)
    if parts.scheme != "http" or not parts.hostname or not parts.port:
        raise ValueError(f"proxy must look like http://host:port, got: {proxy.rsplit('@', 1)[-1]}")
    if parts.username:
        raise ValueError("proxy must hold no credentials: they would stand in the log of the task.")
    return parts.hostname, parts.port


def dialler(
    address: tuple[str, int], context: ssl.SSLContext | None, server_name: str, through: str = ""
) -> t.Callable[[float], RawSocket]:
    """Make a function that opens one connection; its argument bounds all of that, in seconds."""

    def dial(timeout: float) -> RawSocket:
        deadline = time.monotonic() + timeout
        plain = socket.create_connection(address, timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if through:
                open_tunnel(plain, through, deadline)
            if context is None:
                return plain
            plain.settimeout(max(0.001, deadline - time.monotonic()))
            return context.wrap_socket(plain, server_hostname=server_name)
        except BaseException:
            plain.close()
            raise

    return dial


def open_tunnel(plain: socket.socket, through: str, deadline: float) -> None:
    """Ask a proxy for a tunnel. Raises ProbeError when it refuses."""
    plain.sendall(f"CONNECT {through} HTTP/1.1\r\nHost: {through}\r\n\r\n".encode())
    parser = ResponseParser("HEAD", "the proxy")
    while parser.head is None:
        plain.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            # Byte by byte: what follows the head belongs to TLS.
            data = plain.recv(1)
        except TIMEOUTS as error:
            raise ProbeError(f"the proxy did not open a tunnel to {through} in time", retry=True) from error
        if not data:
            raise ProbeError(f"the proxy closed the connection when asked for {through}", retry=True)
        for _piece in parser.feed(data):
            pass
    if parser.head.status != 200:
        raise ProbeError(
            f"the proxy refused a tunnel to {through} with {parser.head.status}", retry=parser.head.status >= 500
        )
