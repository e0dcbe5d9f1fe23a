# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""WebSocket messages (RFC 6455) as bytes that arrive in any pieces. Pure: no socket; memory is bounded."""

from __future__ import annotations

import os
import struct
import typing as t
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MESSAGE_BYTES = 4 * 1024 * 1024
CONTROL_BYTES = 125


class FrameError(Exception):
    """Bytes that are no WebSocket messages, or too large ones."""


@dataclass(frozen=True)
class Message:
    """One whole message; control messages may stand between the parts of another one."""

    opcode: int
    payload: bytes


class FrameReader:
    """Feed it bytes from a server, take messages."""

    def __init__(self, message_bytes: int = MESSAGE_BYTES) -> None:
        self._limit = message_bytes
        self._rest = bytearray()
        self._parts = bytearray()
        self._opcode: int | None = None

    def feed(self, data: bytes) -> t.Iterator[Message]:
        """Yield the messages that `data` completes. Raises FrameError."""
        self._rest += data
        while True:
            found = self._frame()
            if found is None:
                return
            final, opcode, payload = found
            message = Message(opcode, payload) if opcode >= CLOSE else self._join(final, opcode, payload)
            if message is not None:
                yield message

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """Cut off the next frame."""
        rest = self._rest
        if len(rest) < 2:
            return None
        final, opcode = bool(rest[0] & 0x80), rest[0] & 0x0F
        if rest[0] & 0x70 or rest[1] & 0x80 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise FrameError(f"a message is broken: it begins with {bytes(rest[:8])!r}")
        size, start = rest[1] & 0x7F, 2
        if size > CONTROL_BYTES:
            kind, start = (">H", 4) if size == 126 else (">Q", 10)
            if len(rest) < start:
                return None
            size = struct.unpack_from(kind, rest, 2)[0]
        if opcode >= CLOSE and (size > CONTROL_BYTES or not final):
            raise FrameError("a control message is too long, or comes in parts")
        if size + len(self._parts) > self._limit:
            raise FrameError(f"a message is longer than {self._limit} bytes")
        if len(rest) < start + size:
            return None
        payload = bytes(rest[start : start + size])
        del rest[: start + size]
        return final, opcode, payload

    def _join(self, final: bool, opcode: int, payload: bytes) -> Message | None:
        if (opcode == CONTINUATION) == (self._opcode is None):
            raise FrameError("the parts of messages are out of order")
        if final and self._opcode is None:
            return Message(opcode, payload)
        self._opcode = opcode if self._opcode is None else self._opcode
        self._parts += payload
        if not final:
            return None
        message = Message(self._opcode, bytes(self._parts))
        self._opcode, self._parts = None, bytearray()
        return message


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole message as a client sends it: masked, as the protocol demands of clients."""
    size = len(payload)
    if size <= CONTROL_BYTES:
        head = struct.pack(">BB", 0x80 | opcode, 0x80 | size)
    elif size < 2**16:
        head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, size)
    mask = os.urandom(4)
    # One long number XOR another: a loop over bytes would take a second per 10 MB.
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
