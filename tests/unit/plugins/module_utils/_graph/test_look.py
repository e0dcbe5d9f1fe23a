# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A look at a namespace, what graphs lack, and the screen that shows it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import needs, screen
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import snapshot as kinds
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.look import NODES, SECRETS, look
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError

from . import world
from .fake_api import FakeApi
from .test_wait import cluster

Json = dict[str, t.Any]
CLUSTER = {
    "name": "dyn",
    "region": "us-west-2",
    "account": "123456789012",
    "version": "1.35",
    "status": "ACTIVE",
    "kubeconfig": "/k",
    "context": "dyn",
}


def operator(ready: bool = True, image: str = "nvcr.io/nvidia/ai-dynamo/kubernetes-operator:1.6.1") -> Json:
    found = world.deployment("dynamo-platform-dynamo-operator-controller-manager", ready=int(ready))
    found["metadata"]["namespace"] = world.NAMESPACE
    found["spec"]["template"]["spec"]["containers"] = [{"name": "proxy"}, {"name": "manager", "image": image}]
    return found


def complete(*graphs: Json, ready: bool = True) -> FakeApi:
    """Make a cluster in which nothing is missing."""
    api = cluster(*world.healthy(), {"DynamoGraphDeployment": list(graphs)})
    api.put(kinds.DEPLOYMENTS, "", operator(ready))
    api.put(kinds.NODE_POOLS, "", world.node_pool("g5-gpu-karpenter"), world.node_pool("cpu-karpenter"))
    api.put(kinds.NODE_CLAIMS, "", world.node_claim("g5-gpu-karpenter-x", "g5-gpu-karpenter", ready=True))
    node = {
        "metadata": world.meta("n1", labels={"karpenter.sh/nodepool": "g5-gpu-karpenter"}),
        "status": {"conditions": [world.condition("Ready", True)], "allocatable": {"nvidia.com/gpu": "1"}},
    }
    api.put(NODES, "", node)
    api.put(SECRETS, world.NAMESPACE, {"metadata": world.meta("hf-token-secret"), "data": {"HF_TOKEN": "c2VjcmV0"}})
    api.objects[f"/api/v1/namespaces/{world.NAMESPACE}"] = {}
    return api


def test_everything_is_well() -> None:
    found = look(complete(world.graph()), world.NAMESPACE)
    assert found["problems"] == []
    assert found["namespace"] == {"name": world.NAMESPACE, "exists": True, "pod_security": ""}
    assert found["platform"]["operators"][0]["version"] == "1.6.1"
    assert [graph["name"] for graph in found["graphs"]] == ["vllm"]
    assert found["graphs"][0]["endpoint"] == {"service": "vllm-frontend", "port": 8000}
    assert found["nodes"][0]["gpus"] == 1
    assert found["secrets"] == ["hf-token-secret"]


def test_no_content_of_a_secret_is_read() -> None:
    assert "c2VjcmV0" not in repr(look(complete(), world.NAMESPACE))


def test_an_empty_cluster() -> None:
    api = FakeApi()
    api.refusals["/apis/nvidia.com"] = [KubeError("no such group", 404)]
    found = look(api, world.NAMESPACE)
    assert (found["platform"]["installed"], found["graphs"], found["pools"]) == (False, [], [])
    assert [problem["subject"] for problem in found["problems"]] == ["platform"]
    assert any("Platform   not installed" in line for line in screen.lines(found, CLUSTER))


def test_problems_come_with_what_to_do() -> None:
    graph = world.graph(ready=False)
    api = complete(graph, ready=False)
    pool = world.node_pool("g6-gpu-karpenter")
    pool["status"]["conditions"] = [world.condition("Ready", False, "NodeClassNotReady", "NodeClass is not ready")]
    api.put(kinds.NODE_POOLS, "", pool)
    # One NodeClaim that the cloud refused, and one that is simply on its way.
    refused = world.node_claim("g5-gpu-karpenter-y", "g5-gpu-karpenter", launched=False, message="no capacity")
    api.put(kinds.NODE_CLAIMS, "", refused, world.node_claim("g5-gpu-karpenter-z", "g5-gpu-karpenter"))
    graph["status"] = {}
    problems = look(api, world.NAMESPACE)["problems"]
    assert [problem["subject"] for problem in problems] == [
        "Deployment/dynamo-platform-dynamo-operator-controller-manager",
        "NodePool/g6-gpu-karpenter",
        "NodeClaim/g5-gpu-karpenter-y",
        "DynamoGraphDeployment/vllm",
    ]
    assert all(problem["message"] and problem["next"] for problem in problems)


def test_screen() -> None:
    lines = screen.lines(look(complete(world.graph()), world.NAMESPACE), CLUSTER)
    assert lines[0] == "Cluster    dyn (us-west-2, account 123456789012), Kubernetes 1.35, active"
    assert lines[1] == "Platform   Dynamo 1.6.1 in dynamo-cloud, operator available"
    assert lines[-1] == "Nothing is wrong."
    assert any(line.startswith("vllm   successful  yes") and line.endswith("2/2") for line in lines)
    forward = [line for line in lines if "port-forward" in line]
    assert forward == [
        "  vllm: kubectl --kubeconfig /k --context dyn -n dynamo-cloud port-forward svc/vllm-frontend 8000:8000"
    ]


