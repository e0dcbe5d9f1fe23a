# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The collection as people install it: built, installed from its archive, used from an empty directory."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
# What a user needs, one of each kind.
NEEDED = (
    *("MANIFEST.json", "meta/runtime.yml", "README.md", "docs/aws.md", "docs/iam/installer-policy.json"),
    *("playbooks/install.yml", "playbooks/vars/inputs.yml", "inventories/aws/hosts.yml"),
    *("roles/eks_infra/tasks/main.yml", "roles/dynamo_example/files/examples/vllm.yml"),
    *("plugins/modules/graph_wait.py", "plugins/action/graph_wait.py", "plugins/callback/ledger.py"),
    *("terraform/blueprint.tfvars", "terraform/cluster.tf", "terraform/.terraform.lock.hcl"),
)
UNWANTED = (
    "tests",
    "collections",
    "rehearsal",
    "bench",
    "extensions",
    "molecule",
    "requirements",
    ".ci",
    ".ansible",
    ".git",
)


def run(folder: Path, *words: str) -> str:
    """Run a program of Ansible in a folder, with nothing of a user's own configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))}
    done = subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=folder,
        env={
            **kept,
            "HOME": str(folder),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that Galaxy would get."""
    folder = tmp_path_factory.mktemp("built")
    run(folder, "ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(folder))
    return next(folder.glob("ai_on_eks-dynamo-*.tar.gz"))


@pytest.fixture(scope="module")
def empty(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that was empty before the archive was installed into it."""
    folder = tmp_path_factory.mktemp("user")
    target = str(folder / "collections")
    run(folder, "ansible-galaxy", "collection", "install", str(archive), "-p", target, "--offline", "--no-deps")
    return folder


def test_it_holds_what_users_need_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        names = set(opened.getnames())
    assert [name for name in NEEDED if name not in names] == []
    assert {name.split("/", maxsplit=1)[0] for name in names} & set(UNWANTED) == set()
    assert [name for name in names if name.endswith((".tfstate", ".pyc")) or "/.terraform/" in name] == []


def test_its_playbooks_run_by_their_full_names(empty: Path) -> None:
    for name in PLAYBOOKS:
        said = run(empty, "ansible-playbook", "-i", "localhost,", f"ai_on_eks.dynamo.{name}", "--syntax-check")
        assert f"collections/ansible_collections/ai_on_eks/dynamo/playbooks/{name}.yml" in said


def test_its_examples_are_listed_by_the_installed_collection(empty: Path) -> None:
    said = run(
        empty, "ansible-playbook", "-i", "localhost,", "-c", "local", "ai_on_eks.dynamo.deploy", "-e", "list=true"
    )
    assert "multi-replica-vllm" in said


def test_its_modules_are_documented(empty: Path) -> None:
    said = run(empty, "ansible-doc", "-t", "module", "ai_on_eks.dynamo.graph_wait", "ai_on_eks.dynamo.cluster_sweep")
    assert "GRAPH_WAIT" in said.upper()
    assert "CLUSTER_SWEEP" in said.upper()
