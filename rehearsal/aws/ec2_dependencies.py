# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Deletes that EC2 refuses while something depends on what is to go; moto lets most of them pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.ec2_vpc_endpoints import settle as settle_endpoints
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, after, before


def _violation(message: str) -> AwsError:
    return AwsError("DependencyViolation", message)


def interfaces_in(ec2: Any, subnet_id: str) -> list[Any]:
    """Network interfaces in a subnet."""
    return [interface for interface in ec2.enis.values() if interface.subnet.id == subnet_id]


def interfaces_with(ec2: Any, group_id: str) -> list[Any]:
    """Network interfaces that have a security group."""
    return [interface for interface in ec2.enis.values() if group_id in {group.id for group in interface.group_set}]


def groups_of_vpc(ec2: Any, vpc_id: str) -> list[Any]:
    """Security groups of a VPC."""
    return list(ec2.groups.get(vpc_id, {}).values())


def referring_groups(ec2: Any, group_id: str) -> list[str]:
    """Ids of other security groups whose rules name this one."""
    return sorted(
        {group.id for group in _groups(ec2) if group.id != group_id for rule in _rules(group) if _names(rule, group_id)}
    )


def _groups(ec2: Any) -> Iterator[Any]:
    for groups in list(ec2.groups.values()):
        yield from list(groups.values())


def _rules(group: Any) -> list[Any]:
    return [*group.ingress_rules, *group.egress_rules]


def _names(rule: Any, group_id: str) -> bool:
    return bool(rule.source_group.get("GroupId") == group_id)


@before("ec2", "DeleteSubnet")
def delete_subnet(context: Context) -> None:
    """Refuse while an interface is in the subnet."""
    subnet_id = context.params["SubnetId"]
    settle_endpoints(context.region)
    if interfaces_in(backend("ec2", context.region), subnet_id):
        raise _violation(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")


@after("ec2", "DeleteSubnet")
def subnet_deleted(context: Context) -> None:
    """A subnet takes its associations with route tables along."""
    subnet_id = context.params["SubnetId"]
    for table in backend("ec2", context.region).route_tables.values():
        for association_id, associated in list(table._associations.items()):
            if associated == subnet_id:
                del table._associations[association_id]


@before("ec2", "DeleteSecurityGroup")
def delete_security_group(context: Context) -> None:
    """Refuse while an interface has the group or another group's rule names it."""
    ec2, group_id = backend("ec2", context.region), str(context.params.get("GroupId", ""))
    settle_endpoints(context.region)
    group = ec2.get_security_group_from_id(group_id)
    if group is None:
        return
    if group.name == "default":
        raise AwsError("CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user')
    if interfaces_with(ec2, group_id) or referring_groups(ec2, group_id):
        raise _violation(f"resource {group_id} has a dependent object")


@before("ec2", "DeleteVpc")
def delete_vpc(context: Context) -> None:
    """Refuse while gateways, endpoints, groups or interfaces are in the VPC."""
    ec2, vpc_id = backend("ec2", context.region), context.params["VpcId"]
    settle_endpoints(context.region)
    dependents = [
        *[
            gateway
            for gateway in ec2.internet_gateways.values()
            if gateway.vpc is not None and gateway.vpc.id == vpc_id
        ],
        *[gateway for gateway in ec2.nat_gateways.values() if gateway.vpc_id == vpc_id and gateway.state != "deleted"],
        *[
            endpoint
            for endpoint in ec2.vpc_end_points.values()
            if endpoint.vpc_id == vpc_id and endpoint.state != "deleted"
        ],
        *[group for group in groups_of_vpc(ec2, vpc_id) if group.name != "default"],
        *[interface for interface in ec2.enis.values() if interface.subnet.vpc_id == vpc_id],
    ]
    if dependents:
        raise _violation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


@before("ec2", "DetachInternetGateway")
def detach_internet_gateway(context: Context) -> None:
    """Refuse while the VPC has public addresses."""
    ec2, vpc_id = backend("ec2", context.region), context.params["VpcId"]
    mapped = any(address.eni is not None and address.eni.subnet.vpc_id == vpc_id for address in ec2.addresses) or any(
        instance.state in {"pending", "running"} and instance.public_ip and instance.vpc_id == vpc_id
        for instance in ec2.all_instances()
    )
    if mapped:
        raise _violation(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those before detaching the gateway."
        )


@before("ec2", "DeleteInternetGateway")
def delete_internet_gateway(context: Context) -> None:
    """Refuse while the gateway is attached."""
    gateway_id = context.params["InternetGatewayId"]
    gateway = backend("ec2", context.region).internet_gateways.get(gateway_id)
    if gateway is not None and gateway.vpc is not None:
        raise _violation(f"The internetGateway '{gateway_id}' has dependencies and cannot be deleted.")


@before("ec2", "ReleaseAddress")
def release_address(context: Context) -> None:
    """Refuse while the address is associated."""
    wanted = context.params.get("AllocationId")
    for address in backend("ec2", context.region).addresses:
        if address.allocation_id == wanted and address.association_id:
            raise AwsError("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")


@before("ec2", "DisassociateAddress")
def disassociate_address(context: Context) -> None:
    """Refuse for the address of a NAT gateway: it goes with the gateway."""
    ec2, wanted = backend("ec2", context.region), context.params.get("AssociationId")
    for address in ec2.addresses:
        if wanted and address.association_id == wanted and address.eni is not None and address.eni.requester_managed:
            raise AwsError("AuthFailure", "You do not have permission to access the specified resource.")


@before("ec2", "DeleteNetworkInterface")
def delete_network_interface(context: Context) -> None:
    """Refuse while the interface is attached."""
    interface_id = context.params["NetworkInterfaceId"]
    interface = backend("ec2", context.region).enis.get(interface_id)
    if interface is not None and interface.status == "in-use":
        raise AwsError("InvalidParameterValue", f"Network interface '{interface_id}' is currently in use.")


@before("ec2", "DeleteLaunchTemplate")
def delete_launch_template(context: Context) -> None:
    """Refuse what does not exist (moto fails inside)."""
    ec2, params = backend("ec2", context.region), context.params
    template_id = params.get("LaunchTemplateId") or ec2.launch_template_name_to_ids.get(
        params.get("LaunchTemplateName")
    )
    if template_id not in ec2.launch_templates:
        named = params.get("LaunchTemplateId")
        code = "InvalidLaunchTemplateId.NotFound" if named else "InvalidLaunchTemplateName.NotFoundException"
        shown = named or params.get("LaunchTemplateName")
        raise AwsError(
            code, f"The specified launch template, with template {'ID' if named else 'name'} {shown}, does not exist."
        )
