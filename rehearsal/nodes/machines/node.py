# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""An EC2 instance as a Node object, as the kubelet of an EKS node image registers it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.nodes.machines import capacity

Json = dict[str, Any]

KWOK_ANNOTATION = {"kwok.x-k8s.io/node": "fake"}
_KUBELET_PORT = 10250
_TAINT_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}


@dataclass(frozen=True)
class NodeGroup:
    """What matters of a managed node group."""

    name: str
    role_arn: str
    capacity_type: str = "ON_DEMAND"
    image: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Json] = ()


def tags_of(instance: Json) -> dict[str, str]:
    """Return an instance's tags."""
    return {row["Key"]: row["Value"] for row in instance.get("Tags") or []}


def provider_id(instance: Json) -> str:
    """Return spec.providerID."""
    return f"aws:///{instance['Placement']['AvailabilityZone']}/{instance['InstanceId']}"


def node_name(instance: Json, region: str) -> str:
    """Return the node's name: the private DNS name."""
    given = instance.get("PrivateDnsName")
    if given:
        return str(given)
    return f"ip-{str(instance['PrivateIpAddress']).replace('.', '-')}.{region}.compute.internal"


def is_karpenters(instance: Json) -> bool:
    """Tell whether Karpenter launched an instance."""
    return "karpenter.sh/nodepool" in tags_of(instance)


def labels(instance: Json, instance_type: Json, group: NodeGroup | None, region: str) -> dict[str, str]:
    """Return the labels a kubelet registers with; Karpenter adds its own to its nodes."""
    arch, kind = capacity.architecture(instance_type), instance["InstanceType"]
    zone = instance["Placement"]["AvailabilityZone"]
    result = {
        "beta.kubernetes.io/arch": arch,
        "beta.kubernetes.io/instance-type": kind,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": region,
        "failure-domain.beta.kubernetes.io/zone": zone,
        "kubernetes.io/arch": arch,
        "kubernetes.io/hostname": node_name(instance, region),
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": kind,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
        "k8s.io/cloud-provider-aws": "0123456789abcdef0123456789abcdef",
    }
    if group is not None:
        result["eks.amazonaws.com/nodegroup"] = group.name
        result["eks.amazonaws.com/capacityType"] = group.capacity_type
        if group.image:
            result["eks.amazonaws.com/nodegroup-image"] = group.image
        result.update(group.labels)
    return result


def taints(instance: Json, group: NodeGroup | None) -> list[Json]:
    """Return the taints a kubelet registers with."""
    if is_karpenters(instance):
        # nobody may run there before Karpenter has put its labels and taints on it
        return [{"key": "karpenter.sh/unregistered", "effect": "NoExecute"}]
    result = []
    for taint in group.taints if group else ():
        entry = {"key": taint["key"], "effect": _TAINT_EFFECTS.get(taint["effect"], taint["effect"])}
        if taint.get("value"):
            entry["value"] = taint["value"]
        result.append(entry)
    return result


def build(
    instance: Json,
    instance_type: Json,
    group: NodeGroup | None,
    *,
    region: str,
    disk_gib: int,
    kubelet_version: str,
    os_image: str,
    devices: Mapping[str, int],
) -> Json:
    """Return the Node of an instance: not ready yet, which kwok (its kubelet) changes."""
    name = node_name(instance, region)
    total, allocatable = capacity.resources(instance_type, disk_gib)
    extra = {resource: str(count) for resource, count in devices.items() if count}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": dict(KWOK_ANNOTATION),
            "labels": labels(instance, instance_type, group, region),
        },
        "spec": {"providerID": provider_id(instance), "taints": taints(instance, group)},
        "status": {
            "capacity": {**total, **extra},
            "allocatable": {**allocatable, **extra},
            "addresses": [
                {"type": "InternalIP", "address": str(instance.get("PrivateIpAddress") or "")},
                {"type": "InternalDNS", "address": name},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": _KUBELET_PORT}},
            "nodeInfo": {
                "architecture": capacity.architecture(instance_type),
                "bootID": "",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.0",
                "kubeProxyVersion": kubelet_version,
                "kubeletVersion": kubelet_version,
                "machineID": str(instance["InstanceId"]),
                "operatingSystem": "linux",
                "osImage": os_image,
                "systemUUID": str(instance["InstanceId"]),
            },
            "conditions": [
                {
                    "type": "Ready",
                    "status": "False",
                    "reason": "KubeletNotReady",
                    "message": "container runtime network not ready: cni plugin not initialized",
                }
            ],
        },
    }


def device_patch(node: Json, wanted: Mapping[str, int]) -> Json | None:
    """Return the status change that makes a node show these devices, None when it does already.

    A device whose plugin is gone stays in the capacity with nothing to allocate, as with a real kubelet.
    """
    state = node.get("status") or {}
    total, free = dict(state.get("capacity") or {}), dict(state.get("allocatable") or {})
    change_total = {name: str(count) for name, count in wanted.items() if count and total.get(name) != str(count)}
    change_free = {
        name: str(count)
        for name, count in wanted.items()
        if free.get(name, "0") != str(count) and (count or name in free)
    }
    if not change_total and not change_free:
        return None
    return {"status": {"capacity": change_total, "allocatable": change_free}}
