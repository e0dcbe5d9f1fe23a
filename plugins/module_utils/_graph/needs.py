# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What graphs need from a cluster before it makes sense to apply them. Pure."""

from __future__ import annotations

import typing as t

from .. import _version
from . import fits
from .look import POOL_LABEL
from .snapshot import Json

VERSION_ANNOTATION = "ai-on-eks.dynamo/version"
_SUPPORTED_BEHIND = 2
_SHAPES_SINCE = {"v1beta1": "1.2"}


def faults(found: t.Mapping[str, t.Any], graphs: t.Sequence[Json], pull_secrets: t.Sequence[str] = ()) -> list[str]:
    """Return one sentence, with what to do, for everything that is missing; [] when the graphs can be applied.

    `found` is what graph_info returns, `graphs` are DynamoGraphDeployments.
    """
    listed = _platform(found, graphs)
    namespace = found["namespace"]
    if not namespace["exists"]:
        listed.append(f"The namespace {namespace['name']} does not exist; create it, or set dynamo_namespace.")
    missing = [name for name in pull_secrets if name not in found["secrets"]]
    if missing and namespace["exists"]:
        listed.append(
            f"The pull secret {', '.join(missing)} is not in the namespace {namespace['name']}; create it there."
        )
    return listed + _pools(found, graphs) + fits.faults(found, graphs)


def _platform(found: t.Mapping[str, t.Any], graphs: t.Sequence[Json]) -> list[str]:
    platform = found["platform"]
    remedy = "run ansible-playbook install.yml --tags dynamo_platform"
    if not platform["installed"]:
        return [f"The platform is not installed: the cluster knows no graphs; {remedy}."]
    if not platform["operators"]:
        return [f"There is no Dynamo operator to look after graphs; {remedy}."]
    if not any(entry["ready"] for entry in platform["operators"]):
        first = platform["operators"][0]
        return [
            "The Dynamo operator is not available; see "
            f"kubectl -n {first['namespace']} describe deployment {first['name']}."
        ]
    wanted = {str(graph["apiVersion"]).rpartition("/")[2] for graph in graphs}
    if "v1beta1" in wanted and platform["api_version"] != "v1beta1":
        version = platform["operators"][0]["version"]
        return [
            f"The installed operator ({version}) does not know graphs of Dynamo {_SHAPES_SINCE['v1beta1']} and newer; "
            "upgrade the platform, or set dynamo_version to the operator's."
        ]
    return _window(str(platform["operators"][0]["version"]), graphs)


def _window(installed: str, graphs: t.Sequence[Json]) -> list[str]:
    """Say which graphs are of a version that the installed operator does not look after.

    Runtimes may be up to two minor releases behind the operator. Source: Dynamo's support policy.
    """
    try:
        operator = _version.parse(installed)
    except _version.VersionError:
        return []
    listed = []
    for graph in graphs:
        version = str((graph["metadata"].get("annotations") or {}).get(VERSION_ANNOTATION, installed))
        distance = _version.behind(_version.parse(version), operator)
        if distance is not None and not 0 <= distance <= _SUPPORTED_BEHIND:
            way = "newer than" if distance < 0 else f"{distance} minor releases behind"
            listed.append(
                f"The graph {graph['metadata']['name']} is of Dynamo {version}, {way} the installed operator "
                f"({installed}), which looks after its own release and the {_SUPPORTED_BEHIND} before it: set "
                "dynamo_version to one of those, or upgrade the platform (ansible-playbook install.yml --tags "
                "dynamo_platform)."
            )
    return listed


def _pools(found: t.Mapping[str, t.Any], graphs: t.Sequence[Json]) -> list[str]:
    """Say which NodePools are asked for and missing. A pool may also be nodes that somebody labelled by hand."""
    known = {pool["name"] for pool in found["pools"]} | {node["pool"] for node in found["nodes"]}
    listed = []
    for graph in graphs:
        missing = sorted(pools_of(graph) - known)
        if missing:
            there = ", ".join(sorted(pool["name"] for pool in found["pools"])) or "none"
            listed.append(
                f"The graph {graph['metadata']['name']} asks for the NodePool {', '.join(missing)}; there is {there}: "
                "run ansible-playbook install.yml --tags karpenter_gpu, or set dynamo_example_node_pool."
            )
    return listed


def pools_of(graph: t.Mapping[str, t.Any]) -> set[str]:
    """Return the NodePools that a graph's components select, for both API versions."""
    selected = [(pod.get("nodeSelector") or {}).get(POOL_LABEL) for pod in fits.pods_of(graph).values()]
    return {str(pool) for pool in selected if pool}
