# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Where things are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import paths


def test_the_cache_follows_the_environment(tmp_path: Path) -> None:
    assert paths.cache_root({"AI_ON_EKS_DYNAMO_CACHE": str(tmp_path)}) == tmp_path
    assert paths.cache_root({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "ai_on_eks_dynamo"
    assert paths.cache_root({}).name == "ai_on_eks_dynamo"


def test_the_work_directory_is_chosen_by_option_then_environment_then_checkout(tmp_path: Path) -> None:
    environ = {"REHEARSAL_DIR": str(tmp_path / "b")}
    assert paths.WorkDir.choose(str(tmp_path / "a"), environ).root == tmp_path / "a"
    assert paths.WorkDir.choose(None, environ).root == tmp_path / "b"
    assert paths.WorkDir.choose(None, {}).root == paths.REPO / ".rehearsal"


def test_sockets_are_short_and_one_for_each_cluster() -> None:
    work = paths.WorkDir(Path("/w"))
    long = work.egress_socket("x" * 100)
    assert len(str(long)) < 20
    assert long != work.egress_socket("y" * 100)


def test_a_path_too_long_for_a_socket_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="Choose a shorter one with --dir"):
        paths.WorkDir(Path("/" + "d" * 100)).egress_socket("demo")
