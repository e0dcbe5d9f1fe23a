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
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .diagnostics import TerraformError

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Completed:
    """A finished command."""

    returncode: int
    stdout: str
    stderr: str


class Runner:
    """Runs one program in one directory.

    The program gets a process group of its own and writes to a file: an interrupt of Ansible does not hit it twice
    (a second one makes Terraform drop everything), and when its reader dies it goes on and saves its state.
    """

    def __init__(self, binary: str, directory: Path, environment: t.Mapping[str, str]) -> None:
        path = environment.get("PATH")
        found = shutil.which(binary, path=path)
        if found is None:
            raise TerraformError(
                f"Failed to find {binary}: it is not on PATH. "
                "Install Terraform 1.10 or newer, or name the program with the option binary."
            )
        self._binary = found
        self.directory = directory
        self._environment = {**environment, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        self._process: subprocess.Popen[bytes] | None = None
        self.interrupted = False

    def run(self, *arguments: str) -> Completed:
        """Run a short command to its end."""
        done = subprocess.run(
            [self._binary, *arguments],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            start_new_session=True,
        )
        return Completed(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

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
        """
        errors = log.with_suffix(".stderr")
        other: list[str] = []
        with log.open("wb") as out, errors.open("wb") as err:
            log.chmod(0o600)
            self._process = subprocess.Popen(
                [self._binary, *arguments],
                cwd=self.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            if self.interrupted:
                self._process.send_signal(signal.SIGINT)
        with log.open("rb") as lines:
            rest = b""
            while True:
                try:
                    returncode: int | None = self._process.wait(timeout=_POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    returncode = None
                rest = _feed(rest + lines.read(), on_event, other, final=returncode is not None)
                on_tick()
                if returncode is not None:
                    break
        self._process = None
        stderr = errors.read_text(encoding="utf-8", errors="replace")
        errors.unlink()
        return Completed(returncode, "\n".join(other), stderr)

    def interrupt(self) -> None:
        """Ask the running program, once, to stop in good order: it finishes what it has begun and saves its state."""
        if self.interrupted:
            return
        self.interrupted = True
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)


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
