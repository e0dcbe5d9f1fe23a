# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""One EKS cluster as the supervisor sees it: a control plane and a node agent, made and unmade with the cluster."""

from __future__ import annotations

import base64
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import paths, state
from rehearsal.kube import flags, versions
from rehearsal.kube.control_plane import Aws, ControlPlane
from rehearsal.part import Part, PartFailedError, Spec
from rehearsal.ports import PortBook

DEFAULT_SERVICE_CIDR = "172.20.0.0/16"
DEFAULT_ISSUER = "https://kubernetes.default.svc"
_PORT_NAMES = ("etcd", "etcd_peer", "apiserver", "controller_manager", "scheduler", "authenticator")
_ATTEMPTS = 3
_AGENT_SECONDS = 120.0
# The agent ends the pods' processes, each with its own grace period.
_AGENT_GRACE = 25.0
_WIPE_GRACE = 1.0
# From an instance's launch until its node is ready: EKS replaces a node group's instances in this rhythm at most.
_JOIN_SECONDS = "3"


@dataclass(frozen=True)
class Setting:
    """What is the same for every cluster of a rehearsal."""

    work: paths.WorkDir
    bin_dir: Path
    dynamo_python: Path
    aws_endpoint: str
    env: Mapping[str, str]

    @property
    def admin_file(self) -> Path:
        """The embedded AWS's administrator."""
        return self.work.aws / "admin.json"


@dataclass(frozen=True)
class Description:
    """What EKS says about a cluster that its control plane depends on."""

    name: str
    region: str
    account: str
    service_cidr: str = DEFAULT_SERVICE_CIDR
    issuer: str = DEFAULT_ISSUER
    version: str = versions.BINARY


