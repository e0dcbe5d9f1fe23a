# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: attribution of time and results, its files, and one real run of ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.callback import ledger as module

ROOT = Path(__file__).resolve().parents[4]


class Clock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books(clock: Clock) -> module.Ledger:
    return module.Ledger(clock=clock)


def test_every_second_belongs_to_one_stage(books: module.Ledger, clock: Clock) -> None:
    clock.now += 1  # parsing, before any task
    books.enter("eks_infra", "t1")
    clock.now += 10
    books.record("t1", "localhost", changed=True)
    clock.now += 2  # the controller between two tasks
    books.enter("karpenter_gpu", "t2")
    clock.now += 5
    books.record("t2", "localhost")
    stages = books.close({})
    assert [(s.name, s.seconds, s.tasks, s.changed) for s in stages] == [
        ("eks_infra", 13, 1, 1),
        ("karpenter_gpu", 5, 1, 0),
    ]
    assert sum(s.seconds for s in stages) == books.seconds()


def test_stage_that_comes_back_is_one_line(books: module.Ledger, clock: Clock) -> None:
    for stage, seconds in [("a", 1), ("b", 2), ("a", 4)]:
        books.enter(stage)
        clock.now += seconds
    assert {s.name: s.seconds for s in books.close({})} == {"a": 5, "b": 2}


def test_late_result_goes_to_the_stage_of_its_task(books: module.Ledger) -> None:
    books.enter("slow", "t1")
    books.enter("fast", "t2")
    books.record("t1", "a", changed=True)
    assert {s.name: s.changed for s in books.close({})} == {"slow": 1, "fast": 0}


def test_rescued_failure_is_not_a_failure(books: module.Ledger) -> None:
    books.enter("one", "t1")
    books.record("t1", "a", failed=True)
    books.record("t1", "b", failed=True)
    books.enter("two", "t2")
    books.record("t2", "b", failed=True)
    assert {s.name: s.failed for s in books.close({"a": 0, "b": 1})} == {"one": 0, "two": 1}


def test_table_adds_up() -> None:
    lines = module.table(
        [module.Stage("eks_infra", 30.04, 4, 2, 0), module.Stage("a_longer_name", 10.0, 1, 0, 1)], 40.04
    )
    assert lines[0].split() == ["stage", "seconds", "share", "tasks", "changed", "failed"]
    assert lines[1].split() == ["eks_infra", "30.0", "75%", "4", "2", "0"]
    assert lines[-1].split() == ["total", "40.0", "100%", "5", "2", "1"]
    assert len({len(line) for line in lines}) == 1


def test_table_of_an_instant_run() -> None:
    assert module.table([module.Stage("x")], 0.0)[1].split()[2] == "-"


def role(name: str) -> Any:
    return SimpleNamespace(get_name=lambda: name)


def test_stage_is_the_outermost_role() -> None:
    outer = SimpleNamespace(_role=role("ai_on_eks.dynamo.eks_infra"), _parent=SimpleNamespace(_parent=None))
    inner = SimpleNamespace(_role=role("ai_on_eks.dynamo._common"), _parent=SimpleNamespace(_role=None, _parent=outer))
    assert module.stage_of(inner) == "eks_infra"
    assert module.stage_of(SimpleNamespace(_role=role("other.ns.role"), _parent=None)) == "other.ns.role"
    assert module.stage_of(SimpleNamespace(_role=None, _parent=None)) == ""


def test_play_name_is_never_rendered() -> None:
    assert (
        module.play_name(SimpleNamespace(get_ds=lambda: {"name": "Use {{ token }}"}, name="Use s3cret"))
        == "Use {{ token }}"
    )
    assert module.play_name(SimpleNamespace(get_ds=lambda: {"hosts": "all"})) == "play"
    assert module.play_name(SimpleNamespace(get_ds=lambda: None)) == "play"


def test_json_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.json"
    module.write_json(path, {"a": 1})
    module.write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 2}
    assert [p.name for p in path.parent.iterdir()] == ["ledger.json"]


PLAYBOOK = """
- name: Skipped
  hosts: no_such_group
  gather_facts: false
  tasks: []
- name: Proof {{ token }}
  hosts: all
  gather_facts: false
  vars: {token: hunter2}
  tasks:
    - ansible.builtin.include_role: {name: outer}
    - ansible.builtin.set_fact: {x: "{{ token }}"}
    - ansible.builtin.fail: {msg: "{{ token }}"}
      when: broken | default(false) | bool
"""
OUTER = """
- ansible.builtin.debug: {msg: "{{ token }}"}
  changed_when: true
  notify: Handle
- ansible.builtin.include_role: {name: inner}
- block:
    - ansible.builtin.fail: {msg: expected}
  rescue:
    - ansible.builtin.include_tasks: more.yml
- ansible.builtin.fail: {msg: ignored}
  ignore_errors: true
"""


def run_playbook(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    for path, text in {
        "site.yml": PLAYBOOK,
        "roles/outer/tasks/main.yml": OUTER,
        "roles/outer/tasks/more.yml": "- ansible.builtin.debug: {msg: more}\n",
        "roles/outer/handlers/main.yml": "- {name: Handle, ansible.builtin.debug: {msg: handled}}\n",
        "roles/inner/tasks/main.yml": "- ansible.builtin.debug: {msg: inner}\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "a,b,", "-c", "local", "site.yml", *arguments],
        cwd=tmp_path,
        env={
            **os.environ,
            "ANSIBLE_CALLBACKS_ENABLED": "ai_on_eks.dynamo.ledger",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "AI_ON_EKS_LEDGER_FILE": str(tmp_path / "out" / "ledger.json"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_real_run(tmp_path: Path) -> None:
    run = run_playbook(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    ledger = json.loads((tmp_path / "out" / "ledger.json").read_text())
    assert {key: ledger[key] for key in ("playbook", "check_mode", "changed", "failed")} == {
        "playbook": "site.yml",
        "check_mode": False,
        "changed": 2,
        "failed": 0,
    }
    stages = {stage["name"]: stage for stage in ledger["stages"]}
    assert list(stages) == ["Proof {{ token }}", "outer"]
    # Per host: debug, include_role, debug of inner, fail, include_tasks, debug, ignored failure, handler.
    assert (stages["outer"]["tasks"], stages["outer"]["changed"], stages["outer"]["failed"]) == (16, 2, 0)
    assert ledger["seconds"] == pytest.approx(sum(stage["seconds"] for stage in ledger["stages"]), abs=0.01)
    recorded = run.stdout[run.stdout.index("LEDGER") :] + json.dumps(ledger)
    assert "hunter2" not in recorded


def test_real_failure_with_json_output(tmp_path: Path) -> None:
    run = run_playbook(
        tmp_path, "-e", "broken=true", "--check", "-f", "1", ANSIBLE_STDOUT_CALLBACK="ansible.posix.json"
    )
    assert run.returncode != 0
    json.loads(run.stdout)
    assert "LEDGER (check mode" in run.stderr
    ledger = json.loads((tmp_path / "out" / "ledger.json").read_text())
    assert (ledger["failed"], ledger["check_mode"]) == (2, True)
    assert ledger["stages"][0]["failed"] == 2


def test_unwritable_file_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = run_playbook(tmp_path, AI_ON_EKS_LEDGER_FILE=str(tmp_path / "file" / "ledger.json"))
    assert run.returncode == 0
    assert "Failed to write the ledger" in run.stdout + run.stderr
