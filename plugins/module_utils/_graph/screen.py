# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The status of a cluster on one screen. Pure: facts and findings in, lines out."""

from __future__ import annotations

import typing as t

from .report import PORT


def lines(
    found: t.Mapping[str, t.Any], cluster: t.Mapping[str, t.Any], drift: t.Mapping[str, t.Any] | None = None
) -> list[str]:
    """Return the screen.

    Args:
        found: what graph_info returns.
        cluster: the cluster facts.
        drift: what differs between AWS and Terraform's state; None when nobody looked.
    """
    listed = [
        f"Cluster    {cluster.get('name')} ({cluster.get('region')}, account {cluster.get('account')}), "
        f"Kubernetes {cluster.get('version')}, {str(cluster.get('status') or '').lower()}",
        _platform(found),
        *_drift(drift, cluster),
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


def _drift(drift: t.Mapping[str, t.Any] | None, cluster: t.Mapping[str, t.Any]) -> list[str]:
    """Say what somebody else changed in AWS, and what the next install would do about it."""
    if cluster.get("mode") != "terraform":
        return []
    if drift is None:
        return ["Drift      not looked for (-e drift=true does)"]
    if not drift["looked"]:
        return [f"Drift      cannot be seen from here: there is no Terraform state in {drift['work_dir']}"]
    if not drift["outside"] and not drift["pending"]:
        return [f"Drift      none, {drift['resources']} AWS resources are as Terraform left them"]
    outside = {item["address"] for item in drift["outside"]}
    coming = {item["address"] for item in drift["pending"]}
    listed = []
    if outside:
        listed.append(f"Drift      {len(outside)} AWS resources were changed by something else than Terraform:")
        for item in drift["outside"]:
            then = "puts it back" if item["address"] in coming else "leaves it as it is"
            listed.append(f"  {item['action']} {item['address']} (install.yml {then})")
    rest = [item for item in drift["pending"] if item["address"] not in outside]
    if rest:
        listed.append(f"Drift      {len(rest)} AWS resources are not yet as the last inputs want them:")
        listed += [f"  {item['action']} {item['address']}" for item in rest]
    return listed


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
