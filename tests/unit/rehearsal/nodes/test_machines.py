# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Instances as Nodes."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.nodes.machines import capacity, node
from rehearsal.nodes.machines.joiner import is_bottlerocket, plugin_nodes, refusal
from rehearsal.nodes.machines.node import NodeGroup


def kind(vcpus: int = 4, mib: int = 16384, gpus: int = 0, **network: Any) -> dict[str, Any]:
    described: dict[str, Any] = {
        "VCpuInfo": {"DefaultVCpus": vcpus},
        "MemoryInfo": {"SizeInMiB": mib},
        "NetworkInfo": {"MaximumNetworkInterfaces": 4, "Ipv4AddressesPerInterface": 15, **network},
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
    }
    if gpus:
        described["GpuInfo"] = {"Gpus": [{"Count": gpus, "Manufacturer": "NVIDIA"}]}
    return described


INSTANCE = {
    "InstanceId": "i-1",
    "InstanceType": "g5.xlarge",
    "PrivateDnsName": "ip-10-1-0-5.us-west-2.compute.internal",
    "PrivateIpAddress": "10.1.0.5",
    "Placement": {"AvailabilityZone": "us-west-2a"},
    "Tags": [{"Key": "eks:nodegroup-name", "Value": "core"}],
}
KARPENTERS = {**INSTANCE, "Tags": [{"Key": "karpenter.sh/nodepool", "Value": "g5"}]}
GROUP = NodeGroup(
    "core",
    "arn:aws:iam::1:role/node",
    labels={"NodeGroupType": "core"},
    taints=[{"key": "dedicated", "value": "x", "effect": "NO_SCHEDULE"}, {"key": "k", "effect": "NO_EXECUTE"}],
)


# Known of EKS: m5.xlarge has 58 pods and 3920m CPU, t3.medium 17 pods and 1930m; large ones are capped at 250 pods.
@pytest.mark.parametrize(
    ("described", "pods", "cpu"),
    [
        (kind(4), 58, "3920m"),
        (kind(2, 4096, MaximumNetworkInterfaces=3, Ipv4AddressesPerInterface=6), 17, "1930m"),
        (kind(16, 65536, MaximumNetworkInterfaces=8, Ipv4AddressesPerInterface=30), 110, "15890m"),
        (kind(192, 2 << 20, MaximumNetworkInterfaces=64, Ipv4AddressesPerInterface=50), 250, "191450m"),
    ],
)
def test_capacity(described: dict[str, Any], pods: int, cpu: str) -> None:
    total, free = capacity.resources(described, 100)
    assert (total["pods"], free["cpu"]) == (str(pods), cpu)
    assert int(free["memory"][:-2]) < int(total["memory"][:-2]) < described["MemoryInfo"]["SizeInMiB"] * 1024
    assert capacity.GPU not in total


def test_gpus_and_efa() -> None:
    assert capacity.gpus(kind(gpus=8)) == 8
    assert capacity.gpus(kind()) == 0
    assert capacity.efa_interfaces(kind(EfaSupported=True, EfaInfo={"MaximumEfaInterfaces": 32})) == 32
    assert capacity.efa_interfaces(kind(EfaSupported=False)) == 0


def build(instance: dict[str, Any], group: NodeGroup | None, devices: dict[str, int]) -> dict[str, Any]:
    return node.build(
        instance,
        kind(gpus=1),
        group,
        region="us-west-2",
        disk_gib=100,
        kubelet_version="v1.35.4",
        os_image="Amazon Linux 2023",
        devices=devices,
    )


def test_node_of_a_managed_group() -> None:
    built = build(INSTANCE, GROUP, {})
    assert built["metadata"]["name"] == "ip-10-1-0-5.us-west-2.compute.internal"
    assert built["spec"]["providerID"] == "aws:///us-west-2a/i-1"
    assert built["metadata"]["labels"]["eks.amazonaws.com/nodegroup"] == "core"
    assert built["metadata"]["labels"]["NodeGroupType"] == "core"
    assert built["spec"]["taints"] == [
        {"key": "dedicated", "value": "x", "effect": "NoSchedule"},
        {"key": "k", "effect": "NoExecute"},
    ]
    (ready,) = built["status"]["conditions"]
    assert (ready["type"], ready["status"]) == ("Ready", "False")


def test_node_of_karpenter_waits_to_be_registered() -> None:
    built = build(KARPENTERS, None, {})
    assert built["spec"]["taints"] == [{"key": "karpenter.sh/unregistered", "effect": "NoExecute"}]
    assert "eks.amazonaws.com/nodegroup" not in built["metadata"]["labels"]


def test_gpus_show_only_with_a_plugin() -> None:
    assert capacity.GPU not in build(INSTANCE, GROUP, {})["status"]["capacity"]
    assert build(INSTANCE, GROUP, {capacity.GPU: 1})["status"]["allocatable"][capacity.GPU] == "1"


def test_device_patches() -> None:
    plain: dict[str, Any] = {"status": {"capacity": {"cpu": "4"}, "allocatable": {"cpu": "4"}}}
    assert node.device_patch(plain, {capacity.GPU: 0}) is None
    change = node.device_patch(plain, {capacity.GPU: 2})
    assert change == {"status": {"capacity": {capacity.GPU: "2"}, "allocatable": {capacity.GPU: "2"}}}
    shown = {"status": {"capacity": {capacity.GPU: "2"}, "allocatable": {capacity.GPU: "2"}}}
    assert node.device_patch(shown, {capacity.GPU: 2}) is None
    # the plugin is gone: nothing to allocate, the capacity stays
    assert node.device_patch(shown, {capacity.GPU: 0}) == {
        "status": {"capacity": {}, "allocatable": {capacity.GPU: "0"}}
    }


@pytest.mark.parametrize(
    ("role", "entry", "group_role", "word"),
    [
        ("r", True, "", None),
        ("r", False, "r", None),
        ("r", False, "", "no access entry"),
        ("r", False, "other", "no access entry"),
        (None, False, "", "no instance profile"),
    ],
)
def test_who_may_join(role: str | None, entry: bool, group_role: str, word: str | None) -> None:
    why = refusal(role, entry, group_role)
    assert why is None if word is None else word in (why or "")


def plugin_pod(image: str, ready: str) -> dict[str, Any]:
    return {
        "metadata": {},
        "spec": {"nodeName": "n1", "containers": [{"image": image}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def test_plugins_count_once_they_are_ready() -> None:
    image = "nvcr.io/nvidia/k8s-device-plugin:v0.20.0"
    assert plugin_nodes([plugin_pod(image, "True")], "k8s-device-plugin") == {"n1"}
    assert plugin_nodes([plugin_pod(image, "False")], "k8s-device-plugin") == set()
    assert plugin_nodes([plugin_pod("x/other:1", "True")], "k8s-device-plugin") == set()


def test_bottlerocket_brings_its_plugin() -> None:
    assert is_bottlerocket("bottlerocket-aws-k8s-1.35-nvidia-x86_64-v1.64.0")
    assert not is_bottlerocket("amazon-eks-node-al2023-x86_64-nvidia-1.35")