MADE = {**CLUSTER, "mode": "terraform"}
CHANGED = {"action": "update", "address": "aws_sqs_queue.interruption[0]"}
SEEN: Json = {"looked": True, "resources": 80, "outside": [], "pending": [], "work_dir": "/w"}


@pytest.mark.parametrize(
    ("cluster", "drift", "expected"),
    [
        (CLUSTER, None, []),
        (MADE, None, ["Drift      not looked for (-e drift=true does)"]),
        (MADE, {**SEEN, "looked": False}, ["Drift      cannot be seen from here: there is no Terraform state in /w"]),
        (MADE, SEEN, ["Drift      none, 80 AWS resources are as Terraform left them"]),
        (
            MADE,
            {**SEEN, "outside": [CHANGED], "pending": [CHANGED]},
            [
                "Drift      1 AWS resources were changed by something else than Terraform:",
                "  update aws_sqs_queue.interruption[0] (install.yml puts it back)",
            ],
        ),
        (
            MADE,
            {**SEEN, "outside": [CHANGED]},
            [
                "Drift      1 AWS resources were changed by something else than Terraform:",
                "  update aws_sqs_queue.interruption[0] (install.yml leaves it as it is)",
            ],
        ),
        (
            MADE,
            {**SEEN, "pending": [CHANGED]},
            [
                "Drift      1 AWS resources are not yet as the last inputs want them:",
                "  update aws_sqs_queue.interruption[0]",
            ],
        ),
    ],
)
def test_drift_on_the_screen(cluster: Json, drift: Json | None, expected: list[str]) -> None:
    lines = screen.lines(look(complete(), world.NAMESPACE), cluster, drift)
    start = 2
    assert lines[start : start + len(expected)] == expected
    assert lines[start + len(expected)] == ""


def asked(pool: str = "g5-gpu-karpenter", version: str = "v1beta1") -> Json:
    pod = {"nodeSelector": {"karpenter.sh/nodepool": pool}}
    spec: Json = {"components": [{"name": "W", "podTemplate": {"spec": pod}}]}
    if version == "v1alpha1":
        spec = {"services": {"W": {"extraPodSpec": pod}}}
    return {"apiVersion": f"nvidia.com/{version}", "metadata": {"name": "g"}, "spec": spec}


@pytest.fixture
def found() -> Json:
    return look(complete(), world.NAMESPACE)


@pytest.mark.parametrize("version", ["v1alpha1", "v1beta1"])
def test_nothing_is_missing(found: Json, version: str) -> None:
    assert needs.faults(found, [asked(version=version)], ["hf-token-secret"]) == []


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.6.1", ""),
        ("v1.4.0", ""),
        ("1.3.1", "is of Dynamo 1.3.1, 3 minor releases behind the installed operator"),
        ("0.9.0", "is of Dynamo 0.9.0, 7 minor releases behind the installed operator"),
        ("1.99.0", ""),
    ],
)
def test_versions_that_the_operator_looks_after(found: Json, version: str, said: str) -> None:
    graph = asked()
    graph["metadata"]["annotations"] = {needs.VERSION_ANNOTATION: version}
    faults = needs.faults(found, [graph])
    assert len(faults) == (1 if said else 0)
    assert said in " ".join(faults)


def test_a_graph_newer_than_the_operator(found: Json) -> None:
    found["platform"]["operators"][0]["version"] = "1.5.1"
    graph = asked()
    graph["metadata"]["annotations"] = {needs.VERSION_ANNOTATION: "1.6.1"}
    assert "is of Dynamo 1.6.1, newer than the installed operator (1.5.1)" in needs.faults(found, [graph])[0]


@pytest.mark.parametrize("version", ["v1alpha1", "v1beta1"])
def test_missing_pool(found: Json, version: str) -> None:
    [fault] = needs.faults(found, [asked("p5-gpu-karpenter", version)])
    assert "asks for the NodePool p5-gpu-karpenter; there is cpu-karpenter, g5-gpu-karpenter" in fault


def test_a_pool_of_nodes_that_somebody_labelled_is_enough(found: Json) -> None:
    found["pools"] = []
    assert needs.faults(found, [asked()]) == []


def test_all_faults_at_once(found: Json) -> None:
    found["namespace"]["exists"] = False
    found["platform"]["operators"][0]["ready"] = False
    faults = needs.faults(found, [asked("x")])
    assert [word for word in ("operator is not available", "namespace", "NodePool x") if word in " ".join(faults)] == [
        "operator is not available",
        "namespace",
        "NodePool x",
    ]


def test_missing_pull_secret(found: Json) -> None:
    assert "The pull secret mine is not in the namespace" in needs.faults(found, [asked()], ["mine"])[0]


def test_an_operator_too_old_for_the_shape(found: Json) -> None:
    found["platform"].update(api_version="v1alpha1")
    [fault] = needs.faults(found, [asked()])
    assert "does not know graphs of Dynamo 1.2 and newer" in fault
    assert needs.faults(found, [asked(version="v1alpha1")]) == []
