# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Events as a kubelet writes them: repeated ones are counted, not multiplied."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from datetime import UTC, datetime
from typing import Any

import aiohttp

from rehearsal.nodes.kube import ApiError, Json, Kube, object_path

log = logging.getLogger(__name__)
_CACHE_LIMIT = 4096


def timestamp(moment: datetime | None = None) -> str:
    """Return an RFC 3339 time in whole seconds, as Kubernetes' metav1.Time."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Events:
    """Records events of objects; a failure to record is logged and never stops the work itself."""

    def __init__(self, kube: Kube) -> None:
        """Prepare an empty record."""
        self._kube = kube
        self._known: dict[str, tuple[str, int]] = {}
        self._queue: asyncio.Queue[tuple[Json, str, str, str, str, str]] = asyncio.Queue()

    def pod(self, pod: Json, kind: str, reason: str, message: str, container: str = "") -> None:
        """Record an event of a pod (kind Normal or Warning), of one of its containers when named."""
        meta = pod["metadata"]
        regarding: Json = {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
        }
        if container:
            regarding["fieldPath"] = f"spec.containers{{{container}}}"
        self._queue.put_nowait((regarding, str(pod["spec"].get("nodeName", "")), kind, reason, message, "kubelet"))

    def about(self, item: Json, kind: str, reason: str, message: str, component: str) -> None:
        """Record an event of any object, told by a component that is no kubelet."""
        meta = item["metadata"]
        regarding: Json = {
            "apiVersion": item.get("apiVersion") or "v1",
            "kind": item["kind"],
            "namespace": meta.get("namespace") or "default",
            "name": meta["name"],
            "uid": meta["uid"],
        }
        self._queue.put_nowait((regarding, "", kind, reason, message, component))

    async def run(self) -> None:
        """Write what was recorded, in order, until cancelled."""
        while True:
            entry = await self._queue.get()
            try:
                await self._write(*entry)
            except ApiError as error:
                # the namespace may be on its way out, which refuses new objects
                log.debug("Event not recorded: %s", error)
            except (aiohttp.ClientError, TimeoutError) as error:
                log.warning("Failed to record an event: %s. It is left out.", error)

    async def _write(self, regarding: Json, node: str, kind: str, reason: str, message: str, component: str) -> None:
        key = hashlib.sha256(f"{regarding['uid']} {regarding.get('fieldPath')} {reason} {message}".encode()).hexdigest()
        namespace, now = regarding["namespace"], timestamp()
        name, count = self._known.get(key, ("", 0))
        if name:
            path = object_path("api/v1", "events", namespace, name)
            try:
                await self._kube.patch(path, {"count": count + 1, "lastTimestamp": now})
            except ApiError as error:
                if error.status != 404:
                    raise
            else:
                self._known[key] = (name, count + 1)
                return
        name = f"{regarding['name']}.{key[:16]}{int(datetime.now(UTC).timestamp()):x}"
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": regarding,
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": component, "host": node},
            "reportingComponent": component,
            "reportingInstance": node,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        await self._kube.create(object_path("api/v1", "events", namespace), body)
        if len(self._known) >= _CACHE_LIMIT:
            self._known.clear()
        self._known[key] = (name, 1)
