# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Leader election by a Lease, so that two operators never reconcile at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rehearsal.dynamo.kube import Client, Json, KubeError
from rehearsal.dynamo.operator import consts as c

LOG = logging.getLogger("lease")
DURATION = 15
"""Seconds that a lease holds without renewal."""
RENEW_EVERY = 5.0
RETRY_EVERY = 2.0


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def held_by_other(lease: Json, identity: str, now: datetime) -> bool:
    """Tell whether somebody else holds a lease that has not run out."""
    spec = lease.get("spec") or {}
    if not spec.get("holderIdentity") or spec["holderIdentity"] == identity or not spec.get("renewTime"):
        return False
    renewed = datetime.fromisoformat(spec["renewTime"])
    return now - renewed < timedelta(seconds=int(spec.get("leaseDurationSeconds", DURATION)))


def claimed(lease: Json, identity: str, now: datetime) -> Json:
    """Return the lease with `identity` as its holder."""
    spec = dict(lease.get("spec") or {})
    if spec.get("holderIdentity") != identity:
        spec["acquireTime"] = _stamp(now)
        spec["leaseTransitions"] = int(spec.get("leaseTransitions", -1)) + 1
    spec |= {"holderIdentity": identity, "renewTime": _stamp(now), "leaseDurationSeconds": DURATION}
    return {**lease, "spec": spec}


class LeaderLease:
    """Holds one Lease for as long as the process lives."""

    def __init__(self, client: Client, namespace: str, name: str, identity: str, stop: threading.Event) -> None:
        """Prepare; nothing is asked yet."""
        self._client, self._namespace, self._name, self._identity = client, namespace, name, identity
        self._stop = stop

    def _try(self) -> bool:
        """Take or renew the lease; False when another holds it or was quicker."""
        now = datetime.now(UTC)
        lease = self._client.get(c.LEASE, self._namespace, self._name)
        if lease is None:
            fresh: Json = {
                "apiVersion": c.LEASE.api_version,
                "kind": c.LEASE.kind,
                "metadata": {"name": self._name, "namespace": self._namespace},
            }
            self._client.create(c.LEASE, self._namespace, claimed(fresh, self._identity, now))
            return True
        if held_by_other(lease, self._identity, now):
            return False
        self._client.replace(c.LEASE, claimed(lease, self._identity, now))
        return True

    def acquire(self) -> bool:
        """Wait until the lease is ours; False when asked to stop first."""
        told = False
        while not self._stop.is_set():
            try:
                if self._try():
                    LOG.info("leading as %s", self._identity)
                    return True
                if not told:
                    LOG.info("waiting for lease %s/%s", self._namespace, self._name)
                    told = True
            except KubeError as error:
                LOG.warning("lease %s/%s: %s", self._namespace, self._name, error)
            self._stop.wait(RETRY_EVERY)
        return False

    def keep(self, lost: Callable[[], None]) -> None:
        """Renew until asked to stop; `lost` is called when that failed for longer than the lease holds."""
        renewed = datetime.now(UTC)
        while not self._stop.wait(RENEW_EVERY):
            try:
                if self._try():
                    renewed = datetime.now(UTC)
            except KubeError as error:
                LOG.warning("lease %s/%s: %s", self._namespace, self._name, error)
            if datetime.now(UTC) - renewed > timedelta(seconds=DURATION):
                LOG.error("lost lease %s/%s", self._namespace, self._name)
                lost()
                return

    def release(self) -> None:
        """Give the lease up, so that the next operator need not wait for it to run out."""
        try:
            lease = self._client.get(c.LEASE, self._namespace, self._name)
            if lease and (lease.get("spec") or {}).get("holderIdentity") == self._identity:
                lease["spec"]["holderIdentity"] = ""
                self._client.replace(c.LEASE, lease)
        except KubeError as error:
            LOG.warning("lease %s/%s was not released: %s", self._namespace, self._name, error)
