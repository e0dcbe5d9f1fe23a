# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What kube-state-metrics and the DCGM exporter would measure, from the cluster's objects: pure functions.

The names, labels and units are those of the real ones; there are only the families that dashboards and alerts use.
A GPU measures nothing here: its values are recorded ones, busy when a pod holds it and idle otherwise.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rehearsal.nodes import quantity

Json = dict[str, Any]
GPU = "nvidia.com/gpu"
PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
_UNITS = {"cpu": "core", "memory": "byte", "ephemeral-storage": "byte", "pods": "integer", GPU: "integer"}
# Family of a GPU: (busy, idle), from an A10G that serves an 8B model and one that nothing uses.
RECORDED: dict[str, tuple[float, float]] = {
    "DCGM_FI_DEV_GPU_UTIL": (74, 0),
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": (0.71, 0),
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": (0.32, 0),
    "DCGM_FI_PROF_DRAM_ACTIVE": (0.55, 0),
    "DCGM_FI_DEV_FB_USED": (20480, 0),
    "DCGM_FI_DEV_FB_FREE": (2048, 22528),
    "DCGM_FI_DEV_POWER_USAGE": (214.5, 26.1),
    "DCGM_FI_DEV_GPU_TEMP": (61, 33),
    "DCGM_FI_DEV_SM_CLOCK": (1710, 210),
    "DCGM_FI_DEV_XID_ERRORS": (0, 0),
}
_GAUGE_OR_COUNTER = re.compile(r"_total$")


@dataclass(frozen=True)
class Sample:
    """One value of a family."""

    family: str
    labels: Mapping[str, str]
    value: float


def exposition(samples: Iterable[Sample]) -> str:
    """Write samples in Prometheus' text format, family by family."""
    families: dict[str, list[Sample]] = {}
    for sample in samples:
        families.setdefault(sample.family, []).append(sample)
    lines = []
    for name, rows in families.items():
        lines.append(f"# TYPE {name} {'counter' if _GAUGE_OR_COUNTER.search(name) else 'gauge'}")
        for row in rows:
            labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in row.labels.items())
            lines.append(
                f"{name}{{{labels}}} {row.value:g}" if abs(row.value) < 1e5 else f"{name}{{{labels}}} {row.value:.0f}"
            )
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def allowed(argument: str) -> dict[str, list[str]]:
    """Read --metric-labels-allowlist: resource to the Kubernetes labels that become labels."""
    return {
        match[1]: [name for name in match[2].split(",") if name]
        for match in re.finditer(r"(\w+)=\[([^\]]*)\]", argument)
    }


def _label_names(obj: Json, names: Iterable[str]) -> dict[str, str]:
    labels = obj["metadata"].get("labels") or {}
    return {"label_" + re.sub(r"[^a-zA-Z0-9_]", "_", name): labels[name] for name in names if name in labels}


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def _resources(amounts: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], float]]:
    for name, amount in amounts.items():
        labels = {"resource": re.sub(r"[^a-zA-Z0-9_]", "_", name), "unit": _UNITS.get(name, "integer")}
        yield labels, float(quantity.parse(str(amount)))


