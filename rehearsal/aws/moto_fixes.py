# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Small things that stock moto leaves out and that a client or a leftover scan sees."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

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


@after("ec2", "CreateVpcEndpoint")
def endpoint_created(context: Context) -> None:
    """The interfaces of an endpoint are in use and have its security groups."""
    ec2 = backend("ec2", context.region)
    endpoint = list(ec2.vpc_end_points.values())[-1]
    for interface_id in endpoint.network_interface_ids:
        interface = ec2.enis[interface_id]
        interface.status = "in-use"
        interface.requester_managed = True
        interface.description = f"VPC Endpoint Interface {endpoint.id}"
        interface._group_set = [ec2.get_security_group_from_id(group) for group in endpoint.security_group_ids]


@after("ec2", "RunInstances")
def instances_created(context: Context) -> None:
    """The primary interface of an instance goes with it."""
    ec2 = backend("ec2", context.region)
    reservation = list(ec2.reservations.values())[-1]
    for instance in reservation.instances:
        for interface in instance.nics.values():
            if interface.description == "Primary network interface":
                interface.delete_on_termination = True


def _rule_description(rule: Any) -> str | None:
    described: str | None = getattr(rule, "own_description", None) or rule.ip_range.get("Description")
    return described


#: moto knows descriptions of address ranges only; those of rules between groups live in an attribute of ours.
SecurityGroupRule.description = property(_rule_description)


@after("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def rules_created(context: Context) -> None:
    """Rules that name a group or a prefix list have a description too."""
    group = backend("ec2", context.region).get_security_group_from_id(context.params.get("GroupId"))
    if group is None:
        return
    rules = group.egress_rules if context.call.action.endswith("Egress") else group.ingress_rules
    for permission in context.params.get("IpPermissions", []):
        for pair in permission.get("UserIdGroupPairs", []):
            _describe(
                rules,
                permission,
                pair.get("Description"),
                lambda rule, pair=pair: rule.source_group.get("GroupId") == pair.get("GroupId"),
            )
        for prefix in permission.get("PrefixListIds", []):
            _describe(
                rules,
                permission,
                prefix.get("Description"),
                lambda rule, prefix=prefix: rule.prefix_list_id == prefix.get("PrefixListId"),
            )


def _describe(rules: list[Any], permission: dict[str, Any], description: str | None, is_wanted: Any) -> None:
    for rule in reversed(rules):
        same = (str(rule.ip_protocol), rule.from_port, rule.to_port) == (
            str(permission.get("IpProtocol")),
            permission.get("FromPort") if rule.from_port is not None else None,
            permission.get("ToPort") if rule.to_port is not None else None,
        )
        if description and same and is_wanted(rule) and not hasattr(rule, "own_description"):
            rule.own_description = description
            return
