# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Which nodes Karpenter would make for a graph, and what they cost. Pure; a model of Karpenter's own way.

Karpenter takes the pods of a batch by size, adds each to a node that it is about to make while any instance type of the
pool can still hold all of them, and then buys the cheapest type that can. So two workers with one GPU each may come to
share a node of four GPUs, although two small ones would cost less: it wants few nodes first.
Source: karpenter.sh, "Scheduling", and provisioning/scheduling of sigs.k8s.io/karpenter.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .._preflight.needs import cores, gib, types_of_pool
from .._preflight.pricing import Prices
from .._preflight.shapes import Shape, shape_of

Json = t.Mapping[str, t.Any]
# What Kubernetes, the node's agents and drivers leave of a node.
_SHARE = 0.9
_ON_DEMAND, _SPOT = "on-demand", "spot"


@dataclasses.dataclass(frozen=True)
class Pod:
    """What one pod asks for."""

    component: str
    cpu: float
    memory_gib: float
    gpus: int
    alone: bool = False


@dataclasses.dataclass(frozen=True)
class Node:
    """A node that Karpenter would make; `usd` an hour is None where nobody knows the price, `reason` says why none."""

    pool: str
    instance_type: str
    pods: tuple[str, ...]
    gpus: int = 0
    gpus_used: int = 0
    capacity_type: str = _ON_DEMAND
    usd: float | None = None
    others: tuple[str, ...] = ()
    reason: str = ""


def nodes_of(definition: Json, pools: t.Sequence[Json], prices: Prices) -> list[Node]:
    """Return the nodes of a graph in an empty cluster, pool by pool."""
    by_name = {str(pool["name"]): pool for pool in pools}
    asked: dict[str, list[tuple[Pod, frozenset[str]]]] = {}
    for component in definition.get("components") or []:
        name = str(component.get("node_pool") or definition.get("node_pool") or "")
        for pod in _pods(component, definition):
            asked.setdefault(name, []).append((pod, _types(by_name.get(name), component, definition)))
    found: list[Node] = []
    for name, wanted in asked.items():
        found += _of_pool(name, by_name.get(name), wanted, prices)
    return found


def _pods(component: Json, definition: Json) -> list[Pod]:
    resources = component.get("resources") or {}
    spread = {**(definition.get("placement") or {}), **(component.get("placement") or {})}.get("spread", "")
    count = int(component.get("replicas", 1)) * int(component.get("nodes", 1) or 1)
    gpus = int(resources.get("gpu") or 0)
    alone = bool(spread and gpus) or int(component.get("nodes", 1) or 1) > 1
    pod = Pod(str(component["name"]), cores(resources.get("cpu")), gib(resources.get("memory")), gpus, alone)
    return [pod] * count


def _types(pool: Json | None, component: Json, definition: Json) -> frozenset[str]:
    """Return the types of a pool that a component lets Karpenter choose from."""
    placement = {**(definition.get("placement") or {}), **(component.get("placement") or {})}
    types = set(types_of_pool(pool)) if pool else set()
    if placement.get("instance_types"):
        types &= {str(name) for name in placement["instance_types"]}
    if placement.get("instance_families"):
        types = {name for name in types if name.partition(".")[0] in placement["instance_families"]}
    return frozenset(types)


def _of_pool(name: str, pool: Json | None, wanted: list[tuple[Pod, frozenset[str]]], prices: Prices) -> list[Node]:
    """Pack the pods of one pool."""
    order = sorted(wanted, key=lambda item: (-item[0].cpu, -item[0].memory_gib, item[0].component))
    open_nodes: list[tuple[list[Pod], frozenset[str]]] = []
    nodes: list[Node] = []
    for pod, types in order:
        if pool is None:
            nodes.append(Node(name, "", (pod.component,), reason=f"there is no pool {name}" if name else "any pool"))
            continue
        for index, (pods, left) in sorted(enumerate(open_nodes), key=lambda item: len(item[1][0])):
            if pod.alone and any(other.component == pod.component for other in pods):
                continue
            fitting = _fitting([*pods, pod], left & types)
            if fitting:
                open_nodes[index] = ([*pods, pod], fitting)
                break
        else:
            fitting = _fitting([pod], types)
            if fitting:
                open_nodes.append(([pod], fitting))
            else:
                nodes.append(Node(name, "", (pod.component,), reason=_why_not(pod, pool, types)))
    return [_bought(name, pool or {}, pods, types, prices) for pods, types in open_nodes] + nodes


def _fitting(pods: t.Sequence[Pod], types: t.Iterable[str]) -> frozenset[str]:
    cpu, memory = sum(pod.cpu for pod in pods), sum(pod.memory_gib for pod in pods)
    gpus = sum(pod.gpus for pod in pods)

    def holds(shape: Shape) -> bool:
        room = shape.memory_gib * _SHARE if shape.memory_gib else math.inf
        return gpus <= shape.gpus and cpu <= shape.vcpus * _SHARE and memory <= room

    return frozenset(name for name in types if holds(shape_of(name)))


def _bought(name: str, pool: Json, pods: list[Pod], types: frozenset[str], prices: Prices) -> Node:
    kinds = pool.get("capacity_types") or [_ON_DEMAND]
    kind = _SPOT if _SPOT in kinds else _ON_DEMAND if _ON_DEMAND in kinds else str(kinds[0])
    ordered = sorted(types, key=lambda item: (_price(item, kind, prices, math.inf), shape_of(item).vcpus, item))
    first = ordered[0]
    usd = _price(first, kind, prices, math.inf)
    return Node(
        name,
        first,
        tuple(pod.component for pod in pods),
        shape_of(first).gpus,
        sum(pod.gpus for pod in pods),
        kind,
        None if math.isinf(usd) else usd,
        tuple(ordered[1:4]),
    )


def _price(name: str, kind: str, prices: Prices, unknown: float) -> float:
    price = prices.spot.get(name) if kind == _SPOT else prices.instance(name)
    return unknown if price is None else price


def _why_not(pod: Pod, pool: Json, types: frozenset[str]) -> str:
    if not types:
        return f"{pool['name']} has none of the instance types that {pod.component} wants"
    most = max(types, key=lambda name: (shape_of(name).gpus, shape_of(name).vcpus))
    shape = shape_of(most)
    return (
        f"{pod.component} wants {pod.gpus} GPUs, {pod.cpu:g} CPUs and {pod.memory_gib:g} GiB; the largest instance of "
        f"{pool['name']} is {most} ({shape.gpus} GPUs, {shape.vcpus} CPUs, {shape.memory_gib:g} GiB)"
    )


def cheaper_apart(nodes: t.Sequence[Node], definition: Json, pools: t.Sequence[Json], prices: Prices) -> float | None:
    """Return what the graph costs an hour when no two of its GPU pods share a node; None if that is not less."""
    parts = [
        {**component, "placement": {**(component.get("placement") or {}), "spread": "node"}}
        for component in definition.get("components") or []
    ]
    # Each component by itself too, so that prefill and decode do not share a node either.
    apart = [node for part in parts for node in nodes_of({**definition, "components": [part]}, pools, prices)]
    now, then = total(nodes), total([*apart])
    return then if now is not None and then is not None and then < now - 1e-9 else None


def total(nodes: t.Iterable[Node]) -> float | None:
    """Return USD an hour of all nodes; None when a price is not known or a pod has no node."""
    prices = [node.usd for node in nodes]
    return None if None in prices else sum(price for price in prices if price is not None)
