# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the operator of this age: `python -m rehearsal.dynamo.old_operator --natsAddr=… --etcdAddr=… --leader-elect`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from pathlib import Path

from rehearsal.dynamo.kube import Client, KubeError, load_kubeconfig
from rehearsal.dynamo.old_operator import settings as flags
from rehearsal.dynamo.old_operator.controller import Controller
from rehearsal.dynamo.operator import health
from rehearsal.dynamo.operator.config import ConfigError
from rehearsal.dynamo.operator.consts import FIELD_MANAGER
from rehearsal.dynamo.operator.lease import LeaderLease

LOG = logging.getLogger("operator")


def _fine() -> tuple[int, str]:
    return 200, "ok"


class Manager:
    """One operator process: health at once, controllers once it leads."""

    def __init__(self, client: Client, settings: flags.Settings) -> None:
        """Keep the parts; `run` starts them."""
        self._client, self._settings = client, settings
        self.stop = threading.Event()
        self._leading = threading.Event()
        self._controller = Controller(client, settings)
        self._began = time.monotonic()
        self._failed = False

    def _metrics(self) -> tuple[int, str]:
        counts, leads = dict(self._controller.reconciles), self._leading.is_set()
        return 200, health.metrics_text(counts, self._controller.depth(), leads, self._began)

    def _lost(self) -> None:
        self._failed = True
        self.stop.set()

    def _lead(self) -> LeaderLease | None:
        settings = self._settings
        if not settings.leader_election:
            return None
        identity = f"{os.environ.get('HOSTNAME') or socket.gethostname()}_{uuid.uuid4()}"
        lease = LeaderLease(self._client, settings.lease_namespace, settings.lease_name, identity, self.stop)
        if lease.acquire():
            threading.Thread(target=lease.keep, args=(self._lost,), name="lease", daemon=True).start()
        return lease

    def run(self) -> int:
        """Serve until asked to stop; returns the exit code."""
        settings = self._settings
        servers = [health.server(settings.health_address[1], {"/healthz": _fine, "/readyz": _fine})]
        if settings.metrics_address:
            servers.append(health.server(settings.metrics_address[1], {"/metrics": self._metrics}))
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        lease = self._lead()
        if not self.stop.is_set():
            self._leading.set()
            self._controller.start()
            LOG.info("leading; components get %s", settings.infrastructure)
            self.stop.wait()
            self._controller.stop()
        if lease is not None and not self._failed:
            lease.release()
        for server in servers:
            server.shutdown()
        return int(self._failed)


def main(argv: list[str]) -> int:
    """Run the operator; returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = flags.read(argv)
        kubeconfig = os.environ.get("KUBECONFIG")
        if not kubeconfig:
            raise ConfigError("Failed to reach the API server: KUBECONFIG is not set.")
        manager = Manager(Client(load_kubeconfig(Path(kubeconfig)), FIELD_MANAGER), settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: manager.stop.set())
        return manager.run()
    except (ConfigError, KubeError, OSError) as error:
        LOG.error("%s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
