# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The status of a cluster on one screen. Pure: facts and findings in, lines out."""

from __future__ import annotations

import typing as t

from .report import PORT


def lines(found: t.Mapping[str, t.Any], cluster: t.Mapping[str, t.Any]) -> list[str]:
    """Return the screen. `found` is what graph_info returns, `cluster` the cluster facts."""
    listed = [
        f"Cluster    {cluster.get('name')} ({cluster.get('region')}, account {cluster.get('account')}), "
        f"Kubernetes {cluster.get('version')}, {str(cluster.get('status') or '').lower()}",
        _platform(found),
        "",
        *_table(["NODEPOOL", "READY", "GPUS", "CPU", "NODES"], [_pool(pool, found) for pool in found["pools"]]),
        "",
        *_table(["NODE", "READY", "POOL", "TYPE", "ZONE", "GPUS"], [_node(node) for node in found["nodes"]]),
        *_coming(found),
        "",
        *_table(["GRAPH", "STATE", "READY", "DYNAMO", "MODEL", "PODS"], [_graph(graph) for graph in found["graphs"]]),
        *_access(found, cluster),
        "",
    ]
    if not found["problems"]:
        return [*listed, "Nothing is wrong."]
    listed.append("What is wrong, and what to do:")
    for problem in found["problems"]:
        listed += [f"  {problem['subject']}: {problem['message']}", f"    -> {problem['next']}"]
    return listed


def _platform(found: t.Mapping[str, t.Any]) -> str:
    operators = found["platform"]["operators"]
    if not operators:
        return "Platform   not installed"
    first = operators[0]
    state = "available" if first["ready"] else "NOT AVAILABLE"
    return f"Platform   Dynamo {first['version']} in {first['namespace']}, operator {state}"


def _pool(pool: t.Mapping[str, t.Any], found: t.Mapping[str, t.Any]) -> list[str]:
    used, limits = pool["used"], pool["limits"]
    nodes = [node for node in found["nodes"] if node["pool"] == pool["name"]]
    return [
        str(pool["name"]),
        _yes(pool["ready"]),
        _of(used.get("nvidia.com/gpu", "0"), limits.get("nvidia.com/gpu")),
        _of(used.get("cpu", "0"), limits.get("cpu")),
        str(len(nodes)),
    ]


def _of(used: object, limit: object) -> str:
    return f"{used} of {limit}" if limit is not None else str(used)


def _node(node: t.Mapping[str, t.Any]) -> list[str]:
    return [
        str(node["name"]),
        _yes(node["ready"]),
        str(node["pool"] or "-"),
        str(node["instance_type"] or "-"),
        str(node["zone"] or "-"),
        str(node["gpus"]),
    ]


def _coming(found: t.Mapping[str, t.Any]) -> list[str]:
    """Say which nodes Karpenter is making."""
    return [
        f"  coming: {claim['name']} {claim['instance_type']} {claim['zone']} {claim['message']}".rstrip()
        for claim in found["node_claims"]
        if not claim["ready"]
    ]


def _graph(graph: t.Mapping[str, t.Any]) -> list[str]:
    ready = sum(1 for pod in graph["pods"] if pod["ready"])
    return [
        str(graph["name"]),
        str(graph["state"] or "not seen by an operator"),
        _yes(graph["ready"]),
        str(graph["version"] or "-"),
        str(graph["model"] or "-"),
        f"{ready}/{len(graph['pods'])}",
    ]


def _access(found: t.Mapping[str, t.Any], cluster: t.Mapping[str, t.Any]) -> list[str]:
    """Return the command that makes each ready graph with a model reachable."""
    namespace = found["namespace"]["name"]
    kubectl = f"kubectl --kubeconfig {cluster.get('kubeconfig')} --context {cluster.get('context')} -n {namespace}"
    return [
        f"  {graph['name']}: {kubectl} port-forward svc/{graph['endpoint']['service']} {PORT}:{PORT}"
        for graph in found["graphs"]
        if graph["ready"] and graph["model"]
    ]


def _yes(value: object) -> str:
    return "yes" if value else "NO"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return aligned columns; one line that says none when there are no rows."""
    if not rows:
        return [f"{head[0]}  none"]
    widths = [max(len(row[index]) for row in [head, *rows]) for index in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [head, *rows]]
