# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Who holds the lock of a state, since when, whether that run is still alive, and how to release it."""

from __future__ import annotations

import json
import re
import socket
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

LOCAL_LOCK = ".terraform.tfstate.lock.info"
_FIELD = re.compile(r"^[\s│|]*(ID|Who|Operation|Created|Path):\s*(.+?)\s*$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Lock:
    """A lock as Terraform describes it; empty strings for what it does not tell.

    Attributes:
        who: user@host.
        operation: for example OperationTypeApply.
        created: time in Terraform's own words.
    """

    ident: str = ""
    who: str = ""
    operation: str = ""
    created: str = ""

    @property
    def host(self) -> str:
        """The machine that holds it."""
        return self.who.rpartition("@")[2]

    @property
    def doing(self) -> str:
        """The operation as a word."""
        return self.operation.replace("OperationType", "").lower() or "unknown operation"


@dataclass(frozen=True)
class Process:
    """A Terraform that runs in a work directory."""

    pid: int
    command: str


def is_lock_error(text: str) -> bool:
    """Tell whether a message is about a lock that somebody else holds."""
    return "Error acquiring the state lock" in text or "Error locking state" in text


def read(text: str) -> Lock:
    """Return the lock that an error message of Terraform describes."""
    fields = dict(_FIELD.findall(text))
    return Lock(fields.get("ID", ""), fields.get("Who", ""), fields.get("Operation", ""), fields.get("Created", ""))


def local(directory: Path) -> Lock | None:
    """Return the lock that is noted beside a local state, None when there is none.

    The note of a killed run stays, but the operating system has released its lock: it never stops a later run.
    """
    try:
        info = json.loads((directory / LOCAL_LOCK).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    if not isinstance(info, dict):
        return None
    return Lock(*(str(info.get(name, "")) for name in ("ID", "Who", "Operation", "Created")))


def running(directory: Path, binary: str, proc: Path = Path("/proc")) -> list[Process]:
    """Return the Terraforms (or OpenTofus) of this machine that work in a directory; empty where /proc is not."""
    names = {"terraform", "tofu", Path(binary).name}
    wanted = directory.resolve()
    found = []
    for entry in proc.glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() != wanted or (entry / "exe").readlink().name not in names:
                continue
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # ended meanwhile, or another user's
            continue
        found.append(Process(int(entry.name), " ".join([Path(words[0]).name, *words[1:2]])))
    return sorted(found, key=lambda item: item.pid)


def explain(
    lock: Lock, processes: t.Sequence[Process], directory: str, binary: str, now: datetime | None = None
) -> str:
    """Return who holds the lock and what to do about it, as sentences."""
    program = Path(binary).name
    since = _since(lock.created, now or datetime.now(timezone.utc))
    held = f"its state is locked by {lock.who or 'somebody'} since {since} ({lock.doing})."
    unlock = f"`{program} force-unlock -force {lock.ident}` in {directory}"
    if processes:
        first = processes[0]
        return (
            f"{held} Process {first.pid} of this machine ({first.command}) is at work there and alive: "
            "wait until it ends, or raise lock_timeout (eks_infra_lock_timeout)."
        )
    if not lock.ident:
        return f"{held} Wait until that run ends, or raise lock_timeout (eks_infra_lock_timeout)."
    if lock.host and lock.host == socket.gethostname():
        return (
            f"{held} That was on this machine, and no {program} works in {directory} any more: that run is dead "
            f"(or had another work directory). Release its lock with {unlock}, then run again."
        )
    return (
        f"{held} Wait until that run ends, or raise lock_timeout (eks_infra_lock_timeout). "
        f"If it is dead (ask {lock.who or 'who started it'}), {unlock} releases the lock."
    )


def _since(created: str, now: datetime) -> str:
    """Return the time without fractions, and how long ago that is."""
    found = re.match(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)", created)
    if found is None:
        return created or "an unknown time"
    moment = datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}+00:00")
    minutes = max(0, int((now - moment).total_seconds() // 60))
    hours, rest = divmod(minutes, 60)
    ago = f"{hours // 24} days" if hours >= 48 else f"{hours} h {rest} min" if hours else f"{minutes} min"
    return f"{found.group(1)} {found.group(2)} UTC, {ago} ago"
