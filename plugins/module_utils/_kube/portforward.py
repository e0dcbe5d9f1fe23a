# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reach a pod's port through the Kubernetes API, inside this process: no kubectl, no local port, any number of streams.

Protocol: WebSocket with the subprotocol v4.channel.k8s.io, as kubelet's port-forward server speaks it. Every message
begins with a channel byte; for one forwarded port channel 0 is data and channel 1 is errors, and the first message on
each repeats the port number. One WebSocket carries one TCP connection of the pod. websocket-client makes the
handshake; the messages are read here, so that an event loop can wait for many connections at once.

All network errors are OSErrors, so callers treat a forwarded connection like any other socket.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import socket
import ssl
import struct
import threading
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from .client import Client, KubeError, Resource
from .endpoints import ForwardError, choose, pod_port, selector_of, service_port
from .frames import BINARY, CLOSE, PING, PONG, FrameError, FrameReader, Message, frame

SUBPROTOCOL = "v4.channel.k8s.io"
PODS = Resource("v1", "pods", "Pod")
SERVICES = Resource("v1", "services", "Service")
DATA_CHANNEL, ERROR_CHANNEL = 0, 1
# Small enough that a slow pod stalls one write for a bounded time, large enough that a prompt is one message.
WRITE_BYTES = 64 * 1024
READ_BYTES = 64 * 1024
# One and the same from Python 3.10 on.
TIMEOUTS = (TimeoutError, socket.timeout)


@dataclass(frozen=True)
class Endpoint:
    """One port of one pod."""

    namespace: str
    pod: str
    port: int

    def __str__(self) -> str:
        return f"pod {self.namespace}/{self.pod} port {self.port}"


class Forwarder:
    """Opens connections to a pod, or to one ready pod behind a Service.

    It stays with one pod, so that its counters can be read before and after; when that pod fails it takes another one.
    Exactly one of `service` and `pod` is given. `port` is a number or a name ("" = the only or the http port); for a
    Service it is the Service's port, as in kubectl port-forward.
    """

    def __init__(self, client: Client, namespace: str, service: str = "", pod: str = "", port: str = "") -> None:
        if bool(service) == bool(pod):
            raise ValueError("exactly one of service and pod is needed")
        self._client = client
        self._namespace = namespace
        self._service = service
        self._pod = pod
        self._port = port
        self._lock = threading.Lock()
        self._endpoint: Endpoint | None = None
        self._failed: list[str] = []
        self._context: t.Any = None

    def __str__(self) -> str:
        kind, name = ("service", self._service) if self._service else ("pod", self._pod)
        return f"{kind} {self._namespace}/{name}" + (f" port {self._port}" if self._port else "")

    @property
    def endpoint(self) -> Endpoint | None:
        """The pod that connections go to now; None before the first one."""
        return self._endpoint

    def dial(self, timeout: float) -> ForwardedSocket:
        """Open one connection; `timeout` in seconds bounds the handshake. Raises ForwardError."""
        with self._lock:
            if self._endpoint is None:
                self._endpoint = self._resolve()
            endpoint = self._endpoint
        try:
            connection = self._handshake(endpoint, timeout)
            # websocket-client reads the handshake byte by byte, so nothing of what follows is lost in it.
            channel, connection.sock = connection.sock, None
            return ForwardedSocket(channel, endpoint, self._forget)
        except ForwardError:
            self._forget(endpoint)
            raise

    def _forget(self, endpoint: Endpoint) -> None:
        """Note that a pod failed: the next connection looks for another one and takes this one only if it must."""
        with self._lock:
            if self._endpoint == endpoint:
                self._endpoint = None
            self._failed = [name for name in self._failed if name != endpoint.pod] + [endpoint.pod]

    def _resolve(self) -> Endpoint:
        try:
            if self._pod:
                pod = self._client.get(PODS.path(self._namespace, self._pod))
                return Endpoint(self._namespace, self._pod, pod_port(pod, self._port))
            service = self._client.get(SERVICES.path(self._namespace, self._service))
            query = {"labelSelector": selector_of(service)}
            pod = choose(service, self._client.items(PODS, self._namespace, query), self._failed)
            return Endpoint(self._namespace, str(pod["metadata"]["name"]), service_port(service, self._port, pod))
        except KubeError as error:
            raise ForwardError(f"Failed to find {self}: {error}", permanent=error.status in (401, 403, 404)) from error

    def _handshake(self, endpoint: Endpoint, timeout: float) -> t.Any:
        websocket = _websocket()

        configuration = self._client.api.configuration
        path = f"{PODS.path(endpoint.namespace, endpoint.pod)}/portforward"
        # auth_settings runs the kubeconfig's exec plugin again when its token is about to expire.
        bearer = configuration.auth_settings().get("BearerToken")
        options: dict[str, t.Any] = {"http_no_proxy": ["*"]}
        if configuration.proxy:
            proxy = urlsplit(configuration.proxy)
            options = {"http_proxy_host": proxy.hostname, "http_proxy_port": proxy.port, "proxy_type": proxy.scheme}
        connection = websocket.WebSocket(sslopt=self._tls(configuration), skip_utf8_validation=True)
        try:
            connection.connect(
                websocket_url(str(configuration.host), path, endpoint.port),
                header=[f"Authorization: {bearer['value']}"] if bearer else [],
                subprotocols=[SUBPROTOCOL],
                suppress_origin=True,
                timeout=timeout,
                **options,
            )
        except websocket.WebSocketBadStatusException as error:
            raise refusal(endpoint, int(error.status_code), error.resp_body or b"") from error
        except (websocket.WebSocketException, OSError) as error:
            raise ForwardError(f"Failed to connect to {endpoint} through the Kubernetes API: {error}") from error
        return connection

    def _tls(self, configuration: t.Any) -> dict[str, t.Any]:
        """Make the TLS settings once: loading certificates costs more than a handshake."""
        with self._lock:
            if self._context is None:
                context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
                if not configuration.verify_ssl:
                    context.check_hostname = False
                    context.verify_mode = ssl.CERT_NONE
                if configuration.cert_file:
                    context.load_cert_chain(configuration.cert_file, configuration.key_file)
                self._context = context
        name = getattr(configuration, "tls_server_name", None)
        return {"context": self._context, **({"server_hostname": name} if name else {})}


