# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""How long AWS takes, in seconds per operation.

For an operation that starts something (``eks:CreateCluster``, ``ec2:CreateNatGateway`` …) the seconds are how long the
thing stays in its transitional state; for every other operation the answer itself waits. The default is no delay.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Operations whose latency is a state of the resource and not a slow answer.
STATEFUL = frozenset(
    {
        "ec2:CreateNatGateway",
        "ec2:CreateVpcEndpoint",
        "ec2:DeleteNatGateway",
        "ec2:DeleteVpcEndpoints",
        "eks:CreateAddon",
        "eks:CreateCluster",
        "eks:CreateNodegroup",
        "eks:DeleteAddon",
        "eks:DeleteCluster",
        "eks:DeleteNodegroup",
        "eks:UpdateAddon",
        "eks:UpdateClusterConfig",
        "eks:UpdateClusterVersion",
        "eks:UpdateNodegroupConfig",
        "eks:UpdateNodegroupVersion",
        "elasticfilesystem:CreateMountTarget",
        "fsx:CreateFileSystem",
        "fsx:DeleteFileSystem",
    }
)


class Latencies:
    """Seconds per operation; safe for many threads."""

    def __init__(self, seconds: Mapping[str, float] | None = None) -> None:
        self._lock = threading.Lock()
        self._seconds = dict(seconds or {})

    @classmethod
    def from_file(cls, path: Path) -> Latencies:
        """Read ``{"eks:CreateCluster": 9, …}``.

        Raises:
            ValueError: The file is not such an object.
        """
        return cls(checked(json.loads(path.read_text(encoding="utf-8"))))

    def seconds(self, operation: str) -> float:
        """Latency of an operation (``service:Action``, IAM's spelling)."""
        with self._lock:
            return self._seconds.get(operation, self._seconds.get("*", 0.0) if operation not in STATEFUL else 0.0)

    def wait(self, operation: str) -> None:
        """Hold the answer of an operation back, unless its latency is a state."""
        seconds = 0.0 if operation in STATEFUL else self.seconds(operation)
        if seconds > 0:
            time.sleep(seconds)

    def update(self, seconds: Mapping[str, Any]) -> None:
        """Set some latencies; others stay.

        Raises:
            ValueError: A latency is no number of seconds.
        """
        values = checked(seconds)
        with self._lock:
            self._seconds.update(values)

    def report(self) -> dict[str, float]:
        """All latencies that are set."""
        with self._lock:
            return dict(self._seconds)


def checked(seconds: Any) -> dict[str, float]:
    """Check a latency table.

    Raises:
        ValueError: It is not an object of operation names and seconds >= 0.
    """
    if not isinstance(seconds, Mapping):
        raise ValueError('latencies must be an object such as {"eks:CreateCluster": 9}')
    for operation, value in seconds.items():
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value < 0:
            raise ValueError(f"the latency of {operation} must be a number of seconds, not {value!r}")
    return {str(operation): float(value) for operation, value in seconds.items()}
