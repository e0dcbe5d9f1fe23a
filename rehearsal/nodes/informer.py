# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""List and watch one kind of object for ever, whatever the API server does in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Protocol

import aiohttp

from rehearsal.nodes.kube import ApiError, Json, Kube

log = logging.getLogger(__name__)

Key = tuple[str, str]
# Called with the object as it is now (None: deleted) and as it was (None: new). A resync repeats known objects.
Handler = Callable[[Json | None, Json | None], None]

_WATCH_SECONDS = 300
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class Store(Protocol):
    """Read access to an informer's objects."""

    def get(self, namespace: str, name: str) -> Json | None:
        """Return one object."""

    def all(self) -> Iterator[Json]:
        """Return every object."""


def key_of(item: Json) -> Key:
    """Return (namespace, name); the namespace of a cluster-scoped object is ""."""
    meta = item["metadata"]
    return (meta.get("namespace") or "", meta["name"])


class Informer:
    """A local copy of one collection, kept up to date."""

    def __init__(self, kube: Kube, path: str, handler: Handler | None = None) -> None:
        """Prepare; `run` does the work."""
        self._kube = kube
        self._path = path
        self._handler = handler
        self._items: dict[Key, Json] = {}
        self.synced = asyncio.Event()

    def get(self, namespace: str, name: str) -> Json | None:
        """Return one object as last seen."""
        return self._items.get((namespace, name))

    def all(self) -> Iterator[Json]:
        """Return every object as last seen."""
        return iter(list(self._items.values()))

    async def run(self) -> None:
        """Follow the collection until cancelled; every failure is retried from a fresh list."""
        failures = 0
        while True:
            try:
                version = await self._list()
                failures = 0
                await self._follow(version)
            except ApiError as error:
                # 410: our resource version was compacted away; list again at once
                if error.status != 410:
                    log.warning("Failed to watch %s: %s. Trying again.", self._path, error)
                    failures += 1
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                log.warning("Failed to watch %s: %s. Trying again.", self._path, error)
                failures += 1
            if failures:
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS)) - 1])

    async def _list(self) -> str:
        answer = await self._kube.get(self._path)
        kind = str(answer.get("kind", "")).removesuffix("List")
        fresh: dict[Key, Json] = {}
        for item in answer.get("items") or []:
            item.setdefault("kind", kind)
            fresh[key_of(item)] = item
        for key in [key for key in self._items if key not in fresh]:
            self._set(key, None)
        for key, item in fresh.items():
            self._set(key, item)
        self.synced.set()
        return str(answer["metadata"]["resourceVersion"])

    async def _follow(self, version: str) -> None:
        params = {"resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        async for event in self._kube.watch(self._path, params):
            item: Json = event["object"]
            if event["type"] == "BOOKMARK":
                continue
            self._set(key_of(item), None if event["type"] == "DELETED" else item)

    def _set(self, key: Key, item: Json | None) -> None:
        old = self._items.get(key)
        if old is not None and item is not None and old["metadata"]["uid"] != item["metadata"]["uid"]:
            # deleted and made again under the same name while we were not looking
            self._set(key, None)
            old = None
        if item is None:
            self._items.pop(key, None)
        else:
            self._items[key] = item
        if self._handler is not None and (item is not None or old is not None):
            self._handler(item, old)
