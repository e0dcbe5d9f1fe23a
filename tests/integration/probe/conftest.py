# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A real Dynamo without a GPU, and a real API server with a kubelet that forwards ports to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import localhttp, ports
from rehearsal.bootstrap.places import Places
from rehearsal.bootstrap.places import tools as bootstrap_tools
from rehearsal.dynamo.kube import Client, KubeError, Resource
from rehearsal.nodes.kwok import serving_certificate
from tests.integration.operator import cluster as clusters
from tests.integration.operator.cluster import Cluster, wait_for

ROOT = Path(__file__).resolve().parents[3]
MANIFESTS = ROOT / "rehearsal" / "nodes" / "manifests"
MODEL = "Org/Tiny-0.1"
NAMESPACE = "default"
NODE = "node-1"
PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
FORWARDS = Resource("kwok.x-k8s.io", "v1alpha1", "portforwards", "PortForward")
LOGS = Resource("kwok.x-k8s.io", "v1alpha1", "logs", "Logs")
DEFINITIONS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False)


def dynamo_python() -> str:
    """Interpreter with ai-dynamo: REHEARSAL_DYNAMO_PYTHON, else what bootstrap made."""
    given = os.environ.get("REHEARSAL_DYNAMO_PYTHON")
    if given:
        return given
    from rehearsal.toolchain import Toolchain

    return str(Toolchain.find().dynamo_python)


class Dynamo:
    """One frontend, and workers that come and go."""

    extra: dict[str, str] = {}
    frontend_options: tuple[str, ...] = ()

    def __init__(self, folder: Path, python: str = "", *frontend_options: str) -> None:
        self.folder = folder
        self.frontend_options = frontend_options
        self.port = ports.choose()
        self.python = python or dynamo_python()
        self.model = self.make_model()
        self.env = {
            **os.environ,
            "DYN_DISCOVERY_BACKEND": "file",
            "DYN_FILE_KV": str(folder / "kv"),
            "DYN_REQUEST_PLANE": "tcp",
            "DYN_EVENT_PLANE": "zmq",
            "HF_HUB_OFFLINE": "1",
            **self.extra,
        }
        self.frontend = self.run(
            "dynamo.frontend", "--http-host", "127.0.0.1", "--http-port", str(self.port), *self.frontend_options
        )
        self.worker: subprocess.Popen[bytes] | None = None
        self.others: list[subprocess.Popen[bytes]] = []
        self.pages: list[str] = []
        wait_for("the frontend", lambda: localhttp.succeeds(f"{self.url}/live"))

    def make_model(self) -> Path:
        """Make a model without weights; the package tokenizers is only beside Dynamo."""
        code = "import sys; from pathlib import Path; from rehearsal.dynamo.model import ensure_model"
        code += "; print(ensure_model(sys.argv[1], Path(sys.argv[2])))"
        command = [dynamo_python(), "-c", code, MODEL, str(self.folder / "models")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return Path(done.stdout.strip())

    @property
    def url(self) -> str:
        """Address of the frontend."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one of Dynamo's programs."""
        with (self.folder / f"{module}.log").open("ab") as log:
            command = [self.python, "-m", module, *arguments]
            return subprocess.Popen(command, env=self.env, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT)

    def start_worker(self, *arguments: str) -> None:
        """Start a worker and do not wait for it. An earlier one goes on until the end."""
        if self.worker is not None:
            self.others.append(self.worker)
        sizes = ["--kv-bytes-per-token", "1024"]
        named = ["--model-path", str(self.model), "--model-name", MODEL]
        self.worker = self.run("dynamo.mocker", *named, *sizes, *arguments)

    def stop_worker(self, signum: int = signal.SIGTERM) -> None:
        """End the worker."""
        if self.worker is not None:
            self.worker.send_signal(signum)
            self.worker.wait(20)
            self.worker = None

    def close(self) -> None:
        """End everything."""
        self.stop_worker()
        for worker in self.others:
            worker.terminate()
            worker.wait(20)
        self.frontend.terminate()
        self.frontend.wait(20)


class OldDynamo(Dynamo):
    """Dynamo 0.4.1, which finds its workers in etcd and talks to them by NATS."""

    def __init__(self, folder: Path) -> None:
        places = Places.here()
        tools = {tool.name: tool for tool in (*bootstrap_tools(), *bootstrap_tools(on_demand=True))}
        etcd, peers, nats = ports.choose(), ports.choose(), ports.choose()
        address = f"http://127.0.0.1:{etcd}"
        self.servers = [
            self.server(
                folder,
                places.tool(tools["etcd"]) / "bin" / "etcd",
                f"--data-dir={folder / 'etcd'}",
                f"--listen-client-urls={address}",
                f"--advertise-client-urls={address}",
                f"--listen-peer-urls=http://127.0.0.1:{peers}",
            ),
            self.server(
                folder,
                places.tool(tools["nats-server"]) / "bin" / "nats-server",
                *("-js", "-sd", str(folder / "nats"), "-a", "127.0.0.1", "-p", str(nats)),
            ),
        ]
        self.extra = {"ETCD_ENDPOINTS": address, "NATS_SERVER": f"nats://127.0.0.1:{nats}"}
        wait_for("etcd", lambda: localhttp.succeeds(f"{address}/health"))
        wait_for("NATS", lambda: listening(nats))
        super().__init__(folder, str(places.python_of("dynamo-0.4")))

    @staticmethod
    def server(folder: Path, binary: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a server that Dynamo needs."""
        with (folder / f"{binary.name}.log").open("ab") as log:
            return subprocess.Popen([str(binary), *arguments], cwd=folder, stdout=log, stderr=subprocess.STDOUT)

    def start_worker(self, *arguments: str) -> None:
        """Start a worker; its engine has none of the newer options."""
        self.worker = self.run("dynamo.mocker", "--model-path", str(self.model), "--model-name", MODEL, *arguments)

    def close(self) -> None:
        """End everything."""
        super().close()
        for server in self.servers:
            server.terminate()
            server.wait(20)


def listening(port: int) -> bool:
    """Tell whether something listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture(scope="module")
def old_dynamo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dynamo]:
    command = [sys.executable, "-m", "rehearsal.bootstrap", "--only", "dynamo-0.4", "--only", "nats-server"]
    subprocess.run(command, cwd=ROOT, check=True)
    found = OldDynamo(tmp_path_factory.mktemp("dynamo-0.4"))
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def dynamo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dynamo]:
    found = Dynamo(tmp_path_factory.mktemp("dynamo"))
    try:
        yield found
    finally:
        found.close()


