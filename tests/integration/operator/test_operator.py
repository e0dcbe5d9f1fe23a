# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The operator against a real API server, with the permissions that its chart gives it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from cluster import Cluster, mark_ready, wait_for

from rehearsal.dynamo.kube import Json, KubeError
from rehearsal.dynamo.operator import consts as c


def graph(name: str = "vllm-agg", namespace: str = "dyn") -> Json:
    def component(title: str, kind: str, command: list[str]) -> Json:
        image = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1"
        main: Json = {"name": "main", "image": image}
        if command:
            main["command"] = command
        return {"name": title, "type": kind, "replicas": 1, "podTemplate": {"spec": {"containers": [main]}}}

    worker = component("VllmDecodeWorker", "worker", ["python3", "-m", "dynamo.vllm", "--model", "Qwen/Qwen3-0.6B"])
    return {
        "apiVersion": "nvidia.com/v1beta1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"components": [component("Frontend", "frontend", []), worker]},
    }


def status_of(cluster: Cluster, name: str, namespace: str = "dyn") -> Json:
    found = cluster.client.get(c.GRAPH, namespace, name)
    assert found is not None
    return dict(found.get("status") or {})


def ready_condition(status: Json) -> Json:
    return next((item for item in status.get("conditions") or [] if item["type"] == "Ready"), {})


def names(cluster: Cluster, resource: Any, namespace: str, graph_name: str) -> list[str]:
    items = cluster.client.list(resource, namespace, f"{c.L_GRAPH}={graph_name}")["items"]
    return sorted(item["metadata"]["name"] for item in items)


def make_ready(cluster: Cluster, name: str, namespace: str = "dyn") -> Json:
    def settled() -> Json:
        mark_ready(cluster.client, namespace, f"{c.L_GRAPH}={name}")
        status = status_of(cluster, name, namespace)
        return status if status.get("state") == "successful" else {}

    return wait_for(f"graph {name} to be ready", settled)


@pytest.fixture
def deployed(operator: object, cluster: Cluster) -> Json:
    cluster.namespace("dyn")
    made = cluster.client.create(c.GRAPH, "dyn", graph())
    wait_for("the Deployments", lambda: len(names(cluster, c.DEPLOYMENT, "dyn", "vllm-agg")) == 2, 5)
    yield made
    cluster.client.delete(c.GRAPH, "dyn", "vllm-agg")
    wait_for("the graph to go", lambda: cluster.client.get(c.GRAPH, "dyn", "vllm-agg") is None)
    wait_for("its children to go", lambda: not names(cluster, c.DEPLOYMENT, "dyn", "vllm-agg"))


def test_life(deployed: Json, cluster: Cluster) -> None:
    assert ready_condition(status_of(cluster, "vllm-agg")).get("status") != "True"
    make_ready(cluster, "vllm-agg")
