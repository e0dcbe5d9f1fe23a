# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Sizes of EC2 instance types, and which quota counts them.

What EC2 says of a type goes before the rules here, which are for the time when it may not be asked.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

_TYPE = re.compile(r"(?P<letters>[a-z]+)(?P<generation>[0-9][0-9a-z-]*)\.(?P<size>[0-9a-z-]+)\Z")
_XLARGE = re.compile(r"([0-9]*)xlarge\Z")
# GPUs of a size, where that is not one. Source: EC2 User Guide, accelerated computing instances.
_GPUS = {
    "g5": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6e": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "p4d": {"24xlarge": 8},
    "p4de": {"24xlarge": 8},
    "p5": {"48xlarge": 8},
    "p5e": {"48xlarge": 8},
    "p5en": {"48xlarge": 8},
}
# GiB of memory for each vCPU. Source: as above, and the pages of the families.
_MEMORY = {"c": 2, "m": 4, "r": 8, "g5": 4, "g6": 4, "g6e": 8}


@dataclasses.dataclass(frozen=True)
class Shape:
    """What an instance type has; memory in GiB, 0 where it is not known."""

    name: str
    vcpus: int
    gpus: int = 0
    memory_gib: float = 0


def family_of(instance_type: str) -> str:
    """Return the family, for example g5 of g5.2xlarge."""
    return instance_type.partition(".")[0]


def quota_class(instance_type: str) -> str:
    """Return which family of quotas counts a type: g, p, p5 (spot only differs), standard, or "" for another."""
    match = _TYPE.match(instance_type)
    letters = match["letters"] if match else ""
    if letters in ("g", "gr", "vt"):
        return "g"
    if letters == "p":
        return "p5" if instance_type.startswith("p5") else "p"
    if letters in ("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"):
        return "standard"
    return ""


def shape_of(instance_type: str) -> Shape:
    """Return the size of a type by the rules that EC2 names its types by.

    Every xlarge is four vCPUs; a type that these rules do not cover counts none.
    """
    size = instance_type.partition(".")[2]
    match = _XLARGE.match(size)
    vcpus = 4 * int(match[1] or 1) if match else {"large": 2, "medium": 1, "small": 1}.get(size, 0)
    family = family_of(instance_type)
    letters = re.split(r"[0-9]", family)[0]
    gpus = _GPUS[family].get(size, 1) if family in _GPUS else int(letters in ("g", "gr"))
    return Shape(instance_type, vcpus, gpus, vcpus * _MEMORY.get(family, _MEMORY.get(letters, 0)))


def from_ec2(described: t.Mapping[str, t.Any]) -> Shape:
    """Return the size of a type as EC2 describes it."""
    gpus = (described.get("GpuInfo") or {}).get("Gpus") or []
    return Shape(
        described["InstanceType"],
        int((described.get("VCpuInfo") or {}).get("DefaultVCpus") or 0),
        sum(int(gpu.get("Count") or 0) for gpu in gpus),
        float((described.get("MemoryInfo") or {}).get("SizeInMiB") or 0) / 1024,
    )


def vcpus_of(instance: t.Mapping[str, t.Any]) -> int:
    """Return the vCPUs of a running instance, as the quotas count them."""
    options = instance.get("CpuOptions") or {}
    own = int(options.get("CoreCount") or 0) * int(options.get("ThreadsPerCore") or 1)
    return own or shape_of(str(instance.get("InstanceType", ""))).vcpus
