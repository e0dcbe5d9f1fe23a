# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Reconcile graphs and component deployments of this age."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.dynamo.kube import Client, Json, KubeError, Resource
from rehearsal.dynamo.old_operator import graph as g
from rehearsal.dynamo.old_operator import status
from rehearsal.dynamo.old_operator.component import Surroundings, is_spread, render_children, render_deployment
from rehearsal.dynamo.old_operator.etcd import Etcd, component_prefix
from rehearsal.dynamo.old_operator.names import COMPONENT, GRAPH
from rehearsal.dynamo.old_operator.sync import sync
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.events import Events


class GraphFailedError(Exception):
    """A graph could not be reconciled for a reason of its own; tried again later."""


class Reconciler:
    """Brings one object at a time up to date."""

    def __init__(
        self,
        client: Client,
        events: Events,
        etcd: Etcd,
        surroundings: Callable[[str], Surroundings],
        now: Callable[[], str],
    ) -> None:
        """Keep what every pass needs; `surroundings` tells what a namespace adds."""
        self._client, self._events, self._etcd = client, events, etcd
        self._surroundings, self._now = surroundings, now

    def graph(self, namespace: str, name: str) -> None:
        """Bring a graph, its component deployments and its status up to date.

        Raises:
            KubeError, GraphFailedError: the caller tries again later.
        """
        graph = self._client.get(GRAPH, namespace, name)
        if graph is None:
            return
        if graph["metadata"].get("deletionTimestamp"):
            # nobody waits for the children: garbage collection takes them
            self._release(GRAPH, graph)
            return
        wanted = g.normalised(graph)
        if wanted != graph:
            graph = self._client.replace(GRAPH, wanted)
        try:
            components = [self._component_of(graph, item) for item in g.render_components(graph)]
        except (g.GraphError, KubeError) as error:
            if isinstance(error, KubeError) and error.code in (0, 409):
                raise
            self._write(GRAPH, graph, status.failure(str(error), self._now()))
            self._events.failed(graph, str(error))
            raise GraphFailedError(str(error)) from error
        self._write(GRAPH, graph, status.of_components(components, self._now()))

    def _component_of(self, graph: Json, wanted: Json) -> Json:
        made, did = sync(self._client, COMPONENT, wanted)
        self._events.told(graph, did, COMPONENT.kind, made["metadata"]["name"])
        return made

    def component(self, namespace: str, name: str) -> None:
        """Bring a component deployment's children and status up to date; waits for etcd when it is deleted.

        Raises:
            KubeError, EtcdError: the caller tries again later.
        """
        component = self._client.get(COMPONENT, namespace, name)
        if component is None:
            return
        meta = component["metadata"]
        if meta.get("deletionTimestamp"):
            if c.FINALIZER in (meta.get("finalizers") or []):
                labels = meta.get("labels") or {}
                prefix = component_prefix(labels.get(c.L_NAMESPACE, ""), labels.get(c.L_COMPONENT, ""))
                self._etcd.delete_prefix(prefix)
                self._release(COMPONENT, component)
            return
        if c.FINALIZER not in (meta.get("finalizers") or []):
            patch = {"metadata": {"finalizers": [*(meta.get("finalizers") or []), c.FINALIZER]}}
            component = self._client.merge(COMPONENT, namespace, name, patch)
        if not (component.get("status") or {}).get("conditions"):
            component = self._write(COMPONENT, component, {"conditions": status.starting(self._now())})
        deployment, error = self._children(component)
        message = f"create or update {error[0]}: {error[1]}" if error else ""
        rows = component["status"]["conditions"]
        judged = status.available(deployment, message, spread=is_spread(component))
        fresh = status.component_conditions(rows, judged, self._now())
        if fresh != rows:
            selector = {c.L_SELECTOR: name}
            self._write(COMPONENT, component, {"conditions": fresh, "podSelector": selector})
        if error:
            self._events.failed(component, judged[2])
            raise error[1]

    def _children(self, component: Json) -> tuple[Json | None, tuple[str, KubeError] | None]:
        """Make the children; return the Deployment and what went wrong with which kind."""
        surroundings = self._surroundings(component["metadata"]["namespace"])
        deployment: Json | None = None
        wanted = [
            (c.DEPLOYMENT, render_deployment(component, surroundings)),
            *render_children(component, surroundings),
        ]
        for resource, item in wanted:
            try:
                made, did = sync(self._client, resource, item)
            except KubeError as error:
                return deployment, (resource.kind.lower(), error)
            self._events.told(component, did, resource.kind, made["metadata"]["name"])
            if resource is c.DEPLOYMENT:
                deployment = made
        return deployment, None

    def _release(self, resource: Resource, item: Json) -> None:
        meta = item["metadata"]
        left = [finalizer for finalizer in meta.get("finalizers") or [] if finalizer != c.FINALIZER]
        if left != (meta.get("finalizers") or []):
            self._client.merge(resource, meta["namespace"], meta["name"], {"metadata": {"finalizers": left}})

    def _write(self, resource: Resource, item: Json, fresh: Json) -> Json:
        meta = item["metadata"]
        return self._client.merge(resource, meta["namespace"], meta["name"], {"status": fresh}, "status")