class Cluster:
    """The processes of one cluster. `start` and `stop` take seconds and run in a thread of their own."""

    def __init__(self, description: Description, setting: Setting, ports: PortBook) -> None:
        """Describe a cluster; nothing runs yet."""
        self.description = description
        self.record = state.ClusterState(description.name, "CREATING")
        self._setting = setting
        self._ports = ports
        self._lock = threading.Lock()
        self._plane: ControlPlane | None = None
        self._agent: Part | None = None

    @property
    def parts(self) -> list[Part]:
        """Every process of the cluster that was described so far, in the order of starting."""
        plane = self._plane.parts if self._plane else []
        return [*plane, *([self._agent] if self._agent else [])]

    def start(self) -> None:
        """Make the control plane and the node agent.

        Raises:
            PartFailedError: when a part does not come up.
            ValueError: when the work directory's path is too long.
        """
        began = time.monotonic()
        with self._lock:
            self._start_control_plane()
            self._start_agent()
        self.record.seconds = round(time.monotonic() - began, 1)

    @property
    def version(self) -> str:
        """The minor version that the control plane runs as."""
        return self._plane.layout.version if self._plane else self.description.version

    def upgrade(self, version: str) -> None:
        """Let the control plane go on as another minor version.

        Raises:
            PartFailedError: when a part does not come up again.
            RuntimeError: when no control plane runs.
        """
        with self._lock:
            if self._plane is None:
                raise RuntimeError(f"Failed to upgrade cluster {self.description.name}: it does not run.")
            self._plane.upgrade(version)

    def stop(self, wipe: bool = True) -> None:
        """End all processes, and remove what the cluster kept."""
        # What is wiped need not be put in order first: the API server alone would wait for its watches.
        grace = _WIPE_GRACE if wipe else None
        with self._lock:
            if self._agent is not None:
                self._agent.stop(grace)
            if self._plane is not None:
                self._plane.stop(grace)
                if wipe:
                    self._plane.wipe()
            if wipe:
                shutil.rmtree(self._setting.work.cluster(self.description.name), ignore_errors=True)
            self._agent = self._plane = None
            self._ports.release(f"{self.description.name}/")

    def check(self) -> None:
        """Notice ended processes and start them again; idle while the cluster starts or stops."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            for part in self.parts:
                part.check()
        finally:
            self._lock.release()

    @property
    def published(self) -> dict[str, str]:
        """What EKS publishes of an active cluster: endpoint and certificate authority."""
        if self._plane is None:
            raise RuntimeError(f"Failed to publish cluster {self.description.name}: it does not run.")
        layout = self._plane.layout
        authority = base64.b64encode(layout.pki.ca.read_bytes()).decode()
        return {"endpoint": layout.server, "certificate_authority": authority, "join_seconds": _JOIN_SECONDS}

    def _start_control_plane(self) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            plane = self._plane = self._new_plane()
            try:
                plane.start()
            except PartFailedError:
                taken = plane.port_taken()
                plane.stop()
                if not taken or attempt == _ATTEMPTS:
                    raise
                for name in _PORT_NAMES:
                    self._ports.move(f"{self.description.name}/{name}")
                shutil.rmtree(plane.layout.directory, ignore_errors=True)
            else:
                return

    def _new_plane(self) -> ControlPlane:
        name, setting = self.description.name, self._setting
        layout = flags.Layout(
            name=name,
            directory=setting.work.cluster(name),
            bin_dir=setting.bin_dir,
            ports=flags.Ports(**{port: self._ports.assign(f"{name}/{port}") for port in _PORT_NAMES}),
            service_cidr=self.description.service_cidr,
            issuer=self.description.issuer,
            egress_socket=setting.work.egress_socket(name),
            version=self.description.version,
        )
        aws = Aws(setting.aws_endpoint, setting.admin_file, self.description.region)
        return ControlPlane(layout, aws, Path(sys.executable), setting.work.logs, setting.work.root, setting.env)

    def _start_agent(self) -> None:
        if self._plane is None:
            raise RuntimeError(f"Failed to start the node agent of {self.description.name}: no control plane runs.")
        layout, setting = self._plane.layout, self._setting
        config = layout.directory / "agent.json"
        content = agent_config(self.description, layout, setting)
        config.write_text(json.dumps(content, indent=1))
        ready = Path(content["work_dir"]) / "agent.ready"
        ready.unlink(missing_ok=True)
        ready.parent.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "rehearsal.nodes", "--config", str(config)]
        self._agent = Part(
            Spec(
                name=f"{layout.name}/node-agent",
                argv=lambda: argv,
                env=setting.env,
                owner=setting.work.root,
                cwd=layout.directory,
                log=setting.work.logs / f"{layout.name}-node-agent.log",
                grace=_AGENT_GRACE,
            )
        )
        self._agent.start()
        self._agent.wait_for(ready.exists, _AGENT_SECONDS)


def agent_config(description: Description, layout: flags.Layout, setting: Setting) -> dict[str, Any]:
    """Return the contents of agent.json."""
    return {
        "cluster": description.name,
        "region": description.region,
        "account": description.account,
        "aws_endpoint": setting.aws_endpoint,
        "aws_admin_file": str(setting.admin_file),
        "server": layout.server,
        "ca_file": str(layout.pki.ca),
        "kubeconfig": str(layout.kubeconfig("admin")),
        "pki_dir": str(layout.pki.directory),
        "work_dir": str(layout.directory / "nodes"),
        "egress_socket": str(layout.egress_socket),
        "bin_dir": str(setting.bin_dir),
        "main_python": sys.executable,
        "dynamo_python": str(setting.dynamo_python),
        "repo": str(paths.REPO),
    }


class Keeper:
    """Brings one cluster to the state that EKS says, in a thread, and tells EKS when it is there."""

    def __init__(self, cluster: Cluster, tell: Callable[[str, str, dict[str, str] | None], None]) -> None:
        """Take the cluster and how to tell EKS (cluster name, `active` or `deleted`, body)."""
        self.cluster = cluster
        self.gone = False
        self._tell = tell
        self._goal = ""
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether it works towards a goal."""
        return self._thread is not None and self._thread.is_alive()

    def follow(self, status: str, version: str) -> None:
        """Begin what EKS's status and version ask for, unless that is done or under way."""
        if self.busy:
            return
        if status in ("CREATING", "DELETING") and status != self._goal:
            self._goal = status
            self.cluster.record.status = status
            self._begin(self._create if status == "CREATING" else self._delete)
        elif status == "UPDATING" and version not in (self.cluster.version, self._goal):
            self._goal = version
            self.cluster.record.status = status
            self._begin(lambda: self._upgrade(version))

    def _begin(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for what is under way, then end the cluster's processes."""
        if self._thread is not None:
            self._thread.join()
        self.cluster.stop(wipe=False)

    def _create(self) -> None:
        record = self.cluster.record
        try:
            self.cluster.start()
            published = self.cluster.published
            self._tell(record.name, "active", published)
        except (PartFailedError, ValueError, OSError, RuntimeError) as error:
            record.error = str(error)
            record.status = "FAILED"
            return
        record.endpoint, record.error, record.status = published["endpoint"], "", "ACTIVE"

    def _upgrade(self, version: str) -> None:
        record = self.cluster.record
        try:
            self.cluster.upgrade(version)
            self._tell(record.name, "upgraded", {"version": version})
        except (PartFailedError, OSError, RuntimeError) as error:
            record.error = str(error)
            record.status = "FAILED"
            return
        record.error, record.status = "", "ACTIVE"

    def _delete(self) -> None:
        record = self.cluster.record
        try:
            self.cluster.stop()
            self._tell(record.name, "deleted", None)
        except OSError as error:
            record.error = f"Failed to delete cluster {record.name}: {error}."
            return
        record.status = "DELETED"
        self.gone = True
