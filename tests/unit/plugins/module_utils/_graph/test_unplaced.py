# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Pods outside of graphs that no node can take."""

from __future__ import annotations

import typing as t

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import snapshot as kinds
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import unplaced
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.snapshot import Snapshot

from . import world
from .fake_api import FakeApi

Json = dict[str, t.Any]
# Of Karpenter 1.15, for a pod that wants 16 GPUs of a pool whose largest instance has 8.
SAID = (
    "Failed to schedule pod, incompatible requirements, key karpenter.sh/nodepool, karpenter.sh/nodepool In "
    "[g5-gpu-karpenter] not in karpenter.sh/nodepool In [cpu-karpenter]; no instance type has enough resources, "
    "requirements=NodePool In [g5-gpu-karpenter], kubernetes.io/os In [linux], "
    'resources=min={"nvidia.com/gpu":"16","pods":"2"}, max={"cpu":"10m","nvidia.com/gpu":"16","pods":"3"}'
)


def pod(name: str, **labels: str) -> Json:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes"}
    return {
        "metadata": {**world.meta(name, labels=labels), "namespace": "apps"},
        "spec": {"nodeSelector": {"karpenter.sh/nodepool": "g5-gpu-karpenter"}},
        "status": {"phase": "Pending", "conditions": [condition]},
    }


def event(name: str, message: str) -> Json:
    return {
        "metadata": world.meta(f"{name}.1"),
        "involvedObject": {"kind": "Pod", "name": name, "namespace": "apps"},
        "reason": "FailedScheduling",
        "reportingComponent": "karpenter",
        "type": "Warning",
        "message": message,
        "lastTimestamp": "2026-11-26T05:00:00Z",
    }


def find(*pods: Json, claims: tuple[Json, ...] = ()) -> list[Json]:
    api = FakeApi()
    api.put(kinds.PODS, "", *pods)
    api.put(kinds.EVENTS, "apps", *(event(str(item["metadata"]["name"]), SAID) for item in pods if not claims))
    known = Snapshot()
    known.put(kinds.NODE_POOLS, [world.node_pool("g5-gpu-karpenter")])
    known.put(kinds.NODE_CLAIMS, claims)
    return unplaced.find(api, known)  # type: ignore[arg-type]


def test_a_pod_that_fits_nowhere_with_what_karpenter_says_of_its_own_pool() -> None:
    (row,) = find(pod("nowhere"))
    assert (row["namespace"], row["name"]) == ("apps", "nowhere")
    assert row["message"] == "no instance type has enough resources"
    assert "lower the component's resources, or choose another pool" in row["next"]


def test_pods_of_graphs_are_diagnosed_elsewhere() -> None:
    assert find(pod("worker", **{"nvidia.com/dynamo-component": "Frontend"})) == []


def test_a_pod_whose_node_is_coming_is_no_problem() -> None:
    claim = world.node_claim("g5-gpu-karpenter-x", "g5-gpu-karpenter", ready=False)
    assert find(pod("waits"), claims=(claim,)) == []


def test_a_screen_full_of_one_reason_is_cut() -> None:
    assert len(find(*(pod(f"p{number}") for number in range(12)))) == 10


def test_the_requirements_of_pools_are_left_out_and_nothing_is_said_twice() -> None:
    said = unplaced.shortened(f"{SAID}; no instance type has enough resources, requirements=NodePool In [other]")
    assert said.startswith("Failed to schedule pod, incompatible requirements, key karpenter.sh/nodepool")
    assert said.endswith("[cpu-karpenter]; no instance type has enough resources")
