# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes what only some images need when the first of them is pulled: their pull takes that long."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable

from rehearsal import paths
from rehearsal.bootstrap.places import Places

_TOLD_LINES = 3


class WorkshopError(Exception):
    """Something could not be made; the message ends with what bootstrap said."""


class Workshop:
    """Runs bootstrap for what is made on demand, once however many pods ask."""

    def __init__(self, places: Places) -> None:
        """Take where things are made."""
        self._places = places
        self._lock = asyncio.Lock()

    async def have(self, names: Iterable[str]) -> None:
        """Return once everything named is there.

        Raises:
            WorkshopError: when something cannot be made.
        """
        async with self._lock:
            lacking = [name for name in names if not await asyncio.to_thread(self._places.has, name)]
            if lacking:
                await self._make(lacking)

    async def _make(self, names: list[str]) -> None:
        chosen = [word for name in names for word in ("--only", name)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rehearsal.bootstrap", *chosen),
            cwd=paths.REPO,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        if process.returncode != 0:
            said = " ".join(output.decode(errors="replace").split("\n")[-_TOLD_LINES - 1 :]).strip()
            raise WorkshopError(
                f"failed to make {', '.join(names)} on this machine: {said} "
                f"Run python3 -m rehearsal.bootstrap {' '.join(chosen)}."
            )
