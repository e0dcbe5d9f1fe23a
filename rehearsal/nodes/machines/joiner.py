# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the cluster's Nodes equal to its running instances: list, compare, change, about once a second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.kube import versions
from rehearsal.nodes import images
from rehearsal.nodes.config import AgentConfig
from rehearsal.nodes.informer import Store
from rehearsal.nodes.kube import ApiError, Kube, object_path
from rehearsal.nodes.machines import capacity, node
from rehearsal.nodes.machines.aws import Aws
from rehearsal.nodes.network import is_ready

Json = dict[str, Any]
log = logging.getLogger(__name__)

_GPU_PLUGIN = "k8s-device-plugin"
_EFA_PLUGIN = "aws-efa-k8s-device-plugin"


def refusal(role: str | None, entry: bool, group_role: str) -> str | None:
    """Return why an instance may not join; None when it may."""
    if role is None:
        return "it has no instance profile with a role"
    if entry or (group_role and role == group_role):
        return None
    return f"its role {role} has no access entry of type EC2_LINUX"


def plugin_nodes(pods: Iterable[Json], name: str) -> set[str]:
    """Return the nodes on which a ready pod of a device plugin's image runs."""
    found = set()
    for pod in pods:
        for container in pod["spec"]["containers"]:
            reference = images.parse(container["image"])
            if reference is not None and reference.name == name and is_ready(pod):
                found.add(str(pod["spec"].get("nodeName") or ""))
    return found


def is_bottlerocket(image_name: str) -> bool:
    """Tell whether an AMI brings NVIDIA's device plugin along."""
    return image_name.lower().startswith("bottlerocket")


class Joiner:
    """Nodes from instances."""

    def __init__(
        self, config: AgentConfig, kube: Kube, aws: Aws, nodes: Store, pods: Store, lost: Callable[[str], None]
    ) -> None:
        """Take what is read and written, and whom to tell of a node whose machine is gone."""
        self._lost = lost
        self._config = config
        self._kube = kube
        self._aws = aws
        self._nodes = nodes
        self._pods = pods
        self._refused: dict[str, str] = {}
        self._seen: dict[str, float] = {}

    async def run(self) -> None:
        """Compare for ever; a failed look is logged once per cause and repeated."""
        last = ""
        while True:
            try:
                await self.step()
            except (ClientError, BotoCoreError, ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                if str(error) != last:
                    log.warning("Failed to compare instances with nodes: %s. Trying again.", error)
                last = str(error)
            else:
                last = ""
            await asyncio.sleep(self._config.timings.poll_seconds)

    async def step(self) -> None:
        """Compare once."""
        instances = {row["InstanceId"]: row for row in await asyncio.to_thread(self._aws.instances)}
        known = {str(item["spec"].get("providerID") or ""): item for item in self._nodes.all()}
        now = time.monotonic()
        self._seen = {key: self._seen.get(key, now) for key in instances}
        for key, instance in instances.items():
            booted = now - self._seen[key] >= self._config.timings.boot_seconds
            if booted and instance["State"]["Name"] == "running" and node.provider_id(instance) not in known:
                await self._join(instance)
        wanted = {node.provider_id(instance) for instance in instances.values()}
        for identity, item in known.items():
            if identity.startswith("aws://") and identity not in wanted:
                await self._leave(item)
        await self._show_devices({node.provider_id(row): row for row in instances.values()}, known)

    async def _join(self, instance: Json) -> None:
        name = instance["InstanceId"]
        tags = node.tags_of(instance)
        group_name = tags.get("eks:nodegroup-name", "")
        group = await asyncio.to_thread(self._aws.node_group, group_name) if group_name else None
        if group is None and not node.is_karpenters(instance):
            return
        role = await asyncio.to_thread(self._aws.instance_role, instance)
        if role is None and group is not None:
            # EKS makes the profile of a managed group's machines itself, from the group's role
            role = group.role_arn
        entry = role is not None and await asyncio.to_thread(self._aws.may_join, role)
        why = refusal(role, entry, group.role_arn if group else "")
        if why is not None:
            if self._refused.get(name) != why:
                log.warning("Instance %s does not join the cluster: %s.", name, why)
                self._refused[name] = why
            return
        kind = await asyncio.to_thread(self._aws.instance_type, instance["InstanceType"])
        image = await asyncio.to_thread(self._aws.image_name, instance["ImageId"])
        bottlerocket = is_bottlerocket(image)
        body = node.build(
            instance,
            kind,
            group,
            region=self._config.region,
            disk_gib=await asyncio.to_thread(self._aws.disk_gib, instance),
            kubelet_version=await self._kubelet_version(image),
            os_image="Bottlerocket OS (aws-k8s-nvidia)" if bottlerocket else "Amazon Linux 2023",
            devices={capacity.GPU: capacity.gpus(kind)} if bottlerocket else {},
        )
        try:
            await self._kube.create(object_path("api/v1", "nodes"), body)
        except ApiError as error:
            if error.status != 409:
                raise
        else:
            log.info("Node %s joined (%s, %s).", body["metadata"]["name"], name, instance["InstanceType"])
        self._refused.pop(name, None)

    async def _kubelet_version(self, image: str) -> str:
        """Return the version of the kubelet in an image; one of unknown origin has what the API server has now."""
        minor = versions.of_image(image)
        return versions.eks_version(minor) if minor else str((await self._kube.get("/version"))["gitVersion"])

    async def _leave(self, item: Json) -> None:
        meta = item["metadata"]
        self._lost(meta["name"])
        if meta.get("deletionTimestamp"):
            return
        if await self._kube.delete(object_path("api/v1", "nodes", None, meta["name"]), uid=meta["uid"]):
            log.info("Node %s left: its instance is gone.", meta["name"])

    async def _show_devices(self, instances: dict[str, Json], known: dict[str, Json]) -> None:
        pods = list(self._pods.all())
        with_gpu = plugin_nodes(pods, _GPU_PLUGIN)
        with_efa = plugin_nodes(pods, _EFA_PLUGIN)
        for identity, item in known.items():
            instance = instances.get(identity)
            if instance is None:
                continue
            name = item["metadata"]["name"]
            kind = await asyncio.to_thread(self._aws.instance_type, instance["InstanceType"])
            gpus, efas = capacity.gpus(kind), capacity.efa_interfaces(kind)
            wanted = {}
            if gpus:
                image = await asyncio.to_thread(self._aws.image_name, instance["ImageId"])
                wanted[capacity.GPU] = gpus if name in with_gpu or is_bottlerocket(image) else 0
            if efas:
                wanted[capacity.EFA] = efas if name in with_efa else 0
            change = node.device_patch(item, wanted)
            if change is not None:
                await self._kube.patch(object_path("api/v1", "nodes", None, name, "status"), change)
