# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The role dynamo_example with the real ansible-playbook: a preview, a model fetched once for two graphs, an entrance
with keys, an autoscaler; and nothing of all that after the removal.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import hub
from tests.integration.graph.conftest import NAMESPACE, ROOT, Stage

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: ai_on_eks.dynamo.dynamo_example
        tasks_from: "{{ entry | default('main.yml') }}"
"""
GRAPH, SECOND = "cached", "cached-too"
CLAIM = "model-cache-efs"
ALL = (
    "dgd,dcd,deployments,services,configmaps,secrets,jobs,pvc,ingresses,poddisruptionbudgets,hpa,pods,"
    "serviceaccounts,roles,rolebindings"
)


class Role:
    """Runs the role as a user would."""

    def __init__(self, stage: Stage, folder: Path, models: hub.Hub) -> None:
        self.stage = stage
        self.folder = folder
        (folder / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
        facts = {
            "name": "test",
            "kubeconfig": str(stage.kubeconfig),
            "context": stage.context,
            "region": "us-west-2",
            "efs_id": "fs-0123456789abcdef0",
        }
        known = {"parameters": 0.5, "bytes": 2, "layers": 4, "kv_heads": 2, "head_dim": 64, "context": 4096}
        self.given: dict[str, Any] = {
            "ai_on_eks_cluster": facts,
            "dynamo_example_model": hub.MODEL,
            "dynamo_example_model_cache": "efs",
            "dynamo_example_hub": models.url,
            "dynamo_example_models": {hub.MODEL: known},
            "dynamo_example_scaling": "worker=1-2",
            "dynamo_example_exposure": {
                "kind": "ingress",
                "host": "llm.example.com",
                "certificate_arn": "arn:aws:acm:us-west-2:123456789012:certificate/0123",
                "allowed_cidrs": ["10.0.0.0/8"],
            },
        }

    def run(self, *words: str, **variables: Any) -> str:
        """Run it, and return what it printed."""
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"),
            *("-e", json.dumps({**self.given, **variables}), *words, str(self.folder / "play.yml")),
        ]
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def names(self, kinds: str = ALL) -> set[str]:
        """What is in the namespace, as kind/name."""
        return set(self.stage.kubectl("get", kinds, "-o", "name").split())


@pytest.fixture(scope="module")
def models() -> Iterator[hub.Hub]:
    with hub.serving() as server:
        yield server


@pytest.fixture(scope="module")
def role(stage: Stage, models: hub.Hub, tmp_path_factory: pytest.TempPathFactory) -> Role:
    stage.heal()
    stage.world.apply(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": "alb"},
            "spec": {"controller": "ingress.k8s.aws/alb"},
        }
    )
    return Role(stage, tmp_path_factory.mktemp("deploy"), models)


@pytest.fixture(scope="module")
def before(role: Role) -> set[str]:
    return role.names()


def fetched(models: hub.Hub) -> list[str]:
    return [path for path, _headers in models.asked if "/resolve/" in path]


def test_check_mode_shows_the_graph_and_makes_nothing(role: Role, before: set[str], models: hub.Hub) -> None:
    said = role.run("--check", "--diff", dynamo_example_name=f"vllm:{GRAPH}")
    added = {line[1:].strip() for line in said.splitlines() if line.startswith("+")}
    assert {"kind: DynamoGraphDeployment", f"name: {GRAPH}", "nvidia.com/gpu: '1'"} <= added
    assert not [line for line in added if line.startswith(("uid:", "creationTimestamp:", "api-key:"))]
    assert role.names() == before
    assert models.asked == []


def test_a_graph_with_all_that_belongs_to_it(role: Role, before: set[str], models: hub.Hub) -> None:
    said = role.run(dynamo_example_name=f"vllm:{GRAPH}")
    assert f"{GRAPH} answers after" in said
    assert "https://llm.example.com" in said
    made = {name.split("/")[0].split(".")[0] for name in role.names() - before}
    assert {"job", "persistentvolumeclaim", "ingress", "horizontalpodautoscaler", "secret", "configmap"} <= made

    (claim,) = role.stage.get("pvc")["items"]
    assert (claim["metadata"]["name"], claim["status"]["phase"]) == (CLAIM, "Bound")
    cache = role.stage.world.nodes_dir / "claims" / NAMESPACE / CLAIM / "huggingface" / "hub" / "models--acme--tiny"
    assert (cache / "snapshots" / hub.COMMIT / "model.safetensors").read_bytes() == hub.WEIGHTS
    for pod in role.stage.get("pods", "-l", f"ai-on-eks.dynamo/example={GRAPH},nvidia.com/dynamo-component")["items"]:
        volumes = [entry for entry in pod["spec"]["volumes"] if "persistentVolumeClaim" in entry]
        assert [entry["persistentVolumeClaim"]["claimName"] for entry in volumes] == [CLAIM]

    (scaler,) = role.stage.get("hpa")["items"]
    assert scaler["spec"]["scaleTargetRef"]["kind"] == "DynamoGraphDeploymentScalingAdapter"
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (1, 2)


def test_again_changes_nothing(role: Role, models: hub.Hub) -> None:
    asked = len(fetched(models))
    keys = role.stage.get("secret", f"{GRAPH}-api-keys")["data"]
    assert "changed=0" in role.run(dynamo_example_name=f"vllm:{GRAPH}")
    assert role.stage.get("secret", f"{GRAPH}-api-keys")["data"] == keys
    assert len(fetched(models)) == asked


def test_check_mode_shows_what_would_change(role: Role) -> None:
    said = role.run(
        "--check", "--diff", dynamo_example_name=f"vllm:{GRAPH}", dynamo_example_environment={"LEVEL": "debug"}
    )
    assert "LEVEL" in "".join(line for line in said.splitlines() if line.lstrip().startswith("+"))
    assert "LEVEL" not in role.stage.kubectl("get", "dgd", GRAPH, "-o", "json")


def test_a_second_graph_fetches_nothing(role: Role, models: hub.Hub) -> None:
    asked = len(fetched(models))
    alone = {"dynamo_example_scaling": {}, "dynamo_example_exposure": {}}
    assert f"{SECOND} answers after" in role.run(dynamo_example_name=f"vllm:{SECOND}", **alone)
    assert len(fetched(models)) == asked


def test_what_is_not_asked_for_any_more_goes(role: Role) -> None:
    alone = {"dynamo_example_scaling": {}, "dynamo_example_exposure": {}}
    role.run(dynamo_example_name=f"vllm:{GRAPH}", **alone)
    assert role.names("ingresses,hpa") == set()
    assert not [name for name in role.names("secrets,deployments") if "api-keys" in name or "gateway" in name]


def test_nothing_is_left_in_the_end(role: Role, before: set[str]) -> None:
    role.run(dynamo_example_name=GRAPH, entry="remove.yml")
    assert f"persistentvolumeclaim/{CLAIM}" in role.names(), "the other graph reads from it"
    role.run(dynamo_example_name=f"vllm:{SECOND}", entry="remove.yml")
    assert role.names() - before == set()
    assert CLAIM not in role.stage.world.kubectl("get", "pv", "-o", "name")
