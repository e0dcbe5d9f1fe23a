# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The helper that keeps EKS tokens: when it asks, what it keeps, for whom."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster import token_cache


def credential(seconds: float) -> str:
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    return json.dumps({"kind": "ExecCredential", "status": {"expirationTimestamp": until, "token": "k8s-aws-v1.x"}})


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """A command that prints a credential which lives for argv[1] seconds, and writes a line for every start."""
    script = tmp_path / "aws.py"
    script.write_text(
        "import json, sys, time\n"
        f"open({str(tmp_path / 'starts')!r}, 'a').write('x')\n"
        "until = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + float(sys.argv[1])))\n"
        "print(json.dumps({'status': {'expirationTimestamp': until, 'token': 'k8s-aws-v1.x'}}))\n"
    )
    return script


def run(tmp_path: Path, asked: Path, seconds: str, **environment: str) -> subprocess.CompletedProcess[str]:
    helper = tmp_path / "helper"
    helper.mkdir(exist_ok=True)
    (helper / "eks_token.py").write_text(Path(token_cache.__file__).read_text())
    command = [sys.executable, "-ES", str(helper / "eks_token.py"), sys.executable, str(asked), seconds]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def starts(tmp_path: Path) -> int:
    return len((tmp_path / "starts").read_text())


def test_a_token_that_lives_is_kept_for_its_owner_only(tmp_path: Path, asked: Path) -> None:
    first, second = run(tmp_path, asked, "900"), run(tmp_path, asked, "900")
    assert first.stdout == second.stdout != ""
    assert starts(tmp_path) == 1
    (kept,) = (tmp_path / "helper").glob("token-*.json")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_token_about_to_expire_is_asked_anew(tmp_path: Path, asked: Path) -> None:
    run(tmp_path, asked, "60")
    run(tmp_path, asked, "60")
    assert starts(tmp_path) == 2


def test_another_identity_gets_another_token(tmp_path: Path, asked: Path) -> None:
    run(tmp_path, asked, "900", AWS_PROFILE="a")
    run(tmp_path, asked, "900", AWS_PROFILE="b")
    assert starts(tmp_path) == 2


def test_the_secret_is_not_part_of_the_name() -> None:
    one = token_cache.name_of(["aws"], {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "1", "HOME": "/a"})
    assert one == token_cache.name_of(["aws"], {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "2", "HOME": "/b"})
    assert one != token_cache.name_of(["aws"], {"AWS_ACCESS_KEY_ID": "other"})


def test_a_failure_is_passed_on_and_not_kept(tmp_path: Path, asked: Path) -> None:
    asked.write_text("import sys\nsys.stderr.write('Unable to locate credentials')\nsys.exit(253)\n")
    failed = run(tmp_path, asked, "900")
    assert failed.returncode == 253
    assert "Unable to locate credentials" in failed.stderr
    assert list((tmp_path / "helper").glob("token-*")) == []


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"status": {}}', '{"status": {"expirationTimestamp": "soon"}}'])
def test_a_damaged_answer_is_not_alive(damaged: str) -> None:
    assert not token_cache.alive(damaged, time.time())


def test_life_ends_before_the_token_does() -> None:
    assert token_cache.alive(credential(900), time.time())
    assert not token_cache.alive(credential(token_cache.MARGIN - 5), time.time())
