# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo's etcd, from which the operator removes what a deleted component registered."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable

import urllib3

LOG = logging.getLogger("etcd")
_PAUSE = 0.5


class EtcdError(Exception):
    """etcd refused a request."""


def range_end(prefix: bytes) -> bytes:
    """Return the first key behind all keys with a prefix."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else b"\0"


def component_prefix(namespace: str, component: str) -> str:
    """Return the prefix below which a component's keys are looked for."""
    return f"/{namespace}/components/{component}"


class Etcd:
    """Deletes by prefix over etcd's JSON gateway."""

    def __init__(self, address: Callable[[], str], stop: threading.Event) -> None:
        """Take how to find the address; `stop` ends a wait."""
        self._address, self._stop = address, stop
        self._pool = urllib3.PoolManager(retries=False)

    def delete_prefix(self, prefix: str) -> int:
        """Delete all keys with a prefix and return their number; waits without limit for an etcd that does not answer.

        Raises:
            EtcdError: etcd answered with an error, or the operator is to end.
        """
        key = prefix.encode()
        body = {"key": base64.b64encode(key).decode(), "range_end": base64.b64encode(range_end(key)).decode()}
        told = False
        while not self._stop.is_set():
            url = f"{self._address()}/v3/kv/deleterange"
            try:
                answer = self._pool.request("POST", url, body=json.dumps(body), timeout=urllib3.Timeout(total=5))
            except urllib3.exceptions.HTTPError as error:
                if not told:
                    LOG.warning("delete of %s: %s; waiting for etcd", prefix, error)
                told = True
                self._stop.wait(_PAUSE)
                continue
            if answer.status != 200:
                raise EtcdError(f"delete of {prefix}: {answer.status} {answer.data.decode(errors='replace')[:200]}")
            return int(json.loads(answer.data).get("deleted", 0))
        raise EtcdError(f"delete of {prefix}: the operator ends")