class ForwardedSocket:
    """The socket methods that a client needs, blocking or not, over one port-forward WebSocket.

    `channel` is the connected socket below it, right after the handshake. With a time-out of 0 it raises what that
    socket raises when it would block, and `select` works on `fileno`.
    """

    def __init__(self, channel: t.Any, endpoint: Endpoint, on_failure: t.Callable[[Endpoint], None]) -> None:
        self._channel = channel
        self._on_failure = on_failure
        self._frames = FrameReader()
        self._messages: list[Message] = []
        self._announced: set[int] = set()
        self._rest = memoryview(b"")
        self._unsent = memoryview(b"")
        self._ended = False
        self.endpoint = endpoint

    def settimeout(self, seconds: float | None) -> None:
        """Bound every following read and write; 0 = do not wait."""
        self._channel.settimeout(seconds)

    def fileno(self) -> int:
        """Descriptor to wait on."""
        return int(self._channel.fileno())

    @property
    def unsent(self) -> int:
        """Bytes that were accepted by `send` and wait for room; another `send` (of nothing will do) moves them on."""
        return len(self._unsent)

    def send(self, data: memoryview) -> int:
        """Take as much of `data` as one message holds; return how much. Raises when what went before is in the way."""
        self._flush()
        part = data[:WRITE_BYTES]
        if part:
            self._unsent = memoryview(frame(BINARY, bytes((DATA_CHANNEL,)) + bytes(part)))
            with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self._flush()
        return len(part)

    def sendall(self, data: bytes) -> None:
        """Send everything. Raises OSError."""
        view = memoryview(data)
        try:
            while view:
                view = view[self.send(view) :]
            self._flush()
        except TIMEOUTS as error:
            raise TimeoutError(f"timed out while sending to {self.endpoint}") from error

    def recv_into(self, buffer: memoryview) -> int:
        """Fill `buffer` with what has arrived, waiting for at least one byte; 0 at the end of the stream."""
        while not self._rest:
            if self._messages:
                self._take(self._messages.pop(0))
            elif self._ended:
                return 0
            else:
                self._receive()
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Drop the connection at once. The pod sees its TCP connection closed; nobody waits for a farewell."""
        self._channel.close()

    def _flush(self) -> None:
        while self._unsent:
            try:
                sent = self._channel.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError, *TIMEOUTS):
                raise
            except OSError as error:
                raise self._failure(error.strerror or str(error)) from error
            self._unsent = self._unsent[sent:]

    def _receive(self) -> None:
        try:
            data = self._channel.recv(READ_BYTES)
        except TIMEOUTS as error:
            raise TimeoutError(f"timed out while reading from {self.endpoint}") from error
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            raise self._failure(error.strerror or str(error)) from error
        if not data:
            # Torn down without a farewell: the pod, its node or the API server went away.
            self._ended = True
            self._on_failure(self.endpoint)
            return
        try:
            self._messages.extend(self._frames.feed(data))
        except FrameError as error:
            raise self._failure(str(error)) from error

    def _take(self, message: Message) -> None:
        if message.opcode == PING:
            self._unsent = memoryview(bytes(self._unsent) + frame(PONG, message.payload))
            with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self._flush()
        if message.opcode == CLOSE:
            self._ended = True
        if message.opcode != BINARY or not message.payload:
            return
        channel, payload = message.payload[0], message.payload[1:]
        if channel not in self._announced:
            self._announced.add(channel)
            if len(payload) != 2 or struct.unpack("<H", payload)[0] != self.endpoint.port:
                raise self._failure(f"unexpected first message on channel {channel}: {payload[:40]!r}")
        elif channel == ERROR_CHANNEL:
            if payload:
                raise self._failure(payload.decode("utf-8", "replace").strip())
        elif channel == DATA_CHANNEL:
            self._rest = memoryview(payload)

    def _failure(self, cause: str) -> ForwardError:
        self._ended = True
        self._on_failure(self.endpoint)
        return ForwardError(f"Failed to talk to {self.endpoint}: {cause}")


def websocket_url(server: str, path: str, port: int) -> str:
    """URL of the port-forward of one pod port; `server` may have a path of its own (a proxying gateway)."""
    parts = urlsplit(server)
    scheme = "ws" if parts.scheme == "http" else "wss"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + path, f"ports={port}", ""))


def refusal(endpoint: Endpoint, status: int, body: bytes) -> ForwardError:
    """Say why the API server refused the upgrade, in its own words when it sent a Status object."""
    try:
        document = json.loads(body)
    except ValueError:
        document = {}
    said = document.get("message") if isinstance(document, dict) else ""
    cause = str(said or body[:200].decode("utf-8", "replace") or f"status {status}")
    hint = " The user needs the verbs get and create on pods/portforward." if status == 403 else ""
    return ForwardError(
        f"Failed to connect to {endpoint} through the Kubernetes API: {cause}.{hint}", permanent=status in (401, 403)
    )


def _websocket() -> t.Any:
    """Import websocket-client, which the kubernetes package requires, only when a connection is made."""
    return importlib.import_module("websocket")
