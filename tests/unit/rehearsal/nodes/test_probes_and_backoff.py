# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Counting of probe results, and waiting between restarts."""

from __future__ import annotations

import pytest

from rehearsal.nodes.pods.backoff import BackOff
from rehearsal.nodes.pods.probes import ProbeSpec, Verdict, is_ready, is_started, must_kill, parse, resolve_port


def verdict(kind: str, success: int = 1, failure: int = 3) -> Verdict:
    return Verdict(ProbeSpec(kind, {}, success_threshold=success, failure_threshold=failure))


def test_defaults_of_the_api() -> None:
    spec = parse({"readinessProbe": {"httpGet": {"path": "/health", "port": "http"}}}, "readiness")
    assert spec == ProbeSpec("readiness", {"httpGet": {"path": "/health", "port": "http"}}, 0.0, 10.0, 1.0, 1, 3, None)
    assert parse({}, "liveness") is None


def test_scale_shortens_delay_and_period_but_not_the_timeout() -> None:
    probe = {"livenessProbe": {"exec": {}, "initialDelaySeconds": 60, "periodSeconds": 60, "timeoutSeconds": 30}}
    spec = parse(probe, "liveness", 0.1)
    assert spec is not None
    assert (spec.initial_delay, spec.period, spec.timeout) == (6.0, 6.0, 30.0)


def test_beginnings() -> None:
    assert [verdict(kind).passed for kind in ("startup", "readiness", "liveness")] == [None, False, True]


def test_readiness_needs_its_thresholds_in_a_row() -> None:
    ready = verdict("readiness", success=2, failure=3)
    assert [ready.observe(result) for result in (True, False, True, True)] == [False, False, False, True]
    assert [ready.observe(result) for result in (False, False, True, False, False, False)] == [False] * 5 + [True]
    assert ready.passed is False


def test_liveness_kills_after_the_failure_threshold_only() -> None:
    alive = verdict("liveness", failure=2)
    alive.observe(False)
    assert not must_kill(alive)
    alive.observe(False)
    assert must_kill(alive)


def test_startup_kills_too_and_readiness_never_does() -> None:
    startup, ready = verdict("startup", failure=1), verdict("readiness", failure=1)
    startup.observe(False)
    ready.observe(False)
    assert must_kill(startup)
    assert not must_kill(ready)


def test_startup_gates_readiness() -> None:
    startup, ready = verdict("startup"), verdict("readiness")
    ready.observe(True)
    assert not is_ready(True, startup, ready)
    assert not is_started(True, startup)
    startup.observe(True)
    assert is_ready(True, startup, ready)
    assert is_started(True, startup)
    assert not is_ready(False, startup, ready)


def test_without_probes_a_running_container_is_ready() -> None:
    assert is_ready(True, None, None)
    assert is_started(True, None)


def test_reset_begins_anew() -> None:
    alive = verdict("liveness", failure=1)
    alive.observe(False)
    alive.reset()
    assert alive.passed is True


def test_ports_by_name() -> None:
    container = {"ports": [{"name": "http", "containerPort": 8000}]}
    assert resolve_port("http", container) == 8000
    assert resolve_port(9090, container) == 9090
    assert resolve_port("9090", container) == 9090
    with pytest.raises(ValueError, match="couldn't find port"):
        resolve_port("system", container)


def test_back_off_doubles_from_the_second_failure_on() -> None:
    now = [0.0]
    back_off = BackOff(clock=lambda: now[0])
    waits = []
    for _ in range(8):
        wait = back_off.next()
        waits.append(wait)
        now[0] += wait + 1
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]


def test_back_off_is_forgotten_after_ten_good_minutes() -> None:
    now = [0.0]
    back_off = BackOff(clock=lambda: now[0])
    back_off.next()
    back_off.next()
    now[0] += 10 + 601
    assert back_off.next() == 0


def test_back_off_scaled_for_tests_is_printed_unscaled() -> None:
    back_off = BackOff(0.01, clock=lambda: 0.0)
    back_off.next()
    wait = back_off.next()
    assert wait == pytest.approx(0.1)
    assert back_off.nominal(wait) == "10s"
    assert BackOff().nominal(160.0) == "2m40s"
    assert BackOff().nominal(300.0) == "5m0s"
