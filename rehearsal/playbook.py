# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Running a playbook as a user would, with its output in a log and a short line about where it is."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.paths import REPO

_POLL_SECONDS = 0.2
_QUIET_SECONDS = 15.0
_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.+?)\][ *]*$", re.MULTILINE)
_TO_END_SECONDS = 15.0


@dataclass(frozen=True)
class Run:
    """What became of a playbook."""

    code: int
    seconds: float
    log: Path
    ledger: dict[str, Any] | None
    trouble: str = ""


def current_task(output: str) -> str:
    """Return the name of the last task in a playbook's output."""
    names = _TASK.findall(output)
    return names[-1] if names else ""


def run(
    name: str,
    arguments: Sequence[str],
    env: Mapping[str, str],
    log: Path,
    ledger: Path,
    trouble: Callable[[], str],
) -> Run:
    """Run `ansible-playbook`; end it when the rehearsal under it breaks.

    Args:
        name: of the stage, for the live line.
        arguments: after `ansible-playbook`.
        env: whole environment.
        log: where the output goes.
        ledger: where the ledger callback writes.
        trouble: returns why it makes no sense to go on, "" while it does.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.unlink(missing_ok=True)
    began = time.monotonic()
    with log.open("wb") as out:
        child = subprocess.Popen(
            ["ansible-playbook", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=REPO,
            env={**env, "AI_ON_EKS_LEDGER_FILE": str(ledger), "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    line = LiveLine(name, began)
    wrong = ""
    try:
        while child.poll() is None and not wrong:
            line.show(current_task(_last_part(log)))
            wrong = trouble()
            time.sleep(_POLL_SECONDS)
    finally:
        line.clear()
        _end(child)
    return Run(child.returncode, time.monotonic() - began, log, _read(ledger), wrong)


class LiveLine:
    """One line on a terminal that is always up to date; elsewhere a line now and then."""

    def __init__(self, name: str, began: float) -> None:
        """Begin with nothing shown."""
        self._name = name
        self._began = began
        self._said = began
        self._terminal = sys.stdout.isatty()

    def show(self, task: str) -> None:
        """Show what a stage does now."""
        now = time.monotonic()
        text = f"  {self._name} {now - self._began:4.0f} s  {task}"
        if self._terminal:
            print(f"\r\033[K{text[: _columns()]}", end="", flush=True)
        elif now - self._said >= _QUIET_SECONDS:
            self._said = now
            print(text, flush=True)

    def clear(self) -> None:
        """Remove the line."""
        if self._terminal:
            print("\r\033[K", end="", flush=True)


def _columns() -> int:
    return os.get_terminal_size().columns - 1


def _last_part(log: Path, limit: int = 32 * 1024) -> str:
    with log.open("rb") as text:
        size = text.seek(0, os.SEEK_END)
        text.seek(max(0, size - limit))
        return text.read().decode(errors="replace")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a playbook that still runs, with everything it started: first as Ctrl-C would, then for good."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            return
        try:
            os.killpg(child.pid, signum)
        except ProcessLookupError:
            return
        try:
            child.wait(_TO_END_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _read(ledger: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(ledger.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return content if isinstance(content, dict) else None
