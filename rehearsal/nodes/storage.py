# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Plays the EBS CSI driver: claims get volumes of the embedded AWS, made and deleted with the driver's own role.

Only while the add-on is there, as on EKS: without it a claim waits for ever.
Sources: kubernetes-sigs/aws-ebs-csi-driver docs/tagging.md and docs/parameters.md.
"""

from __future__ import annotations

import asyncio
import logging
import math
import shutil
from pathlib import Path
from typing import Any

import aiohttp

from rehearsal.nodes import quantity
from rehearsal.nodes.events import Events
from rehearsal.nodes.informer import Informer
from rehearsal.nodes.kube import ApiError, Json, Kube, object_path
from rehearsal.nodes.machines.volumes import VolumeError, Volumes

log = logging.getLogger(__name__)
DRIVER = "ebs.csi.aws.com"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_ZONE = "topology.kubernetes.io/zone"
_LOOK_AGAIN_SECONDS = 2.0
_GIB = 2**30


def is_wanted(claim: Json) -> bool:
    """Tell whether a claim has no volume yet and is not on its way out."""
    return not claim["spec"].get("volumeName") and not claim["metadata"].get("deletionTimestamp")


def size_gib(claim: Json) -> int:
    """Return the size that a claim asks for, in whole GiB."""
    asked = claim["spec"]["resources"]["requests"]["storage"]
    return max(1, math.ceil(quantity.parse(str(asked)) / _GIB))


def volume_name(claim: Json) -> str:
    """Return the name that the volume of a claim gets."""
    return f"pvc-{claim['metadata']['uid']}"


def tags(claim: Json, cluster: str) -> dict[str, str]:
    """Return the tags that the driver puts on a claim's volume."""
    name = volume_name(claim)
    return {
        "CSIVolumeName": name,
        "ebs.csi.aws.com/cluster": "true",
        "kubernetes.io/created-for/pv/name": name,
        "kubernetes.io/created-for/pvc/name": claim["metadata"]["name"],
        "kubernetes.io/created-for/pvc/namespace": claim["metadata"]["namespace"],
        f"kubernetes.io/cluster/{cluster}": "owned",
        "KubernetesCluster": cluster,
        "Name": f"{cluster}-dynamic-{name}",
    }


def render_volume(claim: Json, storage_class: Json, handle: str, zone: str) -> Json:
    """Return the PersistentVolume of a claim."""
    meta = claim["metadata"]
    term = {"matchExpressions": [{"key": _ZONE, "operator": "In", "values": [zone]}]}
    parameters = storage_class.get("parameters") or {}
    file_system = parameters.get("csi.storage.k8s.io/fstype") or parameters.get("fsType") or "ext4"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume_name(claim), "annotations": {_PROVISIONED_BY: DRIVER}},
        "spec": {
            "capacity": {"storage": f"{size_gib(claim)}Gi"},
            "accessModes": claim["spec"].get("accessModes") or ["ReadWriteOnce"],
            "storageClassName": storage_class["metadata"]["name"],
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
            "volumeMode": claim["spec"].get("volumeMode") or "Filesystem",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
            "csi": {"driver": DRIVER, "volumeHandle": handle, "fsType": file_system},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
        },
    }


class Provisioner:
    """Makes and deletes volumes."""

    def __init__(self, kube: Kube, events: Events, nodes: Informer, volumes: Volumes, claims_dir: Path) -> None:
        """Prepare; `run` does the work."""
        self._kube, self._events, self._nodes, self._aws = kube, events, nodes, volumes
        self._claims_dir = claims_dir
        self._news = asyncio.Event()
        self.claims = Informer(kube, "/api/v1/persistentvolumeclaims", self._claim_changed)
        self.volumes = Informer(kube, "/api/v1/persistentvolumes", self._changed)

    def _changed(self, _item: Json | None, _old: Json | None) -> None:
        self._news.set()

    def _claim_changed(self, claim: Json | None, old: Json | None) -> None:
        if claim is None and old is not None:
            # what pods wrote goes with the claim; its volume's deletion follows
            meta = old["metadata"]
            shutil.rmtree(self._claims_dir / meta["namespace"] / meta["name"], ignore_errors=True)
        self._news.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.claims.run())
            group.create_task(self.volumes.run())
            group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            waiting = await self._look()
            try:
                async with asyncio.timeout(_LOOK_AGAIN_SECONDS if waiting else None):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()

    async def _look(self) -> bool:
        """Do what can be done now; return whether something has to be looked at again without news."""
        waiting = False
        for claim in self.claims.all():
            if is_wanted(claim):
                waiting |= await self._attempt(self._provision(claim), claim)
        for volume in self.volumes.all():
            released = (volume.get("status") or {}).get("phase") == "Released"
            ours = (volume["metadata"].get("annotations") or {}).get(_PROVISIONED_BY) == DRIVER
            if released and ours and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                waiting |= await self._attempt(self._delete(volume), volume)
        return waiting

    async def _attempt(self, action: Any, about: Json) -> bool:
        """Await one action; return whether it has to be tried again."""
        try:
            return bool(await action)
        except VolumeError as error:
            verb = "Provisioning" if about["metadata"].get("namespace") else "VolumeDelete"
            self._events.about(about, "Warning", f"{verb}Failed", str(error), DRIVER)
        except (ApiError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("Failed to serve %s: %s. Trying again.", about["metadata"]["name"], error)
        return True

    async def _provision(self, claim: Json) -> bool:
        name = str(claim["spec"].get("storageClassName") or "")
        if not name:
            return False
        storage_class = await self._kube.find(object_path("apis/storage.k8s.io/v1", "storageclasses", "", name))
        if storage_class is None or storage_class.get("provisioner") != DRIVER:
            return storage_class is None
        zone = self._zone(claim, storage_class)
        if zone is None:
            # a change of the claim will say which node was chosen
            return False
        if not await asyncio.to_thread(self._aws.served):
            return True
        parameters = storage_class.get("parameters") or {}
        handle = await asyncio.to_thread(
            self._aws.create, zone, size_gib(claim), parameters, tags(claim, self._aws.cluster)
        )
        body = render_volume(claim, storage_class, handle, zone)
        try:
            await self._kube.create("/api/v1/persistentvolumes", body)
        except ApiError as error:
            if error.status != 409:
                raise
        message = f"Successfully provisioned volume {volume_name(claim)}"
        self._events.about(claim, "Normal", "ProvisioningSucceeded", message, DRIVER)
        return False

    def _zone(self, claim: Json, storage_class: Json) -> str | None:
        """Return the zone for a claim's volume; None while the scheduler has not chosen a node for its pod."""
        chosen = (claim["metadata"].get("annotations") or {}).get(_SELECTED_NODE)
        if chosen is None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
            return None
        candidates = [node for node in self._nodes.all() if chosen in (None, node["metadata"]["name"])]
        zones = [str((node["metadata"].get("labels") or {}).get(_ZONE) or "") for node in candidates]
        return next(iter(sorted(zone for zone in zones if zone)), None)

    async def _delete(self, volume: Json) -> bool:
        if not await asyncio.to_thread(self._aws.served):
            return True
        await asyncio.to_thread(self._aws.delete, volume["spec"]["csi"]["volumeHandle"])
        await self._kube.delete(object_path("api/v1", "persistentvolumes", "", volume["metadata"]["name"]))
        return False
