# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Refusals, warnings and defaults of the admission webhooks."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest

from rehearsal.dynamo.operator import admission
from rehearsal.dynamo.operator.conversion import convert
from rehearsal.dynamo.operator.webhooks import Reviewer, review

OPERATOR = "system:serviceaccount:dynamo-cloud:dynamo-platform-dynamo-operator-controller-manager"
REVIEWER = Reviewer("1.6.1", OPERATOR)


def component(name: str = "Worker", image: str = "nvcr.io/x/vllm-runtime:1.6.1", **extra: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "main", "image": image}]}
    return {"name": name, "type": "worker", "replicas": 1, "podTemplate": {"spec": pod}, **extra}


def graph(*components: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "nvidia.com/v1beta1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "g", "namespace": "dyn"},
        "spec": {"components": list(components or (component(),)), **spec},
    }


def request(new: dict[str, Any], old: dict[str, Any] | None = None, user: str = "me", version: str = "v1beta1") -> Any:
    return {
        "uid": "1",
        "operation": "UPDATE" if old else "CREATE",
        "object": new,
        "oldObject": old,
        "userInfo": {"username": user},
        "requestKind": {"group": "nvidia.com", "version": version, "kind": "DynamoGraphDeployment"},
    }


@pytest.mark.parametrize(
    ("image", "accepted"),
    [
        ("r/x:1.4.0", True),
        ("r/x:v1.4.0-rc1-cuda13", True),
        ("r/x:0.4.1", True),
        ("r:5000/x:1.6.1@sha256:0000", True),
        ("r/x:latest", False),
        ("r/x@sha256:0000", False),
        ("r/x:my-tag", False),
        ("r:5000/x", False),
        ("r/x", False),
        ("r/x:1.4", False),
    ],
)
def test_image_needs_a_version(image: str, accepted: bool) -> None:
    errors = admission.graph_errors(graph(component(image=image)), old_version=False)
    assert (not errors) is accepted
    if errors:
        assert errors == [
            "spec.components[0].runtimeVersionOverride: Required value: is required when the specified main container "
            "image has no parseable semantic-version tag"
        ]
    assert not admission.graph_errors(graph(component(image=image, runtimeVersionOverride="1.6.1")), old_version=False)


def test_main_container_with_an_image_is_needed() -> None:
    without = component()
    without["podTemplate"]["spec"]["containers"] = [{"name": "other", "image": "r/x:1.0.0"}]
    no_image = component()
    del no_image["podTemplate"]["spec"]["containers"][0]["image"]
    assert admission.graph_errors(graph(without), old_version=False) == [
        "spec.components[0].podTemplate.spec.containers: Required value: is required"
    ]
    assert admission.graph_errors(graph(no_image), old_version=False) == [
        "spec.components[0].podTemplate.spec.containers[0].image: Required value: is required"
    ]
    assert admission.graph_errors(graph(no_image), old_version=True) == [
        "spec.services[Worker].extraPodSpec.mainContainer.image: Required value: is required"
    ]


def test_a_graph_needs_components() -> None:
    empty = graph()
    empty["spec"]["components"] = []
    answer = REVIEWER.validate_graph(request(empty))
    assert answer["allowed"] is False
    assert answer["status"]["message"].startswith("spec.components: Required value")


def test_topology_is_immutable() -> None:
    answer = REVIEWER.validate_graph(request(graph(component(), component("Extra")), graph()))
    assert answer["status"]["message"] == (
        "spec.components: Forbidden: component topology is immutable and cannot be modified after creation: "
        "components added: [Extra]"
    )
    answer = REVIEWER.validate_graph(request(graph(), graph(component(), component("Extra"))))
    assert "components removed: [Extra]" in answer["status"]["message"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (graph(), graph(backendFramework="vllm"), "spec.backendFramework"),
        (graph(), graph(component(multinode={"nodeCount": 2})), "spec.components[0].multinode"),
    ],
)
def test_immutable_fields(old: dict[str, Any], new: dict[str, Any], field: str) -> None:
    answer = REVIEWER.validate_graph(request(new, old))
    assert answer["allowed"] is False
    assert answer["status"]["message"].startswith(f"{field}: Invalid value")


def test_type_may_change() -> None:
    assert REVIEWER.validate_graph(request(graph({**component(), "type": "prefill"}), graph()))["allowed"]


def test_replicas_of_a_scaled_component_belong_to_the_adapter() -> None:
    old, new = graph(component(scalingAdapter={})), graph(component(scalingAdapter={}, replicas=3))
    assert "cannot be modified directly" in REVIEWER.validate_graph(request(new, old))["status"]["message"]
    assert REVIEWER.validate_graph(request(new, old, user=OPERATOR))["allowed"]
    assert REVIEWER.validate_graph(request(graph(component(replicas=3)), graph()))["allowed"]


def test_a_graph_that_goes_is_let_go() -> None:
    going = graph()
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    going["spec"]["components"] = []
    assert REVIEWER.validate_graph(request(going, graph()))["allowed"]


def test_several_errors_are_one_list() -> None:
    bad = graph(component(image="r/x"), component("B", image="r/y"))
    message = REVIEWER.validate_graph(request(bad))["status"]["message"]
    assert message.startswith("[spec.components[0]")
    assert message.endswith("tag]")


def test_warnings_of_the_old_version() -> None:
    old = {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "vllm-agg", "namespace": "dyn"},
        "spec": {
            "services": {
                "Frontend": {
                    "dynamoNamespace": "vllm-agg",
                    "extraPodSpec": {"mainContainer": {"image": "r/x:0.4.1"}},
                }
            }
        },
    }
    new = convert(old, "nvidia.com/v1beta1")
    answer = REVIEWER.validate_graph(request(new, version="v1alpha1"))
    assert answer["allowed"]
    assert answer["warnings"] == [
        'spec.services[Frontend].dynamoNamespace is deprecated and ignored. Value "vllm-agg" will be replaced with '
        '"dyn-vllm-agg"'
    ]
    assert "warnings" not in REVIEWER.validate_graph(request(new))


@pytest.mark.parametrize("annotations", [None, {}, {"a": "b"}])
def test_origin_version_is_noted_once(annotations: dict[str, str] | None) -> None:
    new = graph()
    if annotations is not None:
        new["metadata"]["annotations"] = annotations
    answer = REVIEWER.mutate_graph(request(new))
    patch = json.loads(base64.b64decode(answer["patch"]))
    assert patch[-1] == {
        "op": "add",
        "path": "/metadata/annotations/nvidia.com~1dynamo-operator-origin-version",
        "value": "1.6.1",
    }
    assert len(patch) == (1 if annotations else 2)
    noted = copy.deepcopy(new)
    noted["metadata"]["annotations"] = {"nvidia.com/dynamo-operator-origin-version": "1.5.0"}
    assert "patch" not in REVIEWER.mutate_graph(request(noted))
    assert "patch" not in REVIEWER.mutate_graph(request(new, graph()))


def test_conversion_review() -> None:
    document: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "ConversionReview",
        "request": {"uid": "7", "desiredAPIVersion": "nvidia.com/v1alpha1", "objects": [graph()]},
    }
    answer = review(document, REVIEWER.convert)
    assert answer["response"]["uid"] == "7"
    assert answer["response"]["result"] == {"status": "Success"}
    assert "services" in answer["response"]["convertedObjects"][0]["spec"]
    document["request"]["objects"] = [{"apiVersion": "nvidia.com/v1beta1", "kind": "Nope", "metadata": {}}]
    assert review(document, REVIEWER.convert)["response"]["result"]["status"] == "Failure"
