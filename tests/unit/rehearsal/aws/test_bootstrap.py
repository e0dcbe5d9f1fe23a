# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.bootstrap import PolicyFileError, read_policies, write_private
from rehearsal.aws.eks_versions import VERSIONS, is_next_minor, support_status

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}


def write(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "policy.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_one_document_or_several(tmp_path: Path) -> None:
    assert read_policies(write(tmp_path, DOCUMENT)) == {"installer": DOCUMENT}
    assert read_policies(write(tmp_path, {"network": DOCUMENT, "eks": DOCUMENT})) == {
        "network": DOCUMENT,
        "eks": DOCUMENT,
    }


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ({"a": {"Statement": []}}, "a is no policy document"),
        ({str(number): DOCUMENT for number in range(11)}, "11 documents"),
        ({**DOCUMENT, "Statement": [{"Sid": "x" * 6200}]}, "IAM allows 6144"),
    ],
)
def test_refused_policies(tmp_path: Path, content: Any, problem: str) -> None:
    with pytest.raises(PolicyFileError, match=problem):
        read_policies(write(tmp_path, content))


def test_missing_policy_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match=r"No such file.*--installer-policy"):
        read_policies(tmp_path / "none.json")


def test_credentials_are_private(tmp_path: Path) -> None:
    path = tmp_path / "aws" / "credentials.json"
    write_private(path, {"access_key_id": "AKIA"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text(encoding="utf-8")) == {"access_key_id": "AKIA"}


def test_support_dates() -> None:
    assert support_status("1.33", date(2026, 7, 29)) == "STANDARD_SUPPORT"
    assert support_status("1.33", date(2026, 7, 30)) == "EXTENDED_SUPPORT"
    assert support_status("1.33", date(2027, 7, 30)) == "UNSUPPORTED"
    assert all(release < standard < extended for release, standard, extended, _ in VERSIONS.values())


def test_upgrades_take_one_minor_at_a_time() -> None:
    assert is_next_minor("1.33", "1.34")
    assert not is_next_minor("1.33", "1.35")
    assert not is_next_minor("1.34", "1.33")
