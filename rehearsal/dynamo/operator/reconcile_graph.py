# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Reconcile one DynamoGraphDeployment: access, component deployments, rolling update, status."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rehearsal.dynamo.kube import Client, Json, KubeError
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator import graph as g
from rehearsal.dynamo.operator import rollout, status
from rehearsal.dynamo.operator.ensure import ensure, ensure_exists
from rehearsal.dynamo.operator.events import Events


@dataclass
class Outcome:
    """What one pass over a graph found."""

    children: dict[str, list[Json]] = field(default_factory=dict)
    """Component name to its component deployments, newest generation first."""
    finished: list[str] = field(default_factory=list)
    """Workers whose new generation carries everything."""
    rolling: bool = False


def _child_component(child: Json) -> str:
    return str(child["metadata"]["labels"].get(c.L_COMPONENT, ""))


def _ready(child: Json | None) -> int:
    entry = ((child or {}).get("status") or {}).get("component") or {}
    return int(entry.get("readyReplicas", 0))


def old_generations(existing: list[Json], component: str, current_name: str) -> list[Json]:
    """Component deployments of a worker that carry another hash than the wanted one, oldest first."""
    found = [
        child
        for child in existing
        if _child_component(child) == component
        and child["metadata"]["name"] != current_name
        and not child["metadata"].get("deletionTimestamp")
    ]
    return sorted(found, key=lambda child: (child["metadata"]["creationTimestamp"], child["metadata"]["name"]))


