# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The event loop of a load: one thread reads all streams.

A thread per stream would wait for its turn with the interpreter, and the wait would look like the endpoint's. Here a
read is noted with its moment before anything is understood; understanding waits until nothing more is there to read.
Connections are opened by helper threads, because that (name, TLS, WebSocket) may block, and kept for later requests.
"""

from __future__ import annotations

import gc
import queue
import selectors
import socket
import ssl
import sys
import threading
import time
import typing as t
from collections import deque

from ..errors import ProbeError, connection_error
from ..generate import CHAT
from ..target import RawSocket
from ..transport import Client
from .plan import Plan
from .stream import Observer, Stream

READ_BYTES = 64 * 1024
# Longest that understanding may keep the loop from looking for new data.
TURN = 0.0003
TICK = 0.05
BACKLOG = 2000
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

clock = time.perf_counter


class Engine:
    """Runs one plan against one endpoint. `done` is called with every request that is over, in the loop's thread."""

    def __init__(
        self,
        client: Client,
        plan: Plan,
        bodies: t.Iterator[bytes],
        model: str,
        request_timeout: float,
        done: t.Callable[[Stream], None],
        tick: t.Callable[[Engine], None] | None = None,
        observe: Observer | None = None,
    ) -> None:
        self._client, self.plan, self._bodies, self._model = client, plan, bodies, model
        self._timeout, self._done, self._tick, self._observe = request_timeout, done, tick, observe
        self._selector = selectors.DefaultSelector()
        self._dialled: queue.SimpleQueue[tuple[Stream, RawSocket | None, Exception | None]] = queue.SimpleQueue()
        self._bell, self._ring = socket.socketpair()
        self._bell.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._idle: list[RawSocket] = []
        self._work: deque[tuple[Stream, bytes, float]] = deque()
        self._waiting: deque[Stream] = deque()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self.active: set[Stream] = set()
        self.started = self.ended = 0
        self.begun = 0.0
        self.measured: float | None = None
        self.stop = ""
        self._next_tick = 0.0

    def run(self) -> None:
        """Run until every request is over. `stop`, when it is set, lets no further request start."""
        switch = sys.getswitchinterval()
        collecting = gc.isenabled()
        gc.collect()
        gc.disable()
        # A helper thread that opens a connection must not hold the loop up for the usual 5 ms.
        sys.setswitchinterval(0.0005)
        try:
            self.begun = clock()
            schedule = self._schedule()
            due = next(schedule, None)
            while due is not None or self.active or self._waiting:
                now = clock()
                while due is not None and due <= now:
                    self._start(due)
                    due = next(schedule, None) if not self._finished(now) else None
                if due is not None and self._finished(now):
                    due = None
                self._turn(due)
        finally:
            sys.setswitchinterval(switch)
            if collecting:
                gc.enable()
            self._close()

    def _schedule(self) -> t.Iterator[float]:
        """Moments at which requests are to start; a closed loop's later ones are made when others end."""
        if self.plan.rate:
            for seconds in self.plan.arrivals():
                yield self.begun + seconds
        for place in range(self.plan.concurrency):
            yield self.begun + self.plan.ramp * place / self.plan.concurrency

    def _finished(self, now: float) -> bool:
        """True when no further request is to start."""
        plan = self.plan
        if self.stop:
            return True
        if plan.requests and self.started >= plan.requests + plan.warmup:
            return True
        if plan.duration and self.measured is not None and now - self.measured >= plan.duration:
            return True
        if now - self.begun >= plan.longest:
            self.stop = f"no request was started after {plan.longest:g} s"
            return True
        return False

    def _start(self, due: float) -> None:
        if self._finished(clock()):
            return
        self.started += 1
        warm = self.started <= self.plan.warmup
        name = self._client.target.name
        stream = Stream(self.started, due, next(self._bodies), self._model, self.plan.max_tokens, warm, name)
        if not warm and self.measured is None:
            self.measured = clock()
        if len(self.active) >= self.plan.concurrency:
            # An open loop does not wait for room: its requests queue, and their wait is reported.
            self._waiting.append(stream)
            if len(self._waiting) > BACKLOG:
                self.stop = (
                    f"the endpoint does not keep up: {BACKLOG} requests wait for one of {self.plan.concurrency} streams"
                )
        else:
            self._connect(stream)

    def _connect(self, stream: Stream) -> None:
        self.active.add(stream)
        if self._idle:
            stream.reused = True
            self._send(stream, self._idle.pop())
        else:
            threading.Thread(target=self._dial, args=(stream,), daemon=True).start()

    def _dial(self, stream: Stream) -> None:
        """Open a connection (in a helper thread)."""
        began = clock()
        raw: RawSocket | None = None
        error: Exception | None = None
        try:
            raw = self._client.target.dial(min(self._timeout, self._client.connect_timeout))
            raw.settimeout(0)
        except (OSError, ProbeError) as caught:
            error = caught
        stream.connect = clock() - began
        self._dialled.put((stream, raw, error))
        self._ring.send(b"!")

    def _send(self, stream: Stream, raw: RawSocket) -> None:
        stream.raw = raw
        stream.unsent = memoryview(self._client.encode("POST", CHAT, stream.body, keep=True))
        self._selector.register(raw, selectors.EVENT_READ, stream)
        stream.sent = clock()
        self._write(stream)

    def _write(self, stream: Stream) -> None:
        raw = stream.raw
        if raw is None:
            return
        try:
            while stream.unsent:
                stream.unsent = stream.unsent[raw.send(stream.unsent) :]
            if getattr(raw, "unsent", 0):
                raw.send(stream.unsent)
        except WOULD_BLOCK:
            pass
        except OSError as error:
            self._work.append((stream, b"", clock()))
            stream.closed, stream.cause = True, error.strerror or str(error)
            return
        more = bool(stream.unsent) or bool(getattr(raw, "unsent", 0))
        self._selector.modify(raw, selectors.EVENT_READ | (selectors.EVENT_WRITE if more else 0), stream)

    def _turn(self, due: float | None) -> None:
        """Read what is there, then understand a little of it."""
        now = clock()
        wait = 0.0 if self._work else min(TICK, max(0.0, due - now) if due is not None else TICK)
        for key, mask in self._selector.select(wait):
            if key.data is None:
                self._answer_bell()
            elif mask & selectors.EVENT_READ:
                self._read(key.data)
            elif mask & selectors.EVENT_WRITE:
                self._write(key.data)
        end = clock() + TURN
        while self._work:
            stream, data, moment = self._work.popleft()
            if not stream.over and stream.understand(data, moment, self._observe):
                self._over(stream)
            if clock() >= end:
                break
        if now >= self._next_tick:
            self._next_tick = now + TICK
            self._watch(now)

    def _answer_bell(self) -> None:
        try:
            while self._bell.recv(1024):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                stream, raw, error = self._dialled.get_nowait()
            except queue.Empty:
                return
            if stream.over or stream not in self.active:
                if raw is not None:
                    raw.close()
            elif raw is None:
                cause = (
                    error
                    if isinstance(error, ProbeError)
                    else connection_error(self._client.target.name, error or OSError())
                )
                stream.fail(str(cause))
                self._over(stream)
            else:
                self._send(stream, raw)

    def _read(self, stream: Stream) -> None:
        """Note everything that has arrived for one stream, with the moment."""
        raw = stream.raw
        if raw is None or stream.closed:
            return
        if getattr(raw, "unsent", 0) or stream.unsent:
            self._write(stream)
        plain = not isinstance(raw, ssl.SSLSocket)
        while True:
            now = clock()
            try:
                count = raw.recv_into(self._buffer)
            except WOULD_BLOCK:
                return
            except OSError as error:
                stream.cause = error.strerror or str(error)
                count = 0
            if not count:
                stream.closed = True
                self._selector.unregister(raw)
                self._work.append((stream, b"", now))
                return
            self._work.append((stream, bytes(self._buffer[:count]), now))
            if plain and count < READ_BYTES:
                return

    def _over(self, stream: Stream) -> None:
        """A request ended: keep or drop its connection, tell, and start the next one."""
        raw = stream.raw
        stale = stream.reused and stream.closed and stream.silent
        if raw is not None:
            if self._registered(raw):
                self._selector.unregister(raw)
            if stream.reusable:
                self._idle.append(raw)
            else:
                raw.close()
            stream.raw = None
        self.active.discard(stream)
        if stale:
            # The server had closed the kept connection before this request: the request never began.
            again = Stream(
                stream.number, stream.due, stream.body, self._model, self.plan.max_tokens, stream.warm,
                self._client.target.name,
            )  # fmt: skip
            self.active.add(again)
            threading.Thread(target=self._dial, args=(again,), daemon=True).start()
            return
        self.ended += 1
        self._done(stream)
        if self._waiting:
            self._connect(self._waiting.popleft())
        elif not self.plan.rate:
            self._start(clock())

    def _registered(self, raw: RawSocket) -> bool:
        try:
            self._selector.get_key(raw)
        except (KeyError, ValueError):
            return False
        return True

    def _watch(self, now: float) -> None:
        """Give up requests that take too long."""
        for stream in list(self.active):
            begun = stream.sent or stream.due
            if now - begun > self._timeout:
                stream.fail(f"no complete answer within {self._timeout:g} s")
                self._over(stream)
        if self.stop:
            while self._waiting:
                self._waiting.pop()
        if self._tick is not None:
            self._tick(self)

    def _close(self) -> None:
        for raw in [*self._idle, *(stream.raw for stream in self.active if stream.raw is not None)]:
            raw.close()
        self._selector.close()
        self._bell.close()
        self._ring.close()
