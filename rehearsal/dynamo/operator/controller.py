# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The control loop: what is seen becomes keys in a queue, and a worker reconciles them."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rehearsal.dynamo.kube import Client, Json, KubeError, Resource
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator import reconcile_adapter, reconcile_component
from rehearsal.dynamo.operator.config import Config
from rehearsal.dynamo.operator.events import Events
from rehearsal.dynamo.operator.reconcile_graph import GraphReconciler
from rehearsal.dynamo.reflector import Reflector
from rehearsal.dynamo.workqueue import WorkQueue

LOG = logging.getLogger("controller")


def utc_now() -> str:
    """The time as the API writes it: RFC 3339, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Key:
    """One object to reconcile."""

    kind: str
    namespace: str
    name: str


class Controller:
    """Watches the operator's kinds and their children, and reconciles."""

    def __init__(self, client: Client, config: Config) -> None:
        """Prepare the watches; nothing runs before `start`."""
        self._client, self._config = client, config
        self._queue: WorkQueue[Key] = WorkQueue()
        self._stop = threading.Event()
        self._events = Events(client, utc_now)
        self._graphs = GraphReconciler(client, self._events, config.planner_role, utc_now)
        self.reconciles: Counter[tuple[str, str]] = Counter()
        """(kind, success or error) to count, for /metrics."""
        seen: list[tuple[Resource, str, Callable[[Json], None]]] = [
            (c.GRAPH, "", self._saw_graph),
            (c.COMPONENT, "", self._saw_component),
            (c.ADAPTER, "", self._saw_adapter),
            (c.DEPLOYMENT, c.L_GRAPH, self._saw_child),
            (c.SERVICE, c.L_GRAPH, self._saw_child),
        ]
        self._reflectors = [
            Reflector(client, resource, config.watch_namespace, selector, handler, self._stop)
            for resource, selector, handler in seen
        ]
        self._worker = threading.Thread(target=self._work, name="reconcile", daemon=True)

    def start(self) -> None:
        """Begin to watch and reconcile, in threads of its own."""
        for reflector in self._reflectors:
            reflector.start()
        self._worker.start()

    def stop(self) -> None:
        """End after the reconcile that runs now."""
        self._stop.set()
        self._queue.close()
        self._worker.join(timeout=10)

    def depth(self) -> int:
        """Keys that wait."""
        return len(self._queue)

    def _add(self, kind: Resource, item: Json, name: str | None = None) -> None:
        meta = item["metadata"]
        self._queue.add(Key(kind.kind, meta["namespace"], name or meta["name"]))

    def _saw_graph(self, item: Json) -> None:
        self._add(c.GRAPH, item)
        for component in item.get("spec", {}).get("components") or []:
            if "scalingAdapter" in component:
                self._add(c.ADAPTER, item, f"{item['metadata']['name']}-{component['name'].lower()}")

    def _saw_component(self, item: Json) -> None:
        self._add(c.COMPONENT, item)
        self._add_owner(item, c.GRAPH)

    def _saw_adapter(self, item: Json) -> None:
        self._add(c.ADAPTER, item)
        self._add_owner(item, c.GRAPH)

    def _saw_child(self, item: Json) -> None:
        self._add_owner(item, c.COMPONENT)

    def _add_owner(self, item: Json, kind: Resource) -> None:
        for owner in item["metadata"].get("ownerReferences") or []:
            if owner["kind"] == kind.kind and owner.get("controller"):
                self._add(kind, item, owner["name"])

    def _reconcile(self, key: Key) -> None:
        if key.kind == c.GRAPH.kind:
            self._graphs.reconcile(key.namespace, key.name)
        elif key.kind == c.COMPONENT.kind:
            reconcile_component.reconcile(
                self._client, self._events, self._config.infrastructure, utc_now, key.namespace, key.name
            )
        else:
            reconcile_adapter.reconcile(self._client, utc_now, key.namespace, key.name)

    def _work(self) -> None:
        while (key := self._queue.get()) is not None:
            try:
                self._reconcile(key)
            except KubeError as error:
                pause = self._queue.retry(key)
                self.reconciles[key.kind, "error"] += 1
                level = logging.DEBUG if error.code == 409 else logging.WARNING
                LOG.log(level, "%s %s/%s: %s; again in %.3f s", key.kind, key.namespace, key.name, error, pause)
            except Exception:
                # The boundary of the loop: one bad object must not stop the others.
                pause = self._queue.retry(key)
                self.reconciles[key.kind, "error"] += 1
                LOG.exception("%s %s/%s: again in %.3f s", key.kind, key.namespace, key.name, pause)
            else:
                self._queue.forget(key)
                self.reconciles[key.kind, "success"] += 1
            finally:
                self._queue.done(key)
