# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Command lines and configuration files of the control plane; pure functions of a cluster's layout.

Sources: kubernetes.io/docs/reference/command-line-tools-reference, etcd.io/docs/v3.6/op-guide/configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.kube import versions
from rehearsal.kube.pki import Pki

# EKS caches what its authenticator answered for some minutes; a short time shows a changed access entry sooner.
ANSWERS_CACHED_FOR = "10s"
# EKS runs this plugin: pods that ask for nvidia.com/gpu get the toleration of the same name.
ADMISSION_PLUGINS = "ExtendedResourceToleration"
# There is no cloud network to program, and Karpenter's Node names its own addresses.
CONTROLLERS = "*,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller"


@dataclass(frozen=True)
class Ports:
    """The local ports of one cluster's parts."""

    etcd: int
    etcd_peer: int
    apiserver: int
    controller_manager: int
    scheduler: int
    authenticator: int


@dataclass(frozen=True)
class Layout:
    """Everything that a cluster's command lines depend on.

    Attributes:
        version: the minor version that EKS says (`1.33`).
    """

    name: str
    directory: Path
    bin_dir: Path
    ports: Ports
    service_cidr: str
    issuer: str
    egress_socket: Path
    version: str = versions.BINARY

    @property
    def pki(self) -> Pki:
        """The cluster's certificates."""
        return Pki(self.directory / "pki")

    @property
    def server(self) -> str:
        """The API server's address, what EKS publishes as endpoint."""
        return f"https://127.0.0.1:{self.ports.apiserver}"

    @property
    def egress_config(self) -> Path:
        """How the API server reaches Services, pods and nodes."""
        return self.directory / "egress.json"

    @property
    def webhook_config(self) -> Path:
        """How the API server reaches the token authenticator."""
        return self.directory / "authenticator.json"

    def kubeconfig(self, client: str) -> Path:
        """Return the kubeconfig of one of the cluster's certificate holders."""
        return self.directory / f"{client}.kubeconfig"


def etcd(layout: Layout) -> list[str]:
    """Return etcd's command line; its data need not survive a power cut."""
    client = f"http://127.0.0.1:{layout.ports.etcd}"
    peer = f"http://127.0.0.1:{layout.ports.etcd_peer}"
    return [
        str(layout.bin_dir / "etcd"),
        "--name=rehearsal",
        f"--data-dir={layout.directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=rehearsal={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(layout: Layout) -> list[str]:
    """Return kube-apiserver's command line."""
    pki = layout.pki
    return [
        str(layout.bin_dir / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{layout.ports.etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={layout.ports.apiserver}",
        f"--tls-cert-file={pki.cert('apiserver')}",
        f"--tls-private-key-file={pki.key('apiserver')}",
        f"--client-ca-file={pki.ca}",
        f"--kubelet-client-certificate={pki.cert('kubelet-client')}",
        f"--kubelet-client-key={pki.key('kubelet-client')}",
        f"--requestheader-client-ca-file={pki.cert('front-proxy-ca')}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki.cert('front-proxy-client')}",
        f"--proxy-client-key-file={pki.key('front-proxy-client')}",
        f"--service-cluster-ip-range={layout.service_cidr}",
        f"--service-account-issuer={layout.issuer}",
        f"--service-account-key-file={pki.service_account_public}",
        f"--service-account-signing-key-file={pki.key('sa')}",
        "--authorization-mode=Node,RBAC",
        f"--enable-admission-plugins={ADMISSION_PLUGINS}",
        f"--authentication-token-webhook-config-file={layout.webhook_config}",
        "--authentication-token-webhook-version=v1",
        f"--authentication-token-webhook-cache-ttl={ANSWERS_CACHED_FOR}",
        f"--egress-selector-config-file={layout.egress_config}",
        "--allow-privileged=true",
        "--anonymous-auth=true",
        f"--cert-dir={layout.directory / 'certs'}",
        "--profiling=false",
        # Watches of clients that do not end by themselves must not hold up the end of a rehearsal.
        "--shutdown-delay-duration=0s",
        f"--shown-version={versions.eks_version(layout.version)}",
        *_emulation(layout),
    ]


def _emulation(layout: Layout) -> list[str]:
    """Return what makes a binary behave as the minor version that EKS says."""
    emulated = versions.emulated(layout.version)
    return [f"--emulated-version={emulated}"] if emulated else []


def controller_manager(layout: Layout) -> list[str]:
    """Return kube-controller-manager's command line."""
    pki = layout.pki
    config = str(layout.kubeconfig("controller-manager"))
    return [
        str(layout.bin_dir / "kube-controller-manager"),
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.controller_manager}",
        f"--cert-dir={layout.directory / 'certs'}",
        f"--service-account-private-key-file={pki.key('sa')}",
        f"--root-ca-file={pki.ca}",
        f"--cluster-signing-cert-file={pki.ca}",
        f"--cluster-signing-key-file={pki.key('ca')}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        f"--controllers={CONTROLLERS}",
        "--profiling=false",
        *_emulation(layout),
    ]


def scheduler(layout: Layout) -> list[str]:
    """Return kube-scheduler's command line."""
    config = str(layout.kubeconfig("scheduler"))
    return [
        str(layout.bin_dir / "kube-scheduler"),
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.scheduler}",
        f"--cert-dir={layout.directory / 'certs'}",
        "--leader-elect=false",
        "--profiling=false",
        *_emulation(layout),
    ]


def egress(socket: Path) -> dict[str, Any]:
    """Return the configuration by which the API server dials Services, pods and nodes through the node agent."""
    transport = {"uds": {"udsName": str(socket)}}
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [
            {"name": "cluster", "connection": {"proxyProtocol": "HTTPConnect", "transport": transport}}
        ],
    }
