# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The role dynamo_platform against a cluster without Terraform: control plane, node agent, two nodes, EBS driver."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal import ports
from rehearsal.charts import repository
from rehearsal.charts.server import Behaviour, server
from rehearsal.paths import REPO
from tests.integration.nodes.conftest import CLUSTER, World, world
from tests.integration.nodes.test_old_dynamo import give_storage

__all__ = ["world"]

NAMESPACE = "dynamo-cloud"
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: ai_on_eks.dynamo.dynamo_platform
        tasks_from: "{{ entry | default('main.yml') }}"
"""
CHARTS = ("dynamo-platform", "dynamo-crds", "argo-cd")


@dataclass
class Run:
    """One run of the role."""

    code: int
    output: str

    @property
    def changed(self) -> list[str]:
        """The tasks that changed something."""
        tasks = self.output.split("\nTASK [")[1:]
        return [task.partition("]")[0] for task in tasks if "\nchanged: " in task]


@dataclass
class Platform:
    """The role with what it needs of a cluster."""

    world: World
    charts: Behaviour
    url: str
    folder: Path

    def run(self, **variables: Any) -> Run:
        """Run the role; extra variables are its own, without their prefix."""
        book = self.folder / "play.yml"
        book.write_text(PLAYBOOK, encoding="utf-8")
        admin = self.world.plane.layout.kubeconfig("admin")
        context = self.world.kubectl("config", "current-context").strip()
        plain = {key: variables.pop(key) for key in ("entry",) if key in variables}
        given = {
            "ai_on_eks_cluster": {
                "name": CLUSTER,
                "version": "1.35",
                "endpoint": self.world.plane.layout.server,
                "ca": base64.b64encode(self.world.plane.layout.pki.ca.read_bytes()).decode(),
                "kubeconfig": str(admin),
                "context": context,
            },
            "dynamo_state_dir": str(self.folder),
            "dynamo_chart_repositories": {name: {"ref": name, "url": self.url} for name in CHARTS},
            "ansible_python_interpreter": sys.executable,
            **plain,
            **{f"dynamo_platform_{key}": value for key, value in variables.items()},
        }
        inputs = self.folder / "inputs.json"
        inputs.write_text(json.dumps(given), encoding="utf-8")
        secrets = ("HF_TOKEN", "NGC_API_KEY", "DYNAMO_VERSION")
        env = {key: value for key, value in os.environ.items() if key not in secrets}
        env |= {
            "PATH": f"{self.world.toolchain.bin_dir}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(REPO / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(self.folder),
        }
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local"]
        done = subprocess.run(
            [*command, "-e", f"@{inputs}", str(book)],
            cwd=REPO,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def ok(self, **variables: Any) -> Run:
        """Run the role to a good end."""
        run = self.run(**variables)
        assert run.code == 0, run.output[-6000:]
        return run

    def refused(self, *words: str, **variables: Any) -> Run:
        """Run the role, which has to fail with these words."""
        run = self.run(**variables)
        assert run.code != 0, run.output[-3000:]
        said = " ".join(run.output.split())
        for word in words:
            assert word in said, run.output[-4000:]
        return run


@pytest.fixture(scope="session")
def platform(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("charts")
    repository.build(folder)
    port = ports.choose()
    behaviour = Behaviour(folder)
    running = server(behaviour, port)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    give_storage(world)
    # what Karpenter's pool for the parts without GPUs would have made
    world.kubectl("label", "nodes", "--all", "karpenter.sh/nodepool=cpu-karpenter")
    yield Platform(world, behaviour, f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("state"))
    running.shutdown()


@pytest.fixture(scope="session")
def whole_way() -> bool:
    """Whether to go all the way from 0.4.1 to 1.6.1, which takes many minutes, instead of over the border of 1.0."""
    return os.environ.get("PLATFORM_WHOLE_WAY") == "1"
