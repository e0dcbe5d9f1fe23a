# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Reconcile one scaling adapter: carry its replicas to the graph, and the graph's back to its status."""

from __future__ import annotations

import copy
from collections.abc import Callable

from rehearsal.dynamo.kube import Client
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator import graph as g


def reconcile(client: Client, now: Callable[[], str], namespace: str, name: str) -> None:
    """Bring the graph's component and the adapter's status up to date.

    Raises:
        KubeError: the API server refused something; the caller tries again later.
    """
    adapter = client.get(c.ADAPTER, namespace, name)
    if adapter is None or adapter["metadata"].get("deletionTimestamp"):
        return
    reference = adapter["spec"]["dgdRef"]
    graph = client.get(c.GRAPH, namespace, reference["name"])
    if graph is None or graph["metadata"].get("deletionTimestamp"):
        return
    component = next((item for item in g.components(graph) if item["name"] == reference["componentName"]), None)
    if component is None:
        return
    wanted = int(adapter["spec"]["replicas"])
    status = dict(adapter.get("status") or {})
    if g.replicas(component) != wanted:
        changed = copy.deepcopy(graph)
        for item in changed["spec"]["components"]:
            if item["name"] == component["name"]:
                item["replicas"] = wanted
        client.replace(c.GRAPH, changed)
        status["lastScaleTime"] = now()
    child = g.child_name(graph, component, g.worker_hash(graph))
    entry = ((graph.get("status") or {}).get("components") or {}).get(component["name"]) or {}
    status |= {"replicas": int(entry.get("replicas", 0)), "selector": f"{c.L_SELECTOR}={child}"}
    if status != adapter.get("status"):
        client.merge(c.ADAPTER, namespace, name, {"status": status}, "status")
