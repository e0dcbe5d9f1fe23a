# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults of a running rehearsal, whoever injects them: the embedded AWS into its calls, the node agent into pods."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rehearsal import localhttp
from rehearsal.paths import WorkDir

# The kinds that the node agent knows; everything else is for the embedded AWS, which refuses what it does not know.
POD_KINDS = ("image-pull", "crash", "slow-start", "slow-pull")
Json = dict[str, Any]


class FaultSet:
    """All faults of one rehearsal."""

    def __init__(self, work: WorkDir, aws_endpoint: str) -> None:
        """Take the work directory and the embedded AWS's address."""
        self._work = work
        self._url = f"{aws_endpoint}/rehearsal/faults"

    def add(self, fault: Json) -> None:
        """Inject a fault.

        Raises:
            ValueError: when it has no kind, or is for pods and there is no cluster.
            OSError: when the embedded AWS refuses it.
        """
        kind = fault.get("kind")
        if not kind:
            raise ValueError(
                'Failed to add a fault: it has no kind. Pass e.g. {"kind": "throttle", "action": "ec2:*"}.'
            )
        if kind not in POD_KINDS:
            localhttp.post_json(self._url, fault)
            return
        files = self._files()
        if not files:
            raise ValueError(f"Failed to add a fault of kind {kind}: no cluster runs. Install one first.")
        for file in files:
            _write(file, [*_read(file), fault])

    def show(self) -> Json:
        """Return the faults of the embedded AWS and, by cluster, those of pods."""
        pods = {file.parent.parent.name: _read(file) for file in self._files()}
        return {"aws": localhttp.get_json(self._url), "pods": {name: faults for name, faults in pods.items() if faults}}

    def clear(self) -> None:
        """Take all faults back.

        Raises:
            OSError: when the embedded AWS does not answer.
        """
        status, text = localhttp.request("DELETE", self._url)
        if status // 100 != 2:
            raise OSError(f"Failed to clear the embedded AWS's faults: HTTP {status} {text[:200]}")
        for file in self._files():
            file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """Return the faults file of every cluster whose node agent runs."""
        return [
            ready.with_name("faults.json") for ready in sorted(self._work.root.glob("clusters/*/nodes/agent.ready"))
        ]


def _read(file: Path) -> list[Json]:
    try:
        return list(json.loads(file.read_text()))
    except FileNotFoundError:
        return []


def _write(file: Path, faults: list[Json]) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(json.dumps(faults, indent=1))
    temporary.replace(file)
