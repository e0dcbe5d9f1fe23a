# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A server of known truth: it streams one token after `ttft`, then one every `itl`, and tells when it really sent them.

Stands alone, because it runs in a process of its own: `python pacer.py TTFT ITL TOKENS` (seconds, seconds, number)
prints its port and serves on 127.0.0.1 until its standard input closes. Every event carries, in `nvext.pace`, the
moment in seconds at which it was sent, counted from the arrival of the request.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import selectors
import socket
import sys
import time

MODEL = "pacer"
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: str) -> bytes:
    """One event, as one chunk of the body."""
    body = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(body), body)


class Connection:
    """One client: what it has sent, and how far its answer is."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.data = b""
        self.tokens = 0
        self.arrived = 0.0
        self.open = True


class Pacer:
    """The server. `select` is used because its time-outs are exact to a microsecond; those of epoll are not."""

    def __init__(self, ttft: float, itl: float, tokens: int) -> None:
        self.ttft, self.itl, self.tokens = ttft, itl, tokens
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = int(self.listener.getsockname()[1])
        self.selector = selectors.SelectSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.due: list[tuple[float, int, Connection, int]] = []
        self.serial = 0

    def serve(self, until_closed: int) -> None:
        """Serve until that file descriptor is at its end."""
        self.selector.register(until_closed, selectors.EVENT_READ)
        while True:
            wait = max(0.0, self.due[0][0] - time.perf_counter()) if self.due else None
            for key, _mask in self.selector.select(wait):
                if key.fileobj is self.listener:
                    self.accept()
                elif isinstance(key.data, Connection):
                    self.read(key.data)
                else:
                    return
            while self.due and self.due[0][0] <= time.perf_counter():
                _due, _serial, connection, place = heapq.heappop(self.due)
                self.send(connection, place)

    def accept(self) -> None:
        """Take a new client."""
        sock, _address = self.listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(sock, selectors.EVENT_READ, Connection(sock))

    def read(self, connection: Connection) -> None:
        """Read of a request what is there; answer a whole one."""
        try:
            data = connection.sock.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            connection.open = False
            self.selector.unregister(connection.sock)
            connection.sock.close()
            return
        connection.data += data
        head, end, body = connection.data.partition(b"\r\n\r\n")
        if not end:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _colon, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        if len(body) < length:
            return
        connection.arrived = time.perf_counter()
        connection.data = body[length:]
        self.answer(connection, head, body[:length])

    def answer(self, connection: Connection, head: bytes, body: bytes) -> None:
        """Begin the stream, or list the model."""
        if head.startswith(b"GET"):
            listed = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()
            reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(listed)
            connection.sock.sendall(reply + listed)
            return
        try:
            asked = json.loads(body).get("max_tokens")
        except (ValueError, AttributeError):
            connection.sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        connection.tokens = min(self.tokens, asked) if isinstance(asked, int) and asked > 0 else self.tokens
        connection.sock.sendall(HEAD)
        self.plan(connection, connection.arrived + self.ttft, 0)

    def plan(self, connection: Connection, due: float, place: int) -> None:
        """Send a token later. Moments follow from the request's arrival, so lateness does not add up."""
        self.serial += 1
        heapq.heappush(self.due, (due, self.serial, connection, place))

    def send(self, connection: Connection, place: int) -> None:
        """Send one token now; with the last one the end of the stream."""
        if not connection.open:
            return
        last = place + 1 == connection.tokens
        choice = {"index": 0, "delta": {"role": "assistant", "content": " word"}, "finish_reason": None}
        pace = {"pace": time.perf_counter() - connection.arrived}
        frame = {"object": "chat.completion.chunk", "model": MODEL, "choices": [choice], "nvext": pace}
        data = chunk(json.dumps(frame))
        if last:
            end = {"index": 0, "delta": {}, "finish_reason": "length"}
            usage = {"prompt_tokens": 8, "completion_tokens": place + 1, "total_tokens": place + 9}
            data += chunk(json.dumps({"object": "chat.completion.chunk", "model": MODEL, "choices": [end]}))
            data += chunk(json.dumps({"model": MODEL, "choices": [], "usage": usage})) + chunk("[DONE]") + b"0\r\n\r\n"
        with contextlib.suppress(OSError):  # a client that hung up is found out by the next read
            connection.sock.sendall(data)
        if not last:
            self.plan(connection, connection.arrived + self.ttft + (place + 1) * self.itl, place + 1)


def main() -> None:
    """Entry point."""
    pacer = Pacer(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(f"{pacer.port}\n")
    sys.stdout.flush()
    pacer.serve(sys.stdin.fileno())


if __name__ == "__main__":
    main()
