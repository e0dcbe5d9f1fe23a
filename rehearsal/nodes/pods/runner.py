# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Decides who runs a pod that has been bound to a node: a process of this machine, or kwok, which pretends."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from rehearsal.nodes import images
from rehearsal.nodes.kube import ApiError, pod_path
from rehearsal.nodes.pods.context import Context
from rehearsal.nodes.pods.pod import Pod

Json = dict[str, Any]
log = logging.getLogger(__name__)

# kwok's stages select pods by this annotation, so that each pod has exactly one master.
ANNOTATION = "rehearsal.ai-on-eks.dynamo/run-by"
_RETRY_SECONDS = 2.0


def image_names(pod: Json) -> list[str]:
    """Return the images of all containers of a pod."""
    spec = pod["spec"]
    return [container["image"] for container in [*(spec.get("initContainers") or []), *spec["containers"]]]


def is_ours(pod: Json, context: Context) -> bool:
    """Tell whether a pod needs the runner: a container that runs here, or an image that cannot be pulled."""
    meta = pod["metadata"]
    facts = {"namespace": meta["namespace"], "pod": meta["name"]}
    return any(
        images.recipe(image) is not None
        or images.pull_problem(image) is not None
        or context.faults.find("image-pull", image=image, **facts) is not None
        for image in image_names(pod)
    )


def is_over(pod: Json) -> bool:
    """Tell whether a pod has ended for good."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


class Runner:
    """Keeps one Pod per bound pod."""

    def __init__(self, context: Context) -> None:
        """Start without pods."""
        self._context = context
        self._pods: dict[str, Pod] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lost: set[str] = set()  # nodes whose machine is gone while their object is still there

    def handle(self, pod: Json | None, old: Json | None) -> None:
        """Take what the informer saw."""
        if pod is None:
            if old is not None:
                self._gone(old["metadata"]["uid"])
            return
        uid = pod["metadata"]["uid"]
        node = str(pod["spec"].get("nodeName") or "")
        if not node or node in self._lost or self._context.nodes.get("", node) is None:
            return
        if uid in self._pods:
            self._pods[uid].update(pod)
        elif uid not in self._tasks:
            self._tasks[uid] = asyncio.create_task(self._adopt(pod))

    def handle_node(self, node: Json | None, old: Json | None) -> None:
        """Take what the informer of nodes saw: with a node go its pods."""
        if node is None and old is not None:
            self.lose(old["metadata"]["name"])
            self._lost.discard(old["metadata"]["name"])

    def lose(self, node: str) -> None:
        """A machine is gone: what ran there ended with it, and nobody is left to say so."""
        self._lost.add(node)
        for pod in self._pods.values():
            if pod.json["spec"].get("nodeName") == node:
                pod.vanish()

    def _gone(self, uid: str) -> None:
        known = self._pods.get(uid)
        if known is not None:
            known.vanish()
        elif uid in self._tasks:
            self._tasks.pop(uid).cancel()

    async def _adopt(self, pod: Json) -> None:
        """Take charge of a pod seen for the first time."""
        meta = pod["metadata"]
        by_kwok = (meta.get("annotations") or {}).get(ANNOTATION) == "kwok"
        if by_kwok or not is_ours(pod, self._context):
            if not by_kwok:
                await self._retry(lambda: self._leave_to_kwok(pod))
            return
        if meta.get("deletionTimestamp"):
            # what it ran ended with a former agent
            await self._retry(lambda: self._delete(pod))
            return
        if is_over(pod):
            self._tasks.pop(meta["uid"], None)
            return
        await self._run(pod)

    async def _retry(self, action: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await action()
            except (ApiError, aiohttp.ClientError, TimeoutError) as error:
                log.warning("Failed to hand on a pod: %s. Trying again.", error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _delete(self, pod: Json) -> None:
        await self._context.kube.delete(pod_path(pod), grace=0, uid=pod["metadata"]["uid"])

    async def _leave_to_kwok(self, pod: Json) -> None:
        body: Json = {"metadata": {"uid": pod["metadata"]["uid"], "annotations": {ANNOTATION: "kwok"}}}
        try:
            await self._context.kube.patch(pod_path(pod), body)
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    async def _run(self, pod: Json) -> None:
        """Run a pod; a failure of the runner itself is logged and the pod begun again."""
        uid = pod["metadata"]["uid"]
        self._pods[uid] = Pod(pod, self._context)
        while True:
            current = self._pods[uid]
            try:
                await current.run()
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError, ExceptionGroup) as error:
                log.warning("Failed to run pod %s: %r. Beginning again.", pod["metadata"]["name"], error)
                await asyncio.sleep(_RETRY_SECONDS)
                if current.vanished:
                    break
                self._pods[uid] = Pod(current.json, self._context)
                self._pods[uid].update(current.json)
            else:
                break
        self._pods.pop(uid, None)
        self._tasks.pop(uid, None)

    def clean(self) -> None:
        """Remove the directories of pods that a former agent ran."""
        shutil.rmtree(self._context.config.work_dir / "pods", ignore_errors=True)

    async def close(self) -> None:
        """End all processes because the agent ends."""
        await asyncio.gather(*(pod.close() for pod in self._pods.values()))
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
