# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes of containers: start, signal, collect."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.nodes.pods.logs import ContainerLog, pump
from rehearsal.nodes.reaper import Reaper, kill_group
from rehearsal.process import OWNER_VARIABLE, PART_VARIABLE

_EXEC_OUTPUT_LIMIT = 10 * 1024


class StartError(Exception):
    """The command could not be started (reason RunContainerError)."""


def exit_code(returncode: int) -> int:
    """Return the code a container runtime reports: 128 + the signal for a process that a signal ended."""
    return 128 - returncode if returncode < 0 else returncode


class ContainerProcess:
    """One run of a container."""

    def __init__(self, process: asyncio.subprocess.Process, log: ContainerLog, reaper: Reaper) -> None:
        """Take over a started process; use `start`."""
        self._process = process
        self._log = log
        self._reaper = reaper
        self._pumps = [
            asyncio.create_task(pump(reader, stream, log.write))
            for reader, stream in ((process.stdout, "stdout"), (process.stderr, "stderr"))
            if reader is not None
        ]

    @classmethod
    async def start(
        cls, argv: Sequence[str], env: Mapping[str, str], cwd: Path, log: ContainerLog, reaper: Reaper
    ) -> ContainerProcess:
        """Start a command in a session of its own.

        Raises:
            StartError: when it does not exist or may not be run.
        """
        log.begin()
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env=dict(env),
                cwd=cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            log.end()
            raise StartError(
                f'exec: "{argv[0]}": {error.strerror or error}' if argv else "no command specified"
            ) from error
        reaper.add(process.pid)
        return cls(process, log, reaper)

    @property
    def pid(self) -> int:
        """The process's id, which is its group's id too."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait for the end; return the exit code once all output is in the log."""
        returncode = await self._process.wait()
        # what the main process left running dies with the container
        self._reaper.discard(self.pid)
        await asyncio.wait(self._pumps, timeout=2)
        for task in self._pumps:
            task.cancel()
        self._log.end()
        return exit_code(returncode)

    def terminate(self) -> None:
        """Ask the main process to end, as a runtime signals a container's first process."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole container."""
        kill_group(self.pid)


async def run_command(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float, reaper: Reaper
) -> tuple[int | None, str]:
    """Run a command to its end, as an exec probe or a hook; return (exit code or None on time-out, its output)."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=dict(env),
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return 126, f'exec: "{argv[0] if argv else ""}": {error.strerror or error}'
    reaper.add(process.pid)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout)
    except TimeoutError:
        return None, f"command timed out: {' '.join(argv)!r} timed out after {timeout:g}s"
    finally:
        reaper.discard(process.pid)
    return exit_code(process.returncode or 0), output[:_EXEC_OUTPUT_LIMIT].decode(errors="replace")


def base_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a process inherits from the agent: nothing but the marks of the rehearsal it belongs to."""
    return {name: environ[name] for name in (OWNER_VARIABLE, PART_VARIABLE) if name in environ}
