# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a shell gets: everything ours, nothing of the user's that would win over it."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from rehearsal import environment
from rehearsal.paths import WorkDir
from rehearsal.toolchain import Toolchain


def values(root: Path) -> dict[str, str]:
    toolchain = Toolchain(Path("/c/tools/bin"), Path("/c/venv/main/bin/python"), Path("/c/d"), Path("/c/plugins"))
    key = {"access_key_id": "AKIA", "secret_access_key": "s3'cret $x"}
    return environment.variables(WorkDir(root), toolchain, "http://127.0.0.1:1", "http://127.0.0.1:2", key, "/usr/bin")


def test_a_shell_reads_what_we_mean(tmp_path: Path) -> None:
    script = tmp_path / "env"
    script.write_text(environment.render(values(tmp_path)))
    names = ["AWS_SECRET_ACCESS_KEY", "AWS_PROFILE-unset", "PATH", "REHEARSAL_DIR", "NO_PROXY", "no_proxy"]
    show = "printf '%s|' " + " ".join(f'"${{{name}}}"' for name in names)
    done = subprocess.run(
        ["/bin/sh", "-c", f". {script}; {show}"],
        env={"AWS_PROFILE": "work", "PATH": "/mine", "NO_PROXY": "corp"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("|") == [
        "s3'cret $x",
        "unset",
        "/c/venv/main/bin:/c/tools/bin:/mine",
        str(tmp_path),
        "127.0.0.1,localhost,corp",
        "127.0.0.1,localhost",
        "",
    ]


def test_an_environment_for_playbooks_has_no_foreign_credentials(tmp_path: Path) -> None:
    merged = environment.merged(
        values(tmp_path), {"AWS_SESSION_TOKEN": "x", "ANSIBLE_CONFIG": "y", "HOME": "/h", "no_proxy": "corp"}
    )
    assert "AWS_SESSION_TOKEN" not in merged
    assert "ANSIBLE_CONFIG" not in merged
    assert merged["HOME"] == "/h"
    assert merged["AWS_MAX_ATTEMPTS"] == "1"
    assert merged["no_proxy"] == "127.0.0.1,localhost,corp"


def test_files_are_written_into_the_work_directory_alone(tmp_path: Path) -> None:
    work = WorkDir(tmp_path)
    environment.write(work, values(tmp_path), "disable_checkpoint = true\n")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["aws-config", "aws-credentials", "env", "run", "terraform.rc"]
    assert stat.S_IMODE(work.env_file.stat().st_mode) == 0o600
