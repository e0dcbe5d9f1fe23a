# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What is said about a locked state."""

from __future__ import annotations

import json
import socket
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import locks

NOW = datetime(2026, 11, 25, 20, 12, 30, tzinfo=timezone.utc)
MESSAGE = """Error acquiring the state lock
Error message: operation error S3: PutObject, https response error StatusCode: 412, api error PreconditionFailed
Lock Info:
  ID:        c2b1
  Path:      bucket/dyn/terraform.tfstate
  Operation: OperationTypeApply
  Who:       {who}
  Version:   1.11.4
  Created:   2026-11-25 20:00:00.123456 +0000 UTC
  Info:
"""


def test_an_error_message_is_read() -> None:
    assert locks.is_lock_error(MESSAGE)
    lock = locks.read(MESSAGE.format(who="ann@far"))
    assert (lock.ident, lock.who, lock.host, lock.doing) == ("c2b1", "ann@far", "far", "apply")
    boxed = "".join(f"│ {line}\n" for line in MESSAGE.format(who="ann@far").splitlines())
    assert locks.read(boxed) == lock


def test_a_lock_of_another_machine_is_explained_and_its_owner_named() -> None:
    said = locks.explain(locks.read(MESSAGE.format(who="ann@far")), [], "/w", "/usr/bin/tofu", NOW)
    assert said == (
        "its state is locked by ann@far since 2026-11-25 20:00:00 UTC, 12 min ago (apply). Wait until that run ends, "
        "or raise lock_timeout (eks_infra_lock_timeout). If it is dead (ask ann@far), `tofu force-unlock -force c2b1` "
        "in /w releases the lock."
    )


def test_a_lock_of_this_machine_whose_run_is_gone_is_called_dead() -> None:
    lock = locks.read(MESSAGE.format(who=f"root@{socket.gethostname()}"))
    said = locks.explain(lock, [], "/w", "terraform", NOW)
    assert "no terraform works in /w any more: that run is dead" in said
    assert "`terraform force-unlock -force c2b1` in /w" in said


def test_a_run_that_is_alive_is_named_and_nobody_is_told_to_break_its_lock() -> None:
    lock = locks.read(MESSAGE.format(who=f"root@{socket.gethostname()}"))
    said = locks.explain(lock, [locks.Process(77, "terraform apply")], "/w", "terraform", NOW)
    assert "Process 77 of this machine (terraform apply) is at work there and alive" in said
    assert "force-unlock" not in said


@pytest.mark.parametrize(
    ("created", "said"),
    [
        ("2026-11-25T10:00:00Z", "10:00:00 UTC, 10 h 12 min ago"),
        ("2026-11-20 20:00:00 UTC", "5 days ago"),
        ("", "an unknown time"),
    ],
)
def test_how_long_ago(created: str, said: str) -> None:
    assert said in locks.explain(locks.Lock("x", "ann@far", "OperationTypePlan", created), [], "/w", "terraform", NOW)


def test_without_an_id_nobody_is_told_how_to_release_it() -> None:
    assert "force-unlock" not in locks.explain(locks.Lock(), [], "/w", "terraform", NOW)


def test_the_note_beside_a_local_state_is_read(tmp_path: Path) -> None:
    assert locks.local(tmp_path) is None
    note = {"ID": "1", "Who": "a@b", "Operation": "OperationTypePlan", "Created": "2026-11-25T10:00:00Z"}
    (tmp_path / locks.LOCAL_LOCK).write_text(json.dumps(note), encoding="utf-8")
    assert locks.local(tmp_path) == locks.Lock("1", "a@b", "OperationTypePlan", "2026-11-25T10:00:00Z")
    (tmp_path / locks.LOCAL_LOCK).write_text("{", encoding="utf-8")
    assert locks.local(tmp_path) is None


def test_processes_are_found_by_directory_and_program(tmp_path: Path) -> None:
    proc, work, program = tmp_path / "proc", tmp_path / "work", tmp_path / "terraform"
    work.mkdir()
    for pid, cwd, exe in (("12", work, program), ("13", tmp_path, program), ("14", work, tmp_path / "bash")):
        (proc / pid).mkdir(parents=True)
        (proc / pid / "cwd").symlink_to(cwd)
        (proc / pid / "exe").symlink_to(exe)
        (proc / pid / "cmdline").write_bytes(b"/usr/bin/terraform\0apply\0-json\0")
    (proc / "15").mkdir()
    assert locks.running(work, "terraform", proc) == [locks.Process(12, "terraform apply")]
