# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""state.json: written whole, read back, and never believed too much."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal import state
from rehearsal.process import Identity

ME = Identity.of(os.getpid())


def full() -> state.State:
    return state.State(
        phase=state.READY,
        supervisor=ME,
        ports={"aws": 5000},
        aws_endpoint="http://127.0.0.1:5000",
        processes=[state.ProcessState("aws", state.RUNNING, "aws.log", ME, 2, "exit code 1", ["last"])],
        clusters=[state.ClusterState("demo", "ACTIVE", "https://127.0.0.1:6443")],
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "state.json"
    state.write(file, full().to_json())
    assert state.read(file) == full()
    assert [entry.name for entry in file.parent.iterdir()] == ["state.json"]


@pytest.mark.parametrize("content", [None, "", "{", '{"version": 99}', '{"version": 1}'])
def test_no_state_means_that_nothing_runs(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "state.json"
    if content is not None:
        file.write_text(content)
    found = state.read(file)
    assert found.phase == state.STOPPED
    assert not found.supervised


def test_supervised_means_that_very_process() -> None:
    assert full().supervised
    assert ME is not None
    current = full()
    current.supervisor = Identity(ME.pid, ME.started - 1, ME.boot, ME.command)
    assert not current.supervised


def test_troubles_name_what_is_wrong_and_where_the_log_is() -> None:
    current = full()
    assert current.troubles() == []
    current.processes[0].status = state.DEAD
    current.clusters[0].error = "no etcd"
    current.error = "the account is gone"
    assert current.troubles() == [
        "the account is gone",
        "aws is dead: exit code 1 (log: aws.log)",
        "cluster demo: no etcd",
    ]