def of_pod(pod: Json, names: Iterable[str]) -> Iterator[Sample]:
    """Series of one pod."""
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    node = spec.get("nodeName", "")
    own = {"namespace": meta["namespace"], "pod": meta["name"], "uid": meta["uid"]}
    owner = (meta.get("ownerReferences") or [{}])[0]
    made_by = {"created_by_kind": owner.get("kind", ""), "created_by_name": owner.get("name", "")}
    yield Sample("kube_pod_info", {**own, "node": node, "pod_ip": status.get("podIP", ""), **made_by}, 1)
    yield Sample("kube_pod_labels", {**own, **_label_names(pod, names)}, 1)
    yield Sample("kube_pod_created", own, _seconds(meta["creationTimestamp"]))
    for phase in PHASES:
        yield Sample("kube_pod_status_phase", {**own, "phase": phase}, float(status.get("phase") == phase))
    conditions = {row["type"]: row for row in status.get("conditions") or []}
    ready = str((conditions.get("Ready") or {}).get("status", "False")).lower()
    for word in ("true", "false", "unknown"):
        yield Sample("kube_pod_status_ready", {**own, "condition": word}, float(ready == word))
    if (conditions.get("PodScheduled") or {}).get("reason") == "Unschedulable":
        yield Sample("kube_pod_status_unschedulable", own, 1)
    for container in spec["containers"]:
        for labels, value in _resources((container.get("resources") or {}).get("requests") or {}):
            held = {**own, "container": container["name"], "node": node, **labels}
            yield Sample("kube_pod_container_resource_requests", held, value)
    for row in status.get("containerStatuses") or []:
        named = {**own, "container": row["name"]}
        yield Sample("kube_pod_container_status_restarts_total", named, float(row.get("restartCount", 0)))
        waiting = (row.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            yield Sample("kube_pod_container_status_waiting_reason", {**named, "reason": waiting["reason"]}, 1)


def of_node(node: Json, names: Iterable[str]) -> Iterator[Sample]:
    """Series of one node."""
    own = {"node": node["metadata"]["name"]}
    status = node.get("status") or {}
    info = status.get("nodeInfo") or {}
    yield Sample("kube_node_info", {**own, "kubelet_version": info.get("kubeletVersion", "")}, 1)
    yield Sample("kube_node_labels", {**own, **_label_names(node, names)}, 1)
    yield Sample("kube_node_created", own, _seconds(node["metadata"]["creationTimestamp"]))
    for kind in ("capacity", "allocatable"):
        for labels, value in _resources(status.get(kind) or {}):
            yield Sample(f"kube_node_status_{kind}", {**own, **labels}, value)
    for row in status.get("conditions") or []:
        for word in ("true", "false", "unknown"):
            state = {**own, "condition": row["type"], "status": word}
            yield Sample("kube_node_status_condition", state, float(str(row["status"]).lower() == word))


def of_deployment(deployment: Json) -> Iterator[Sample]:
    """Series of one Deployment."""
    meta = deployment["metadata"]
    own = {"namespace": meta["namespace"], "deployment": meta["name"]}
    yield Sample("kube_deployment_spec_replicas", own, float(deployment["spec"].get("replicas", 1)))
    ready = (deployment.get("status") or {}).get("readyReplicas", 0)
    yield Sample("kube_deployment_status_replicas_ready", own, float(ready))


def of_gpus(node: Json, pods: Iterable[Json], hostname: str) -> Iterator[Sample]:
    """Series of a node's GPUs: the first ones belong to the pods that hold some, as many as each asks for."""
    name = node["metadata"]["name"]
    count = int(quantity.parse(str((node.get("status") or {}).get("capacity", {}).get(GPU, "0"))))
    labels = node["metadata"].get("labels") or {}
    model = labels.get("karpenter.k8s.aws/instance-gpu-name", "a10g").upper()
    holders: list[tuple[str, str, str]] = []
    for pod in pods:
        if pod["spec"].get("nodeName") != name or (pod.get("status") or {}).get("phase") != "Running":
            continue
        for container in pod["spec"]["containers"]:
            held = int((container.get("resources") or {}).get("limits", {}).get(GPU, 0))
            holders += [(pod["metadata"]["namespace"], pod["metadata"]["name"], container["name"])] * held
    for index in range(count):
        holder = holders[index] if index < len(holders) else None
        uuid = hashlib.sha256(f"{name} {index}".encode()).hexdigest()
        own = {
            "gpu": str(index),
            "UUID": f"GPU-{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:32]}",
            "device": f"nvidia{index}",
            "modelName": f"NVIDIA {model}",
            "Hostname": hostname,
        }
        if holder:
            own |= dict(zip(("namespace", "pod", "container"), holder, strict=True))
        for family, (busy, idle) in RECORDED.items():
            yield Sample(family, own, busy if holder else idle)
