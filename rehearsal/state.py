# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a rehearsal is doing, in one JSON file that its commands read and only its supervisor writes."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.process import Identity

VERSION = 1
# Phases of a rehearsal.
STARTING, READY, FAILED, STOPPING, STOPPED = "starting", "ready", "failed", "stopping", "stopped"
# States of one process.
RUNNING, RESTARTING, DEAD, ENDED = "running", "restarting", "dead", "ended"


@dataclass
class ProcessState:
    """One process that the supervisor keeps.

    Attributes:
        name: `aws`, `charts` or `<cluster>/<part>`.
        status: running, restarting (waits before the next start), dead (stays down) or ended (on request).
        identity: of the running process.
        restarts: how often it was started again.
        last_exit: why it ended last, "" when it never did.
        last_log: the last lines of its log when it ended by itself.
    """

    name: str
    status: str
    log: str
    identity: Identity | None = None
    restarts: int = 0
    last_exit: str = ""
    last_log: list[str] = field(default_factory=list)


@dataclass
class ClusterState:
    """One EKS cluster and what the supervisor makes of it."""

    name: str
    status: str
    endpoint: str = ""
    error: str = ""
    seconds: float = 0.0


@dataclass
class State:
    """The whole of state.json."""

    phase: str = STARTING
    error: str = ""
    supervisor: Identity | None = None
    ports: dict[str, int] = field(default_factory=dict)
    aws_endpoint: str = ""
    charts_url: str = ""
    processes: list[ProcessState] = field(default_factory=list)
    clusters: list[ClusterState] = field(default_factory=list)

    @property
    def supervised(self) -> bool:
        """Whether the supervisor of this state still runs."""
        return self.supervisor is not None and self.supervisor.alive()

    def troubles(self) -> list[str]:
        """Return one line for everything that is not as it should be."""
        lines = [self.error] if self.error else []
        for process in self.processes:
            if process.status in (RESTARTING, DEAD):
                lines.append(f"{process.name} is {process.status}: {process.last_exit} (log: {process.log})")
        lines += [f"cluster {cluster.name}: {cluster.error}" for cluster in self.clusters if cluster.error]
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> State:
        """Read a state; one of another version is as good as none."""
        if data.get("version") != VERSION:
            return cls(phase=STOPPED)
        fields = {key: value for key, value in data.items() if key != "version"}
        fields["supervisor"] = _identity(fields["supervisor"])
        fields["processes"] = [
            ProcessState(**{**process, "identity": _identity(process["identity"])}) for process in fields["processes"]
        ]
        fields["clusters"] = [ClusterState(**cluster) for cluster in fields["clusters"]]
        return cls(**fields)


def _identity(data: dict[str, Any] | None) -> Identity | None:
    return Identity.from_json(data) if data else None


def read(path: Path) -> State:
    """Read state.json; an absent or torn file means that nothing runs."""
    try:
        return State.from_json(json.loads(path.read_text()))
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return State(phase=STOPPED)


_write_lock = threading.Lock()


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace state.json by `State.to_json()` in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _write_lock:
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(json.dumps(content, indent=1) + "\n")
        temporary.replace(path)
