# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Which nodes the pods of a component may run on. Pure.

Karpenter makes the nodes: a constraint on a pod is a constraint on the machines that it buys. Label names from
karpenter.sh/docs/concepts/scheduling (1.15).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .overrides import Overrides

Json = dict[str, t.Any]
Entry = t.Mapping[str, t.Any]

POOL = "karpenter.sh/nodepool"
TYPE = "node.kubernetes.io/instance-type"
FAMILY = "karpenter.k8s.aws/instance-family"
CAPACITY = "karpenter.sh/capacity-type"
RESERVATION = "karpenter.k8s.aws/capacity-reservation-id"
ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"
# Our own, because the operators' labels differ from version to version.
COMPONENT_LABEL = "ai-on-eks.dynamo/component"
TOGETHER_LABEL = "ai-on-eks.dynamo/same-zone"
GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
_SPREADS = {"zone": ZONE, "node": HOST}


@dataclass(frozen=True)
class Selection:
    """What a pod's specification says about nodes, and the labels that it needs for that."""

    node_selector: dict[str, str] = field(default_factory=dict)
    tolerations: list[dict[str, str]] = field(default_factory=list)
    affinity: Json = field(default_factory=dict)
    spread: list[Json] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)


def pool_of(entry: Entry, definition: Entry, gpus: int, overrides: Overrides) -> str:
    """Return the NodePool of a component, "" for any."""
    own = str(entry.get("node_pool") or definition.get("node_pool", ""))
    return (overrides.node_pool if gpus else overrides.frontend_pool) or own


def select(
    entry: Entry, definition: Entry, gpus: int, overrides: Overrides, gpu_pools: t.Container[str], graph: str
) -> Selection:
    """Return where the pods of a component may run.

    Args:
        entry: the component.
        definition: the graph's definition.
        gpus: GPUs of one replica.
        overrides: the user's changes.
        gpu_pools: pools of the components with GPUs; whoever runs there has to tolerate their taint.
        graph: the graph's name.
    """
    pool = pool_of(entry, definition, gpus, overrides)
    wanted = _wanted(entry, definition, overrides) if gpus else {}
    single = {key: values[0] for key, values in wanted.items() if len(values) == 1}
    several = {key: values for key, values in wanted.items() if len(values) > 1}
    spread = overrides.spread or str(
        {**definition.get("placement", {}), **entry.get("placement", {})}.get("spread", "")
    )
    mine = {"ai-on-eks.dynamo/example": graph, COMPONENT_LABEL: str(entry["name"])}
    together = bool(gpus and efa_of(entry, overrides))
    return Selection(
        node_selector={**({POOL: pool} if pool else {}), **single},
        tolerations=[GPU_TOLERATION] if gpus or (pool and pool in gpu_pools) else [],
        affinity={**_nodes(several), **(_same_zone(graph) if together else {})},
        spread=[_constraint(_SPREADS[spread], mine)] if spread and gpus else [],
        labels={
            **({COMPONENT_LABEL: str(entry["name"])} if spread and gpus else {}),
            **({TOGETHER_LABEL: graph} if together else {}),
        },
    )


def efa_of(entry: Entry, overrides: Overrides) -> int:
    """Return the EFA interfaces of one replica of a component with GPUs."""
    return overrides.efa or int(entry["resources"].get("efa", 0))


def _wanted(entry: Entry, definition: Entry, overrides: Overrides) -> dict[str, list[str]]:
    """Return the values that each label may have; the command line wins over the component, that over the graph."""
    given = {**definition.get("placement", {}), **entry.get("placement", {})}
    chosen = {
        TYPE: overrides.instance_types or given.get("instance_types", []),
        FAMILY: overrides.instance_families or given.get("instance_families", []),
        CAPACITY: [overrides.capacity_type or given.get("capacity_type", "")],
        RESERVATION: [overrides.capacity_reservation or given.get("capacity_reservation", "")],
    }
    if chosen[RESERVATION] != [""] and chosen[CAPACITY] == [""]:
        chosen[CAPACITY] = ["reserved"]
    return {key: found for key, values in chosen.items() if (found := [str(value) for value in values if value])}


def _nodes(several: t.Mapping[str, list[str]]) -> Json:
    if not several:
        return {}
    terms = [{"key": key, "operator": "In", "values": values} for key, values in several.items()]
    chosen = {"nodeSelectorTerms": [{"matchExpressions": terms}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": chosen}}


def _same_zone(graph: str) -> Json:
    """Keep the pods that talk over EFA in one zone: it does not leave its subnet."""
    term = {"labelSelector": {"matchLabels": {TOGETHER_LABEL: graph}}, "topologyKey": ZONE}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _constraint(topology: str, labels: Json) -> Json:
    # Rather two replicas in one place than one that never starts.
    return {
        "maxSkew": 1,
        "topologyKey": topology,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
