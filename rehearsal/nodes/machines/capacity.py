# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a machine offers to pods, from DescribeInstanceTypes, with the reservations of the EKS node images. Pure."""

from __future__ import annotations

import math
from typing import Any

Json = dict[str, Any]

GPU = "nvidia.com/gpu"
EFA = "vpc.amazonaws.com/efa"

# A guest sees less memory than EC2 lists: hypervisor and kernel take their part.
_VISIBLE_MEMORY = 0.945
_EVICTION_MIB = 100  # --eviction-hard memory.available<100Mi
_MAX_PODS = 110
_LARGE_MAX_PODS = 250
_LARGE_VCPUS = 30
_EPHEMERAL_SHARE = 0.9  # nodefs.available<10%


def max_pods(instance_type: Json) -> int:
    """Return the pods that fit, by the VPC CNI's rule: addresses of all network cards, less one per card, and two.

    Amazon's images cap this at 110, or 250 from 30 vCPUs on.
    """
    network = instance_type.get("NetworkInfo") or {}
    interfaces = int(network.get("MaximumNetworkInterfaces") or 4)
    addresses = int(network.get("Ipv4AddressesPerInterface") or 15)
    cap = _LARGE_MAX_PODS if cpus(instance_type) > _LARGE_VCPUS else _MAX_PODS
    return min(interfaces * (addresses - 1) + 2, cap)


def cpus(instance_type: Json) -> int:
    """Return the vCPUs of an instance type."""
    return int(instance_type["VCpuInfo"]["DefaultVCpus"])


def reserved_millicpus(count: int) -> int:
    """Return kube-reserved CPU: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest."""
    return sum(60 if core == 0 else 10 if core == 1 else 5 if core < 4 else 0 for core in range(count)) + math.ceil(
        max(count - 4, 0) * 2.5
    )


def reserved_mib(pods: int) -> int:
    """Return kube-reserved memory."""
    return 255 + 11 * pods


def gpus(instance_type: Json) -> int:
    """Return the NVIDIA GPUs of an instance type."""
    devices = (instance_type.get("GpuInfo") or {}).get("Gpus") or []
    return sum(int(device.get("Count") or 0) for device in devices if device.get("Manufacturer", "NVIDIA") == "NVIDIA")


def efa_interfaces(instance_type: Json) -> int:
    """Return how many EFA devices an instance type may have."""
    network = instance_type.get("NetworkInfo") or {}
    if not network.get("EfaSupported"):
        return 0
    return int((network.get("EfaInfo") or {}).get("MaximumEfaInterfaces") or 1)


def architecture(instance_type: Json) -> str:
    """Return amd64 or arm64."""
    supported = (instance_type.get("ProcessorInfo") or {}).get("SupportedArchitectures") or ["x86_64"]
    return "arm64" if "arm64" in supported and "x86_64" not in supported else "amd64"


def resources(instance_type: Json, disk_gib: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return (capacity, allocatable) of a node without device plugins."""
    count, pods = cpus(instance_type), max_pods(instance_type)
    mib = int(int(instance_type["MemoryInfo"]["SizeInMiB"]) * _VISIBLE_MEMORY)
    capacity = {
        "cpu": str(count),
        "memory": f"{mib * 1024}Ki",
        "pods": str(pods),
        "ephemeral-storage": f"{disk_gib * 1024 * 1024}Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
    }
    allocatable = {
        **capacity,
        "cpu": f"{count * 1000 - reserved_millicpus(count)}m",
        "memory": f"{(mib - reserved_mib(pods) - _EVICTION_MIB) * 1024}Ki",
        "ephemeral-storage": str(int(disk_gib * 1024**3 * _EPHEMERAL_SHARE)),
    }
    return capacity, allocatable
