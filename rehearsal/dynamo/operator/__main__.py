# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the operator: `python -m rehearsal.dynamo.operator --config=FILE --operator-version=V`."""

from __future__ import annotations

import argparse
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
from rehearsal.dynamo.operator import certificates, config, health, webhooks
from rehearsal.dynamo.operator.consts import FIELD_MANAGER
from rehearsal.dynamo.operator.controller import Controller
from rehearsal.dynamo.operator.lease import LeaderLease

LOG = logging.getLogger("operator")
_REINJECT_EVERY = 5.0


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse what the chart passes."""
    parser = argparse.ArgumentParser(prog="manager", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="OperatorConfiguration file")
    parser.add_argument("--operator-version", required=True, help="version put on graphs at admission")
    parser.add_argument("--operator-image", default="", help="image that the operator runs from")
    parser.add_argument("--operator-image-pull-policy", default="", help="pull policy of that image")
    return parser.parse_args(argv)


class Manager:
    """One operator process: webhooks and health at once, controllers once it leads."""

    def __init__(self, client: Client, settings: config.Config) -> None:
        """Keep the parts; `run` starts them."""
        self.client, self.settings = client, settings
        self.stop = threading.Event()
        self.leading = threading.Event()
        self.serving = threading.Event()
        self.controller = Controller(client, settings)
        self.started = time.monotonic()
        self.failed = False

    def _ready(self) -> tuple[int, str]:
        return (200, "ok") if self.serving.is_set() else (500, "webhook server has not been started yet\n")

    def _metrics(self) -> tuple[int, str]:
        text = health.metrics_text(
            dict(self.controller.reconciles), self.controller.depth(), self.leading.is_set(), self.started
        )
        return 200, text

    def _lost(self) -> None:
        self.failed = True
        self.stop.set()

    def _lead(self) -> LeaderLease | None:
        if not self.settings.leader_election:
            return None
        identity = f"{os.environ.get('POD_NAME') or socket.gethostname()}_{uuid.uuid4()}"
        lease = LeaderLease(self.client, self.settings.lease_namespace, self.settings.lease_name, identity, self.stop)
        if lease.acquire():
            threading.Thread(target=lease.keep, args=(self._lost,), name="lease", daemon=True).start()
        return lease

    def run(self) -> int:
        """Serve until asked to stop; returns the exit code."""
        settings = self.settings
        pages: dict[str, health.Page] = {"/healthz": lambda: (200, "ok"), "/readyz": self._ready}
        servers = [health.server(settings.health_port, pages)]
        if settings.metrics_port:
            servers.append(health.server(settings.metrics_port, {"/metrics": self._metrics}))
        certificate = certificates.provision(self.client, settings)
        if settings.manage_certificate:
            certificates.inject(self.client, settings, certificate["ca.crt"])
        reviewer = webhooks.Reviewer(settings.version, settings.user)
        servers.append(webhooks.server(reviewer, settings.webhook_port, certificate))
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.serving.set()
        LOG.info("webhooks on port %d, health on port %d", settings.webhook_port, settings.health_port)
        lease = self._lead()
        if not self.stop.is_set():
            self.leading.set()
            self.controller.start()
            while not self.stop.wait(_REINJECT_EVERY):
                if settings.manage_certificate:
                    certificates.keep_injected(self.client, settings, certificate["ca.crt"])
            self.controller.stop()
        if lease is not None and not self.failed:
            lease.release()
        for server in servers:
            server.shutdown()
        return int(self.failed)


def main(argv: list[str]) -> int:
    """Run the operator; returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    options = arguments(argv)
    try:
        settings = config.load(options.config, options.operator_version)
        kubeconfig = os.environ.get("KUBECONFIG")
        if not kubeconfig:
            raise config.ConfigError("Failed to reach the API server: KUBECONFIG is not set.")
        client = Client(load_kubeconfig(Path(kubeconfig)), FIELD_MANAGER)
        manager = Manager(client, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: manager.stop.set())
        return manager.run()
    except (config.ConfigError, KubeError, OSError) as error:
        LOG.error("%s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