class Answering(BaseHTTPRequestHandler):
    """Says its own name."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        """Keep the test output clean."""

    def do_GET(self) -> None:
        """Answer."""
        body = self.server.name.encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer with the length of what came."""
        body = str(len(self.rfile.read(int(self.headers["Content-Length"])))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def answering(name: str) -> Iterator[int]:
    """A web server that says its name; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.name = name  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class World:
    """The cluster, with one node whose kubelet is kwok."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client: Client = cluster.client

    def pod(self, name: str, port: int, labels: dict[str, str], ready: bool = True) -> None:
        """Make a pod whose port 8000 is a local port."""
        container = {"name": "main", "image": "x/y:1", "ports": [{"name": "http", "containerPort": 8000}]}
        metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
        spec = {"nodeName": NODE, "containers": [container], "terminationGracePeriodSeconds": 0}
        self.client.create(PODS, NAMESPACE, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        self.ready(name, ready)
        self.forward(name, port)

    def ready(self, name: str, ready: bool) -> None:
        """Play kubelet: write the pod's condition."""
        path = PODS.path(NAMESPACE, name, "status")
        conditions = [{"type": "Ready", "status": str(ready)}]
        pod = self.client.request("GET", PODS.path(NAMESPACE, name))
        pod["status"] = {"phase": "Running", "conditions": conditions}
        self.client.request("PUT", path, pod)

    def forward(self, name: str, port: int) -> None:
        """Say which local port is the pod's port 8000."""
        spec = {"forwards": [{"ports": [8000], "target": {"port": port, "address": "127.0.0.1"}}]}
        self.apply(FORWARDS, name, spec)

    def log(self, name: str, path: Path) -> None:
        """Say which file is the pod's log."""
        self.apply(LOGS, name, {"logs": [{"containers": ["main"], "logsFile": str(path), "follow": False}]})

    def apply(self, resource: Resource, name: str, spec: dict[str, Any]) -> None:
        """Make or change an object of kwok's."""
        metadata = {"name": name, "namespace": NAMESPACE}
        body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}
        self.client.apply(resource, body)

    def service(self, name: str, selector: dict[str, str]) -> None:
        """Make a Service with the port 80."""
        spec = {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
        self.client.create(SERVICES, NAMESPACE, body)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with clusters.start(tmp_path_factory.mktemp("cluster")) as cluster:
        port = ports.choose()
        # What the API server sends to a kubelet goes to kwok.
        cluster.egress.target = port
        for item in yaml.safe_load_all((MANIFESTS / "kwok_crds.yaml").read_text()):
            cluster.client.create(DEFINITIONS, None, item)
        for resource in (FORWARDS, LOGS):
            wait_for(resource.plural, partial(served, cluster.client, resource))
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        }
        made = cluster.client.create(NODES, None, node)
        made["status"] = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        cluster.client.request("PUT", NODES.path(None, NODE, "status"), made)
        certificate, key = serving_certificate(cluster.folder / "kubelet", cluster.layout.pki.directory)
        command = [
            str(cluster.layout.bin_dir / "kwok"),
            f"--kubeconfig={cluster.kubeconfig}",
            f"--config={MANIFESTS / 'kwok_stages.yaml'}",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-ip=127.0.0.1",
            f"--node-port={port}",
            f"--server-address=127.0.0.1:{port}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            "--enable-crds=PortForward,Logs",
        ]
        with (cluster.folder / "kwok.log").open("wb") as log:
            kwok = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=cluster.folder)
        try:
            wait_for("the node", lambda: node_ready(cluster.client))
            yield World(cluster)
        finally:
            kwok.terminate()
            kwok.wait(20)


def served(client: Client, resource: Resource) -> bool:
    """Tell whether the API server knows a kind; a group that is new answers 404 for a moment."""
    try:
        found = client.request("GET", f"/apis/{resource.api_version}")
    except KubeError as error:
        if error.code != 404:
            raise
        return False
    return any(entry["name"] == resource.plural for entry in found["resources"])


def node_ready(client: Client) -> bool:
    """Tell whether kwok has taken the node."""
    conditions = (client.request("GET", NODES.path(None, NODE)).get("status") or {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
