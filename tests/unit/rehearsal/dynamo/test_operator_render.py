# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a graph and its component deployments turn into, against golden files."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.dynamo.operator import component as rendering
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator import graph as g

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> list[Any]:
    return list(yaml.safe_load_all((GOLDEN / f"{name}.yaml").read_text()))


@pytest.fixture
def graph() -> dict[str, Any]:
    return dict(golden("graph")[0])


def worker(graph: dict[str, Any]) -> dict[str, Any]:
    return dict(graph["spec"]["components"][1])


def living(child: dict[str, Any]) -> dict[str, Any]:
    return {**child, "metadata": {**child["metadata"], "uid": "dcd-uid"}}


def test_component_deployments(graph: dict[str, Any]) -> None:
    found = [g.render_component(graph, item, g.worker_hash(graph), g.replicas(item)) for item in g.components(graph)]
    assert found == golden("components")


def test_deployments_and_services(graph: dict[str, Any]) -> None:
    found = []
    for child in golden("components"):
        found += [
            rendering.render_deployment(living(child), rendering.Settings()),
            rendering.render_service(living(child)),
        ]
    assert found == golden("children")


def test_access(graph: dict[str, Any]) -> None:
    found = [item for _, item in g.render_access(graph, "dynamo-platform-dynamo-operator-planner")]
    assert found == golden("access")
    planner = [item for item in found if item["metadata"]["name"].startswith(c.PLANNER_ACCOUNT)]
    assert len(planner) == 2
    assert all("ownerReferences" not in item["metadata"] for item in planner)


def test_hash_is_of_what_runs(graph: dict[str, Any]) -> None:
    before = g.worker_hash(graph)
    assert len(before) == 8
    assert int(before, 16) >= 0
    scaled = copy.deepcopy(graph)
    scaled["spec"]["components"][1] |= {"replicas": 5, "scalingAdapter": {}}
    scaled["spec"]["components"][0]["podTemplate"]["spec"]["containers"][0]["image"] += "-other"
    assert g.worker_hash(scaled) == before


@pytest.mark.parametrize("change", ["image", "type", "env"])
def test_hash_moves_with(graph: dict[str, Any], change: str) -> None:
    before = g.worker_hash(graph)
    if change == "image":
        worker(graph)["podTemplate"]["spec"]["containers"][0]["image"] = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.0"
    elif change == "type":
        graph["spec"]["components"][1]["type"] = "decode"
    else:
        graph["spec"]["env"] = [{"name": "A", "value": "1"}]
    assert g.worker_hash(graph) != before


def test_graph_without_workers_has_no_hash(graph: dict[str, Any]) -> None:
    graph["spec"]["components"] = graph["spec"]["components"][:1]
    assert g.worker_hash(graph) == ""


def test_graph_env_is_under_the_components(graph: dict[str, Any]) -> None:
    graph["spec"]["env"] = [{"name": "DYN_HTTP_PORT", "value": "1"}, {"name": "LOG", "value": "debug"}]
    child = g.render_component(graph, g.components(graph)[0], "", 1)
    env = child["spec"]["podTemplate"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "LOG", "value": "debug"}, {"name": "DYN_HTTP_PORT", "value": "9999"}]


def test_graph_labels_reach_the_pods(graph: dict[str, Any]) -> None:
    graph["spec"] |= {"labels": {"team": "a"}, "annotations": {"note": "b"}}
    child = living(g.render_component(graph, worker(graph), "0" * 8, 1))
    template = rendering.render_deployment(child, rendering.Settings())["spec"]["template"]
    assert template["metadata"]["labels"]["team"] == "a"
    assert template["metadata"]["annotations"] == {"note": "b"}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("sharedMemorySize", "0", None),
        ("sharedMemorySize", "16Gi", "16Gi"),
    ],
)
def test_shared_memory(graph: dict[str, Any], field: str, value: str, expected: str | None) -> None:
    child = living(g.render_component(graph, {**worker(graph), field: value}, "0" * 8, 1))
    spec = rendering.render_deployment(child, rendering.Settings())["spec"]["template"]["spec"]
    sizes = [item["emptyDir"]["sizeLimit"] for item in spec.get("volumes", [])]
    assert sizes == ([expected] if expected else [])


