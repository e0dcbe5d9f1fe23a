# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Pods outside of graphs that no node can take, and why; those of graphs have a diagnosis of their own."""

from __future__ import annotations

import re
import typing as t

from . import placement
from .snapshot import EVENTS, NODE_CLAIMS, NODE_POOLS, PODS, Json, Snapshot, labels_of, name_of
from .status import condition_of

if t.TYPE_CHECKING:
    from .._kube.client import Client

# A cluster without room refuses everything; a screen of the same sentence helps nobody.
_MOST = 10
_COMING = "node_coming"
_GRAPH_LABELS = "nvidia.com/dynamo-"


def find(client: Client, known: Snapshot) -> list[Json]:
    """Return namespace, name, message and next of every such pod, the oldest first."""
    waiting: dict[str, list[Json]] = {}
    for pod in client.items(PODS, "", {"fieldSelector": "status.phase=Pending,spec.nodeName="}):
        of_graph = any(label.startswith(_GRAPH_LABELS) for label in labels_of(pod))
        if condition_of(pod, "PodScheduled").get("reason") == "Unschedulable" and not of_graph:
            waiting.setdefault(str(pod["metadata"].get("namespace", "")), []).append(pod)
    listed: list[Json] = []
    for namespace, pods in waiting.items():
        about = Snapshot()
        about.put(NODE_POOLS, known.every(NODE_POOLS.kind))
        about.put(NODE_CLAIMS, known.every(NODE_CLAIMS.kind))
        about.put(EVENTS, client.items(EVENTS, namespace, {"fieldSelector": "reason=FailedScheduling"}), namespace)
        listed += [row for pod in pods for row in _row(about, pod, namespace)]
    return listed[:_MOST]


def _row(about: Snapshot, pod: Json, namespace: str) -> list[Json]:
    found = placement.find(about, pod, namespace)
    if not found or found[0].reason == _COMING:
        return []
    return [
        {
            "namespace": namespace,
            "name": name_of(pod),
            "message": shortened(found[0].message),
            "next": found[0].remedy,
        }
    ]


def shortened(text: str) -> str:
    """Return what Karpenter says without the requirements of every pool, each sentence once."""
    parts = [re.sub(r",? ?requirements=.*", "", part).strip() for part in text.split("; ")]
    return "; ".join(dict.fromkeys(parts))
