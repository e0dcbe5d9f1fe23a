# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What will ask EC2 for instances: the node group core, the pools and the examples."""

from __future__ import annotations

import dataclasses
import math
import re
import typing as t

from .._prices import EC2_HOURLY
from .shapes import Shape, shape_of

Json = t.Mapping[str, t.Any]
Shapes = t.Mapping[str, Shape]
ON_DEMAND, SPOT = "on-demand", "spot"
# What Kubernetes, the node's agents and the drivers' pods leave of a node.
_NODE_SHARE = 0.9
_UNITS = {"": 1 / 2**30, "Ki": 1 / 2**20, "Mi": 1 / 2**10, "Gi": 1, "Ti": 2**10, "M": 1e6 / 2**30, "G": 1e9 / 2**30}


@dataclasses.dataclass(frozen=True)
class Need:
    """Instances that something may ask for.

    Attributes:
        purpose: who asks, in words.
        instance_types: what will do, the smallest first.
        count: how many.
        capacity_type: on-demand or spot.
        group: needs of one group never come together (the examples), the largest of them counts.
        at_once: whether an install fails without them, instead of a later deployment.
        optional: whether nobody misses them until a graph asks for that pool.
    """

    purpose: str
    instance_types: tuple[str, ...]
    count: int = 1
    capacity_type: str = ON_DEMAND
    group: str = ""
    at_once: bool = False
    optional: bool = False


class NeedError(ValueError):
    """A need, a pool or an example is not what it must be; the message says how to write it."""


def smallest_first(types: t.Iterable[str], shapes: Shapes | None = None) -> tuple[str, ...]:
    """Return types by size, then by price; that order is also the one that Karpenter tends to choose in."""

    def key(name: str) -> tuple[int, float, str]:
        return ((shapes or {}).get(name) or shape_of(name)).vcpus, EC2_HOURLY.get(name, math.inf), name

    return tuple(sorted(dict.fromkeys(types), key=key))


def types_of_pool(pool: Json) -> tuple[str, ...]:
    """Return the instance types that a pool may choose, as far as it names families and sizes."""
    families, sizes = pool.get("instance_families") or [], pool.get("instance_sizes") or []
    return smallest_first(f"{family}.{size}" for family in families for size in sizes)


def of_pools(pools: t.Sequence[Json]) -> list[Need]:
    """Return one node of each pool: a pool that cannot have one is of no use."""
    needs = []
    for pool in pools:
        types = types_of_pool(pool)
        for capacity_type in pool.get("capacity_types") or [ON_DEMAND]:
            if types and capacity_type in (ON_DEMAND, SPOT):
                optional = str(pool.get("optional", False)).lower() == "true"
                needs.append(Need(f"pool {pool['name']}", types, 1, capacity_type, optional=optional))
    return needs


def of_input(item: t.Any) -> Need:
    """Return a need as a user writes it.

    Raises:
        NeedError: it is none.
    """
    example = "{purpose: own services, instance_types: [m6i.xlarge], count: 2, capacity_type: on-demand}"
    if not isinstance(item, t.Mapping) or not isinstance(item.get("instance_types"), (list, tuple)):
        raise NeedError(f"a need is written like {example}; got {item!r}")
    unknown = sorted(set(item) - {"purpose", "instance_types", "count", "capacity_type"})
    count, kind = str(item.get("count", 1)), item.get("capacity_type", ON_DEMAND)
    if unknown or not item["instance_types"] or not count.isdigit() or kind not in (ON_DEMAND, SPOT):
        raise NeedError(f"a need is written like {example}; got {dict(item)!r}")
    types = tuple(str(name) for name in item["instance_types"])
    return Need(str(item.get("purpose", "own need")), types, int(count), str(kind))


def gib(quantity: t.Any) -> float:
    """Return an amount of memory, written as Kubernetes writes it, in GiB; 0 for what is none."""
    match = re.match(r"([0-9.]+)(|Ki|Mi|Gi|Ti|M|G)\Z", str(quantity or "0"))
    return float(match[1]) * _UNITS[match[2]] if match else 0.0


def cores(quantity: t.Any) -> float:
    """Return an amount of CPU, written as Kubernetes writes it, in cores; 0 for what is none."""
    match = re.match(r"([0-9.]+)(m?)\Z", str(quantity or "0"))
    return float(match[1]) / (1000 if match[2] else 1) if match else 0.0


def of_example(definition: Json, pools: t.Sequence[Json], shapes: Shapes | None = None) -> list[Need]:
    """Return the nodes that an example's components need.

    A replica with GPUs counts as a node of the smallest type that it fits on; the others of a pool share nodes.
    Karpenter may do better with what already runs.
    """
    by_name = {pool["name"]: pool for pool in pools}
    counted: dict[tuple[str, str], float] = {}
    candidates: dict[tuple[str, str], tuple[str, ...]] = {}
    for component in definition.get("components") or []:
        pool = by_name.get(component.get("node_pool") or definition.get("node_pool"))
        types = types_of_pool(pool) if pool else ()
        resources = component.get("resources") or {}
        fitting = [name for name in types if _fits(resources, (shapes or {}).get(name) or shape_of(name))]
        if not pool or not fitting:
            continue
        chosen = (shapes or {}).get(fitting[0]) or shape_of(fitting[0])
        share = 1.0 if resources.get("gpu") else max(_shares(resources, chosen))
        key = (pool["name"], fitting[0])
        counted[key] = counted.get(key, 0) + int(component.get("replicas", 1)) * share
        candidates[key] = tuple(fitting)
    name = f"example {definition.get('name', '')}"
    kinds = {pool["name"]: (pool.get("capacity_types") or [ON_DEMAND])[0] for pool in pools}
    return [
        Need(name, candidates[key], math.ceil(share - 1e-9), SPOT if kinds[key[0]] == SPOT else ON_DEMAND, name)
        for key, share in counted.items()
    ]


def _shares(resources: Json, shape: Shape) -> list[float]:
    parts = [(cores(resources.get("cpu")), float(shape.vcpus)), (gib(resources.get("memory")), shape.memory_gib)]
    return [wanted / (there * _NODE_SHARE) for wanted, there in parts if there]


def _fits(resources: Json, shape: Shape) -> bool:
    return int(resources.get("gpu") or 0) <= shape.gpus and all(share <= 1 for share in _shares(resources, shape))
