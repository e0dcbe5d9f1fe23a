# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""One long-running process under supervision: started, watched, started again, ended."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal import process, state

_FIRST_DELAY, _LONGEST_DELAY, _STABLE_AFTER = 0.5, 30.0, 60.0
_PORT_TAKEN = ("address already in use", "Address already in use", "Errno 98")


@dataclass(frozen=True)
class Spec:
    """How a process is run.

    Attributes:
        argv: command line, made anew for each start (ports may have moved).
        owner: the rehearsal's work directory.
        restart: whether it is started again when it ends by itself.
        grace: seconds to end by itself on request.
    """

    name: str
    argv: Callable[[], Sequence[str]]
    env: Mapping[str, str]
    owner: Path
    cwd: Path
    log: Path
    restart: bool = True
    grace: float = 10.0


def delay_before(restart: int) -> float:
    """Return the seconds to wait before the n-th restart in a row (n from 1)."""
    return float(min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (restart - 1)))


def describe_exit(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


class PartFailedError(Exception):
    """A part did not come up; the message holds the reason and the last lines of its log."""


@dataclass
class Part:
    """A process and what happened to it."""

    spec: Spec
    clock: Callable[[], float] = time.monotonic
    _process: subprocess.Popen[bytes] | None = None
    _record: state.ProcessState = field(init=False)
    _started: float = 0.0
    _in_a_row: int = 0
    _due: float = 0.0

    def __post_init__(self) -> None:
        """Begin with a part that does not run."""
        self._record = state.ProcessState(self.spec.name, state.ENDED, str(self.spec.log))

    @property
    def record(self) -> state.ProcessState:
        """What state.json says about it."""
        return self._record

    def start(self) -> None:
        """Start the process.

        Raises:
            PartFailedError: when the program cannot be run at all.
        """
        try:
            env = {**self.spec.env, **process.marks(self.spec.owner, self.spec.name)}
            self._process = process.spawn(self.spec.argv(), env=env, cwd=self.spec.cwd, log=self.spec.log)
        except OSError as error:
            raise PartFailedError(f"Failed to start {self.spec.name}: {error}.") from error
        self._started = self.clock()
        self._record.identity = process.Identity.of(self._process.pid)
        self._record.status = state.RUNNING

    def check(self) -> None:
        """Notice an end, and start again when that is due."""
        if self._record.status == state.RUNNING:
            if self._process is not None and self._process.poll() is not None:
                self._note_end(self._process.returncode)
        elif self._record.status == state.RESTARTING and self.clock() >= self._due:
            self._record.restarts += 1
            try:
                self.start()
            except PartFailedError as error:
                self._record.last_exit = str(error)
                self._schedule()

    def _note_end(self, code: int) -> None:
        self._record.last_exit = describe_exit(code)
        self._record.last_log = process.tail(self.spec.log)
        self._record.identity = None
        self._end_descendants()
        if self.clock() - self._started >= _STABLE_AFTER:
            self._in_a_row = 0
        if self.spec.restart:
            self._schedule()
        else:
            self._record.status = state.DEAD

    def _end_descendants(self) -> None:
        """End what the process started and left behind: it would hold ports, and a new start makes its own."""
        process.end(process.owned(self.spec.owner, self.spec.name), grace=2.0)

    def _schedule(self) -> None:
        self._in_a_row += 1
        self._due = self.clock() + delay_before(self._in_a_row)
        self._record.status = state.RESTARTING

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until the part serves.

        Raises:
            PartFailedError: when it ends before, or does not serve within `seconds`.
        """
        ended = False

        def settled() -> bool:
            nonlocal ended
            ended = self._process is None or self._process.poll() is not None
            return ended or ready()

        settled_in_time = process.wait_until(settled, seconds)
        if settled_in_time and not ended:
            return
        what = f"it did not serve within {seconds:g} s"
        if ended and self._process is not None:
            what = describe_exit(self._process.returncode)
            self._note_end(self._process.returncode)
            self._record.status = state.DEAD
        log = "\n  ".join(process.tail(self.spec.log))
        raise PartFailedError(f"Failed to start {self.spec.name}: {what}. Last lines of {self.spec.log}:\n  {log}")

    def port_taken(self) -> bool:
        """Tell whether the log's end says that somebody else listens on its port."""
        text = "\n".join(process.tail(self.spec.log))
        return any(phrase in text for phrase in _PORT_TAKEN)

    def stop(self, grace: float | None = None) -> None:
        """End the process and wait for it; one that does not end in time is killed.

        Args:
            grace: seconds to end by itself, where what it keeps is thrown away; by default as specified.
        """
        self._record.status = state.ENDED
        running, self._process = self._process, None
        self._record.identity = None
        if running is None:
            return
        if running.poll() is None:
            running.terminate()
            try:
                running.wait(self.spec.grace if grace is None else grace)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
                if grace is None:
                    self._record.last_exit = f"did not end within {self.spec.grace:g} s and was killed"
        self._end_descendants()
