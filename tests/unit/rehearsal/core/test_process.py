# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Telling processes apart, finding those of a rehearsal and ending them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal import process

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    children: list[subprocess.Popen[bytes]] = []
    yield children
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()


def run(children: list[subprocess.Popen[bytes]], owner: Path, part: str, code: str = SLEEP) -> process.Identity:
    env = {**os.environ, **process.marks(owner, part)}
    child = process.spawn([sys.executable, "-c", code], env=env, cwd=owner, log=owner / "log")
    children.append(child)
    assert process.wait_until(lambda: "time.sleep" in (_identity(child).command), 5)
    return _identity(child)


def _identity(child: subprocess.Popen[bytes]) -> process.Identity:
    found = process.Identity.of(child.pid)
    assert found is not None
    return found


def test_an_identity_survives_json_and_dies_with_its_process(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    identity = run(started, tmp_path, "a")
    assert process.Identity.from_json(identity.to_json()) == identity
    assert identity.alive()
    started[0].kill()
    started[0].wait()
    assert not identity.alive()


def test_a_zombie_is_not_alive(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    identity = run(started, tmp_path, "a")
    os.kill(identity.pid, signal.SIGKILL)
    assert process.wait_until(lambda: not identity.alive(), 5)


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another"}])
def test_a_later_process_with_the_same_pid_is_somebody_else(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], change: dict[str, int | str]
) -> None:
    identity = run(started, tmp_path, "a")
    stale = replace(identity, **change)  # type: ignore[arg-type]
    assert not stale.alive()
    process.send(stale, signal.SIGKILL)
    assert identity.alive()


def test_no_such_process() -> None:
    assert process.Identity.of(2**22 + 1) is None


def test_processes_are_found_by_owner_and_part(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    ours, other = tmp_path / "ours", tmp_path / "ours-not"
    ours.mkdir()
    other.mkdir()
    first, second = run(started, ours, "a"), run(started, ours, "b")
    foreign = run(started, other, "a")
    assert {found.pid for found in process.owned(ours)} == {first.pid, second.pid}
    assert [found.pid for found in process.owned(ours, "b")] == [second.pid]
    assert [found.pid for found in process.owned(ours, spare=[first.pid])] == [second.pid]
    assert process.end(process.owned(ours), grace=5) == []
    assert process.owned(ours) == []
    assert foreign.alive()


def test_what_does_not_end_is_killed(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    identity = run(started, tmp_path, "a", STUBBORN)
    assert process.wait_until(lambda: process.tail(tmp_path / "log") == ["up"], 5)
    assert process.end([identity], grace=0.2) == [identity]
    assert not identity.alive()


def test_tail_reads_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert process.tail(log) == []
    log.write_text("\n".join(str(number) for number in range(100)))
    assert process.tail(log, 3) == ["97", "98", "99"]
    assert process.tail(log, 3, limit=4) == ["8", "99"]
