# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether a cluster has the machines, rights, volumes and controllers that the pods of graphs ask for. Pure."""

from __future__ import annotations

import typing as t

from . import efa, selection
from .cache import STORAGE_KINDS, claim_of
from .snapshot import Json

Found = t.Mapping[str, t.Any]

# Made together with the Jobs that fill them, after this look.
_OWN_CLAIMS = frozenset(claim_of(kind) for kind in STORAGE_KINDS)
_SIZE = "karpenter.k8s.aws/instance-size"


def pods_of(graph: Found) -> dict[str, Json]:
    """Return the pod specification of every component, for both API versions."""
    spec = graph.get("spec") or {}
    if "components" in spec:
        return {str(one["name"]): (one.get("podTemplate") or {}).get("spec") or {} for one in spec["components"]}
    return {str(name): one.get("extraPodSpec") or {} for name, one in (spec.get("services") or {}).items()}


def faults(found: Found, graphs: t.Sequence[Json]) -> list[str]:
    """Return one sentence, with what to do, for everything that the cluster does not have."""
    listed: list[str] = []
    for graph in graphs:
        listed += _machines(found, graph)
        listed += _fabric(found, graph)
        listed += _claims(found, graph)
        listed += _several_nodes(found, graph)
    return list(dict.fromkeys(listed))


def _machines(found: Found, graph: Json) -> list[str]:
    """Say where a component wants what its NodePool does not offer; Karpenter would say so by doing nothing."""
    choices = {str(pool["name"]): pool.get("choices") or {} for pool in found["pools"]}
    listed = []
    for component, pod in pods_of(graph).items():
        wanted = {key: [value] for key, value in (pod.get("nodeSelector") or {}).items()} | _affine(pod)
        pool = wanted.pop(selection.POOL, [""])[0]
        for key, values in wanted.items():
            offered = choices.get(pool, {}).get(key)
            if key == selection.TYPE:
                missing = [value for value in values if not _has_type(value, choices.get(pool, {}))]
            else:
                missing = [value for value in values if offered is not None and value not in offered]
            if missing and len(missing) == len(values):
                there = f" (it has {', '.join(offered)})" if offered else ""
                listed.append(
                    f"The component {component} of the graph {graph['metadata']['name']} wants {key} = "
                    f"{', '.join(missing)}, which the NodePool {pool} does not offer{there}: choose another, another "
                    "node_pool, or add it to karpenter_gpu_pools."
                )
    return listed


def _has_type(kind: str, choices: t.Mapping[str, list[str]]) -> bool:
    if selection.TYPE in choices:
        return kind in choices[selection.TYPE]
    family, _dot, size = kind.partition(".")
    return family in choices.get(selection.FAMILY, [family]) and size in choices.get(_SIZE, [size])


def _affine(pod: Found) -> dict[str, list[str]]:
    required = ((pod.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    terms = (required.get("nodeSelectorTerms") or [{}])[0].get("matchExpressions") or []
    return {str(term["key"]): list(term.get("values") or []) for term in terms}


def _fabric(found: Found, graph: Json) -> list[str]:
    """Say what EFA lacks: its device plugin, or the right to lock memory."""
    if efa.RESOURCE not in str(graph["spec"]):
        return []
    listed = []
    namespace = found["namespace"]
    if not found.get("efa_plugin", True):
        listed.append(
            f"The graph {graph['metadata']['name']} asks for EFA interfaces, and no node would offer them: there "
            "is no EFA device plugin. Let install.yml --tags karpenter_gpu install it, or set efa=0."
        )
    if namespace.get("pod_security") in ("baseline", "restricted"):
        listed.append(
            f"The namespace {namespace['name']} enforces the pod security {namespace['pod_security']}, which "
            "forbids the capability IPC_LOCK that EFA needs: run install.yml --tags dynamo_platform -e "
            "dynamo_platform_pod_security=privileged, or set efa=0."
        )
    return listed


def claims_of(graph: Found) -> list[str]:
    """Return the PersistentVolumeClaims that a graph's pods mount."""
    mounted = {
        str(volume["persistentVolumeClaim"]["claimName"])
        for pod in pods_of(graph).values()
        for volume in pod.get("volumes") or []
        if volume.get("persistentVolumeClaim")
    }
    return sorted(mounted)


def _claims(found: Found, graph: Json) -> list[str]:
    missing = sorted(set(claims_of(graph)) - set(found.get("claims") or []) - _OWN_CLAIMS)
    if not missing:
        return []
    there = ", ".join(found.get("claims") or []) or "none"
    return [
        f"The graph {graph['metadata']['name']} mounts the PersistentVolumeClaim {', '.join(missing)}, which is not "
        f"in the namespace {found['namespace']['name']} (there is {there}): create it, or use model_cache=efs."
    ]


def _several_nodes(found: Found, graph: Json) -> list[str]:
    spec = graph["spec"]
    components = spec.get("components") or [{"name": name, **one} for name, one in spec.get("services", {}).items()]
    wide = [str(one["name"]) for one in components if one.get("multinode")]
    if not wide or found["platform"].get("orchestrators", ["unknown"]):
        return []
    return [
        f"The component {', '.join(wide)} of the graph {graph['metadata']['name']} spans several nodes, and the "
        "cluster has neither Grove nor LeaderWorkerSet, which start such pods together: install one of them "
        "(docs/models.md, Several nodes), take a larger instance (tensor_parallel=8 on p5-gpu-karpenter), or a "
        "quantised model."
    ]