def test_users_own_probes_ports_and_account_win(graph: dict[str, Any]) -> None:
    component = worker(graph)
    pod = component["podTemplate"]["spec"]
    probe = {"exec": {"command": ["true"]}}
    pod["containers"][0] |= {"readinessProbe": probe, "ports": [{"name": "system", "containerPort": 7000}]}
    pod |= {"serviceAccountName": "mine", "securityContext": {"fsGroup": 7}, "terminationGracePeriodSeconds": 5}
    child = living(g.render_component(graph, component, "0" * 8, 1))
    spec = rendering.render_deployment(child, rendering.Settings())["spec"]["template"]["spec"]
    main = spec["containers"][0]
    assert main["readinessProbe"] == probe
    assert [port["containerPort"] for port in main["ports"]] == [7000, 19090]
    assert (spec["serviceAccountName"], spec["securityContext"]["fsGroup"]) == ("mine", 7)
    assert spec["terminationGracePeriodSeconds"] == 5


def test_pull_secrets_by_registry(graph: dict[str, Any]) -> None:
    settings = rendering.Settings(registry_secrets={"nvcr.io": ["ngc"], "docker.io": ["hub"]})
    child = living(g.render_component(graph, worker(graph), "0" * 8, 1))
    spec = rendering.render_deployment(child, settings)["spec"]["template"]["spec"]
    assert spec["imagePullSecrets"] == [{"name": "ngc"}]
    child["metadata"]["annotations"] = {c.A_NO_PULL_SECRETS: "true"}
    assert "imagePullSecrets" not in rendering.render_deployment(child, settings)["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("nvcr.io/nvidia/x:1", "nvcr.io"),
        ("localhost/x", "localhost"),
        ("registry:5000/x", "registry:5000"),
        ("nvidia/cuda:12", "docker.io"),
        ("busybox", "docker.io"),
    ],
)
def test_registry_host(image: str, host: str) -> None:
    assert rendering.registry_host(image) == host


def test_metrics_can_be_switched_off(graph: dict[str, Any]) -> None:
    graph["metadata"]["annotations"] = {c.A_ENABLE_METRICS: "false"}
    child = living(g.render_component(graph, worker(graph), "0" * 8, 1))
    assert c.L_METRICS not in rendering.pod_labels(child)


def test_container_discovery_mode(graph: dict[str, Any]) -> None:
    graph["metadata"]["annotations"] = {c.A_DISCOVERY_MODE: "container"}
    child = living(g.render_component(graph, worker(graph), "0" * 8, 1))
    main = rendering.render_deployment(child, rendering.Settings())["spec"]["template"]["spec"]["containers"][0]
    env = {item["name"]: item.get("value") for item in main["env"]}
    assert (env["DYN_KUBE_DISCOVERY_MODE"], env["CONTAINER_NAME"]) == ("container", "main")


def test_infrastructure_reaches_every_component(graph: dict[str, Any]) -> None:
    child = living(g.render_component(graph, worker(graph), "0" * 8, 1))
    settings = rendering.Settings(infrastructure={"NATS_SERVER": "nats://n:4222"})
    main = rendering.render_deployment(child, settings)["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "NATS_SERVER", "value": "nats://n:4222"} in main["env"]


def test_compilation_cache(graph: dict[str, Any]) -> None:
    component = {**worker(graph), "compilationCache": {"pvcName": "cache"}}
    child = living(g.render_component(graph, component, "0" * 8, 1))
    spec = rendering.render_deployment(child, rendering.Settings())["spec"]["template"]["spec"]
    assert {"name": "cache", "mountPath": "/root/.cache/vllm"} in spec["containers"][0]["volumeMounts"]
    assert {"name": "cache", "persistentVolumeClaim": {"claimName": "cache"}} in spec["volumes"]
