# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EC2 placement groups; moto has none."""

from __future__ import annotations

import secrets
from typing import Any

from rehearsal.aws.account import arn, backend
from rehearsal.aws.ec2_filters import matching
from rehearsal.aws.ec2_instances import tags_by_kind
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

#: Region -> name -> group.
GROUPS: dict[str, dict[str, dict[str, Any]]] = {}


@operation("ec2", "CreatePlacementGroup")
def create_placement_group(context: Context) -> Result:
    """Make a placement group."""
    params, groups = context.params, GROUPS.setdefault(context.region, {})
    name = params.get("GroupName", "")
    if name in groups:
        raise AwsError("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
    group = {
        "GroupName": name,
        "GroupId": f"pg-{secrets.token_hex(9)[:17]}",
        "State": "available",
        "Strategy": params.get("Strategy", "cluster"),
        "PartitionCount": params.get("PartitionCount"),
        "SpreadLevel": params.get("SpreadLevel"),
        "GroupArn": arn("ec2", f"placement-group/{name}", context.region),
    }
    groups[name] = {key: value for key, value in group.items() if value is not None}
    tags = tags_by_kind(params.get("TagSpecifications", [])).get("placement-group", {})
    if tags:
        backend("ec2", context.region).tags[group["GroupId"]].update(tags)
    return {"PlacementGroup": shown(context.region, groups[name])}


def shown(region: str, group: dict[str, Any]) -> dict[str, Any]:
    """A group with its tags."""
    tags = backend("ec2", region).tags.get(group["GroupId"], {})
    return {**group, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@operation("ec2", "DescribePlacementGroups")
def describe_placement_groups(context: Context) -> Result:
    """List placement groups, all or those of the given names, ids and filters."""
    params = context.params
    groups = [shown(context.region, group) for group in GROUPS.get(context.region, {}).values()]
    for member, attribute in (("GroupNames", "GroupName"), ("GroupIds", "GroupId")):
        wanted = params.get(member) or []
        known = {group[attribute] for group in groups}
        for value in wanted:
            if value not in known:
                raise AwsError("InvalidPlacementGroup.Unknown", f"The Placement Group '{value}' is unknown.")
        if wanted:
            groups = [group for group in groups if group[attribute] in wanted]
    fields = {"group-name": "GroupName", "state": "State", "strategy": "Strategy", "group-arn": "GroupArn"}
    return {"PlacementGroups": matching(groups, params.get("Filters"), fields)}


@operation("ec2", "DeletePlacementGroup")
def delete_placement_group(context: Context) -> Result:
    """Take a placement group away, unless instances are in it."""
    name = context.params.get("GroupName", "")
    groups, ec2 = GROUPS.get(context.region, {}), backend("ec2", context.region)
    if name not in groups:
        raise AwsError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    if any(
        instance.placement.group_name == name and instance.state != "terminated" for instance in ec2.all_instances()
    ):
        raise AwsError("InvalidPlacementGroup.InUse", f"The placement group '{name}' is in use and may not be deleted.")
    ec2.tags.pop(groups.pop(name)["GroupId"], None)
    return {}
