# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Starting the terraform program and following its output."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .diagnostics import TerraformError

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Completed:
    """A finished command."""

    returncode: int
    stdout: str
    stderr: str


def _nothing() -> None:
    """Do nothing."""


class Runner:
    """Runs one program in one directory.

    The program gets a process group of its own and writes to a file: an interrupt of Ansible does not hit it twice
    (a second one makes Terraform drop everything), and when its reader dies it goes on and saves its state.

    Attributes:
        directory: where the program runs.
        interrupts: how often `interrupt` was called.
        pid: of the running program, 0 when none runs.
    """

    def __init__(self, binary: str, directory: Path, environment: t.Mapping[str, str]) -> None:
        path = environment.get("PATH")
        found = shutil.which(binary, path=path)
        if found is None:
            raise TerraformError(
                f"Failed to find {binary}: it is not on PATH. "
                "Install Terraform or OpenTofu 1.10 or newer, or name the program with the option binary "
                "(eks_infra_binary)."
            )
        self.binary = found
        self.directory = directory
        self._environment = {**environment, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        self._process: subprocess.Popen[bytes] | None = None
        self.interrupts = 0

    @property
    def interrupted(self) -> bool:
        """Whether the run is to stop."""
        return self.interrupts > 0

    @property
    def pid(self) -> int:
        """Process id of the running program."""
        return self._process.pid if self._process is not None else 0

    def run(self, *arguments: str, on_tick: t.Callable[[], None] = _nothing) -> Completed:
        """Run a command to its end; `on_tick` is called several times a second.

        Raises:
            TerraformError: the run was interrupted before the command began.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            self._start(arguments, out, err)
            returncode = None
            while returncode is None:
                returncode = self._wait()
                on_tick()
            self._process = None
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        return Completed(returncode, texts[0], texts[1])

    def stream(
        self,
        arguments: t.Sequence[str],
        log: Path,
        on_event: t.Callable[[dict[str, t.Any]], None],
        on_tick: t.Callable[[], None],
    ) -> Completed:
        """Run a command with JSON output to its end.

        Args:
            arguments: of the program; -json must be among them.
            log: file that the output goes to; it stays after the run.
            on_event: called with every event.
            on_tick: called several times a second.

        Returns:
            The result; stdout holds only the lines that are no events.

        Raises:
            TerraformError: the run was interrupted before the command began.
        """
        errors = log.with_suffix(".stderr")
        other: list[str] = []
        with log.open("wb") as out, errors.open("wb") as err:
            log.chmod(0o600)
            self._start(arguments, out, err)
        with log.open("rb") as lines:
            rest = b""
            returncode = None
            while returncode is None:
                returncode = self._wait()
                rest = _feed(rest + lines.read(), on_event, other, final=returncode is not None)
                on_tick()
        self._process = None
        stderr = errors.read_text(encoding="utf-8", errors="replace")
        errors.unlink()
        return Completed(returncode, "\n".join(other), stderr)

    def pause(self, seconds: float) -> bool:
        """Wait, and return whether to go on: an interrupt ends it early."""
        end = time.monotonic() + seconds
        while not self.interrupted and time.monotonic() < end:
            time.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))
        return not self.interrupted

    def interrupt(self) -> None:
        """Ask the running program, once, to stop in good order: it finishes what it has begun and saves its state."""
        self.interrupts += 1
        if self.interrupts == 1 and self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def _start(self, arguments: t.Sequence[str], out: t.IO[bytes], err: t.IO[bytes]) -> None:
        if self.interrupted:
            raise TerraformError("Interrupted: nothing was begun. Run the playbook again to go on from there.")
        self._process = subprocess.Popen(
            [self.binary, *arguments],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        self._pass_on()

    def _pass_on(self) -> None:
        """Pass on an interrupt that came while the program was being started."""
        if self.interrupted and self._process is not None:
            self._process.send_signal(signal.SIGINT)

    def _wait(self) -> int | None:
        """Wait for a moment; return the exit code if the program has ended."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            return None


def _feed(buffer: bytes, on_event: t.Callable[[dict[str, t.Any]], None], other: list[str], final: bool) -> bytes:
    """Pass whole lines on; return the rest of an unfinished one."""
    lines = buffer.split(b"\n")
    rest = b"" if final else lines.pop()
    for line in lines:
        if not line.strip():
            continue
        text = line.decode("utf-8", errors="replace")
        try:
            event = json.loads(text)
        except json.JSONDecodeError:
            other.append(text)
            continue
        if isinstance(event, dict):
            on_event(event)
    return rest


def monotonic() -> float:
    """Seconds of the clock that runs are timed with."""
    return time.monotonic()
