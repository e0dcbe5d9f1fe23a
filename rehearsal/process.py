# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes that outlive a call: who is who after a crash, and how one is started and ended.

A pid alone proves nothing (pids are reused, a machine reboots), so a process is remembered with its start time and
the boot it belongs to. Every process also inherits OWNER_VARIABLE, so that descendants nobody recorded are found.
Needs Linux's /proc.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

OWNER_VARIABLE = "AI_ON_EKS_DYNAMO_REHEARSAL_OWNER"
PART_VARIABLE = "AI_ON_EKS_DYNAMO_REHEARSAL_PART"
_PROC = Path("/proc")
_POLL_SECONDS = 0.05


def boot_id() -> str:
    """Return the kernel's name for the current boot."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True)
class Identity:
    """One process, told apart from any later one with the same pid."""

    pid: int
    started: int  # clock ticks since boot (field 22 of /proc/PID/stat)
    boot: str
    command: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Read the identity of a running process, None when there is none (a zombie counts as none)."""
        try:
            stat = (_PROC / str(pid) / "stat").read_text()
            raw = (_PROC / str(pid) / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        fields = stat.rpartition(")")[2].split()
        if fields[0] in ("Z", "X"):
            return None
        command = raw.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        return cls(pid, int(fields[19]), boot_id(), command)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Identity:
        """Read what `to_json` wrote."""
        return cls(int(data["pid"]), int(data["started"]), str(data["boot"]), str(data["command"]))

    def to_json(self) -> dict[str, Any]:
        """Return a dict for state.json."""
        return asdict(self)

    def alive(self) -> bool:
        """Tell whether exactly this process still runs.

        The command is not compared: a program may rename itself, and start time and boot are already unique.
        """
        now = Identity.of(self.pid)
        return now is not None and (now.started, now.boot) == (self.started, self.boot)


def marks(owner: Path, part: str) -> dict[str, str]:
    """Return the environment by which a part's processes are found again, whatever became of their parents."""
    return {OWNER_VARIABLE: str(owner), PART_VARIABLE: part}


def owned(owner: Path, part: str = "", spare: Iterable[int] = ()) -> list[Identity]:
    """Find every running process that was started for the work directory `owner`.

    Args:
        owner: a rehearsal's work directory.
        part: only the processes of this part, and what they started.
        spare: pids to leave out; the caller's own always is.
    """
    wanted = {f"{OWNER_VARIABLE}={owner}".encode()}
    if part:
        wanted.add(f"{PART_VARIABLE}={part}".encode())
    skip = {os.getpid(), *spare}
    found: list[Identity] = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) in skip:
            continue
        try:
            environ = (entry / "environ").read_bytes()
        except OSError:
            continue
        if wanted <= set(environ.split(b"\0")):
            identity = Identity.of(int(entry.name))
            if identity is not None:
                found.append(identity)
    return found


def send(identity: Identity, signum: int) -> None:
    """Signal exactly this process; one that is gone already is no error."""
    if identity.alive():
        try:
            os.kill(identity.pid, signum)
        except ProcessLookupError:
            return


def end(processes: Iterable[Identity], grace: float) -> list[Identity]:
    """Ask processes to end, wait `grace` seconds for it, then kill; return those that had to be killed."""
    left = list(processes)
    for identity in left:
        send(identity, signal.SIGTERM)
    wait_until(lambda: not any(identity.alive() for identity in left), grace)
    stubborn = [identity for identity in left if identity.alive()]
    for identity in stubborn:
        send(identity, signal.SIGKILL)
    wait_until(lambda: not any(identity.alive() for identity in stubborn), 5.0)
    return stubborn


def wait_until(condition: Callable[[], bool], seconds: float, poll: float = _POLL_SECONDS) -> bool:
    """Wait until the condition holds, for at most `seconds`; return whether it does."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= limit:
            return False
        time.sleep(poll)
    return True


def tail(path: Path, lines: int = 12, limit: int = 64 * 1024) -> list[str]:
    """Return the last lines of a log; an absent log has none."""
    try:
        with path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - limit))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-lines:]


def spawn(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a process in its own session with its output appended to `log`.

    A session of its own keeps a terminal's Ctrl-C from reaching it: the supervisor decides about the order of ending.

    Raises:
        OSError: when the program cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
