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

from .._preflight.pricing import Prices
from .._preflight.shapes import Shape, shape_of
from .quantities import cores, gib, types_of_pool

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


def nodes_of(
    definition: Json, pools: t.Sequence[Json], prices: Prices, shapes: t.Mapping[str, Shape] | None = None
) -> list[Node]:
    """Return the nodes of a graph in an empty cluster, pool by pool.

    Args:
        definition: of the graph.
        pools: of the cluster.
        prices: by which Karpenter chooses.
        shapes: what EC2 says of instance types, where it was asked; else the rules of their names count.
    """
    pack = _Packing(prices, shapes or {})
    by_name = {str(pool["name"]): pool for pool in pools}
    asked: dict[str, list[tuple[Pod, frozenset[str]]]] = {}
    for component in definition.get("components") or []:
        name = str(component.get("node_pool") or definition.get("node_pool") or "")
        for pod in _pods(component, definition):
            asked.setdefault(name, []).append((pod, _types(by_name.get(name), component, definition)))
    found: list[Node] = []
    for name, wanted in asked.items():
        found += pack.pool(name, by_name.get(name), wanted)
    return found


def _pods(component: Json, definition: Json) -> list[Pod]:
    resources = component.get("resources") or {}
    spread = {**(definition.get("placement") or {}), **(component.get("placement") or {})}.get("spread", "")
    count = int(component.get("replicas", 1)) * int(component.get("nodes", 1) or 1)
    gpus = int(resources.get("gpu") or 0)
    alone = bool(spread and gpus) or int(component.get("nodes", 1) or 1) > 1
    pod = Pod(str(component.get("name", "")), cores(resources.get("cpu")), gib(resources.get("memory")), gpus, alone)
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


class _Packing:
    """Puts pods onto nodes, by prices and sizes of instance types."""

    def __init__(self, prices: Prices, shapes: t.Mapping[str, Shape]) -> None:
        self._prices = prices
        self._shapes = shapes

    def pool(self, name: str, pool: Json | None, wanted: t.Iterable[tuple[Pod, frozenset[str]]]) -> list[Node]:
        """Return the nodes of one pool, and for each pod that fits nowhere one without a type."""
        order = sorted(wanted, key=lambda item: (-item[0].cpu, -item[0].memory_gib, item[0].component))
        open_nodes: list[tuple[list[Pod], frozenset[str]]] = []
        refused: list[Node] = []
        for pod, types in order:
            if pool is None:
                refused.append(Node(name, "", (pod.component,), reason=f"there is no pool {name or '(none is named)'}"))
            elif not self._joins(open_nodes, pod, types):
                fitting = self._fitting([pod], types)
                if fitting:
                    open_nodes.append(([pod], fitting))
                else:
                    refused.append(Node(name, "", (pod.component,), reason=self._why_not(pod, pool, types)))
        return [self._bought(name, pool or {}, pods, types) for pods, types in open_nodes] + refused

    def _joins(self, nodes: list[tuple[list[Pod], frozenset[str]]], pod: Pod, types: frozenset[str]) -> bool:
        """Add a pod to the emptiest of the nodes that are to be made, if any can take it."""
        for index, (pods, left) in sorted(enumerate(nodes), key=lambda item: len(item[1][0])):
            if pod.alone and any(other.component == pod.component for other in pods):
                continue
            fitting = self._fitting([*pods, pod], left & types)
            if fitting:
                nodes[index] = ([*pods, pod], fitting)
                return True
        return False

    def _shape(self, name: str) -> Shape:
        return self._shapes.get(name) or shape_of(name)

    def _fitting(self, pods: t.Sequence[Pod], types: t.Iterable[str]) -> frozenset[str]:
        cpu, memory = sum(pod.cpu for pod in pods), sum(pod.memory_gib for pod in pods)
        gpus = sum(pod.gpus for pod in pods)

        def holds(shape: Shape) -> bool:
            room = shape.memory_gib * _SHARE if shape.memory_gib else math.inf
            return gpus <= shape.gpus and cpu <= shape.vcpus * _SHARE and memory <= room

        return frozenset(name for name in types if holds(self._shape(name)))

    def _bought(self, name: str, pool: Json, pods: list[Pod], types: frozenset[str]) -> Node:
        kinds = pool.get("capacity_types") or [_ON_DEMAND]
        kind = _SPOT if _SPOT in kinds else _ON_DEMAND if _ON_DEMAND in kinds else str(kinds[0])
        prices = {item: self._prices.spot.get(item) if kind == _SPOT else self._prices.instance(item) for item in types}

        def key(item: str) -> tuple[float, int, str]:
            price = prices[item]
            return math.inf if price is None else price, self._shape(item).vcpus, item

        first, *others = sorted(types, key=key)
        names, used = tuple(pod.component for pod in pods), sum(pod.gpus for pod in pods)
        return Node(name, first, names, self._shape(first).gpus, used, kind, prices[first], tuple(others[:3]))

    def _why_not(self, pod: Pod, pool: Json, types: frozenset[str]) -> str:
        if not types:
            return f"{pool['name']} has none of the instance types that {pod.component} wants"
        shape = self._shape(max(types, key=lambda name: (self._shape(name).gpus, self._shape(name).vcpus)))
        return (
            f"{pod.component} wants {pod.gpus} GPUs, {pod.cpu:g} CPUs and {pod.memory_gib:g} GiB; the largest instance "
            f"of {pool['name']} is {shape.name} ({shape.gpus} GPUs, {shape.vcpus} CPUs, {shape.memory_gib:g} GiB)"
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
