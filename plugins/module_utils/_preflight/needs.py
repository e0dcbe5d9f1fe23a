# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What will ask EC2 for instances: the node group core, the pools and the examples."""

from __future__ import annotations

import dataclasses
import typing as t

from .._pools import choice
from .._pools.quantities import types_of_pool
from .pricing import Prices
from .shapes import Shape

Json = t.Mapping[str, t.Any]
Shapes = t.Mapping[str, Shape]
ON_DEMAND, SPOT = "on-demand", "spot"


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


def of_example(
    definition: Json, pools: t.Sequence[Json], shapes: Shapes | None = None, prices: Prices | None = None
) -> list[Need]:
    """Return the nodes that Karpenter would make for an example in an empty cluster."""
    name = f"example {definition.get('name', '')}"
    counted: dict[tuple[str, str], Need] = {}
    for node in choice.nodes_of(definition, pools, prices or Prices(), shapes or {}):
        if not node.instance_type:
            continue
        key = (node.pool, node.instance_type)
        kind = SPOT if node.capacity_type == SPOT else ON_DEMAND
        before = counted.get(key, Need(name, (node.instance_type, *node.others), 0, kind, name))
        counted[key] = dataclasses.replace(before, count=before.count + 1)
    return list(counted.values())