class GraphReconciler:
    """Brings graphs up to date, one at a time."""

    def __init__(self, client: Client, events: Events, planner_role: str, now: Callable[[], str]) -> None:
        """Keep what every pass needs."""
        self._client, self._events, self._planner_role, self._now = client, events, planner_role, now

    def reconcile(self, namespace: str, name: str) -> None:
        """Bring one graph, its children and its status up to date.

        Raises:
            KubeError: the API server refused something; the caller tries again later.
        """
        graph = self._client.get(c.GRAPH, namespace, name)
        if graph is None:
            return
        if graph["metadata"].get("deletionTimestamp"):
            self._release(graph)
            return
        graph = self._prepare(graph)
        if g.needs_orchestrator(graph):
            self._report(graph, status.FAILED, status.REASON_NO_ORCHESTRATOR, "no multinode orchestrator available")
            return
        try:
            graph = self._children(graph)
        except KubeError as error:
            if error.code in (0, 409):
                raise
            message = f"failed to reconcile the Dynamo components deployments: {error}"
            self._report(graph, status.FAILED, status.REASON_FAILED, message)
            self._events.failed(graph, message)
            raise

    def _release(self, graph: Json) -> None:
        finalizers = graph["metadata"].get("finalizers") or []
        if c.FINALIZER in finalizers:
            left = [item for item in finalizers if item != c.FINALIZER]
            self._patch(graph, {"metadata": {"finalizers": left}})

    def _patch(self, graph: Json, patch: Json, subresource: str | None = None) -> Json:
        meta = graph["metadata"]
        return self._client.merge(c.GRAPH, meta["namespace"], meta["name"], patch, subresource)

    def _prepare(self, graph: Json) -> Json:
        """Set the finalizer, then the annotations, as two writes."""
        meta = graph["metadata"]
        if c.FINALIZER not in (meta.get("finalizers") or []):
            graph = self._patch(graph, {"metadata": {"finalizers": [*(meta.get("finalizers") or []), c.FINALIZER]}})
        annotations = graph["metadata"].get("annotations") or {}
        wanted: dict[str, str] = {}
        if annotations.get(c.A_PROVIDER) != "component":
            wanted[c.A_PROVIDER] = "component"
        generation_hash = g.worker_hash(graph)
        if generation_hash and c.A_WORKER_HASH not in annotations:
            wanted[c.A_WORKER_HASH] = generation_hash
        return self._patch(graph, {"metadata": {"annotations": wanted}}) if wanted else graph

    def _children(self, graph: Json) -> Json:
        namespace, name = graph["metadata"]["namespace"], graph["metadata"]["name"]
        for resource, wanted in g.render_access(graph, self._planner_role):
            ensure_exists(self._client, resource, wanted)
        for claim in g.render_claims(graph):
            ensure_exists(self._client, c.CLAIM, claim)
        existing = [
            child
            for child in self._client.list(c.COMPONENT, namespace, f"{c.L_GRAPH}={name}")["items"]
            if any(owner["uid"] == graph["metadata"]["uid"] for owner in child["metadata"].get("ownerReferences", []))
        ]
        outcome = Outcome()
        for component in g.components(graph):
            self._component(graph, component, existing, outcome)
        self._adapters(graph)
        graph = self._rolled(graph, outcome)
        generation_hash = g.worker_hash(graph)
        reasons = [
            status.not_ready_reason(child, child["metadata"]["name"])
            for component in g.components(graph)
            for child in outcome.children[component["name"]][:1]
        ]
        state, reason, message = status.summary(reasons, rolling=outcome.rolling)
        entries = {
            component["name"]: status.component_entry(
                graph, component, generation_hash, outcome.children[component["name"]]
            )
            for component in g.components(graph)
        }
        self._report(graph, state, reason, message, entries)
        return graph

    def _component(self, graph: Json, component: Json, existing: list[Json], outcome: Outcome) -> None:
        """Make or change one component's deployments, a step of its rolling update included."""
        generation_hash, wanted = g.worker_hash(graph), g.replicas(component)
        current_name = g.child_name(graph, component, generation_hash)
        current = next((child for child in existing if child["metadata"]["name"] == current_name), None)
        old = old_generations(existing, component["name"], current_name)
        if not g.is_worker(component):
            # Left over from a time when the component was a worker.
            for child in old:
                self._client.delete(c.COMPONENT, child["metadata"]["namespace"], child["metadata"]["name"])
            old = []
        replicas = wanted
        if old:
            outcome.rolling = True
            before = {child["metadata"]["name"]: int(child["spec"].get("replicas", 1)) for child in old}
            step = rollout.plan(wanted, _ready(current), before)
            replicas = step.new
            if step.done:
                outcome.finished.append(component["name"])
            for child in old:
                child_name = child["metadata"]["name"]
                if step.old[child_name] != before[child_name]:
                    self._scale(child, step.old[child_name])
        made, did = ensure(self._client, c.COMPONENT, g.render_component(graph, component, generation_hash, replicas))
        self._events.told(graph, did, "DynamoComponentDeployment", made["metadata"]["name"])
        outcome.children[component["name"]] = [made, *reversed(old)]

    def _scale(self, child: Json, replicas: int) -> None:
        meta = child["metadata"]
        changed = self._client.merge(c.COMPONENT, meta["namespace"], meta["name"], {"spec": {"replicas": replicas}})
        child["spec"] = changed["spec"]

    def _rolled(self, graph: Json, outcome: Outcome) -> Json:
        """Keep status.rollingUpdate, and end the update when every worker is through."""
        current = g.worker_hash(graph)
        if not outcome.rolling:
            if current and graph["metadata"]["annotations"].get(c.A_WORKER_HASH) != current:
                graph = self._patch(graph, {"metadata": {"annotations": {c.A_WORKER_HASH: current}}})
            return graph
        present: Json = dict((graph.get("status") or {}).get("rollingUpdate") or {})
        if present.get("phase") not in ("Pending", "InProgress"):
            present = {"phase": "Pending", "startTime": self._now()}
        elif present["phase"] == "Pending":
            present["phase"] = "InProgress"
        present["updatedComponents"] = sorted(outcome.finished)
        waiting = [
            item for item in g.components(graph) if g.is_worker(item) and len(outcome.children[item["name"]]) > 1
        ]
        if present["phase"] == "InProgress" and all(item["name"] in outcome.finished for item in waiting):
            for component in waiting:
                new, *old = outcome.children[component["name"]]
                for child in old:
                    meta = child["metadata"]
                    self._client.delete(c.COMPONENT, meta["namespace"], meta["name"])
                outcome.children[component["name"]] = [new]
            graph = self._patch(graph, {"metadata": {"annotations": {c.A_WORKER_HASH: current}}})
            present |= {"phase": "Completed", "endTime": self._now()}
            outcome.rolling = False
        return {**graph, "status": {**(graph.get("status") or {}), "rollingUpdate": present}}

    def _adapters(self, graph: Json) -> None:
        """Keep a scaling adapter for each component that asks for one, and no other."""
        meta = graph["metadata"]
        wanted = {
            f"{meta['name']}-{item['name'].lower()}": item for item in g.components(graph) if "scalingAdapter" in item
        }
        present = self._client.list(c.ADAPTER, meta["namespace"], f"{c.L_GRAPH}={meta['name']}")["items"]
        for adapter in present:
            if adapter["metadata"]["name"] not in wanted:
                self._client.delete(c.ADAPTER, meta["namespace"], adapter["metadata"]["name"])
        for component in wanted.values():
            ensure_exists(self._client, c.ADAPTER, g.render_adapter(graph, component))

    def _report(self, graph: Json, state: str, reason: str, message: str, entries: Json | None = None) -> None:
        fresh = status.graph_status(graph, state=state, reason=reason, message=message, now=self._now())
        if entries is not None:
            fresh["components"] = entries
        stored = self._client.get(c.GRAPH, graph["metadata"]["namespace"], graph["metadata"]["name"])
        if stored is not None and fresh != stored.get("status"):
            self._patch(graph, {"status": fresh}, "status")
