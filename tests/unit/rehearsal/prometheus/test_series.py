# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Series of Kubernetes' objects and of GPUs."""

from __future__ import annotations

from typing import Any

from rehearsal.prometheus import series


def pod(name: str, *, gpus: int = 0, phase: str = "Running", **status: Any) -> dict[str, Any]:
    amounts = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    labels = {"nvidia.com/dynamo-component-type": "worker", "secret": "x"}
    return {
        "metadata": {
            "namespace": "ns",
            "name": name,
            "uid": "u",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": labels,
        },
        "spec": {
            "nodeName": "n",
            "containers": [{"name": "main", "resources": {"limits": amounts, "requests": amounts}}],
        },
        "status": {"phase": phase, **status},
    }


NODE = {
    "metadata": {
        "name": "n",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"node.kubernetes.io/instance-type": "g5.12xlarge"},
    },
    "status": {"capacity": {"nvidia.com/gpu": "4", "memory": "1Gi"}, "allocatable": {"nvidia.com/gpu": "4"}},
}


def values(samples: Any) -> dict[tuple[str, ...], float]:
    return {
        (s.family, *sorted(f"{k}={v}" for k, v in s.labels.items() if k not in ("uid", "pod"))): s.value
        for s in samples
    }


def test_labels_come_only_by_the_list() -> None:
    names = series.allowed("pods=[nvidia.com/dynamo-component-type],nodes=[a,b]")
    assert names == {"pods": ["nvidia.com/dynamo-component-type"], "nodes": ["a", "b"]}
    (found,) = [s for s in series.of_pod(pod("p"), names["pods"]) if s.family == "kube_pod_labels"]
    assert found.labels["label_nvidia_com_dynamo_component_type"] == "worker"
    assert "label_secret" not in found.labels


def test_a_pod_without_a_node() -> None:
    waiting = pod(
        "p", phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]
    )
    found = values(series.of_pod(waiting, []))
    assert found["kube_pod_status_unschedulable", "namespace=ns"] == 1
    assert found["kube_pod_status_phase", "namespace=ns", "phase=Pending"] == 1
    assert found["kube_pod_status_ready", "condition=true", "namespace=ns"] == 0
    assert not [key for key in values(series.of_pod(pod("q"), [])) if key[0] == "kube_pod_status_unschedulable"]


def test_amounts_have_their_units() -> None:
    found = values(series.of_node(NODE, []))
    assert found["kube_node_status_capacity", "node=n", "resource=memory", "unit=byte"] == 1024**3
    assert found["kube_node_status_allocatable", "node=n", "resource=nvidia_com_gpu", "unit=integer"] == 4


def test_a_gpu_is_busy_when_a_pod_holds_it() -> None:
    rows = [
        s
        for s in series.of_gpus(NODE, [pod("p", gpus=1), pod("done", gpus=2, phase="Succeeded")], "exporter")
        if s.family == "DCGM_FI_DEV_GPU_UTIL"
    ]
    assert [row.labels["gpu"] for row in rows] == ["0", "1", "2", "3"]
    assert [row.labels.get("pod") for row in rows] == ["p", None, None, None]
    assert [row.value > 0 for row in rows] == [True, False, False, False]


def test_text_format() -> None:
    text = series.exposition([series.Sample("a_total", {"x": 'q"\\\n'}, 1), series.Sample("b", {}, 12345678901)])
    assert text == '# TYPE a_total counter\na_total{x="q\\"\\\\\\n"} 1\n# TYPE b gauge\nb{} 12345678901\n'
