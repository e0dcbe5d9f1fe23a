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

# The way of a pod: it gets a node, the node gets its image and volumes, its containers start up.
PHASES = ("scheduling", "pull", "start", "ready")


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
    uid: str = ""
    phase: str = ""
    """How far it has come: one of PHASES, or "" for a pod on its way out."""
    image: str = ""
    """The image of its main container."""


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
        uid=str(pod["metadata"].get("uid") or ""),
        phase=phase(pod),
        image=_image(pod),
    )


def phase(pod: t.Mapping[str, t.Any]) -> str:
    """Return how far a pod has come: one of PHASES, "" for a pod on its way out."""
    if pod["metadata"].get("deletionTimestamp"):
        return ""
    if ready(pod):
        return "ready"
    if not (pod.get("spec") or {}).get("nodeName"):
        return "scheduling"
    status = pod.get("status") or {}
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    # A container that has run once has its image, whatever it waits for now.
    begun = any(
        {"running", "terminated"} & set(entry.get("state") or {}) or (entry.get("lastState") or {}).get("terminated")
        for entry in containers
    )
    return "start" if begun else "pull"


def _image(pod: t.Mapping[str, t.Any]) -> str:
    containers = (pod.get("spec") or {}).get("containers") or []
    main = next((entry for entry in containers if entry.get("name") == "main"), containers[0] if containers else {})
    return str(main.get("image") or "")


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
