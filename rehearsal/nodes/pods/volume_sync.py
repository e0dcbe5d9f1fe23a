# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Fetches what a pod's volumes and environments refer to, writes the volumes and keeps them fresh."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import aiohttp

from rehearsal.nodes.kube import ApiError, object_path
from rehearsal.nodes.pods import environment, volumes
from rehearsal.nodes.pods.context import Context
from rehearsal.nodes.pods.environment import ConfigurationError, Sources

if TYPE_CHECKING:
    from rehearsal.nodes.pods.pod import Pod

Json = dict[str, Any]
log = logging.getLogger(__name__)

# A kubelet brings changed ConfigMaps and Secrets into running pods about once a minute.
_REFRESH_SECONDS = 30.0
_TOKEN_USE = 0.8  # a kubelet renews a token after this part of its life


class VolumeSync:
    """The volumes of one pod."""

    def __init__(self, pod: Pod, context: Context) -> None:
        """Prepare; nothing is fetched yet."""
        self._pod = pod
        self._context = context
        self._tokens: dict[tuple[str, int], tuple[str, float]] = {}

    async def _objects(self, plural: str, names: Iterable[str]) -> dict[str, Json | None]:
        namespace = self._pod.json["metadata"]["namespace"]
        return {name: await self._context.kube.find(object_path("api/v1", plural, namespace, name)) for name in names}

    async def _token(self, audience: str, seconds: int) -> str:
        token, renew = self._tokens.get((audience, seconds), ("", 0.0))
        if token and time.monotonic() < renew:
            return token
        meta, spec = self._pod.json["metadata"], self._pod.json["spec"]
        path = object_path(
            "api/v1", "serviceaccounts", meta["namespace"], spec.get("serviceAccountName") or "default", "token"
        )
        body: Json = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "expirationSeconds": seconds,
                "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]},
                **({"audiences": [audience]} if audience else {}),
            },
        }
        answer = await self._context.kube.create(path, body)
        token = str(answer["status"]["token"])
        self._tokens[(audience, seconds)] = (token, time.monotonic() + _TOKEN_USE * seconds)
        return token

    async def sources(self, containers: Iterable[Json], extra: volumes.Needs | None = None) -> Sources:
        """Fetch what environments (and volumes) refer to.

        Raises:
            ConfigurationError: when the API server cannot be asked.
        """
        config_maps, secrets = environment.references(containers)
        if extra is not None:
            config_maps |= extra.config_maps
            secrets |= extra.secrets
        pod = self._pod.json
        node = self._context.nodes.get("", str(pod["spec"].get("nodeName") or "")) or {}
        state = node.get("status") or {}
        host_ip = next((row["address"] for row in state.get("addresses") or [] if row["type"] == "InternalIP"), "")
        try:
            found_maps = await self._objects("configmaps", sorted(config_maps))
            found_secrets = await self._objects("secrets", sorted(secrets))
        except (ApiError, aiohttp.ClientError, TimeoutError) as error:
            raise ConfigurationError(f"failed to sync configmap or secret cache: {error}") from error
        return Sources(pod, found_maps, found_secrets, state.get("allocatable") or {}, self._pod.ip, host_ip)

    async def sync(self) -> None:
        """Write all volumes as they should be now.

        Raises:
            ConfigurationError: when something that is not optional is missing.
        """
        pod = self._pod.json
        wanted = pod["spec"].get("volumes") or []
        need = volumes.needs(wanted)
        sources = await self.sources([], need)
        try:
            tokens = {key: await self._token(*key) for key in need.tokens}
        except (ApiError, aiohttp.ClientError, TimeoutError) as error:
            raise ConfigurationError(f"failed to fetch token: {error}") from error
        place = self._pod.place
        for volume in wanted:
            directory = volumes.directory(volume, place.pod_dir, place.claims_dir, place.namespace)
            try:
                volumes.write(directory, volumes.files_of(volume, volumes.Contents(sources, tokens)))
            except ConfigurationError as error:
                raise ConfigurationError(f'volume "{volume["name"]}" : {error}') from error

    async def run(self) -> None:
        """Keep the volumes fresh until cancelled."""
        while True:
            await asyncio.sleep(_REFRESH_SECONDS * self._context.config.timings.probe_scale)
            try:
                await self.sync()
            except ConfigurationError as error:
                # running containers keep the files they have, as on a real node
                log.debug("Volumes of %s not refreshed: %s", self._pod.json["metadata"]["name"], error)
