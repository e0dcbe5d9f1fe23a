# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the supervisor tells the node agent (agent.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.bootstrap.places import Places


@dataclass(frozen=True)
class Timings:
    """Durations that a test may shorten; the defaults are a kubelet's own."""

    backoff_scale: float = 1.0  # factor on the crash-loop and image-pull back-off
    probe_scale: float = 1.0  # factor on the probes' delays and periods, and on the refreshing of volumes
    boot_seconds: float = 0.0  # from "running" in EC2 to a registered Node
    poll_seconds: float = 1.0  # between two looks at EC2


@dataclass(frozen=True)
class AgentConfig:
    """agent.json, read."""

    cluster: str
    region: str
    account: str
    aws_endpoint: str
    aws_admin_file: Path
    server: str
    ca_file: Path
    kubeconfig: Path
    pki_dir: Path
    work_dir: Path
    egress_socket: Path
    bin_dir: Path
    main_python: Path
    dynamo_python: Path
    repo: Path
    timings: Timings = field(default_factory=Timings)
    places: Places = field(default_factory=Places.here)

    @property
    def old_dynamo_python(self) -> Path:
        """The interpreter with ai-dynamo 0.4; made on demand."""
        return self.places.python_of("dynamo-0.4")

    def on_demand(self, tool: str, binary: str) -> Path:
        """Return where a program of a tool is that is made on demand."""
        return self.places.on_demand()[tool] / "bin" / binary

    @property
    def faults_file(self) -> Path:
        """Where injected faults are read from (faults.py)."""
        return self.work_dir / "faults.json"

    @property
    def ready_file(self) -> Path:
        """Written when the agent serves, removed when it ends."""
        return self.work_dir / "agent.ready"

    @property
    def models_dir(self) -> Path:
        """Model directories without weights, shared by all pods."""
        return self.work_dir / "models"


_PATHS = (
    "aws_admin_file",
    "ca_file",
    "kubeconfig",
    "pki_dir",
    "work_dir",
    "egress_socket",
    "bin_dir",
    "main_python",
    "dynamo_python",
    "repo",
)
_TEXTS = ("cluster", "region", "account", "aws_endpoint", "server")


def parse(data: Mapping[str, Any]) -> AgentConfig:
    """Check and type the contents of agent.json.

    Raises:
        ValueError: when a key is missing.
    """
    missing = [key for key in (*_TEXTS, *_PATHS) if not data.get(key)]
    if missing:
        raise ValueError(
            f"Failed to read the node agent's configuration: {', '.join(missing)} missing. "
            "Write every key that rehearsal/nodes/config.py names."
        )
    values: dict[str, Any] = {key: str(data[key]) for key in _TEXTS}
    values.update({key: Path(str(data[key])) for key in _PATHS})
    timings = data.get("timings") or {}
    return AgentConfig(**values, timings=Timings(**{key: float(value) for key, value in timings.items()}))


def load(path: Path) -> AgentConfig:
    """Read agent.json.

    Raises:
        ValueError: when it is not what the agent needs.
        OSError: when it cannot be read.
    """
    return parse(json.loads(path.read_text(encoding="utf-8")))
