# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Interface VPC endpoints: what EC2 refuses, their network interfaces, and the time they take.

moto gives them interfaces with addresses outside the subnet and without their security groups. The interfaces stay
until the endpoint is gone, so neither their subnets nor their security groups can be deleted before.
"""

from __future__ import annotations

import time
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, after, before, operation

#: Services that an EKS cluster without a way out may need, and the gateway ones.
SERVICES = {
    "aps",
    "aps-workspaces",
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "fsx",
    "kms",
    "logs",
    "monitoring",
    "s3",
    "secretsmanager",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
    "xray",
    "dynamodb",
}
#: Region and endpoint -> when (monotonic seconds) it is available, or gone.
_DUE: dict[tuple[str, str], float] = {}


def _is_interface(endpoint: Any) -> bool:
    return str(endpoint.vpc_endpoint_type or "").lower() == "interface"


@before("ec2", "CreateVpcEndpoint")
def check_new(context: Context) -> None:
    """Refuse what EC2 refuses: unknown services, two subnets of one zone, private names twice or without DNS."""
    params, ec2 = context.params, backend("ec2", context.region)
    settle(context.region)
    service = str(params.get("ServiceName", ""))
    prefix = f"com.amazonaws.{context.region}."
    if service.removeprefix(prefix) not in SERVICES:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")
    if str(params.get("VpcEndpointType", "")).lower() != "interface":
        return
    _check_zones(ec2, params.get("SubnetIds") or [])
    if params.get("PrivateDnsEnabled") is False:
        return
    vpc = ec2.vpcs.get(params["VpcId"])
    if vpc is not None and not (_is_on(vpc.enable_dns_support) and _is_on(vpc.enable_dns_hostnames)):
        raise AwsError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
            f"{params['VpcId']}",
        )
    for other in ec2.vpc_end_points.values():
        taken = _is_interface(other) and other.private_dns_enabled and other.state not in {"deleted", "deleting"}
        if taken and (other.vpc_id, other.service_name) == (params["VpcId"], service):
            name = service.removeprefix(prefix)
            raise AwsError(
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{name}.{context.region}.amazonaws.com in the VPC {params['VpcId']}",
            )


def _is_on(value: Any) -> bool:
    return value is True or value == "true"


def _check_zones(ec2: Any, subnet_ids: list[str]) -> None:
    zones: set[str] = set()
    for subnet_id in subnet_ids:
        zone = ec2.get_subnet(subnet_id).availability_zone
        if zone in zones:
            raise AwsError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet_id}. VPC endpoint subnets "
                "should be in different availability zones supported by the VPC endpoint service.",
            )
        zones.add(zone)


@after("ec2", "CreateVpcEndpoint")
def complete_new(context: Context) -> None:
    """Make the interfaces right, and begin the time until the endpoint is available."""
    ec2 = backend("ec2", context.region)
    endpoint = list(ec2.vpc_end_points.values())[-1]
    if not _is_interface(endpoint):
        endpoint.vpc_endpoint_type = endpoint.vpc_endpoint_type or "Gateway"
        return
    _drop_interfaces(ec2, endpoint)
    if not endpoint.security_group_ids:
        default = ec2.get_default_security_group(endpoint.vpc_id)
        endpoint.security_group_ids = [default.id] if default else []
    _make_interfaces(ec2, endpoint, endpoint.subnet_ids or [])
    endpoint.state = "pending"
    _DUE[(context.region, endpoint.id)] = time.monotonic() + context.seconds("ec2:CreateVpcEndpoint")


def _make_interfaces(ec2: Any, endpoint: Any, subnet_ids: list[str]) -> None:
    for subnet_id in subnet_ids:
        subnet = ec2.get_subnet(subnet_id)
        interface = ec2.create_network_interface(
            subnet,
            subnet.get_available_subnet_ip(instance=None),
            group_ids=endpoint.security_group_ids,
            description=f"VPC Endpoint Interface {endpoint.id}",
        )
        interface.status = "in-use"
        interface.requester_managed = True
        endpoint.network_interface_ids.append(interface.id)


def _drop_interfaces(ec2: Any, endpoint: Any, subnet_ids: list[str] | None = None) -> None:
    for interface_id in list(endpoint.network_interface_ids):
        interface = ec2.enis.get(interface_id)
        if interface is not None and (subnet_ids is None or interface.subnet.id in subnet_ids):
            ec2.delete_network_interface(interface_id)
        if interface_id not in ec2.enis:
            endpoint.network_interface_ids.remove(interface_id)


@after("ec2", "ModifyVpcEndpoint")
def follow_change(context: Context) -> None:
    """Let the interfaces follow subnets and security groups."""
    params, ec2 = context.params, backend("ec2", context.region)
    endpoint = ec2.vpc_end_points[params["VpcEndpointId"]]
    if "PrivateDnsEnabled" in params:
        endpoint.private_dns_enabled = params["PrivateDnsEnabled"]
    if not _is_interface(endpoint):
        return
    gone, added = params.get("RemoveSubnetIds") or [], params.get("AddSubnetIds") or []
    endpoint.subnet_ids = [*dict.fromkeys(one for one in [*endpoint.subnet_ids, *added] if one not in gone)]
    _drop_interfaces(ec2, endpoint, gone)
    present = {ec2.enis[one].subnet.id for one in endpoint.network_interface_ids}
    _make_interfaces(ec2, endpoint, [one for one in added if one not in present])
    for interface_id in endpoint.network_interface_ids:
        ec2.modify_network_interface_attribute(interface_id, endpoint.security_group_ids, None, None)


@operation("ec2", "DeleteVpcEndpoints")
def delete_endpoints(context: Context) -> Result:
    """Begin to delete endpoints; those that do not exist are reported, not refused."""
    ec2, missing = backend("ec2", context.region), []
    for endpoint_id in context.params.get("VpcEndpointIds") or []:
        endpoint = ec2.vpc_end_points.get(endpoint_id)
        if endpoint is None:
            message = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            error = {"Code": "InvalidVpcEndpointId.NotFound", "Message": message}
            missing.append({"ResourceId": endpoint_id, "Error": error})
        elif not _is_interface(endpoint):
            ec2.delete_vpc_endpoints([endpoint_id])
            ec2.vpc_end_points.pop(endpoint_id, None)
        elif endpoint.state != "deleting":
            endpoint.state = "deleting"
            _DUE[(context.region, endpoint_id)] = time.monotonic() + context.seconds("ec2:DeleteVpcEndpoints")
    return {"Unsuccessful": missing}


@before("ec2", "DescribeVpcEndpoints", "DescribeNetworkInterfaces")
def settle_first(context: Context) -> None:
    """Let what is due happen."""
    settle(context.region)


def settle(region: str) -> None:
    """Let pending endpoints become available and deleted ones go, with their interfaces."""
    ec2, present = backend("ec2", region), time.monotonic()
    for (where, endpoint_id), due in list(_DUE.items()):
        if where != region or present < due:
            continue
        del _DUE[(where, endpoint_id)]
        endpoint = ec2.vpc_end_points.get(endpoint_id)
        if endpoint is not None and endpoint.state == "pending":
            endpoint.state = "available"
        elif endpoint is not None and endpoint.state == "deleting":
            _drop_interfaces(ec2, endpoint)
            del ec2.vpc_end_points[endpoint_id]
