# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""v1alpha1 to v1beta1 and back."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.component import Settings, render_deployment, render_service
from rehearsal.dynamo.operator.conversion import ConversionError, convert
from rehearsal.dynamo.operator.graph import render_claims, render_component, worker_hash
from rehearsal.dynamo.operator.status import component_entry

OLD, NEW = "nvidia.com/v1alpha1", "nvidia.com/v1beta1"
IMAGE = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.4.1"


def old_graph() -> dict[str, Any]:
    """A graph as the manifests of 0.4.1 are written."""
    return {
        "apiVersion": OLD,
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "vllm-agg", "namespace": "dyn"},
        "spec": {
            "envs": [{"name": "A", "value": "1"}],
            "services": {
                "VllmDecodeWorker": {
                    "dynamoNamespace": "vllm-agg",
                    "componentType": "worker",
                    "envFromSecret": "hf-token-secret",
                    "replicas": 1,
                    "resources": {"requests": {"cpu": "10"}, "limits": {"gpu": "1", "memory": "20Gi"}},
                    "extraPodSpec": {
                        "tolerations": [{"operator": "Exists"}],
                        "mainContainer": {"image": IMAGE, "workingDir": "/workspace", "command": ["/bin/sh", "-c"]},
                    },
                },
                "Frontend": {
                    "dynamoNamespace": "vllm-agg",
                    "componentType": "frontend",
                    "replicas": 1,
                    "extraPodSpec": {"mainContainer": {"image": IMAGE}},
                },
            },
        },
    }


def test_up() -> None:
    new = convert(old_graph(), NEW)
    frontend, worker = new["spec"]["components"]
    assert (frontend["name"], frontend["type"]) == ("Frontend", "frontend")
    assert new["spec"]["env"] == [{"name": "A", "value": "1"}]
    main = worker["podTemplate"]["spec"]["containers"][0]
    assert main["name"] == "main"
    assert main["resources"] == {"requests": {"cpu": "10"}, "limits": {"memory": "20Gi", "nvidia.com/gpu": "1"}}
    assert main["envFrom"] == [{"secretRef": {"name": "hf-token-secret"}}]
    assert worker["podTemplate"]["spec"]["tolerations"] == [{"operator": "Exists"}]
    assert json.loads(new["metadata"]["annotations"][c.A_GRAPH_SPEC]) == old_graph()["spec"]


def test_reading_back_gives_the_file() -> None:
    back = convert(convert(old_graph(), NEW), OLD)
    expected = old_graph()
    for service in expected["spec"]["services"].values():
        service["extraPodSpec"]["mainContainer"] |= {"name": "", "resources": {}}
    assert back == expected


def test_an_edit_in_the_new_version_shows_in_the_old_one() -> None:
    new = convert(old_graph(), NEW)
    new["spec"]["components"][1]["replicas"] = 3
    back = convert(new, OLD)
    worker, frontend = back["spec"]["services"]["VllmDecodeWorker"], back["spec"]["services"]["Frontend"]
    assert worker["replicas"] == 3
    assert worker["envFromSecret"] == "hf-token-secret"
    assert frontend["dynamoNamespace"] == "vllm-agg"


def test_writing_the_old_version_again_changes_nothing() -> None:
    new = convert(old_graph(), NEW)
    again = convert(convert(new, OLD), NEW)
    assert again["spec"] == new["spec"]


def test_a_graph_of_the_new_version_survives_the_old_one() -> None:
    new = {
        "apiVersion": NEW,
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "x", "namespace": "dyn", "annotations": {"mine": "1"}},
        "spec": {
            "components": [
                {
                    "name": "Worker",
                    "type": "decode",
                    "sharedMemorySize": "0",
                    "frontendSidecar": "side",
                    "podTemplate": {
                        "metadata": {"labels": {"a": "b"}},
                        "spec": {
                            "containers": [{"name": "side", "image": "s:1.0.0"}, {"name": "main", "image": IMAGE}]
                        },
                    },
                },
                {"name": "Frontend", "type": "frontend", "podTemplate": {"spec": {"containers": []}}},
            ]
        },
    }
    old = convert(new, OLD)
    assert old["spec"]["services"]["Worker"]["componentType"] == "worker"
    assert old["spec"]["services"]["Worker"]["subComponentType"] == "decode"
    assert old["spec"]["services"]["Worker"]["sharedMemory"] == {"disabled": True}
    back = convert(old, NEW)
    assert back["spec"] == new["spec"]
    assert back["metadata"]["annotations"]["mine"] == "1"


