# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What one pod is doing, in a word."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Json = dict[str, t.Any]

COMPONENT_LABEL = "nvidia.com/dynamo-component"


@dataclass(frozen=True)
class PodView:
    """One pod of a graph."""

    name: str
    component: str
    node: str
    ready: bool
    restarts: int
    status: str
    """The word that kubectl prints: Pending, ContainerCreating, Running, CrashLoopBackOff, Terminating and so on."""
    started: str
    """When the container began to run, "" while it does not (RFC 3339)."""


def view(pod: t.Mapping[str, t.Any]) -> PodView:
    """Return the view of a pod."""
    status = pod.get("status") or {}
    labels = pod["metadata"].get("labels") or {}
    containers = status.get("containerStatuses") or []
    main = next((entry for entry in containers if entry.get("name") == "main"), containers[0] if containers else {})
    return PodView(
        name=str(pod["metadata"]["name"]),
        component=str(labels.get(COMPONENT_LABEL) or ""),
        node=str((pod.get("spec") or {}).get("nodeName") or ""),
        ready=ready(pod),
        restarts=sum(int(entry.get("restartCount") or 0) for entry in containers),
        status=word(pod),
        started=str(((main.get("state") or {}).get("running") or {}).get("startedAt") or ""),
    )


def ready(pod: t.Mapping[str, t.Any]) -> bool:
    """Say whether the pod's Ready condition is true and the pod is staying."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return not pod["metadata"].get("deletionTimestamp") and any(
        entry.get("type") == "Ready" and entry.get("status") == "True" for entry in conditions
    )


def word(pod: t.Mapping[str, t.Any]) -> str:
    """Return the pod's state the way kubectl's STATUS column does, init containers first."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status") or {}
    for group, prefix in (("initContainerStatuses", "Init:"), ("containerStatuses", "")):
        for entry in status.get(group) or []:
            state = entry.get("state") or {}
            waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
            if waiting.get("reason") and waiting["reason"] != "PodInitializing":
                return f"{prefix}{waiting['reason']}"
            if ended and int(ended.get("exitCode") or 0) != 0:
                return f"{prefix}{ended.get('reason') or 'Error'}"
    return str(status.get("reason") or status.get("phase") or "Pending")
