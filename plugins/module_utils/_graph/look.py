# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Look once at everything that graphs need and say what is wrong: platform, pools, nodes, graphs."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

from .._kube.client import Client, KubeError, Resource
from . import findings, fits, operator, report, snapshot, unplaced
from .extras import PART_LABEL
from .snapshot import (
    CLAIMS,
    DEPLOYMENTS,
    EXAMPLE_LABEL,
    GRAPH,
    NODE_CLAIMS,
    NODE_POOLS,
    NODES,
    Json,
    Snapshot,
    labels_of,
    name_of,
)
from .status import condition_of, judge
from .wait import served_version

SECRETS = Resource("v1", "secrets", "Secret")
DAEMON_SETS = Resource("apps/v1", "daemonsets", "DaemonSet")
# Who can place a component over several nodes, by the group of its API.
_ORCHESTRATORS = {"grove": "/apis/grove.io", "lws": "/apis/leaderworkerset.x-k8s.io"}
_EFA_PLUGIN = "efa-k8s-device-plugin"
_POD_SECURITY = "pod-security.kubernetes.io/enforce"
POOL_LABEL = "karpenter.sh/nodepool"
_ANNOTATIONS = {
    "definition": "ai-on-eks.dynamo/definition",
    "version": "ai-on-eks.dynamo/version",
    "model": "ai-on-eks.dynamo/model",
}
# A handful of calls at once keeps the look under a second over a wide network without leaning on the API server.
_PARALLEL = 6


def look(client: Client, namespace: str) -> Json:
    """Return platform, pools, nodes, names of secrets, graphs, pods without a node, and problems. Reads only."""
    platform = _platform(client)
    known = Snapshot()
    version = platform["api_version"]
    wanted = snapshot.sources(version or "v1beta1", namespace)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        lists = pool.map(lambda source: client.items(source.resource, source.namespace, source.query()), wanted)
        nodes = pool.submit(client.items, NODES)
        secrets = pool.submit(client.names, SECRETS, namespace)
        place = pool.submit(client.find, f"/api/v1/namespaces/{namespace}")
        plugins = pool.submit(client.names, DAEMON_SETS, "")
        groups = {name: pool.submit(client.find, path) for name, path in _ORCHESTRATORS.items()}
        for source, entries in zip(wanted, lists):
            known.put(source.resource, entries, source.namespace)
        found = {
            "namespace": _namespace(namespace, place.result()),
            "platform": {**platform, "orchestrators": [name for name, group in groups.items() if group.result()]},
            "efa_plugin": any(_EFA_PLUGIN in name for name in plugins.result()),
            "claims": [name_of(entry) for entry in known.every(CLAIMS.kind)],
            "pools": [_pool(entry) for entry in known.every(NODE_POOLS.kind)],
            "node_claims": [_claim(entry) for entry in known.every(NODE_CLAIMS.kind)],
            "nodes": [_node(entry) for entry in nodes.result()],
            "secrets": secrets.result(),
            "graphs": [_graph(known, entry, namespace) for entry in known.every(GRAPH)],
        }
    found["unplaced"] = unplaced.find(client, known)
    return {**found, "problems": problems(found)}


def _platform(client: Client) -> Json:
    try:
        version = served_version(client)
    except KubeError as error:
        if error.status != 404:
            raise
        version = ""
    return {
        "installed": bool(version),
        "api_version": version,
        "operators": [operator.describe(entry) for entry in operator.find(client)],
    }


def _namespace(name: str, found: Json | None) -> Json:
    labels = (found or {}).get("metadata", {}).get("labels") or {}
    return {"name": name, "exists": found is not None, "pod_security": str(labels.get(_POD_SECURITY) or "")}


def _pool(entry: Json) -> Json:
    ready = condition_of(entry, "Ready")
    return {
        "name": name_of(entry),
        "ready": ready.get("status") == "True",
        "message": "" if ready.get("status") == "True" else str(ready.get("message") or ready.get("reason") or ""),
        "families": _families(entry),
        "choices": _choices(entry),
        "limits": dict((entry.get("spec") or {}).get("limits") or {}),
        "used": dict((entry.get("status") or {}).get("resources") or {}),
    }


def _choices(pool: Json) -> dict[str, list[str]]:
    """Return the values that a NodePool leaves a choice of, by label."""
    template = ((pool.get("spec") or {}).get("template") or {}).get("spec") or {}
    return {
        str(entry.get("key")): [str(value) for value in entry.get("values") or []]
        for entry in template.get("requirements") or []
        if entry.get("operator") == "In"
    }


def _families(pool: Json) -> list[str]:
    """Return the instance families that a NodePool may choose from; [] when it does not say."""
    choices = _choices(pool)
    types = choices.get("node.kubernetes.io/instance-type", [])
    found = {*choices.get("karpenter.k8s.aws/instance-family", []), *(kind.partition(".")[0] for kind in types)}
    return sorted(found)


