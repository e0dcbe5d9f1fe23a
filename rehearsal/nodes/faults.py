# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults injected into pods, read from `faults.json` in the agent's work directory whenever they could matter.

The file holds a list; an entry has a kind, a condition and the kind's own keys:

    {"kind": "image-pull", "image": "*/vllm-runtime:*", "message": "manifest unknown"}
    {"kind": "crash", "pod": "vllm-*", "container": "main", "lines": ["CUDA out of memory"], "exit_code": 1}
    {"kind": "slow-start", "pod": "vllm-*", "seconds": 20}
    {"kind": "slow-pull", "image": "*/vllm-runtime:*", "seconds": 20}

`image`, `namespace`, `pod` and `container` are shell patterns that all have to match; one that is left out matches all.
"""

from __future__ import annotations

import fnmatch
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]
log = logging.getLogger(__name__)

_CONDITIONS = ("image", "namespace", "pod", "container")


def matches(fault: Json, **facts: str) -> bool:
    """Tell whether a fault's patterns all match what is known."""
    return all(fnmatch.fnmatchcase(facts.get(key, ""), str(fault[key])) for key in _CONDITIONS if fault.get(key))


def crash_command(fault: Json) -> list[str]:
    """Return a command that prints the fault's lines and exits with its code."""
    code = int(fault.get("exit_code", 1))
    lines = [str(line) for line in fault.get("lines") or ["crashed by an injected fault"]]
    return ["/bin/sh", "-c", f"printf '%s\\n' \"$@\" >&2; exit {code}", "sh", *lines]


def delayed(fault: Json, argv: Sequence[str]) -> list[str]:
    """Return a command that waits before it becomes the real one."""
    return ["/bin/sh", "-c", 'sleep "$0"; exec "$@"', f"{float(fault.get('seconds', 10)):g}", *argv]


class Faults:
    """The faults of one cluster."""

    def __init__(self, path: Path) -> None:
        """Read from this file; it need not exist."""
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._faults: list[Json] = []

    def _current(self) -> list[Json]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._faults = None, []
            return []
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            try:
                data = json.loads(self._path.read_text(encoding="utf-8"))
            except ValueError as error:
                log.warning("Failed to read %s: %s. The faults read before stay in force.", self._path, error)
                return self._faults
            self._stamp, self._faults = stamp, [dict(entry) for entry in data]
        return self._faults

    def find(self, kind: str, **facts: str) -> Json | None:
        """Return the first fault of a kind that applies."""
        return next((fault for fault in self._current() if fault["kind"] == kind and matches(fault, **facts)), None)
