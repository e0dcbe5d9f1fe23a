# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Say what is known about a graph: one line for people while they wait, one dict for programs. Pure."""

from __future__ import annotations

import typing as t

from .finding import Finding
from .snapshot import Json
from .status import ComponentView, GraphView

PORT = 8000


def line(view: GraphView, found: t.Sequence[Finding]) -> str:
    """Return the graph in one line, for example `vllm pending: Frontend 1/1, VllmWorker 0/1 (ContainerCreating)`."""
    if not view.exists:
        return f"{view.name}: not there"
    parts = ", ".join(_component(view, component) for component in view.components)
    word = "ready" if view.ready else view.rolling or view.state or "not seen by an operator yet"
    first = next((finding for finding in found if finding.reason != "not_ready"), None)
    telling = f"; {first.reason}: {first.message}" if first and not view.ready else ""
    return f"{view.name} {word}: {parts}{telling}" if parts else f"{view.name} {word}{telling}"


def _component(view: GraphView, component: ComponentView) -> str:
    text = f"{component.name} {component.ready}/{component.replicas}"
    words = sorted({pod.status for pod in view.pods if pod.component == component.name and not pod.ready})
    return f"{text} ({', '.join(words)})" if words and component.ready < component.replicas else text


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
