# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The work directory: what is copied, what goes, and when init is due."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import workdir


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    for name, text in {
        "main.tf": "# main",
        "old.tf": "# old",
        ".terraform.lock.hcl": "# lock 1",
        "templates/user_data.sh": "#!/bin/sh",
        "tests/a.tftest.hcl": "# test",
        "profiles/current.tfvars": "x = 1",
        "blueprint.tfvars": "x = 1",
        "terraform.tfstate": "{}",
        ".terraform/providers/x": "binary",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def files(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


def initialise(work: Path, synced: workdir.Synced) -> None:
    (work / ".terraform").mkdir(exist_ok=True)
    workdir.mark_initialised(work, synced, {})


def test_code_and_inputs_come_along_and_nothing_else(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    inputs = workdir.inputs_of([source / "blueprint.tfvars", source / "profiles/current.tfvars"], {"region": "r"})
    workdir.sync(source, work, inputs, {}, "terraform")
    assert files(work) == {
        "main.tf",
        "old.tf",
        ".terraform.lock.hcl",
        "templates/user_data.sh",
        "00-blueprint.auto.tfvars",
        "01-current.auto.tfvars",
        "99-variables.auto.tfvars.json",
        workdir.MANIFEST,
    }
    assert json.loads((work / "99-variables.auto.tfvars.json").read_text(encoding="utf-8")) == {"region": "r"}
    assert work.stat().st_mode & 0o777 == 0o700


def test_what_is_dropped_from_the_source_goes_from_the_copy(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    workdir.sync(source, work, {"00-a.auto.tfvars": b""}, {"type": "s3"}, "terraform")
    (source / "old.tf").unlink()
    (source / "templates/user_data.sh").unlink()
    (work / "stray.tf").write_text("# by hand", encoding="utf-8")
    (work / "terraform.tfvars").write_text("x = 2", encoding="utf-8")
    (work / "terraform.tfstate").write_text("{}", encoding="utf-8")
    (work / "notes.txt").write_text("mine", encoding="utf-8")
    workdir.sync(source, work, {"00-b.auto.tfvars": b""}, {}, "terraform")
    assert files(work) == {
        "main.tf",
        ".terraform.lock.hcl",
        "00-b.auto.tfvars",
        "terraform.tfstate",
        "notes.txt",
        workdir.MANIFEST,
    }


def test_init_is_due_once_per_configuration(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    first = workdir.sync(source, work, {}, {}, "terraform")
    assert first.needs_init
    initialise(work, first)
    assert not workdir.sync(source, work, {"00-a.auto.tfvars": b"x = 2"}, {}, "terraform").needs_init
    assert workdir.sync(source, work, {}, {}, "tofu").needs_init
    (source / "main.tf").write_text("# changed", encoding="utf-8")
    assert workdir.sync(source, work, {}, {}, "terraform").needs_init


def test_another_backend_needs_init_and_moves_the_state(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert not workdir.sync(source, work, {}, {}, "terraform").backend_changed
    initialise(work, workdir.sync(source, work, {}, {}, "terraform"))
    moved = workdir.sync(source, work, {}, {"type": "s3", "config": {"bucket": "b"}}, "terraform")
    assert moved.needs_init
    assert moved.backend_changed
    assert json.loads((work / workdir.BACKEND_FILE).read_text(encoding="utf-8")) == {
        "terraform": {"backend": {"s3": {"bucket": "b"}}}
    }


def test_what_terraform_adds_to_the_lock_file_stays_until_the_source_changes(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    workdir.sync(source, work, {}, {}, "terraform")
    (work / ".terraform.lock.hcl").write_text("# lock 1 and more hashes", encoding="utf-8")
    workdir.sync(source, work, {}, {}, "terraform")
    assert "more hashes" in (work / ".terraform.lock.hcl").read_text(encoding="utf-8")
    (source / ".terraform.lock.hcl").write_text("# lock 2", encoding="utf-8")
    workdir.sync(source, work, {}, {}, "terraform")
    assert (work / ".terraform.lock.hcl").read_text(encoding="utf-8") == "# lock 2"


def test_without_source_and_inputs_everything_stays(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    workdir.sync(source, work, {"00-a.auto.tfvars": b"x = 1"}, {}, "terraform")
    before = files(work)
    workdir.sync(None, work, None, {}, "terraform")
    assert files(work) == before


def test_a_root_module_of_the_source_finds_the_modules_beside_it(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    for name in ("adopt/main.tf", "adopt/tests/a.tftest.hcl", "modules/one/main.tf", "modules/two/main.tf"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("# code", encoding="utf-8")
    inputs = {"00-a.auto.tfvars": b"x = 1"}
    synced = workdir.sync(source, work, inputs, {"type": "s3"}, "terraform", "adopt")
    assert synced.root == work / "adopt" == workdir.root_of(work)
    assert {name for name in files(work) if name.startswith(("adopt/", "modules/"))} == {
        "adopt/main.tf",
        "adopt/00-a.auto.tfvars",
        f"adopt/{workdir.BACKEND_FILE}",
        "modules/one/main.tf",
        "modules/two/main.tf",
    }
    (work / "adopt/.terraform/modules").mkdir(parents=True)
    (work / "adopt/.terraform/modules/cached.tf").write_text("# downloaded by init", encoding="utf-8")
    workdir.mark_initialised(work, synced, {})
    assert not workdir.sync(None, work, None, {"type": "s3"}, "terraform").needs_init
    assert (work / "adopt/.terraform/modules/cached.tf").exists()

    # A module that the source no longer has, and files that somebody left in one, go.
    (source / "modules/two/main.tf").unlink()
    (work / "modules/one/stray.tf").write_text("# by hand", encoding="utf-8")
    (work / "adopt/terraform.tfvars").write_text("x = 2", encoding="utf-8")
    workdir.sync(source, work, inputs, {}, "terraform", "adopt")
    assert not (work / "modules/two").exists()
    assert not (work / "modules/one/stray.tf").exists()
    assert not (work / "adopt/terraform.tfvars").exists()
    assert not (work / "adopt" / workdir.BACKEND_FILE).exists()
    assert (work / "modules/one/main.tf").exists()


def test_a_root_module_must_be_there_and_stay_the_same(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    for wrong, words in {"../x": "not inside", "/x": "not inside", "nowhere": "holds no Terraform files"}.items():
        with pytest.raises(ValueError, match=words):
            workdir.sync(source, work, {}, {}, "terraform", wrong)
    assert not work.exists()
    (source / "adopt").mkdir()
    (source / "adopt/main.tf").write_text("# code", encoding="utf-8")
    workdir.sync(source, work, {}, {}, "terraform", "adopt")
    with pytest.raises(ValueError, match="belongs to the root module adopt"):
        workdir.sync(source, work, {}, {}, "terraform")


def test_without_a_configuration_there_is_nothing_to_work_with(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no configuration"):
        workdir.sync(None, tmp_path / "work", None, {}, "terraform")


def test_a_damaged_manifest_is_as_good_as_none(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    initialise(work, workdir.sync(source, work, {}, {}, "terraform"))
    (work / workdir.MANIFEST).write_text("{", encoding="utf-8")
    assert workdir.sync(source, work, {}, {}, "terraform").needs_init
