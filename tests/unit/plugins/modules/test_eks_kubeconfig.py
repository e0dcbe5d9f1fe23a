# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module eks_kubeconfig: honest about changes, and never on a wrong cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster import KubeconfigError
from ansible_collections.ai_on_eks.dynamo.plugins.modules.eks_kubeconfig import bring

CLUSTER: dict[str, Any] = {
    "name": "demo",
    "region": "us-west-2",
    "endpoint": "https://one.example",
    "ca": "Q0E=",
    "context": "arn:aws:eks:us-west-2:123456789012:cluster/demo",
}


def test_written_once_then_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "kubeconfig"
    assert bring(CLUSTER, path, False, "aws", None, False)["changed"]
    assert path.stat().st_mode & 0o777 == 0o600
    again = bring(CLUSTER, path, False, "aws", None, False)
    assert again == {
        "changed": False,
        "path": str(path),
        "context": CLUSTER["context"],
        "server": "https://one.example",
    }


def test_check_mode_says_what_it_would_write_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    result = bring(CLUSTER, path, True, "aws", None, True)
    assert result["changed"]
    assert "https://one.example" in result["diff"]["after"]
    assert not path.exists()


def test_another_server_is_refused_and_the_file_kept(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    bring(CLUSTER, path, False, "aws", None, False)
    before = path.read_text(encoding="utf-8")
    moved = {**CLUSTER, "endpoint": "https://two.example"}
    with pytest.raises(
        KubeconfigError, match=r"points at https://one\.example, but demo answers at https://two\.example"
    ):
        bring(moved, path, False, "aws", None, False)
    assert path.read_text(encoding="utf-8") == before
    assert bring(moved, path, True, "aws", None, False)["changed"]


def test_the_file_of_another_cluster_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    bring({**CLUSTER, "context": "another"}, path, False, "aws", None, False)
    with pytest.raises(KubeconfigError, match="points at another cluster"):
        bring(CLUSTER, path, False, "aws", None, False)


def test_a_file_that_others_can_read_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    bring(CLUSTER, path, False, "aws", None, False)
    path.chmod(0o644)
    assert bring(CLUSTER, path, False, "aws", None, False)["changed"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_helper_that_keeps_tokens_is_written_beside_it(tmp_path: Path) -> None:
    path, helper = tmp_path / "kubeconfig", tmp_path / "eks_token.py"
    assert bring(CLUSTER, path, False, "aws", helper, False)["changed"]
    assert not bring(CLUSTER, path, False, "aws", helper, False)["changed"]
    assert f"- {helper}\n" in path.read_text(encoding="utf-8")
    assert "get-token" in path.read_text(encoding="utf-8")
    helper.write_text("something else", encoding="utf-8")
    assert bring(CLUSTER, path, False, "aws", helper, False)["changed"]
    compile(helper.read_text(encoding="utf-8"), str(helper), "exec")
    assert "def main" in helper.read_text(encoding="utf-8")
