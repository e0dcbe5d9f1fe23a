# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Events on graphs and component deployments, so `kubectl describe` tells what happened."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from rehearsal.dynamo.kube import Client, Json, KubeError
from rehearsal.dynamo.operator import consts as c

LOG = logging.getLogger("events")


class Events:
    """Writes events; the same failure of the same object is told once."""

    def __init__(self, client: Client, now: Callable[[], str]) -> None:
        """Remember nothing yet."""
        self._client, self._now = client, now
        self._told: dict[str, str] = {}

    def told(self, about: Json, did: str, kind: str, name: str) -> None:
        """Say that a child was created or updated; an empty `did` says nothing."""
        if did:
            verb = {"created": "Create", "updated": "Update"}[did]
            self._emit(about, "Normal", f"{verb}{kind}", f"{verb}d {kind} {about['metadata']['namespace']}/{name}")

    def failed(self, about: Json, message: str) -> None:
        """Say why an object could not be reconciled."""
        uid = about["metadata"]["uid"]
        if self._told.get(uid) != message:
            self._told[uid] = message
            self._emit(about, "Warning", "ReconcileError", message)

    def _emit(self, about: Json, kind: str, reason: str, message: str) -> None:
        meta, now = about["metadata"], self._now()
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{meta['name'][:200]}.{uuid.uuid4().hex[:16]}", "namespace": meta["namespace"]},
            "involvedObject": {
                "apiVersion": about.get("apiVersion"),
                "kind": about.get("kind"),
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
                "resourceVersion": meta["resourceVersion"],
            },
            "type": kind,
            "reason": reason,
            "message": message[:1024],
            "source": {"component": "dynamo-operator"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            self._client.create(c.EVENT, meta["namespace"], event)
        except KubeError as error:
            # An event is a courtesy: a namespace that is going away takes none.
            LOG.info("event %s for %s: %s", reason, meta["name"], error)
