# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The control loop: `python -m rehearsal.prometheus [arguments of the real operator, which are ignored]`.

It compares once a second instead of watching: there are few objects, and the API server is on this machine.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from rehearsal.dynamo.kube import Client, KubeError, load_kubeconfig
from rehearsal.prometheus import objects

LOG = logging.getLogger("prometheus-operator")
INTERVAL = 1.0
# What was written last for each Prometheus: it seldom changes, and is looked at once a second.
_WRITTEN: dict[str, tuple[objects.Json, objects.Json]] = {}


def reconcile(client: Client, kind: objects.Kind, obj: objects.Json) -> None:
    """Make what belongs to one object, and write its status when that changed."""
    meta = obj["metadata"]
    if meta.get("deletionTimestamp"):
        return
    client.apply(objects.SERVICE, objects.governing_service(kind, obj))
    if kind.word == "prometheus":
        found = [client.list(what)["items"] for what in (objects.POD_MONITOR, objects.SERVICE_MONITOR, objects.RULE)]
        secret, rules = objects.configuration(obj, *found)
        if _WRITTEN.get(meta["uid"]) != (secret, rules):
            client.apply(objects.SECRET, secret)
            client.apply(objects.CONFIG_MAP, rules)
            _WRITTEN[meta["uid"]] = (secret, rules)
    workload = client.apply(objects.STATEFUL_SET, objects.stateful_set(kind, obj))
    status = objects.status(obj, workload)
    if status != obj.get("status"):
        client.merge(kind.resource, meta["namespace"], meta["name"], {"status": status}, "status")
        LOG.info("%s %s/%s: %s", kind.resource.kind, meta["namespace"], meta["name"], status["conditions"][0])


def round_of(client: Client) -> None:
    """Look at all objects of both kinds; trouble with one does not keep the others waiting."""
    for kind in objects.KINDS:
        try:
            for obj in client.list(kind.resource)["items"]:
                reconcile(client, kind, obj)
        except KubeError as error:
            LOG.warning("%s: %s", kind.resource.kind, error)


def main() -> int:
    """Run until terminated; returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        client = Client(load_kubeconfig(Path(os.environ["KUBECONFIG"])), "prometheus-operator")
    except KeyError:
        LOG.error("Failed to reach the API server: KUBECONFIG is not set.")
        return 1
    except (OSError, ValueError) as error:
        LOG.error("Failed to read the kubeconfig: %s", error)
        return 1
    while not stop.is_set():
        round_of(client)
        stop.wait(INTERVAL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
