# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The control loops: one worker for graphs, and one for component deployments that etcd can hold up."""

from __future__ import annotations

import logging
import threading
from collections import Counter

from rehearsal.dynamo.kube import Client, Json, KubeError
from rehearsal.dynamo.old_operator.component import Surroundings
from rehearsal.dynamo.old_operator.etcd import Etcd, EtcdError
from rehearsal.dynamo.old_operator.names import COMPONENT, GRAPH
from rehearsal.dynamo.old_operator.reconcile import GraphFailedError, Reconciler
from rehearsal.dynamo.old_operator.settings import Settings, reachable
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.controller import Key, utc_now
from rehearsal.dynamo.operator.events import Events
from rehearsal.dynamo.operator.reconcile_component import registry_secrets
from rehearsal.dynamo.reflector import Reflector
from rehearsal.dynamo.workqueue import WorkQueue

LOG = logging.getLogger("controller")
_INDEX_SECONDS = 60.0


class SecretIndex(threading.Thread):
    """Pull secrets by namespace and registry, read once a minute and for the first time a minute after the start."""

    def __init__(self, client: Client, namespace: str | None, stop: threading.Event) -> None:
        """Begin empty."""
        super().__init__(name="secrets", daemon=True)
        self._client, self._namespace, self._stopped = client, namespace, stop
        self._known: dict[str, dict[str, list[str]]] = {}

    def of(self, namespace: str) -> dict[str, list[str]]:
        """Return the registries of a namespace's pull secrets, as known."""
        return self._known.get(namespace, {})

    def run(self) -> None:
        """Read again and again."""
        while not self._stopped.wait(_INDEX_SECONDS):
            try:
                items = self._client.list(c.SECRET, self._namespace)["items"]
            except KubeError as error:
                LOG.warning("secrets: %s", error)
                continue
            grouped: dict[str, list[Json]] = {}
            for item in items:
                grouped.setdefault(item["metadata"]["namespace"], []).append(item)
            self._known = {namespace: registry_secrets(found) for namespace, found in grouped.items()}


class Controller:
    """Watches both kinds and their children, and reconciles."""

    def __init__(self, client: Client, settings: Settings) -> None:
        """Prepare the watches; nothing runs before `start`."""
        self._stop = threading.Event()
        self._secrets = SecretIndex(client, settings.watch_namespace, self._stop)

        def surroundings(namespace: str) -> Surroundings:
            return Surroundings(
                infrastructure=settings.infrastructure,
                registry_secrets=self._secrets.of(namespace),
                ingress_class=settings.ingress_class,
                ingress_tls_secret=settings.ingress_tls_secret,
                ingress_suffix=settings.ingress_suffix,
            )

        etcd = Etcd(lambda: reachable(settings.etcd), self._stop)
        self._reconciler = Reconciler(client, Events(client, utc_now), etcd, surroundings, utc_now)
        self._queues: dict[str, WorkQueue[Key]] = {GRAPH.kind: WorkQueue(), COMPONENT.kind: WorkQueue()}
        self._seen: dict[str, tuple[int, bool]] = {}
        self.reconciles: Counter[tuple[str, str]] = Counter()
        """(kind, success or error) to count, for /metrics."""
        self._reflectors = [
            Reflector(client, resource, settings.watch_namespace, selector, handler, self._stop)
            for resource, selector, handler in (
                (GRAPH, "", self._saw_graph),
                (COMPONENT, "", self._saw_component),
                (c.DEPLOYMENT, c.L_COMPONENT, self._saw_child),
                (c.SERVICE, c.L_COMPONENT, self._saw_child),
            )
        ]
        self._workers = [
            threading.Thread(target=self._work, args=(kind,), name=f"reconcile-{kind}", daemon=True)
            for kind in self._queues
        ]

    def start(self) -> None:
        """Begin to watch and reconcile, in threads of its own."""
        for thread in (*self._reflectors, *self._workers, self._secrets):
            thread.start()

    def stop(self) -> None:
        """End after the reconciles that run now."""
        self._stop.set()
        for queue in self._queues.values():
            queue.close()
        for worker in self._workers:
            worker.join(timeout=10)

    def depth(self) -> int:
        """Keys that wait."""
        return sum(len(queue) for queue in self._queues.values())

    def _add(self, kind: str, item: Json, name: str | None = None) -> None:
        meta = item["metadata"]
        self._queues[kind].add(Key(kind, meta["namespace"], name or meta["name"]))

    def _saw_graph(self, item: Json) -> None:
        """Take a graph; one whose labels, annotations or status alone changed is nothing new."""
        meta = item["metadata"]
        standing = (int(meta.get("generation", 0)), bool(meta.get("deletionTimestamp")))
        if self._seen.get(meta["uid"]) != standing:
            self._seen[meta["uid"]] = standing
            self._add(GRAPH.kind, item)

    def _saw_component(self, item: Json) -> None:
        self._add(COMPONENT.kind, item)
        self._add_owner(item, GRAPH.kind)

    def _saw_child(self, item: Json) -> None:
        self._add_owner(item, COMPONENT.kind)

    def _add_owner(self, item: Json, kind: str) -> None:
        for owner in item["metadata"].get("ownerReferences") or []:
            if owner["kind"] == kind and owner.get("controller"):
                self._add(kind, item, owner["name"])

    def _work(self, kind: str) -> None:
        queue = self._queues[kind]
        act = self._reconciler.graph if kind == GRAPH.kind else self._reconciler.component
        while (key := queue.get()) is not None:
            try:
                act(key.namespace, key.name)
            except (KubeError, GraphFailedError, EtcdError) as error:
                pause = queue.retry(key)
                self.reconciles[kind, "error"] += 1
                level = logging.DEBUG if isinstance(error, KubeError) and error.code == 409 else logging.WARNING
                LOG.log(level, "%s %s/%s: %s; again in %.3f s", kind, key.namespace, key.name, error, pause)
            except Exception:
                # The boundary of the loop: one bad object must not stop the others.
                pause = queue.retry(key)
                self.reconciles[kind, "error"] += 1
                LOG.exception("%s %s/%s: again in %.3f s", kind, key.namespace, key.name, pause)
            else:
                queue.forget(key)
                self.reconciles[kind, "success"] += 1
            finally:
                queue.done(key)
