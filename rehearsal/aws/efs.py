# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EFS mount targets take their time: they are ``creating`` before they are ``available``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.operations import Context, after, before

#: Region and mount target -> when (monotonic seconds) it is available.
_DUE: dict[tuple[str, str], float] = {}


def _targets(region: str) -> Iterator[Any]:
    for system in list(backend("efs", region).file_systems_by_id.values()):
        yield from system.iter_mount_targets()


@after("efs", "CreateMountTarget")
def begin(context: Context) -> None:
    """Begin the time until the newest mount target of a subnet is available."""
    seconds = context.seconds("elasticfilesystem:CreateMountTarget")
    for target in _targets(context.region):
        ours = (
            target.file_system_id == context.params["FileSystemId"] and target.subnet_id == context.params["SubnetId"]
        )
        if ours and seconds > 0:
            target.life_cycle_state = "creating"
            _DUE[(context.region, target.mount_target_id)] = time.monotonic() + seconds


@before("efs", "DescribeMountTargets")
def settle(context: Context) -> None:
    """Let those that are due become available."""
    for target in _targets(context.region):
        due = _DUE.get((context.region, target.mount_target_id))
        if due is not None and time.monotonic() >= due:
            del _DUE[(context.region, target.mount_target_id)]
            target.life_cycle_state = "available"
