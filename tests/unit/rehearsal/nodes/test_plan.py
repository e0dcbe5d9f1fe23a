# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""From a container's spec to a local process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.nodes import config, images
from rehearsal.nodes.pods import plan
from rehearsal.nodes.pods.environment import Sources

ACCOUNT_MOUNT = {"name": "kube-api-access", "mountPath": plan.SERVICE_ACCOUNT_DIR, "readOnly": True}
PLACE = plan.Place(Path("/w/pods/u"), Path("/w/claims"), "dyn")


def build(
    agent_config: config.AgentConfig, container: dict[str, Any], local: dict[int, int] | None = None
) -> plan.Plan:
    volumes = [{"name": "kube-api-access"}, {"name": "config", "configMap": {"name": "c"}}]
    pod = {
        "metadata": {"name": "p", "namespace": "dyn", "uid": "u"},
        "spec": {"containers": [container], "volumes": volumes},
    }
    how = images.recipe(container["image"])
    assert how is not None
    identity = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/v1/credentials"}
    return plan.build(container, Sources(pod), how, PLACE, local or {}, identity, agent_config)


FRONTEND: dict[str, Any] = {
    "name": "main",
    "image": "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1",
    "command": ["/bin/sh", "-c"],
    "args": ["python3 -m dynamo.frontend --http-port $(DYN_HTTP_PORT) 2>&1 | tee /tmp/frontend.log"],
    "env": [{"name": "DYN_HTTP_PORT", "value": "8000"}, {"name": "CACHE", "value": "/tmp/cache"}],
    "ports": [{"name": "http", "containerPort": 8000}],
    "volumeMounts": [ACCOUNT_MOUNT],
    "workingDir": "/workspace/examples/custom_backend/hello_world/",
}


def test_wanted_ports_are_declared_named_or_known() -> None:
    how = images.recipe(FRONTEND["image"])
    assert how is not None
    values = {"DYN_SYSTEM_PORT": "9090", "DYN_HTTP_PORT": "8001", "OTHER_PORT": "7"}
    assert plan.wanted_ports(FRONTEND, values, how) == [8000, 8001, 9090]


def test_dynamo_container(agent_config: config.AgentConfig) -> None:
    built = build(agent_config, FRONTEND, {8000: 20000})
    assert built.argv[:2] == ["/bin/sh", "-c"]
    assert "tee /w/pods/u/containers/main/tmp/frontend.log" in built.argv[2]
    assert built.env["DYN_HTTP_PORT"] == "20000"
    assert built.env["CACHE"] == "/w/pods/u/containers/main/tmp/cache"
    assert built.env["DYN_HTTP_HOST"] == "127.0.0.1"
    assert json.loads(built.env["REHEARSAL_PORTS"]) == {"8000": 20000}
    assert built.env["PATH"].startswith(str(agent_config.work_dir / "shims"))
    assert built.env["KUBECONFIG"] == "/w/pods/u/containers/main/kubeconfig"
    assert (built.env["KUBERNETES_SERVICE_HOST"], built.env["KUBERNETES_SERVICE_PORT"]) == ("127.0.0.1", "6443")
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in built.env


def test_working_directory_comes_from_the_image(agent_config: config.AgentConfig) -> None:
    example = agent_config.repo / "rehearsal/dynamo/workspace/examples/custom_backend/hello_world"
    assert build(agent_config, FRONTEND).cwd == Path(
        "/w/pods/u/containers/main/root/workspace/examples/custom_backend/hello_world"
    )
    example.mkdir(parents=True)
    assert build(agent_config, FRONTEND).cwd == example
    old = agent_config.repo / "rehearsal" / "dynamo" / "old_workspace" / "examples" / "runtime" / "hello_world"
    old.mkdir(parents=True)
    image = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.4.1"
    container = {**FRONTEND, "image": image, "workingDir": "/workspace/examples/runtime/hello_world/"}
    assert build(agent_config, container).cwd == old


def test_without_a_mounted_account_there_is_no_kubeconfig(agent_config: config.AgentConfig) -> None:
    assert "KUBECONFIG" not in build(agent_config, {**FRONTEND, "volumeMounts": []}).env


def test_nothing_of_the_agents_environment_leaks(
    agent_config: config.AgentConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert "AWS_SECRET_ACCESS_KEY" not in build(agent_config, FRONTEND).env


def test_karpenter(agent_config: config.AgentConfig) -> None:
    container = {
        "name": "controller",
        "image": "public.ecr.aws/karpenter/controller:1.15.0",
        "env": [{"name": "METRICS_PORT", "value": "8080"}],
        "ports": [{"name": "http-metrics", "containerPort": 8080}],
    }
    built = build(agent_config, container, {8080: 20001})
    assert built.argv == [str(agent_config.bin_dir / "karpenter")]
    assert built.env["METRICS_PORT"] == "20001"
    assert built.env["LEADER_ELECTION_NAMESPACE"] == "dyn"


@pytest.mark.parametrize(
    ("name", "module"), [("manager", "rehearsal.dynamo.operator"), ("crd-apply", "rehearsal.dynamo.crd_apply")]
)
def test_operator(agent_config: config.AgentConfig, name: str, module: str) -> None:
    container = {
        "name": name,
        "image": "nvcr.io/nvidia/ai-dynamo/kubernetes-operator:1.6.1",
        "command": ["/manager"],
        "args": ["--config=/etc/operator/config.yaml", "--health-probe-bind-address=:8081"],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/operator"}],
    }
    built = build(agent_config, container, {8081: 20002})
    assert built.argv == [
        "/venv/main/bin/python",
        "-m",
        module,
        "--config=/w/pods/u/volumes/config/config.yaml",
        "--health-probe-bind-address=127.0.0.1:20002",
    ]
    assert built.env["PYTHONPATH"] == str(agent_config.repo)


def test_commands_of_probes_see_the_same_world(agent_config: config.AgentConfig) -> None:
    built = build(agent_config, FRONTEND, {8000: 20000})
    command = ["/bin/sh", "-c", "curl -s http://localhost:8000/health && grep ready /tmp/frontend.log"]
    assert built.rewrite(command)[2] == (
        "curl -s http://127.0.0.1:20000/health && grep ready /w/pods/u/containers/main/tmp/frontend.log"
    )


def test_sub_paths(agent_config: config.AgentConfig) -> None:
    container = {
        **FRONTEND,
        "args": ["cat /etc/engine.yaml /data/x"],
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/engine.yaml", "subPath": "agg.yaml"},
            {"name": "config", "mountPath": "/data", "subPathExpr": "$(DYN_HTTP_PORT)"},
        ],
    }
    assert (
        build(agent_config, container).argv[2]
        == "cat /w/pods/u/volumes/config/agg.yaml /w/pods/u/volumes/config/8000/x"
    )


def test_kubeconfig_reads_the_pods_own_token(agent_config: config.AgentConfig) -> None:
    parsed = json.loads(plan.kubeconfig(agent_config, Path("/w/account"), "ns"))
    assert parsed["contexts"][0]["context"]["namespace"] == "ns"
    assert parsed["users"][0]["user"] == {"tokenFile": "/w/account/token"}
    assert parsed["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"


def test_python_image_has_aiperf(agent_config: config.AgentConfig) -> None:
    job = {"name": "load", "image": "public.ecr.aws/docker/library/python:3.12-slim", "command": ["python3", "-c", "x"]}
    built = build(agent_config, job)
    folder = agent_config.places.python_of("aiperf").parent
    assert built.argv == [str(folder / "python"), "-c", "x"]
    assert built.env["PATH"].startswith(f"{folder}:")
