# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""One cluster's control plane: etcd, API server, token authenticator, controller manager and scheduler."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rehearsal import localhttp, paths
from rehearsal.kube import access, flags, kubeconfig, pki
from rehearsal.kube.authenticator import Config as AuthenticatorConfig
from rehearsal.kube.rest import Rest
from rehearsal.part import Part, Spec

_READY_SECONDS = 120.0
# The API server waits for its clients' watches; nobody needs them when the cluster goes.
_API_SERVER_GRACE = 4.0
# Nothing is lost with a component that is killed: everything is in etcd.
_UPGRADE_GRACE = 2.0


@dataclass(frozen=True)
class Aws:
    """How a cluster's authenticator reaches the embedded AWS."""

    endpoint: str
    admin_file: Path
    region: str


class ControlPlane:
    """Starts, watches and ends the processes of one cluster's control plane."""

    def __init__(
        self, layout: flags.Layout, aws: Aws, python: Path, logs: Path, owner: Path, env: Mapping[str, str]
    ) -> None:
        """Describe the parts; nothing runs yet."""
        self.layout = layout
        self._aws = aws
        self._python = python

        def part(name: str, argv: Callable[[], Sequence[str]], grace: float = 8.0) -> Part:
            log = logs / f"{layout.name}-{name}.log"
            return Part(Spec(f"{layout.name}/{name}", argv, env, owner, layout.directory, log, grace=grace))

        self.etcd = part("etcd", lambda: flags.etcd(self.layout))
        self.apiserver = part("kube-apiserver", lambda: flags.apiserver(self.layout), _API_SERVER_GRACE)
        self.authenticator = part("authenticator", self._authenticator_argv)
        self.controller_manager = part("kube-controller-manager", lambda: flags.controller_manager(self.layout))
        self.scheduler = part("kube-scheduler", lambda: flags.scheduler(self.layout))

    @property
    def parts(self) -> list[Part]:
        """Every part in the order of starting."""
        return [self.etcd, self.apiserver, self.authenticator, self.controller_manager, self.scheduler]

    @property
    def admin(self) -> Rest:
        """The API server as its administrator."""
        files = self.layout.pki
        return Rest(self.layout.server, files.ca, files.cert("admin"), files.key("admin"))

    def start(self) -> None:
        """Start everything and wait until pods can be created.

        Raises:
            PartFailedError: when a part does not come up.
        """
        self._write_files()
        self.etcd.start()
        self.apiserver.start()
        self.authenticator.start()
        self._await_api()
        self.controller_manager.start()
        self.scheduler.start()
        for collection, manifest in access.cluster_bindings():
            self.admin.ensure(collection, manifest)
        self.authenticator.wait_for(self._authenticator_serves, _READY_SECONDS)
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.controller_manager.wait_for(lambda: self.admin.succeeds(account), _READY_SECONDS)

    def stop(self, grace: float | None = None) -> None:
        """End everything, the clients before their server and the server before its store."""
        for part in (self.scheduler, self.controller_manager, self.apiserver, self.authenticator, self.etcd):
            part.stop(grace)

    def upgrade(self, version: str) -> None:
        """Go on as another minor version: store, certificates, address and authenticator stay.

        EKS replaces one API server after the other; the only one here is away for some seconds.

        Raises:
            PartFailedError: when a part does not come up again.
        """
        self.layout = replace(self.layout, version=version)
        versioned = (self.scheduler, self.controller_manager, self.apiserver)
        for part in versioned:
            part.stop(_UPGRADE_GRACE)
        self.apiserver.start()
        self._await_api()
        self.controller_manager.start()
        self.scheduler.start()

    def _await_api(self) -> None:
        self.apiserver.wait_for(lambda: self.admin.succeeds("/readyz"), _READY_SECONDS)

    def wipe(self) -> None:
        """Remove everything the cluster kept."""
        shutil.rmtree(self.layout.directory, ignore_errors=True)
        self.layout.egress_socket.unlink(missing_ok=True)

    def port_taken(self) -> bool:
        """Tell whether the start failed because somebody else took a port between choice and use."""
        return any(part.port_taken() for part in self.parts)

    def _authenticator_argv(self) -> list[str]:
        config = str(self.layout.directory / "authenticator-config.json")
        return [str(self._python), "-m", "rehearsal.kube.authenticator", "--config", config]

    def _authenticator_serves(self) -> bool:
        return localhttp.succeeds(f"http://127.0.0.1:{self.layout.ports.authenticator}/")

    def _write_files(self) -> None:
        layout = self.layout
        layout.directory.mkdir(parents=True, exist_ok=True)
        layout.egress_socket.parent.mkdir(parents=True, exist_ok=True)
        files = pki.ensure(layout.directory / "pki", layout.service_cidr)
        for client in ("admin", "controller-manager", "scheduler"):
            kubeconfig.for_client(layout.kubeconfig(client), layout.server, files, client)
        layout.egress_config.write_text(json.dumps(flags.egress(layout.egress_socket), indent=1))
        webhook = kubeconfig.render(f"http://127.0.0.1:{layout.ports.authenticator}/authenticate", None)
        kubeconfig.write(layout.webhook_config, webhook)
        AuthenticatorConfig(
            port=layout.ports.authenticator,
            cluster=layout.name,
            region=self._aws.region,
            aws_endpoint=self._aws.endpoint,
            aws_admin_file=str(self._aws.admin_file),
            server=layout.server,
            ca_file=str(files.ca),
            certificate_file=str(files.cert("admin")),
            key_file=str(files.key("admin")),
        ).write(layout.directory / "authenticator-config.json")


def base_env(bin_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the rehearsal's own processes: a user's AWS and Kubernetes settings stay outside."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("AWS_", "KUBE", "ANSIBLE_", "MOTO_", "TF_", "ARGOCD_"))
    }
    local = "127.0.0.1,localhost"
    return {
        **kept,
        "PATH": f"{bin_dir}:{environ.get('PATH', '/usr/bin:/bin')}",
        "PYTHONPATH": str(paths.REPO),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": local,
        "no_proxy": local,
    }
