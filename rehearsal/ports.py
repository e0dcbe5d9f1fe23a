# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Free ports on 127.0.0.1, kept from one start to the next where possible."""

from __future__ import annotations

import socket
from collections.abc import Iterable

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(preferred: int | None = None, taken: Iterable[int] = ()) -> int:
    """Return `preferred` when it is free, else a port that is; never one of `taken`."""
    refused = set(taken)
    if preferred and preferred not in refused and is_free(preferred):
        return preferred
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port not in refused:
            return port


class PortBook:
    """The ports of one rehearsal by the name of their user, so that no two parts get the same one."""

    def __init__(self, remembered: dict[str, int] | None = None) -> None:
        """Start from what an earlier run used."""
        self._remembered = dict(remembered or {})
        self._assigned: dict[str, int] = {}

    def assign(self, name: str) -> int:
        """Return the port for `name`: the one it has, else its earlier one when free, else another."""
        if name not in self._assigned:
            others = set(self._assigned.values())
            self._assigned[name] = choose(self._remembered.get(name), others)
        return self._assigned[name]

    def move(self, name: str) -> int:
        """Give `name` another port, because somebody else took its own between choice and use."""
        refused = set(self._assigned.values())
        self._assigned[name] = choose(None, refused)
        return self._assigned[name]

    def release(self, prefix: str) -> None:
        """Forget the ports of everything whose name begins with `prefix`."""
        self._assigned = {name: port for name, port in self._assigned.items() if not name.startswith(prefix)}

    def as_dict(self) -> dict[str, int]:
        """Return the ports in use by name."""
        return dict(self._assigned)
