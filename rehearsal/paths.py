# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the rehearsal keeps things: the shared cache and the work directory of one copy."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
ACCOUNT = "123456789012"
REGION = "us-west-2"

# sun_path holds 108 bytes including the final NUL (unix(7)).
_SOCKET_PATH_LIMIT = 107


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory for what every checkout on this machine can share (tools, virtual environments)."""
    explicit = environ.get("AI_ON_EKS_DYNAMO_CACHE", "")
    if explicit:
        return Path(explicit).expanduser().resolve()
    base = environ.get("XDG_CACHE_HOME", "")
    return (Path(base).expanduser() if base else Path.home() / ".cache").resolve() / "ai_on_eks_dynamo"


@dataclass(frozen=True)
class WorkDir:
    """The work directory of one rehearsal; nothing of a rehearsal is written outside it."""

    root: Path

    @classmethod
    def choose(cls, argument: str | None = None, environ: Mapping[str, str] = os.environ) -> WorkDir:
        """Take `--dir`, else REHEARSAL_DIR, else .rehearsal in the checkout."""
        chosen = argument or environ.get("REHEARSAL_DIR", "")
        return cls((Path(chosen).expanduser() if chosen else REPO / ".rehearsal").resolve())

    @property
    def state_file(self) -> Path:
        """JSON with ports, processes, URLs and clusters."""
        return self.root / "state.json"

    @property
    def lock_file(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.root / "logs"

    @property
    def aws(self) -> Path:
        """What the embedded AWS writes (credentials)."""
        return self.root / "aws"

    @property
    def latencies(self) -> Path:
        """Seconds by operation that the embedded AWS starts with."""
        return self.root / "latencies.json"

    @property
    def charts(self) -> Path:
        """The chart repository's files."""
        return self.root / "charts"

    @property
    def run(self) -> Path:
        """What the playbooks write: Terraform's work directory, kubeconfig, reports, ledgers."""
        return self.root / "run"

    @property
    def env_file(self) -> Path:
        """Shell exports for a person who plays with the rehearsal."""
        return self.root / "env"

    @property
    def terraform_config(self) -> Path:
        """Terraform's CLI configuration (where its providers come from)."""
        return self.root / "terraform.rc"

    def cluster(self, name: str) -> Path:
        """Return the directory of one cluster's control plane and node agent."""
        return self.root / "clusters" / name

    def egress_socket(self, name: str) -> Path:
        """Return the unix socket by which a cluster's API server reaches pods.

        The name is a hash, because a cluster's name may have 100 characters and a socket's whole path only 107.

        Raises:
            ValueError: when the work directory's own path is too long for a socket.
        """
        path = self.root / "s" / hashlib.sha256(name.encode()).hexdigest()[:8]
        if len(os.fsencode(path)) > _SOCKET_PATH_LIMIT:
            raise ValueError(
                f"Failed to use the work directory {self.root}: its path is too long for a unix socket. "
                "Choose a shorter one with --dir or REHEARSAL_DIR."
            )
        return path
