# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Say what is known about a graph: one line for people while they wait, one dict for programs. Pure."""

from __future__ import annotations

import typing as t

from . import images
from .finding import Finding
from .phases import ANSWER, hindmost
from .pods import PodView
from .snapshot import Json
from .status import ComponentView, GraphView

PORT = 8000
# What needs no words of its own: the component's part of the line says it.
_ORDINARY = ("not_ready", "image_pulling", "starting")


def line(
    view: GraphView, found: t.Sequence[Finding], sizes: t.Mapping[str, int] | None = None, asked: bool = False
) -> str:
    """Return the graph in one line, for example `vllm pending: Frontend 1/1, VllmWorker 0/1 (pulling a:1, 4.2 GB)`.

    `sizes` are bytes by image; `asked` says that a graph that is ready has yet to answer.
    """
    if not view.exists:
        return f"{view.name}: not there"
    parts = ", ".join(_component(view, component, sizes or {}) for component in view.components)
    word = "ready" if view.ready else view.rolling or view.state or "not seen by an operator yet"
    first = next((finding for finding in found if finding.reason not in _ORDINARY), None)
    telling = f"; {first.reason}: {first.message}" if first and not view.ready else ""
    telling = "; asking it" if view.ready and asked else telling
    return f"{view.name} {word}: {parts}{telling}" if parts else f"{view.name} {word}{telling}"


def _component(view: GraphView, component: ComponentView, sizes: t.Mapping[str, int]) -> str:
    text = f"{component.name} {component.ready}/{component.replicas}"
    mine = [pod for pod in view.pods if pod.component == component.name and not pod.ready]
    words = sorted({_word(pod, sizes) for pod in mine})
    return f"{text} ({', '.join(words)})" if words and component.ready < component.replicas else text


def _word(pod: PodView, sizes: t.Mapping[str, int]) -> str:
    """Return what a pod is doing: the word of kubectl, or what is being pulled."""
    if pod.phase != "pull" or pod.status not in ("Pending", "ContainerCreating") or not pod.image:
        return pod.status
    known = f", {images.size(sizes[pod.image])}" if pod.image in sizes else ""
    return f"pulling {images.short(pod.image)}{known}"


def phase_of(view: GraphView, done: bool) -> str:
    """Return how far a graph has come: the phase of its hindmost pod, answer once all are ready, done, or nothing."""
    if not view.exists or view.state == "deleting":
        return ""
    if view.ready:
        return "done" if done else ANSWER
    there = hindmost(view.pods)
    return "start" if there == "ready" else there


def as_dict(view: GraphView, found: Finding | None = None, log: t.Sequence[str] = ()) -> Json:
    """Return the public form of a graph; `found` is what keeps it from being ready."""
    diagnosis = {**found.as_dict(), "log": list(log)} if found else {}
    return {
        "name": view.name,
        "state": view.state,
        "ready": view.ready,
        "generation": view.generation,
        "observed_generation": view.observed,
        "message": view.message,
        "rolling_update": view.rolling,
        "components": [
            {
                "name": component.name,
                "kind": component.kind,
                "replicas": component.replicas,
                "updated": component.updated,
                "ready": component.ready,
                "current": component.current,
                "deployments": list(component.deployments),
            }
            for component in view.components
        ],
        "pods": [
            {
                "name": pod.name,
                "component": pod.component,
                "node": pod.node,
                "ready": pod.ready,
                "restarts": pod.restarts,
                "status": pod.status,
                "phase": pod.phase,
            }
            for pod in view.pods
        ],
        "nodes": sorted({pod.node for pod in view.pods if pod.node}),
        "endpoint": {"service": f"{view.name}-frontend", "port": PORT},
        "diagnosis": diagnosis,
    }


def failure(name: str, namespace: str, found: Finding | None, why: str) -> str:
    """Return the sentence for a graph that did not become ready; `why` is "after 600 s" or "at once"."""
    if found is None:
        return (
            f"Failed to wait for graph {name}: not ready {why}, and nothing is reported as wrong. "
            f"Look with: kubectl -n {namespace} describe dgd {name}"
        )
    cause = found.message.rstrip(". ")
    return f"Failed to wait for graph {name} ({why}): {found.reason} at {found.subject}: {cause}. {found.remedy}"
