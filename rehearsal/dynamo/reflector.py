# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Follow one kind of object for ever: list, watch, list again when the watch is too old."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from rehearsal.dynamo.kube import Client, Json, KubeError, Resource

LOG = logging.getLogger("watch")
_LONGEST_PAUSE = 10.0


class Reflector(threading.Thread):
    """Calls `seen` with every object that exists, is made, changes or goes."""

    def __init__(
        self,
        client: Client,
        resource: Resource,
        namespace: str | None,
        selector: str,
        seen: Callable[[Json], None],
        stop: threading.Event,
    ) -> None:
        """Prepare the thread; `synced` is set after the first list."""
        super().__init__(name=f"watch-{resource.plural}", daemon=True)
        self.synced = threading.Event()
        self._client, self._resource, self._namespace, self._selector = client, resource, namespace, selector
        self._seen, self._stopped = seen, stop

    def run(self) -> None:
        """Follow until stopped; failures are logged and tried again after a growing pause."""
        pause = 0.2
        while not self._stopped.is_set():
            try:
                version = self._list()
                pause = 0.2
                while not self._stopped.is_set():
                    version = self._watch(version)
            except KubeError as error:
                if error.code != 410:
                    LOG.warning("%s: %s", self._resource.plural, error)
                    self._stopped.wait(pause)
                    pause = min(_LONGEST_PAUSE, pause * 2)

    def _list(self) -> str:
        answer = self._client.list(self._resource, self._namespace, self._selector)
        for item in answer["items"]:
            self._seen(item)
        self.synced.set()
        return str(answer["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> str:
        for kind, item in self._client.watch(self._resource, self._namespace, self._selector, version):
            version = item["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self._seen(item)
        return version
