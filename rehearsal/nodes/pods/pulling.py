# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Pulling an image, which takes no time here unless a fault says so, and fails as a real registry would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from rehearsal.nodes import images
from rehearsal.nodes.pods.backoff import BackOff
from rehearsal.nodes.pods.context import Context
from rehearsal.nodes.workshop import WorkshopError

# (Normal or Warning, reason, message)
Event = Callable[[str, str, str], None]
# (reason, message) of a waiting container
Wait = Callable[[str, str], None]


class Puller:
    """Pulls the image of one container."""

    def __init__(self, image: str, context: Context, event: Event, wait_as: Wait) -> None:
        """Take how to tell about it."""
        self._image = image
        self._context = context
        self._event = event
        self._wait_as = wait_as
        self._back_off = BackOff(context.config.timings.backoff_scale)
        # unlike a crash, already the first failed pull is waited for
        self._back_off.next()

    async def pull(self, node: str, facts: Mapping[str, str], *, always: bool) -> None:
        """Return once the image is on the node; `facts` are what faults are matched with."""
        while (problem := self._problem(facts)) is not None:
            await self._fail(problem)
        if (node, self._image) in self._context.pulled and not always:
            self._event("Normal", "Pulled", f'Container image "{self._image}" already present on machine')
            return
        self._event("Normal", "Pulling", f'Pulling image "{self._image}"')
        slow = self._context.faults.find("slow-pull", **facts)
        seconds = float(slow.get("seconds", 10)) if slow is not None else 0.0
        await asyncio.sleep(seconds)
        how = images.recipe(self._image)
        while how is not None and (problem := await self._make(how.needs)) is not None:
            await self._fail(problem)
        self._context.pulled.add((node, self._image))
        took = f"{seconds:g}s" if seconds else "1ms"
        self._event(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{self._image}" in {took} ({took} including waiting). '
            f"Image size: {images.size(self._image)} bytes.",
        )

    async def _make(self, needs: Sequence[str]) -> str | None:
        """Make what stands for the image on this machine; return why that failed."""
        try:
            await self._context.workshop.have(needs)
        except WorkshopError as error:
            return str(error)
        return None

    def _problem(self, facts: Mapping[str, str]) -> str | None:
        fault = self._context.faults.find("image-pull", **facts)
        if fault is not None:
            return str(fault.get("message") or f'failed to resolve reference "{self._image}": {self._image}: not found')
        return images.pull_problem(self._image)

    async def _fail(self, problem: str) -> None:
        message = f'Failed to pull image "{self._image}": {problem}'
        invalid = images.parse(self._image) is None
        reason = "InvalidImageName" if invalid else "ErrImagePull"
        if not invalid:
            self._event("Normal", "Pulling", f'Pulling image "{self._image}"')
        self._event("Warning", "Failed", message)
        self._event("Warning", "Failed", f"Error: {reason}")
        self._wait_as(reason, message)
        wait = self._back_off.next()
        # a kubelet shows the failure itself until its next synchronisation
        await asyncio.sleep(wait / 4)
        if not invalid:
            self._event("Normal", "BackOff", f'Back-off pulling image "{self._image}"')
            self._event("Warning", "Failed", "Error: ImagePullBackOff")
            self._wait_as("ImagePullBackOff", f'Back-off pulling image "{self._image}": ErrImagePull: {problem}')
        await asyncio.sleep(wait * 3 / 4)
