# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The life of one pod: volumes, init containers, containers, status, deletion."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import aiohttp

from rehearsal.nodes import addresses, images
from rehearsal.nodes.events import timestamp
from rehearsal.nodes.kube import ApiError, pod_path
from rehearsal.nodes.pods import environment, plan, status, volumes
from rehearsal.nodes.pods.container import Container
from rehearsal.nodes.pods.context import Context
from rehearsal.nodes.pods.environment import ConfigurationError
from rehearsal.nodes.pods.kwok_objects import serve
from rehearsal.nodes.pods.logs import ContainerLog
from rehearsal.nodes.pods.process import base_environment
from rehearsal.nodes.pods.volume_sync import VolumeSync

Json = dict[str, Any]
log = logging.getLogger(__name__)

_MOUNT_RETRY_SECONDS = 2.0
_WRITE_RETRY_SECONDS = 0.5
_FAKE = images.Recipe("fake")


class Pod:
    """Runs one pod; made by the runner for a pod that has been bound to a node."""

    def __init__(self, pod: Json, context: Context) -> None:
        """Prepare from the pod as the API server holds it."""
        self._json = pod
        self._context = context
        self._path = pod_path(pod)
        self.uid: str = pod["metadata"]["uid"]
        self._dir = context.config.work_dir / "pods" / self.uid
        self._place = plan.Place(self._dir, context.config.work_dir / "claims", pod["metadata"]["namespace"])
        known = pod.get("status") or {}
        self.ip = context.network.address(self.uid, str(known.get("podIP") or ""))
        self._started_at = str(known.get("startTime") or timestamp())
        self._init = [self._state(spec, True) for spec in pod["spec"].get("initContainers") or []]
        self._main = [self._state(spec, False) for spec in pod["spec"]["containers"]]
        self._logs: dict[str, ContainerLog] = {}
        self._containers: list[Container] = []
        self._sidecars: list[asyncio.Task[None]] = []
        self._identity: dict[str, str] = {}
        self._volumes = VolumeSync(self, context)
        self._dirty = asyncio.Event()
        self._serving = asyncio.Lock()
        self._stop = asyncio.Event()
        self._written: Json | None = None
        self._exists = True

    def _state(self, spec: Json, init: bool) -> status.ContainerState:
        """Begin from what a former agent reported: its processes ended with it."""
        rows = self._json.get("status") or {}
        known = rows.get("initContainerStatuses" if init else "containerStatuses") or []
        row: Json = next((entry for entry in known if entry["name"] == spec["name"]), {})
        state = status.ContainerState(
            spec["name"], spec["image"], sidecar=init and spec.get("restartPolicy") == "Always"
        )
        if init:
            state.state = status.waiting("PodInitializing")
        state.restarts = int(row.get("restartCount") or 0)
        if row.get("containerID"):
            began = (row.get("state") or {}).get("running", {}).get("startedAt") or self._started_at
            state.last_state = status.terminated(
                255, began, timestamp(), reason="Unknown", container_id=row["containerID"]
            )
            state.restarts += 1
        return state

    # --- for the runner

    @property
    def json(self) -> Json:
        """The pod as last seen."""
        return self._json

    @property
    def place(self) -> plan.Place:
        """The pod's directories."""
        return self._place

    @property
    def vanished(self) -> bool:
        """Whether the pod is gone from the API server."""
        return not self._exists

    def update(self, pod: Json) -> None:
        """Take the pod as it is now; a deletion stops it."""
        self._json = pod
        if pod["metadata"].get("deletionTimestamp"):
            self._stop.set()

    def vanish(self) -> None:
        """The pod is gone from the API server: end without telling it anything."""
        self._exists = False
        self._stop.set()

    async def run(self) -> None:
        """Run the pod until it is deleted."""
        writer = asyncio.create_task(self._write_status())
        work = asyncio.create_task(self._work())
        refresh = asyncio.create_task(self._volumes.run())
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            await stop
            await self._end(work)
        finally:
            tasks = (writer, work, refresh, stop, *self._sidecars)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._context.network.release(self.uid)
        volumes.remove(self._dir)

    async def _end(self, work: asyncio.Task[None]) -> None:
        meta = self._json["metadata"]
        grace = float(meta.get("deletionGracePeriodSeconds") or 0) if self._exists else 0.0
        await asyncio.gather(*(container.stop(grace) for container in self._containers))
        work.cancel()
        if not self._exists:
            return
        await self._write_once()
        while True:
            try:
                await self._context.kube.delete(self._path, grace=0, uid=self.uid)
            except (aiohttp.ClientError, TimeoutError, ApiError) as error:
                log.warning("Failed to delete pod %s: %s. Trying again.", self._path, error)
                await asyncio.sleep(_WRITE_RETRY_SECONDS)
            else:
                return

    # --- work

    async def _work(self) -> None:
        self.changed()
        await self._mount()
        meta = self._json["metadata"]
        account = str(self._json["spec"].get("serviceAccountName") or "default")
        self._identity = await self._context.identity(meta["namespace"], account, self.uid)
        await self._run_init()
        policy = str(self._json["spec"].get("restartPolicy") or "Always")
        pairs = list(zip(self._json["spec"]["containers"], self._main, strict=True))
        mains = [self._container(spec, state, policy) for spec, state in pairs]
        await self._serve()
        async with asyncio.TaskGroup() as group:
            for container in mains:
                group.create_task(container.run() if container.has_process else container.pretend(completed=False))

    def _container(self, spec: Json, state: status.ContainerState, policy: str) -> Container:
        container = Container(self, spec, state, policy, self._context)
        self._containers.append(container)
        return container

    async def _run_init(self) -> None:
        policy = "Never" if self._json["spec"].get("restartPolicy") == "Never" else "OnFailure"
        for spec, state in zip(self._json["spec"].get("initContainers") or [], self._init, strict=True):
            container = self._container(spec, state, "Always" if state.sidecar else policy)
            await self._serve()
            if not container.has_process:
                await container.pretend(completed=not state.sidecar)
                continue
            if state.sidecar:
                self._sidecars.append(asyncio.create_task(container.run()))
                await container.started.wait()
                continue
            await container.run()
            state.ready = state.exit_code == 0
            self.changed()
            if state.exit_code != 0:
                await self._stop.wait()

    async def _mount(self) -> None:
        while True:
            try:
                await self._volumes.sync()
            except ConfigurationError as error:
                self._context.events.pod(self._json, "Warning", "FailedMount", f"MountVolume.SetUp failed: {error}")
                await asyncio.sleep(_MOUNT_RETRY_SECONDS)
            else:
                return

    async def plan(self, container: Json) -> plan.Plan:
        """Work out how a container runs here, with a fresh file system (see Container).

        Raises:
            ConfigurationError: when something that is not optional is missing.
        """
        sources = await self._volumes.sources([container])
        how = images.recipe(container["image"]) or _FAKE
        values = environment.resolve(container, sources)
        local = self._context.network.map_ports(self.uid, plan.wanted_ports(container, values, how))
        config = self._context.config
        words = [*values.values(), *map(str, container.get("command") or []), *map(str, container.get("args") or [])]
        reach = await self._context.addresses.local(addresses.named(words))
        built = plan.build(container, sources, how, self._place, local, self._identity, config, reach)
        built.env.update(base_environment())
        root = self._place.root_of(container["name"])
        # what a container wrote outside its volumes is gone with its next start
        volumes.remove(root)
        for directory in (root / "home", root / "tmp", built.cwd):
            directory.mkdir(parents=True, exist_ok=True)
        if "KUBECONFIG" in built.env:
            account_dir = built.path_map.local(plan.SERVICE_ACCOUNT_DIR)
            if account_dir is not None:
                volumes.write(
                    root, {"kubeconfig": plan.kubeconfig(config, account_dir, self._place.namespace).encode()}
                )
        await self._serve()
        return built

    def log_of(self, name: str) -> ContainerLog:
        """Return a container's log."""
        return self._logs.setdefault(name, ContainerLog(self._dir / "logs" / name))

    async def _serve(self) -> None:
        """Let kwok serve the pod's ports and logs.

        One at a time: containers start together, and what one of them knew must not be written over what another knows.
        """
        async with self._serving:
            ports = self._context.network.map_ports(self.uid, [])
            files = {name: (entry.path, entry.previous) for name, entry in self._logs.items()}
            await serve(self._context.kube, self._json, ports, files)

    # --- status

    def changed(self) -> None:
        """Have the status written soon."""
        self._dirty.set()

    def _status(self) -> Json:
        node = self._context.nodes.get("", self._json["spec"].get("nodeName") or "") or {}
        addresses = (node.get("status") or {}).get("addresses") or []
        host_ip = next((row["address"] for row in addresses if row["type"] == "InternalIP"), "")
        return status.build(
            self._json,
            self._init,
            self._main,
            pod_ip=self.ip,
            host_ip=host_ip,
            started_at=self._started_at,
            now=timestamp(),
        )

    async def _write_status(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            while not await self._write_once():
                await asyncio.sleep(_WRITE_RETRY_SECONDS)

    async def _write_once(self) -> bool:
        """Write the status when it differs from the last one written; False when it has to be tried again."""
        fresh = self._status()
        if fresh == self._written or not self._exists:
            return True
        body = {"metadata": {"uid": self.uid}, "status": fresh}
        try:
            answer = await self._context.kube.patch(f"{self._path}/status", body)
        except ApiError as error:
            if error.status in (404, 409):
                # gone, or another pod under this name: the watch will say so
                return True
            log.warning("Failed to write the status of %s: %s. Trying again.", self._path, error)
            return False
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("Failed to write the status of %s: %s. Trying again.", self._path, error)
            return False
        self._written = fresh
        if answer["metadata"].get("uid") == self.uid:
            self._json = {**self._json, "status": answer.get("status") or fresh}
        return True

    async def close(self) -> None:
        """End the pod's processes because the agent ends; the API server is told nothing."""
        self._exists = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(container.stop(2.0) for container in self._containers)), timeout=5)
