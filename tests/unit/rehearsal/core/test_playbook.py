# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Running a playbook: output in a log, the task that runs, trouble underneath, the ledger."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal import playbook

OUTPUT = """
TASK [eks_infra | apply | Apply Terraform] *****
changed: [localhost]
RUNNING HANDLER [karpenter_gpu | Restart]  ****
"""


def fake(directory: Path, body: str) -> dict[str, str]:
    program = directory / "ansible-playbook"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


def start(tmp_path: Path, body: str, monkeypatch: pytest.MonkeyPatch, trouble: str = "") -> playbook.Run:
    env = fake(tmp_path, body)
    monkeypatch.setenv("PATH", env["PATH"])
    return playbook.run("x", ["install.yml"], env, tmp_path / "log", tmp_path / "l" / "ledger.json", lambda: trouble)


def test_the_last_task_is_the_current_one() -> None:
    assert playbook.current_task(OUTPUT) == "karpenter_gpu | Restart"
    assert playbook.current_task("PLAY [x]") == ""


def test_exit_code_output_and_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = """echo "said $1"; echo '{"changed": 3}' > "$AI_ON_EKS_LEDGER_FILE"; exit 2"""
    done = start(tmp_path, body, monkeypatch)
    assert (done.code, done.ledger, done.trouble) == (2, {"changed": 3}, "")
    assert done.log.read_text() == "said install.yml\n"


def test_an_old_ledger_is_not_taken_for_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "l").mkdir()
    (tmp_path / "l" / "ledger.json").write_text('{"changed": 0}')
    assert start(tmp_path, "exit 0", monkeypatch).ledger is None


def test_it_ends_when_the_rehearsal_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = start(tmp_path, "exec sleep 60", monkeypatch, "the account is gone")
    assert done.trouble == "the account is gone"
    assert done.code != 0
    assert done.seconds < 30