def _claim(entry: Json) -> Json:
    labels = labels_of(entry)
    conditions = (entry.get("status") or {}).get("conditions") or []
    waiting = [item for item in conditions if item.get("status") != "True" and item.get("message")]
    return {
        "name": name_of(entry),
        "pool": labels.get(POOL_LABEL, ""),
        "instance_type": labels.get("node.kubernetes.io/instance-type", ""),
        "zone": labels.get("topology.kubernetes.io/zone", ""),
        "capacity_type": labels.get("karpenter.sh/capacity-type", ""),
        "ready": condition_of(entry, "Ready").get("status") == "True",
        "node": str((entry.get("status") or {}).get("nodeName") or ""),
        "failed": condition_of(entry, "Launched").get("status") == "False",
        "message": str(waiting[0]["message"]) if waiting else "",
    }


def _node(entry: Json) -> Json:
    labels, status = labels_of(entry), entry.get("status") or {}
    return {
        "name": name_of(entry),
        "ready": condition_of(entry, "Ready").get("status") == "True",
        "pool": labels.get(POOL_LABEL) or labels.get("eks.amazonaws.com/nodegroup", ""),
        "instance_type": labels.get("node.kubernetes.io/instance-type", ""),
        "zone": labels.get("topology.kubernetes.io/zone", ""),
        "gpus": int((status.get("allocatable") or {}).get("nvidia.com/gpu") or 0),
        "version": str((status.get("nodeInfo") or {}).get("kubeletVersion") or ""),
    }


def _graph(known: Snapshot, entry: Json, namespace: str) -> Json:
    view = judge(known, name_of(entry))
    found = findings.find(known, view, namespace)
    annotations = entry["metadata"].get("annotations") or {}
    return {
        **report.as_dict(view, found[0] if found else None),
        "created": str(entry["metadata"].get("creationTimestamp") or ""),
        **{key: str(annotations.get(annotation) or "") for key, annotation in _ANNOTATIONS.items()},
        "managed": snapshot.EXAMPLE_LABEL in labels_of(entry),
        "parts": _parts(known, entry),
        "claims": fits.claims_of(entry),
    }


def _parts(known: Snapshot, entry: Json) -> list[str]:
    """Return what was applied beside a graph: its own words tell of adapters and scaling, a proxy of an entrance."""
    mine = {EXAMPLE_LABEL: name_of(entry), PART_LABEL: "exposure"}
    proxies = [one for one in known.every(DEPLOYMENTS.kind) if mine.items() <= labels_of(one).items()]
    spec = entry.get("spec") or {}
    components = [*(spec.get("components") or []), *(spec.get("services") or {}).values()]
    told = {"adapters": "modelRef", "scaling": "scalingAdapter"}
    found = [part for part, key in told.items() if any(key in component for component in components)]
    return [*found, *(["exposure"] if proxies else [])]


def problems(found: t.Mapping[str, t.Any]) -> list[Json]:
    """Return what is wrong: subject, message and what to do next, the most fundamental first."""
    listed: list[Json] = []

    def add(subject: str, message: str, remedy: str) -> None:
        listed.append({"subject": subject, "message": message, "next": remedy})

    operators = found["platform"]["operators"]
    if not found["platform"]["installed"] or not operators:
        add("platform", "no Dynamo operator is installed", "ansible-playbook install.yml --tags dynamo_platform")
    elif not any(entry["ready"] for entry in operators):
        first = operators[0]
        add(
            f"Deployment/{first['name']}",
            "the Dynamo operator is not available",
            f"kubectl -n {first['namespace']} describe deployment {first['name']}",
        )
    for pool in found["pools"]:
        if not pool["ready"]:
            add(f"NodePool/{pool['name']}", pool["message"] or "not ready", f"kubectl describe nodepool {pool['name']}")
    for claim in found["node_claims"]:
        if claim["failed"]:
            add(
                f"NodeClaim/{claim['name']}",
                claim["message"] or "not launched",
                f"kubectl describe nodeclaim {claim['name']}",
            )
    for node in found["nodes"]:
        if not node["ready"]:
            add(f"Node/{node['name']}", "not ready", f"kubectl describe node {node['name']}")
    for pod in found["unplaced"]:
        add(f"Pod/{pod['namespace']}/{pod['name']}", pod["message"], pod["next"])
    for graph in found["graphs"]:
        if graph["diagnosis"]:
            diagnosis = graph["diagnosis"]
            add(f"{GRAPH}/{graph['name']}", f"{diagnosis['reason']}: {diagnosis['message']}", diagnosis["next"])
    return listed
