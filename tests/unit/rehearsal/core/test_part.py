# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A process under supervision: noticed, started again with growing delays, ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import process, state
from rehearsal.part import Part, PartFailedError, Spec, delay_before, describe_exit


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def make(tmp_path: Path, code: str, clock: Clock | None = None, restart: bool = True, grace: float = 5) -> Part:
    spec = Spec(
        "part", lambda: [sys.executable, "-c", code], os.environ, tmp_path, tmp_path, tmp_path / "log", restart, grace
    )
    return Part(spec, clock or Clock())


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    left = process.owned(tmp_path)
    process.end(left, 0)
    assert left == []


def until_ended(part: Part) -> None:
    def ended() -> bool:
        part.check()
        return part.record.status != state.RUNNING

    assert process.wait_until(ended, 10)


def test_the_delays_grow_and_have_an_end() -> None:
    assert [delay_before(number) for number in (1, 2, 3, 20)] == [0.5, 1.0, 2.0, 30.0]


def test_ends_in_words() -> None:
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-9) == "killed by SIGKILL"
    assert describe_exit(-99) == "killed by signal 99"


def test_a_dead_part_is_noticed_with_its_last_lines_and_started_again_when_due(tmp_path: Path) -> None:
    clock = Clock()
    part = make(tmp_path, "print('out of luck'); raise SystemExit(7)", clock)
    part.start()
    until_ended(part)
    record = part.record
    assert (record.status, record.last_exit, record.last_log) == (state.RESTARTING, "exit code 7", ["out of luck"])
    part.check()
    assert record.restarts == 0
    clock.now += 0.6
    part.check()
    assert (record.restarts, record.status) == (1, state.RUNNING)
    until_ended(part)
    clock.now += 0.6
    part.check()
    assert record.restarts == 1, "the second delay is longer"
    part.stop()


def test_a_long_life_makes_the_next_delay_short_again(tmp_path: Path) -> None:
    clock = Clock()
    part = make(tmp_path, "raise SystemExit(1)", clock)
    part.start()
    until_ended(part)
    for _ in range(3):
        clock.now += 10
        part.check()
        assert part.record.status == state.RUNNING
        clock.now += 100
        until_ended(part)
        clock.now += 0.6
        part.check()
        assert part.record.status == state.RUNNING
        until_ended(part)
    part.stop()


def test_a_part_that_must_not_restart_stays_dead(tmp_path: Path) -> None:
    part = make(tmp_path, "raise SystemExit(1)", restart=False)
    part.start()
    until_ended(part)
    assert part.record.status == state.DEAD
    part.check()
    assert part.record.restarts == 0


def test_what_it_started_does_not_outlive_it(tmp_path: Path) -> None:
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    part = make(tmp_path, child)
    part.start()
    until_ended(part)
    assert process.owned(tmp_path) == []


def test_waiting_ends_when_it_serves(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    part = make(tmp_path, f"import pathlib, time; pathlib.Path({str(flag)!r}).touch(); time.sleep(60)")
    part.start()
    part.wait_for(flag.exists, 10)
    assert part.record.status == state.RUNNING
    part.stop()
    assert part.record.status == state.ENDED


def test_waiting_ends_when_the_process_does(tmp_path: Path) -> None:
    part = make(tmp_path, "print('bind: address already in use'); raise SystemExit(1)")
    part.start()
    with pytest.raises(PartFailedError, match=r"(?s)exit code 1.*address already in use"):
        part.wait_for(lambda: False, 10)
    assert part.port_taken()


def test_waiting_has_an_end(tmp_path: Path) -> None:
    part = make(tmp_path, "import time; time.sleep(60)")
    part.start()
    with pytest.raises(PartFailedError, match=r"did not serve within 0\.1 s"):
        part.wait_for(lambda: False, 0.1)
    part.stop()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    spec = Spec("part", lambda: ["/no/such/program"], os.environ, tmp_path, tmp_path, tmp_path / "log")
    with pytest.raises(PartFailedError, match="Failed to start part"):
        Part(spec).start()


def test_what_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    part = make(tmp_path, code, grace=0.2)
    part.start()
    part.wait_for(lambda: process.tail(tmp_path / "log") == ["up"], 10)
    part.stop()
    assert "was killed" in part.record.last_exit
