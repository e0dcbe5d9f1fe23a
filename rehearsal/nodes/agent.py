# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The node agent of one cluster, put together."""

from __future__ import annotations

import asyncio
import logging
import signal

from rehearsal.nodes import images
from rehearsal.nodes.addresses import Addresses
from rehearsal.nodes.config import AgentConfig
from rehearsal.nodes.egress import EgressProxy, Router
from rehearsal.nodes.events import Events
from rehearsal.nodes.faults import Faults
from rehearsal.nodes.identity import PodIdentity
from rehearsal.nodes.informer import Informer
from rehearsal.nodes.kube import Json, Kube
from rehearsal.nodes.kwok import Kwok
from rehearsal.nodes.machines.aws import Aws
from rehearsal.nodes.machines.joiner import Joiner
from rehearsal.nodes.machines.volumes import Volumes
from rehearsal.nodes.network import Network
from rehearsal.nodes.pods.context import Context
from rehearsal.nodes.pods.runner import Runner
from rehearsal.nodes.reaper import Reaper
from rehearsal.nodes.storage import Provisioner
from rehearsal.nodes.workshop import Workshop

log = logging.getLogger(__name__)


class Agent:
    """All parts of one agent."""

    def __init__(self, config: AgentConfig) -> None:
        """Make the parts; nothing is started."""
        self.config = config
        self.reaper = Reaper()
        self.kube = Kube.from_kubeconfig(config.kubeconfig)
        self.network = Network()
        self.events = Events(self.kube)
        self.aws = Aws(config)
        self.kwok = Kwok(config, self.kube, self.reaper)
        self.identity = PodIdentity(config, self.aws.associated_role)
        self.nodes = Informer(self.kube, "/api/v1/nodes", self._node_changed)
        self.services = Informer(self.kube, "/api/v1/services")
        self.pods = Informer(self.kube, "/api/v1/pods", self._pod_changed)
        self.router = Router(self.pods, self.services, self.nodes, self.network, self.kwok.port)
        self.addresses = Addresses(self.router.local_port)
        self.runner = Runner(
            Context(
                config=config,
                kube=self.kube,
                events=self.events,
                network=self.network,
                reaper=self.reaper,
                faults=Faults(config.faults_file),
                nodes=self.nodes,
                identity=self.identity.environment,
                addresses=self.addresses,
                workshop=Workshop(config.places),
            )
        )
        volumes = Volumes(config, self.aws.addon_active, self.aws.associated_role)
        self.storage = Provisioner(self.kube, self.events, self.nodes, volumes, config.work_dir / "claims")
        self.joiner = Joiner(config, self.kube, self.aws, self.nodes, self.pods, self.runner.lose)

    def _pod_changed(self, pod: Json | None, old: Json | None) -> None:
        self.runner.handle(pod, old)

    def _node_changed(self, node: Json | None, old: Json | None) -> None:
        self.runner.handle_node(node, old)
        if node is not None and old is None:
            # the two watches have no common order: a pod may have been seen before the node it is bound to
            for pod in self.pods.all():
                if pod["spec"].get("nodeName") == node["metadata"]["name"]:
                    self.runner.handle(pod, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop.

        Raises:
            ApiError, TimeoutError: when the cluster does not let the agent start.
        """
        config = self.config
        config.work_dir.mkdir(parents=True, exist_ok=True)
        config.ready_file.unlink(missing_ok=True)
        self.runner.clean()
        images.write_shims(config)
        egress = EgressProxy(self.router)
        await egress.start(config.egress_socket)
        await self.identity.start()
        await self.kwok.install()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(part)
                for part in (self.kwok.run(), self.nodes.run(), self.services.run(), self.events.run())
            ]
            await self.nodes.synced.wait()
            tasks += [group.create_task(part) for part in (self.pods.run(), self.joiner.run(), self.storage.run())]
            await self.pods.synced.wait()
            await self.kwok.wait_serving()
            config.ready_file.write_text("ready\n", encoding="utf-8")
            log.info("The node agent of cluster %s serves.", config.cluster)
            await stop.wait()
            config.ready_file.unlink(missing_ok=True)
            for task in tasks:
                task.cancel()
        await self.runner.close()
        await egress.close()
        await self.addresses.close()
        await self.identity.close()
        await self.kube.close()


async def serve(config: AgentConfig) -> None:
    """Run an agent until SIGTERM or SIGINT; whatever happens, its processes end with it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    agent = Agent(config)
    try:
        await agent.run(stop)
    finally:
        config.ready_file.unlink(missing_ok=True)
        agent.reaper.close()
