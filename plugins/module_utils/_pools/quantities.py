# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Amounts as Kubernetes writes them, and the instance types of a pool in order."""

from __future__ import annotations

import math
import re
import typing as t

from .._preflight.shapes import Shape, shape_of
from .._prices import EC2_HOURLY

Json = t.Mapping[str, t.Any]
Shapes = t.Mapping[str, Shape]
_UNITS = {"": 1 / 2**30, "Ki": 1 / 2**20, "Mi": 1 / 2**10, "Gi": 1, "Ti": 2**10, "M": 1e6 / 2**30, "G": 1e9 / 2**30}


def smallest_first(types: t.Iterable[str], shapes: Shapes | None = None) -> tuple[str, ...]:
    """Return types by size, then by price; that order is also the one that Karpenter tends to choose in."""

    def key(name: str) -> tuple[int, float, str]:
        return ((shapes or {}).get(name) or shape_of(name)).vcpus, EC2_HOURLY.get(name, math.inf), name

    return tuple(sorted(dict.fromkeys(types), key=key))


def types_of_pool(pool: Json) -> tuple[str, ...]:
    """Return the instance types that a pool may choose, as far as it names families and sizes."""
    families, sizes = pool.get("instance_families") or [], pool.get("instance_sizes") or []
    return smallest_first(f"{family}.{size}" for family in families for size in sizes)


def gib(quantity: t.Any) -> float:
    """Return an amount of memory, written as Kubernetes writes it, in GiB; 0 for what is none."""
    match = re.match(r"([0-9.]+)(|Ki|Mi|Gi|Ti|M|G)\Z", str(quantity or "0"))
    return float(match[1]) * _UNITS[match[2]] if match else 0.0


def cores(quantity: t.Any) -> float:
    """Return an amount of CPU, written as Kubernetes writes it, in cores; 0 for what is none."""
    match = re.match(r"([0-9.]+)(m?)\Z", str(quantity or "0"))
    return float(match[1]) / (1000 if match[2] else 1) if match else 0.0
