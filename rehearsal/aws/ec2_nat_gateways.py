# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The states of NAT gateways, and their interface and address, which moto leaves behind when a gateway goes."""

from __future__ import annotations

import time
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.operations import Context, after, before

#: Region, gateway id -> (when it changes, state that it then has).
_DUE: dict[tuple[str, str], tuple[float, str]] = {}


def settle(region: str) -> None:
    """Let every change that is due happen."""
    ec2 = backend("ec2", region)
    for (where, gateway_id), (due, state) in list(_DUE.items()):
        if where == region and time.monotonic() >= due:
            del _DUE[(where, gateway_id)]
            gateway = ec2.nat_gateways.get(gateway_id)
            if gateway is not None:
                gateway.state = state
                if state == "deleted":
                    _release(ec2, gateway)


def _release(ec2: Any, gateway: Any) -> None:
    interface = gateway._eni
    for address in ec2.addresses:
        if address.eni is interface:
            address.eni, address.association_id = None, None
    ec2.enis.pop(interface.id, None)


@after("ec2", "CreateNatGateway")
def created(context: Context) -> None:
    """Mark the newest gateway pending and its interface as the service's own."""
    ec2 = backend("ec2", context.region)
    gateway = list(ec2.nat_gateways.values())[-1]
    gateway._eni.status = "in-use"
    gateway._eni.requester_managed = True
    gateway._eni.description = f"Interface for NAT Gateway {gateway.id}"
    seconds = context.seconds("ec2:CreateNatGateway")
    if seconds:
        gateway.state = "pending"
        _DUE[(context.region, gateway.id)] = (time.monotonic() + seconds, "available")


@after("ec2", "DeleteNatGateway")
def deleted(context: Context) -> None:
    """Mark the gateway deleting; interface and address become free when it is deleted."""
    gateway_id = context.params["NatGatewayId"]
    gateway = backend("ec2", context.region).nat_gateways[gateway_id]
    gateway.state = "deleting"
    _DUE[(context.region, gateway_id)] = (time.monotonic() + context.seconds("ec2:DeleteNatGateway"), "deleted")
    settle(context.region)


@before(
    "ec2",
    "DescribeNatGateways",
    "DescribeNetworkInterfaces",
    "DescribeAddresses",
    "DeleteSubnet",
    "DeleteVpc",
    "ReleaseAddress",
    "DetachInternetGateway",
)
def look(context: Context) -> None:
    """Settle before anybody looks."""
    settle(context.region)
