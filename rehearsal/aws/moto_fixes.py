# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Small things that stock moto leaves out and that a client or a leftover scan sees."""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.ssm.models import SimpleSystemManagerBackend

from rehearsal.aws.account import backend
from rehearsal.aws.operations import Context, after


@after("efs", "CreateMountTarget")
def mount_target_created(context: Context) -> None:
    """The interface of a mount target belongs to EFS and is in use."""
    efs, ec2 = backend("efs", context.region), backend("ec2", context.region)
    for system in efs.file_systems_by_id.values():
        for target in system.iter_mount_targets():
            interface = ec2.enis.get(target.network_interface_id)
            if interface is not None and interface.status != "in-use":
                interface.status = "in-use"
                interface.requester_managed = True
                interface.description = f"EFS mount target for {system.file_system_id} ({target.mount_target_id})"


@after("ec2", "RunInstances")
def instances_created(context: Context) -> None:
    """The primary interface of an instance goes with it."""
    ec2 = backend("ec2", context.region)
    reservation = list(ec2.reservations.values())[-1]
    for instance in reservation.instances:
        for interface in instance.nics.values():
            if interface.description == "Primary network interface":
                interface.delete_on_termination = True


def _no_opinion(_bucket: Any, _action: str, _resource: str) -> PermissionResult:
    """Say nothing about a request: the gateway has looked at the policy of the bucket."""
    return PermissionResult.NEUTRAL


# moto reads a bucket's policy without its conditions: "deny what comes without TLS" would deny everything.
FakeBucket.get_permission = _no_opinion

_describe_parameters = SimpleSystemManagerBackend.describe_parameters


def _own_parameters(self: Any, *arguments: Any, **keys: Any) -> list[Any]:
    """List the account's own parameters; AWS's public ones are found by their path only."""
    return [one for one in _describe_parameters(self, *arguments, **keys) if not one.name.startswith("/aws/service/")]


SimpleSystemManagerBackend.describe_parameters = _own_parameters
