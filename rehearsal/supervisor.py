# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon behind `up`: keeps the embedded AWS and the charts, and one control plane per EKS cluster.

Run as `python -m rehearsal supervise`. It alone writes state.json. SIGTERM ends everything in order.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rehearsal import environment, process, state
from rehearsal.bootstrap import provider
from rehearsal.cluster import Cluster, Keeper, Setting
from rehearsal.kube.control_plane import base_env
from rehearsal.part import Part, PartFailedError
from rehearsal.paths import WorkDir
from rehearsal.ports import PortBook
from rehearsal.services import Services
from rehearsal.toolchain import Toolchain

_TICK_SECONDS = 0.25


class AlreadyRunningError(Exception):
    """Another supervisor holds this work directory."""


class StopRequestedError(Exception):
    """A signal came while everything was still starting."""


class Supervisor:
    """Everything that runs in one work directory."""

    def __init__(self, work: WorkDir, toolchain: Toolchain, control_planes: bool = True) -> None:
        """Describe the parts; nothing runs yet."""
        self._control_planes = control_planes
        self._work = work
        self._toolchain = toolchain
        self._ports = PortBook(state.read(work.state_file).ports)
        self._env = base_env(toolchain.bin_dir, os.environ)
        self._services = Services(work, toolchain.bin_dir, self._env, self._ports, control_planes)
        self._state = state.State(supervisor=process.Identity.of(os.getpid()))
        self._keepers: dict[str, Keeper] = {}
        self._stop = threading.Event()
        self._complaint = ""
        self._published: dict[str, Any] = {}

    def run(self) -> int:
        """Start, keep and end everything; return the exit code.

        Raises:
            AlreadyRunningError: when another supervisor holds the work directory.
        """
        with _hold_lock(self._work):
            signal.signal(signal.SIGTERM, self._on_signal)
            signal.signal(signal.SIGINT, self._on_signal)
            try:
                recover(self._work)
                self._publish()
                self._start()
                self._keep()
            except StopRequestedError:
                pass
            except PartFailedError as error:
                self._state.phase, self._state.error = state.FAILED, str(error)
            except (OSError, ValueError) as error:
                self._state.phase = state.FAILED
                self._state.error = f"Failed to run the rehearsal: {error}. See the logs in {self._work.logs}."
            finally:
                self._end()
        return 1 if self._state.phase == state.FAILED else 0

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self._stop.set()
        if self._state.phase == state.STARTING:
            raise StopRequestedError

    def _start(self) -> None:
        began = time.monotonic()
        self._services.start()
        self._state.aws_endpoint = self._services.admin.endpoint
        self._state.charts_url = self._services.charts_url
        credentials = json.loads((self._work.aws / "credentials.json").read_text())
        source = provider.find(os.environ)
        values = environment.variables(
            self._work,
            self._toolchain,
            self._state.aws_endpoint,
            self._state.charts_url,
            credentials,
            os.environ.get("PATH", os.defpath),
        )
        self._toolchain.terraform_plugins.mkdir(parents=True, exist_ok=True)
        environment.write(self._work, values, provider.render(source, self._toolchain.terraform_plugins))
        print(f"ready after {time.monotonic() - began:.1f} s; {provider.describe(source)}", flush=True)
        self._state.phase = state.READY
        self._publish()

    def _keep(self) -> None:
        while not self._stop.wait(_TICK_SECONDS):
            for part in self._services.parts:
                part.check()
            if self._services.aws.record.status == state.RUNNING:
                if self._control_planes:
                    self._follow_clusters()
            else:
                self._state.error = (
                    "The embedded AWS has ended, and the account with it. "
                    "Run `python -m rehearsal down` and `up` for a new one."
                )
            for keeper in self._keepers.values():
                keeper.cluster.check()
            self._publish()

    def _follow_clusters(self) -> None:
        try:
            self._follow(self._services.admin.clusters())
            self._complaint = ""
        except OSError as error:
            # Busy or just ended: the next ticks tell which.
            if str(error) != self._complaint:
                self._complaint = str(error)
                print(f"Failed to follow the clusters: {error}", flush=True)

    def _follow(self, listed: list[dict[str, Any]]) -> None:
        for name in [name for name, keeper in self._keepers.items() if keeper.gone and not keeper.busy]:
            del self._keepers[name]
        for entry in listed:
            name = entry["name"]
            if name not in self._keepers and entry["status"] in ("CREATING", "DELETING"):
                self._keepers[name] = self._new_keeper(entry)
            if name in self._keepers:
                self._keepers[name].follow(entry["status"], entry["wanted_version"])

    def _new_keeper(self, entry: dict[str, Any]) -> Keeper:
        setting = Setting(
            work=self._work,
            bin_dir=self._toolchain.bin_dir,
            dynamo_python=self._toolchain.dynamo_python,
            aws_endpoint=self._state.aws_endpoint,
            env=self._env,
        )
        cluster = Cluster(self._services.admin.describe(entry), setting, self._ports)
        return Keeper(cluster, self._services.admin.tell)

    def _parts(self) -> list[Part]:
        parts = list(self._services.parts)
        for keeper in list(self._keepers.values()):
            parts += keeper.cluster.parts
        return parts

    def _snapshot(self) -> state.State:
        clusters = [state.ClusterState(**vars(keeper.cluster.record)) for keeper in self._keepers.values()]
        records = [state.ProcessState(**vars(part.record)) for part in self._parts()]
        shown = {**vars(self._state), "ports": self._ports.as_dict(), "processes": records, "clusters": clusters}
        return state.State(**shown)

    def _publish(self) -> None:
        """Write state.json when it says anything new."""
        content = self._snapshot().to_json()
        if content != self._published:
            self._published = content
            state.write(self._work.state_file, content)

    def _end(self) -> None:
        failed = self._state.phase == state.FAILED
        if not failed:
            self._state.phase = state.STOPPING
        self._publish()
        stops = [threading.Thread(target=keeper.stop) for keeper in self._keepers.values()]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        self._services.stop()
        process.end(process.owned(self._work.root), grace=2.0)
        self._state.supervisor = None
        if not failed:
            self._state.phase = state.STOPPED
        self._publish()


def recover(work: WorkDir) -> None:
    """End what a supervisor that was killed left running, and forget its account and its clusters."""
    process.end(process.owned(work.root), grace=5.0)
    for directory in (work.aws, work.root / "clusters", work.root / "s", work.run):
        shutil.rmtree(directory, ignore_errors=True)
    for directory in (work.aws, work.charts, work.run, work.logs):
        directory.mkdir(parents=True, exist_ok=True)
    for log in work.logs.glob("*.log"):
        if log.name != "supervisor.log":
            log.unlink()


@contextmanager
def _hold_lock(work: WorkDir) -> Iterator[None]:
    work.root.mkdir(parents=True, exist_ok=True)
    with work.lock_file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(
                f"Failed to start in {work.root}: another supervisor holds it. Use it, or choose another --dir."
            ) from error
        yield
