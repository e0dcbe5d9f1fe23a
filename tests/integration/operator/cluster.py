# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A bare control plane for the operator's tests: etcd, API server and controller manager, no nodes.

What the API server sends to a Service goes to one local port, the operator's webhooks: the part of the node agent that
these tests need.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rehearsal import ports
from rehearsal.dynamo.kube import Client, Json, KubeError, Resource, load_kubeconfig
from rehearsal.kube import flags, kubeconfig, pki

SERVICE_CIDR = "172.20.0.0/16"
Value = TypeVar("Value")


def wait_for(what: str, check: Callable[[], Value], seconds: float = 60.0) -> Value:
    """Return the first true value of `check`; fail with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    value = check()
    while not value:
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.02)
        value = check()
    return value


def tools() -> Path:
    """Folder with the control plane's programs: REHEARSAL_BIN, else what bootstrap made."""
    given = os.environ.get("REHEARSAL_BIN")
    if given:
        return Path(given)
    from rehearsal.toolchain import Toolchain

    return Toolchain.find().bin_dir


class Egress:
    """Answers HTTP CONNECT on a unix socket; every target is one local port."""

    def __init__(self, path: Path) -> None:
        self.target = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            chunk = client.recv(4096)
            if not chunk:
                client.close()
                return
            request += chunk
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            client.close()
            return
        server.settimeout(None)
        client.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        threading.Thread(target=_pump, args=(client, server), daemon=True).start()
        _pump(server, client)

    def close(self) -> None:
        self._listener.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _without(argv: list[str], *prefixes: str) -> list[str]:
    return [item for item in argv if not item.startswith(prefixes)]


@dataclass
class Cluster:
    """The running control plane."""

    folder: Path
    layout: flags.Layout
    egress: Egress
    client: Client

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.layout.kubeconfig("admin")

    def account_kubeconfig(self, namespace: str, account: str) -> Path:
        """Return a kubeconfig with a token of a ServiceAccount, as a pod has it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = self.client.request("POST", path, request)["status"]["token"]
        config = kubeconfig.render(self.layout.server, self.layout.pki.ca)
        config["users"][0]["user"] = {"token": token}
        return kubeconfig.write(self.folder / f"{namespace}-{account}.kubeconfig", config)

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run helm or kubectl as the administrator."""
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.folder)}
        command = [str(self.layout.bin_dir / argv[0]), *argv[1:]]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0 or not check, f"{' '.join(argv)}: {done.stderr}"
        return done

    def namespace(self, name: str) -> str:
        """Make a namespace and wait for its default account."""
        account = Resource("", "v1", "serviceaccounts", "ServiceAccount")
        namespaces = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
        if self.client.get(namespaces, None, name) is None:
            self.client.create(namespaces, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        wait_for(f"namespace {name}", lambda: self.client.get(account, name, "default"))
        return name


@contextlib.contextmanager
def start(folder: Path) -> Iterator[Cluster]:
    """Start a control plane in `folder`, and end it again."""
    bin_dir, book = tools(), ports.PortBook()
    numbers = [book.assign(name) for name in ("etcd", "peer", "api", "kcm", "scheduler", "authenticator")]
    # A socket's path may have 107 bytes, which a test's folder can exceed.
    short = Path("/tmp") / f"egress-{os.getpid()}"
    short.unlink(missing_ok=True)
    layout = flags.Layout("test", folder, bin_dir, flags.Ports(*numbers), SERVICE_CIDR, "https://test.local", short)
    files = pki.ensure(folder / "pki", SERVICE_CIDR)
    for name in ("admin", "controller-manager"):
        kubeconfig.for_client(layout.kubeconfig(name), layout.server, files, name)
    layout.egress_config.write_text(json.dumps(flags.egress(short)))
    egress = Egress(short)
    client = Client(load_kubeconfig(layout.kubeconfig("admin")), "test")
    processes: list[subprocess.Popen[bytes]] = []

    def launch(argv: list[str]) -> None:
        log = (folder / f"{Path(argv[0]).name}.log").open("wb")
        processes.append(subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, cwd=folder))
        log.close()

    def answers() -> bool:
        try:
            client.request("GET", "/readyz?verbose=false")
        except KubeError:
            return False
        except ValueError:
            return True  # "ok" is no JSON
        return True

    try:
        launch(flags.etcd(layout))
        launch(_without(flags.apiserver(layout), "--authentication-token-webhook"))
        wait_for("the API server", answers, 90)
        launch(flags.controller_manager(layout))
        cluster = Cluster(folder, layout, egress, client)
        cluster.namespace("default")
        yield cluster
    finally:
        # Nothing of it is kept, and the API server would wait for every watch that is open.
        for process in reversed(processes):
            process.kill()
            process.wait()
        egress.close()
        short.unlink(missing_ok=True)
        shutil.rmtree(folder / "etcd", ignore_errors=True)


def mark_ready(client: Client, namespace: str, selector: str) -> int:
    """Play kubelet: make the selected pods Running and Ready; returns how many were made so now."""
    pods = Resource("", "v1", "pods", "Pod")
    made = 0
    for pod in client.list(pods, namespace, selector)["items"]:
        conditions: list[dict[str, Any]] = (pod.get("status") or {}).get("conditions") or []
        if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions):
            continue
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        state: Json = {
            "phase": "Running",
            "startTime": now,
            "conditions": [
                {"type": kind, "status": "True", "lastTransitionTime": now}
                for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
            ],
        }
        with contextlib.suppress(KubeError):
            client.merge(pods, namespace, pod["metadata"]["name"], {"status": state}, "status")
            made += 1
    return made
