# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Terraform or OpenTofu, new enough or not; with small programs that say what the real ones say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import Options, Stack, TerraformError, program


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Terraform v1.11.4\non linux_amd64\n", ("Terraform", "1.11.4")),
        ("OpenTofu v1.10.0\non linux_arm64\n", ("OpenTofu", "1.10.0")),
        ("Terraform v1.14.0-beta1\n", ("Terraform", "1.14.0")),
        ("╷\n│ Warning: no file\n╵\nTerraform v1.12.0\n", ("Terraform", "1.12.0")),
    ],
)
def test_product_and_version(output: str, expected: tuple[str, str]) -> None:
    found = program.identify("x", output)
    assert (found.product, found.version) == expected


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("Terraform v1.9.8", "it is Terraform 1.9.8, and 1.10 or newer is needed"),
        ("OpenTofu v1.9.1", "it is OpenTofu 1.9.1, and 1.10 or newer is needed"),
        ("GNU bash 5", "neither Terraform nor OpenTofu (`x version` says: GNU bash 5)"),
        ("", "says: nothing"),
    ],
)
def test_what_cannot_be_used(output: str, words: str) -> None:
    with pytest.raises(TerraformError) as failure:
        program.identify("x", output)
    assert words in str(failure.value)
    assert "eks_infra_binary" in str(failure.value)


TOFU = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$1" in
  version) echo "OpenTofu v$VERSION"; echo "on linux_amd64" ;;
  init) mkdir -p .terraform ;;
  state) echo '{"version": 4, "resources": []}' ;;
  output) echo '{}' ;;
esac
"""


def tofu(tmp_path: Path, version: str) -> Stack:
    binary, source = tmp_path / "bin" / "tofu", tmp_path / "source"
    for folder in (binary.parent, source):
        folder.mkdir(exist_ok=True)
    binary.write_text(TOFU, encoding="utf-8")
    binary.chmod(0o755)
    (source / "main.tofu").write_text("# only OpenTofu reads this", encoding="utf-8")
    environment = {**os.environ, "PATH": f"{binary.parent}:/usr/bin:/bin", "CALLS": f"{tmp_path}/calls"}
    environment["VERSION"] = version
    options = Options(work_dir=tmp_path / "work", source=source, binary="tofu")
    return Stack(options, environment, print)


def test_tofu_is_run_and_asked_for_its_version_once(tmp_path: Path) -> None:
    for _run in range(2):
        stack = tofu(tmp_path, "1.10.2")
        stack.prepare()
        assert stack.resources() == []
        assert stack.outputs() == {}
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert calls.count("version") == 2  # written anew for the second run, as an upgrade would
    assert len([call for call in calls if call.startswith("init")]) == 1
    assert (tmp_path / "work/main.tofu").exists()
    again = Stack(
        Options(work_dir=tmp_path / "work", binary="tofu"),
        {**os.environ, "PATH": f"{tmp_path}/bin:/usr/bin:/bin", "CALLS": f"{tmp_path}/calls", "VERSION": "1.0.0"},
        print,
    )
    again.prepare()
    assert (tmp_path / "calls").read_text(encoding="utf-8").splitlines().count("version") == 2


def test_an_old_tofu_is_refused_before_anything_is_copied(tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match=r"it is OpenTofu 1\.9\.0, and 1\.10 or newer"):
        tofu(tmp_path, "1.9.0").prepare()
    assert not (tmp_path / "work/main.tofu").exists()
