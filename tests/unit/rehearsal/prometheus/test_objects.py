# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the stand-in makes from a Prometheus, and what it says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rehearsal.prometheus import objects

PROMETHEUS, ALERTMANAGER = objects.KINDS
NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


def prometheus(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "kps-prometheus", "namespace": "kps", "uid": "1", "generation": 3}
    return {"metadata": metadata, "spec": {"image": "quay.io/prometheus/prometheus:v3", "replicas": 1, **spec}}


def workload(ready: int, observed: int = 1) -> dict[str, Any]:
    return {"metadata": {"generation": 1}, "status": {"observedGeneration": observed, "readyReplicas": ready}}


def test_services_of_the_chart_find_the_pods() -> None:
    made = objects.stateful_set(PROMETHEUS, prometheus())
    pod_labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["metadata"]["name"] == "prometheus-kps-prometheus"
    assert pod_labels["app.kubernetes.io/name"] == "prometheus"
    assert pod_labels["operator.prometheus.io/name"] == "kps-prometheus"
    assert made["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"name": "http-web", "containerPort": 9090}]
    assert made["metadata"]["ownerReferences"][0]["kind"] == "Prometheus"
    assert objects.labels(ALERTMANAGER, "kps")["alertmanager"] == "kps"
    assert objects.governing_service(PROMETHEUS, prometheus())["metadata"]["name"] == "prometheus-operated"


def test_storage_becomes_a_claim() -> None:
    spec = {"resources": {"requests": {"storage": "50Gi"}}}
    made = objects.stateful_set(PROMETHEUS, prometheus(storage={"volumeClaimTemplate": {"spec": spec}}))
    assert made["spec"]["volumeClaimTemplates"][0]["spec"] == spec
    assert "volumeClaimTemplates" not in objects.stateful_set(PROMETHEUS, prometheus())["spec"]


def test_available_only_when_the_newest_stateful_set_is_ready() -> None:
    found = {state: objects.status(prometheus(), workload(*state), NOW) for state in ((0, 1), (1, 0), (1, 1))}
    assert {state: status["conditions"][0]["status"] for state, status in found.items()} == {
        (0, 1): "False",
        (1, 0): "False",
        (1, 1): "True",
    }
    assert found[(1, 1)]["conditions"][0]["observedGeneration"] == 3


def test_transition_time_moves_only_with_a_transition() -> None:
    obj = prometheus()
    obj["status"] = objects.status(obj, workload(1), NOW)
    later = datetime(2026, 11, 25, 13, 0, 0, tzinfo=UTC)
    assert objects.status(obj, workload(1), later) == obj["status"]
    assert objects.status(obj, workload(0), later)["conditions"][0]["lastTransitionTime"] == "2026-11-25T13:00:00Z"
