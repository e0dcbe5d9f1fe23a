# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The resources that an EC2 call touches, and the tags they have.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
"""

from __future__ import annotations

from typing import Any

from rehearsal.aws.account import arn, backend
from rehearsal.aws.errors import AwsError
from rehearsal.aws.policy import NO_RESOURCE
from rehearsal.aws.wire import Call

#: Prefix of an id -> resource type in its ARN.
KIND_OF_PREFIX = {
    "acl": "network-acl",
    "ami": "image",
    "cr": "capacity-reservation",
    "dopt": "dhcp-options",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "fleet": "fleet",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
#: Action -> resource type that it makes.
CREATES = {
    "AllocateAddress": "elastic-ip",
    "CreateCapacityReservation": "capacity-reservation",
    "CreateFleet": "fleet",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateLaunchTemplate": "launch-template",
    "CreateNatGateway": "natgateway",
    "CreateNetworkAcl": "network-acl",
    "CreateNetworkInterface": "network-interface",
    "CreatePlacementGroup": "placement-group",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSnapshot": "snapshot",
    "CreateSubnet": "subnet",
    "CreateVolume": "volume",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
#: What RunInstances (also on behalf of CreateFleet) makes.
INSTANCE_PARTS = ("instance", "volume", "network-interface")


def ec2_resources(call: Call) -> list[str]:
    """ARNs of the resources of an EC2 call."""
    if call.action.startswith(("Describe", "Get", "Search")):
        return [NO_RESOURCE]
    found = []
    if call.action in CREATES:
        found.append(arn("ec2", f"{CREATES[call.action]}/*", call.region))
    if call.action == "CreateFleet":
        return found + [template_arn(call, spec) for spec in fleet_templates(call.params)]
    if call.action == "RunInstances":
        return run_instances_resources(call.region, call.params) + template_of_run_instances(call)
    found += [resource_arn(call.region, value) for value in top_level_ids(call.params)]
    if call.action.endswith("PlacementGroup") and "GroupName" in call.params and call.action not in CREATES:
        found.append(arn("ec2", f"placement-group/{call.params['GroupName']}", call.region))
    if "LaunchTemplateName" in call.params and call.action not in CREATES:
        found.append(template_arn(call, call.params))
    return list(dict.fromkeys(found)) or [NO_RESOURCE]


def top_level_ids(params: dict[str, Any]) -> list[str]:
    """Ids of existing resources that stand directly among the parameters."""
    values = [value for member in params.values() for value in (member if isinstance(member, list) else [member])]
    return [value for value in values if isinstance(value, str) and kind_of(value)]


def kind_of(resource_id: str) -> str:
    """Resource type of an id, or nothing when it is no id that IAM knows."""
    prefix, dash, rest = resource_id.rpartition("-")
    return KIND_OF_PREFIX.get(prefix, "") if dash and rest else ""


def resource_arn(region: str, resource_id: str) -> str:
    """ARN of an EC2 resource; images and snapshots have no account in theirs."""
    kind = kind_of(resource_id)
    return arn("ec2", f"{kind}/{resource_id}", region, **({"account": ""} if kind in {"image", "snapshot"} else {}))


def fleet_templates(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Launch template specifications of a CreateFleet."""
    return [config.get("LaunchTemplateSpecification", {}) for config in params.get("LaunchTemplateConfigs", [])]


def template_arn(call: Call, specification: dict[str, Any]) -> str:
    """ARN of the launch template that a specification names by id or name."""
    template_id = specification.get("LaunchTemplateId")
    if not template_id:
        name = specification.get("LaunchTemplateName", "")
        template_id = backend("ec2", call.region).launch_template_name_to_ids.get(name, "*")
    return arn("ec2", f"launch-template/{template_id}", call.region)


def template_of_run_instances(call: Call) -> list[str]:
    """ARN of the launch template of a RunInstances, if it has one."""
    specification = call.params.get("LaunchTemplate")
    return [template_arn(call, specification)] if specification else []


def run_instances_resources(region: str, data: dict[str, Any]) -> list[str]:
    """What launching instances touches.

    Args:
        region: region of the call.
        data: parameters of RunInstances, or a launch template's data with the fleet's override.
    """
    found = [arn("ec2", f"{kind}/*", region) for kind in INSTANCE_PARTS]
    groups = list(data.get("SecurityGroupIds", []))
    subnets = [data.get("SubnetId")]
    for interface in data.get("NetworkInterfaces", []):
        groups += interface.get("Groups", [])
        subnets.append(interface.get("SubnetId"))
    found += [resource_arn(region, value) for value in [data.get("ImageId"), *subnets, *groups] if value]
    return list(dict.fromkeys(found))


def resource_tags(region: str, resource: str) -> dict[str, str]:
    """Tags of an existing EC2 resource of an ARN."""
    identifier = resource.rpartition("/")[2]
    if ":placement-group/" in resource:
        identifier = _placement_group_id(region, identifier)
    tags = backend("ec2", region).tags.get(identifier, {})
    return {str(key): str(value) for key, value in tags.items()}


def _placement_group_id(region: str, name: str) -> str:
    """Id of a placement group, which IAM names by its name."""
    from rehearsal.aws.ec2_placement_groups import GROUPS

    group = GROUPS.get(region, {}).get(name)
    return str(group["GroupId"]) if group is not None else ""


def template_data(region: str, specification: dict[str, Any]) -> dict[str, Any]:
    """Data of the launch template version that a specification names.

    Raises:
        AwsError: There is no such template or version.
    """
    ec2 = backend("ec2", region)
    template_id = specification.get("LaunchTemplateId")
    if not template_id:
        template_id = ec2.launch_template_name_to_ids.get(specification.get("LaunchTemplateName", ""))
    template = ec2.launch_templates.get(template_id)
    if template is None:
        raise AwsError(
            "InvalidLaunchTemplateId.NotFound",
            f"The specified launch template, with template ID {template_id}, does not exist.",
        )
    version = str(specification.get("Version") or "$Default")
    number = {"$Latest": template.latest_version_number, "$Default": template.default_version_number}.get(version)
    found = template.get_version(number if number is not None else int(version))
    return dict(found.data)