def test_given_namespace_is_half_ignored() -> None:
    graph = convert(old_graph(), NEW)
    graph["metadata"]["uid"] = "u"
    component = graph["spec"]["components"][1]
    child = render_component(graph, component, worker_hash(graph), 1)
    child["metadata"]["uid"] = "v"
    deployment = render_deployment(child, Settings())
    template = deployment["spec"]["template"]
    env = {item["name"]: item.get("value") for item in template["spec"]["containers"][0]["env"]}
    assert env["DYN_NAMESPACE"] == "dyn-vllm-agg"
    assert deployment["metadata"]["labels"][c.L_NAMESPACE] == "dyn-vllm-agg"
    assert template["metadata"]["labels"][c.L_NAMESPACE] == "vllm-agg"
    assert render_service(child)["spec"]["selector"][c.L_NAMESPACE] == "vllm-agg"
    assert component_entry(graph, component, "abcd1234", [])["runtimeNamespace"] == "vllm-agg-abcd1234"


def test_claims_of_an_old_graph() -> None:
    old = old_graph()
    claim = {"name": "cache", "create": True, "size": "1Gi", "storageClass": "efs", "volumeAccessMode": "ReadWriteMany"}
    old["spec"]["pvcs"] = [claim, {"name": "there-already"}]
    old["spec"]["services"]["Frontend"]["volumeMounts"] = [{"name": "cache", "mountPoint": "/models"}]
    graph = convert(old, NEW)
    graph["metadata"]["uid"] = "u"
    (made,) = render_claims(graph)
    assert made["spec"]["storageClassName"] == "efs"
    pod = graph["spec"]["components"][0]["podTemplate"]["spec"]
    assert pod["volumes"] == [{"name": "cache", "persistentVolumeClaim": {"claimName": "cache"}}]
    assert pod["containers"][0]["volumeMounts"] == [{"name": "cache", "mountPath": "/models"}]


def test_status() -> None:
    new = convert(old_graph(), NEW)
    entry = {"componentKind": "Deployment", "componentNames": ["a", "b"], "replicas": 1}
    new["status"] = {"state": "pending", "components": {"Frontend": entry}}
    old = convert(new, OLD)
    assert old["status"] == {"state": "pending", "services": {"Frontend": {**entry, "componentName": "a"}}}
    assert convert(old, NEW)["status"] == new["status"]


def test_scaling_adapter() -> None:
    new = {
        "apiVersion": NEW,
        "kind": "DynamoGraphDeploymentScalingAdapter",
        "metadata": {"name": "a"},
        "spec": {"replicas": 2, "dgdRef": {"name": "g", "componentName": "W"}},
    }
    old = convert(new, OLD)
    assert old["spec"]["dgdRef"] == {"name": "g", "serviceName": "W"}
    assert convert(old, NEW) == new


def test_component_deployment() -> None:
    new = {
        "apiVersion": NEW,
        "kind": "DynamoComponentDeployment",
        "metadata": {"name": "a"},
        "spec": {
            "name": "W",
            "type": "worker",
            "replicas": 1,
            "backendFramework": "vllm",
            "podTemplate": {"spec": {"containers": [{"name": "main", "image": IMAGE, "env": [{"name": "A"}]}]}},
        },
    }
    old = convert(new, OLD)
    assert (old["spec"]["serviceName"], old["spec"]["backendFramework"]) == ("W", "vllm")
    assert convert(old, NEW)["spec"] == new["spec"]


@pytest.mark.parametrize("kind", ["DynamoModel", "Pod"])
def test_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(ConversionError, match=f"no conversion of {kind}"):
        convert({"apiVersion": OLD, "kind": kind, "metadata": {}}, NEW)


NAMES = st.from_regex(r"[A-Z][a-z]{1,8}", fullmatch=True)
SERVICES = st.fixed_dictionaries(
    {"componentType": st.sampled_from(["frontend", "worker", "planner", "main", "default"])},
    optional={
        "subComponentType": st.sampled_from(["prefill", "decode", "other"]),
        "dynamoNamespace": st.sampled_from(["ns", ""]),
        "replicas": st.integers(0, 9),
        "serviceName": NAMES,
        "envFromSecret": NAMES,
        "autoscaling": st.just({"enabled": True}),
        "labels": st.just({"a": "b"}),
        "extraPodMetadata": st.just({"annotations": {"c": "d"}}),
        "resources": st.sampled_from([{}, {"limits": {"gpu": "1", "custom": {"vpc.amazonaws.com/efa": "4"}}}]),
        "sharedMemory": st.sampled_from([{"disabled": True}, {"size": "1Gi"}, {"disabled": False}]),
        "volumeMounts": st.just([{"name": "v", "mountPoint": "/v"}, {"name": "k", "useAsCompilationCache": True}]),
        "livenessProbe": st.just({"httpGet": {"path": "/", "port": 1}}),
        "extraPodSpec": st.just({"nodeSelector": {"x": "y"}, "containers": [{"name": "s"}]}),
        "multinode": st.just({"nodeCount": 2}),
        "scalingAdapter": st.sampled_from([{"enabled": True}, {"enabled": False}]),
    },
)


@given(services=st.dictionaries(NAMES, SERVICES, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_old_graph_comes_back(services: dict[str, Any]) -> None:
    old = {**old_graph(), "spec": {"services": services}}
    before = copy.deepcopy(old)
    assert convert(convert(old, NEW), OLD) == before
    assert old == before
