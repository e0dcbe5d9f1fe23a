# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A small cluster as data: objects the way an API server returns them, put together by tests."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import snapshot as kinds
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.snapshot import Snapshot
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import Resource

Json = dict[str, t.Any]
NAMESPACE = "dynamo-cloud"
CONTAINER: Json = {"name": "main", "image": "r/worker:1", "args": ["-m", "dynamo.vllm"]}
_numbers = itertools.count(1)


def meta(name: str, owner: tuple[str, str] | None = None, labels: Json | None = None, **more: t.Any) -> Json:
    """Make metadata; every object gets an uid and a later creation time than the one before."""
    number = next(_numbers)
    found: Json = {
        "name": name,
        "uid": f"uid-{number}",
        "creationTimestamp": f"2026-11-25T20:{number // 60 % 60:02}:{number % 60:02}Z",
        "labels": labels or {},
        "generation": 1,
        **more,
    }
    if owner:
        found["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
    return found


def condition(kind: str, status: bool | str, reason: str = "", message: str = "", **more: t.Any) -> Json:
    text = status if isinstance(status, str) else str(status)
    return {"type": kind, "status": text, "reason": reason, "message": message, **more}


def graph(
    name: str = "vllm", ready: bool = True, components: t.Sequence[tuple[str, int]] = (), **change: t.Any
) -> Json:
    """Make a v1beta1 graph as the operator of 1.x reports it."""
    wanted = components or [("Frontend", 1), ("VllmWorker", 1)]
    found: Json = {
        "metadata": meta(name, annotations={"ai-on-eks.dynamo/model": "Qwen/Qwen3-0.6B"}),
        "spec": {
            "components": [
                {
                    "name": entry,
                    "replicas": replicas,
                    "podTemplate": {"spec": {"containers": [{"name": "main", "image": f"r/{entry.lower()}:1"}]}},
                }
                for entry, replicas in wanted
            ]
        },
        "status": {
            "state": "successful" if ready else "pending",
            "observedGeneration": 1,
            "conditions": [condition("Ready", ready, "r", "m", observedGeneration=1)],
        },
    }
    found.update(change)
    return found


def old_graph(name: str = "vllm", ready: bool = True, image: str = "r/worker:1", envs: Json | None = None) -> Json:
    """Make a v1alpha1 graph as the operator of 0.4 reports it: without observedGeneration."""
    main = {"name": "", "resources": {}, "image": image, "args": ["-m", "dynamo.vllm"]}
    service: Json = {"replicas": 1, "extraPodSpec": {"mainContainer": main}, "envs": envs or []}
    return {
        "metadata": meta(name, generation=2),
        "spec": {"services": {"VllmWorker": service}},
        "status": {
            "state": "successful" if ready else "pending",
            "conditions": [condition("Ready", ready, "all_resources_are_ready", "All resources are ready")],
        },
    }


def component(owner: str, name: str, label: str, message: str = "") -> Json:
    found: Json = {
        "metadata": meta(name, ("DynamoGraphDeployment", owner), {kinds.COMPONENT_LABEL: label}),
        "status": {},
    }
    if message:
        found["status"]["conditions"] = [condition("Available", False, "Reconciling", message)]
    return found


def deployment(name: str, replicas: int = 1, ready: int | None = None, **change: t.Any) -> Json:
    up = replicas if ready is None else ready
    found: Json = {
        "metadata": meta(name, ("DynamoComponentDeployment", name)),
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [dict(CONTAINER)]}},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "availableReplicas": up,
        },
    }
    found.update(change)
    return found


def replica_set(name: str, owner: str, **change: t.Any) -> Json:
    return {"metadata": meta(name, ("Deployment", owner)), "spec": {"replicas": 1}, "status": {}, **change}


def pod(name: str, owner: str, label: str, ready: bool = True, node: str = "n1", **change: t.Any) -> Json:
    running, creating = {"running": {"startedAt": "2026-11-25T20:00:00Z"}}, {"waiting": {"reason": "ContainerCreating"}}
    state: Json = running if ready else creating
    found: Json = {
        "metadata": meta(name, ("ReplicaSet", owner), {kinds.COMPONENT_LABEL: label}),
        "spec": {"nodeName": node, "containers": [{"name": "main"}]} if node else {"containers": [{"name": "main"}]},
        "status": {
            "phase": "Running" if ready else "Pending",
            "conditions": [condition("Ready", ready)],
            "containerStatuses": [
                {"name": "main", "ready": ready, "restartCount": 0, "image": "r/worker:1", "state": state}
            ],
        },
    }
    found.update(change)
    return found


def event(kind: str, name: str, reason: str, message: str, source: str = "kubelet", warning: bool = True) -> Json:
    made = meta(f"{name}.{reason}")
    return {
        "metadata": made,
        "involvedObject": {"kind": kind, "name": name},
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": message,
        "source": {"component": source},
        "lastTimestamp": made["creationTimestamp"],
    }


def node_pool(name: str) -> Json:
    return {"metadata": meta(name), "status": {"conditions": [condition("Ready", True)]}}


def node_claim(name: str, pool: str, launched: bool = True, ready: bool = False, message: str = "") -> Json:
    made = meta(name, labels={"karpenter.sh/nodepool": pool, "node.kubernetes.io/instance-type": "g5.2xlarge"})
    launch = condition("Launched", launched, "LaunchFailed" if message else "", message)
    launch["lastTransitionTime"] = made["creationTimestamp"]
    return {"metadata": made, "status": {"conditions": [launch, condition("Ready", ready)]}}


def chain(owner: str, name: str, label: str, replicas: int = 1, ready: int | None = None) -> dict[str, list[Json]]:
    """Make everything under one component that has come up."""
    up = replicas if ready is None else ready
    return {
        "DynamoComponentDeployment": [component(owner, name, label)],
        "Deployment": [deployment(name, replicas, up)],
        "ReplicaSet": [replica_set(f"{name}-abc", name)],
        "Pod": [pod(f"{name}-abc-{index}", f"{name}-abc", label, index < up) for index in range(replicas)],
    }


_RESOURCES: dict[str, Resource] = {
    "DynamoGraphDeployment": kinds.graphs("v1beta1"),
    "DynamoComponentDeployment": kinds.components("v1beta1"),
    "Deployment": kinds.DEPLOYMENTS,
    "ReplicaSet": kinds.REPLICA_SETS,
    "Pod": kinds.PODS,
    "Event": kinds.EVENTS,
    "PersistentVolumeClaim": kinds.CLAIMS,
    "NodePool": kinds.NODE_POOLS,
    "NodeClaim": kinds.NODE_CLAIMS,
}


def snapshot(*parts: dict[str, list[Json]], **objects: list[Json]) -> Snapshot:
    """Make a snapshot of everything in `parts` and `objects`, both by kind. Pools g5 and cpu are always there."""
    merged: dict[str, list[Json]] = {"NodePool": [node_pool("g5-gpu-karpenter"), node_pool("cpu-karpenter")]}
    for part in [*parts, objects]:
        for kind, entries in part.items():
            merged[kind] = [*merged.get(kind, []), *entries]
    found = Snapshot()
    for kind, resource in _RESOURCES.items():
        found.put(resource, merged.get(kind, []), NAMESPACE if resource.namespaced else "")
    return found


def healthy() -> list[dict[str, list[Json]]]:
    """Return everything under the graph vllm, ready."""
    return [
        chain("vllm", "vllm-frontend", "Frontend"),
        chain("vllm", "vllm-vllmworker-dfce81a3", "VllmWorker"),
    ]
