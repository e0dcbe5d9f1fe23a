# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a control plane, the chart installed from the repository, the operator behind its Deployment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import localhttp, ports
from rehearsal.charts import repository
from rehearsal.charts.server import Behaviour, server
from tests.integration.operator import cluster as clusters
from tests.integration.operator.cluster import Cluster, wait_for

ROOT = Path(__file__).resolve().parents[3]
NAMESPACE = "dynamo-cloud"
ACCOUNT = "dynamo-platform-dynamo-operator-controller-manager"
SERVICE = "dynamo-platform-dynamo-operator-webhook-service"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with clusters.start(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("charts")
    repository.build(folder)
    port = ports.choose()
    running = server(Behaviour(folder), port)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{port}"
    running.shutdown()


class Operator:
    """The operator's process, started and ended as its pod would be."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.ports = {9443: ports.choose(), 8081: 0, 8443: 0}
        self.ports[8081] = ports.choose(None, [self.ports[9443]])
        self.ports[8443] = ports.choose(None, [self.ports[9443], self.ports[8081]])
        self.log = cluster.folder / "operator.log"
        config = cluster.client.request(
            "GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps/dynamo-platform-dynamo-operator-config"
        )
        self.config = cluster.folder / "config.yaml"
        self.config.write_text(config["data"]["config.yaml"])
        kubeconfig = cluster.account_kubeconfig(NAMESPACE, ACCOUNT)
        self.env = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "PYTHONPATH": str(ROOT),
            "POD_NAMESPACE": NAMESPACE,
            "POD_NAME": "operator-0",
            "POD_SERVICE_ACCOUNT": ACCOUNT,
            "REHEARSAL_PORTS": json.dumps(self.ports),
        }
        self.process: subprocess.Popen[bytes] | None = None
        cluster.egress.target = self.ports[9443]

    def apply_crds(self) -> None:
        arguments = ["--crds-dir=/opt/dynamo-operator/crds", "--version=1.6.1"]
        names = [f"--conversion-webhook-service-name={SERVICE}", f"--conversion-webhook-service-namespace={NAMESPACE}"]
        command = [sys.executable, "-m", "rehearsal.dynamo.crd_apply", *arguments, *names]
        subprocess.run(command, env=self.env, check=True, timeout=60)

    def url(self, container_port: int, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[container_port]}{path}"

    def start(self) -> None:
        arguments = [
            f"--config={self.config}",
            "--operator-version=1.6.1",
            "--operator-image=x/kubernetes-operator:1.6.1",
        ]
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "rehearsal.dynamo.operator", *arguments]
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=subprocess.STDOUT)
        wait_for("the operator", lambda: localhttp.succeeds(self.url(8081, "/readyz")), 30)

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(20)
        self.process = None
        return code


@pytest.fixture(scope="session")
def operator(cluster: Cluster, charts: str) -> Iterator[Operator]:
    cluster.namespace(NAMESPACE)
    cluster.run("helm", "install", "dynamo-platform", "dynamo-platform", "--repo", charts, "-n", NAMESPACE)
    running = Operator(cluster)
    running.apply_crds()
    running.start()
    yield running
    if running.process is not None:
        assert running.stop() == 0
