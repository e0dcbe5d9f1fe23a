# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""CreateFleet of type ``instant``, as Karpenter calls it; other types are moto's."""

from __future__ import annotations

import uuid
from typing import Any

from rehearsal.aws.ec2_instances import find_subnet, launch, merged_data, tags_by_kind
from rehearsal.aws.ec2_launch_templates import dry_run
from rehearsal.aws.ec2_prices import hourly_price
from rehearsal.aws.ec2_resources import template_data
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

NO_CAPACITY = (
    "We currently do not have sufficient {kind} capacity in the Availability Zone you requested ({zone}). Our system "
    "will be working on provisioning additional capacity. You can currently get {kind} capacity by not specifying an "
    "Availability Zone in your request."
)
NO_SPOT = "There is no Spot capacity available that matches your request."


@operation("ec2", "CreateFleet")
def create_fleet(context: Context) -> Result:
    """Launch instances now: the cheapest candidate that has capacity gets them all."""
    params = context.params
    if params.get("Type") != "instant":
        raise AwsError(
            "RehearsalNotImplemented",
            f"The embedded AWS of the rehearsal has CreateFleet of type instant only, not {params.get('Type')}.",
        )
    wanted = params["TargetCapacitySpecification"]
    spot = wanted.get("DefaultTargetCapacityType") == "spot"
    candidates = _candidates(context, spot)
    dry_run(context)
    if not candidates:
        raise AwsError("InvalidParameterCombination", "The fleet configuration has no overrides with an instance type.")
    launched: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    tags = tags_by_kind(params.get("TagSpecifications", []))
    fleet_id = f"fleet-{uuid.uuid4()}"
    instance_tags = {**tags.get("instance", {}), "aws:ec2:fleet-id": fleet_id}
    for data, shown in candidates:
        zone = str(find_subnet(context.region, data.get("SubnetId")).availability_zone)
        kind, lifecycle = data["InstanceType"], "spot" if spot else "on-demand"
        fault = context.lacks_capacity(kind, zone, lifecycle)
        if fault is not None:
            errors.append(_no_capacity(shown, lifecycle, kind, zone) | _in_other_words(fault))
            continue
        instances = launch(
            context.region, data, {**tags, "instance": instance_tags}, int(wanted["TotalTargetCapacity"]), spot
        )
        launched.append(
            {
                "LaunchTemplateAndOverrides": shown,
                "Lifecycle": lifecycle,
                "InstanceIds": [instance.id for instance in instances],
                "InstanceType": kind,
            }
        )
        break
    return {"FleetId": fleet_id, "Instances": launched, "Errors": errors}


def _candidates(context: Context, spot: bool) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What the fleet may launch, cheapest (or, with priorities, first) before the others.

    Returns:
        Launch data, and template and override as the answer shows them.
    """
    found = []
    for config in context.params.get("LaunchTemplateConfigs", []):
        specification = config["LaunchTemplateSpecification"]
        data = template_data(context.region, specification)
        for override in config.get("Overrides") or [{}]:
            merged = merged_data(data, override)
            if merged.get("InstanceType"):
                price = hourly_price(context.region, merged["InstanceType"], spot)
                order = (float(override.get("Priority", 0)), price)
                shown = {"LaunchTemplateSpecification": specification, "Overrides": override}
                found.append((order, merged, shown))
    return [(merged, shown) for _, merged, shown in sorted(found, key=lambda item: item[0])]


def _no_capacity(shown: dict[str, Any], lifecycle: str, kind: str, zone: str) -> dict[str, Any]:
    spot = lifecycle == "spot"
    return {
        "LaunchTemplateAndOverrides": shown,
        "Lifecycle": lifecycle,
        "ErrorCode": "UnfulfillableCapacity" if spot else "InsufficientInstanceCapacity",
        "ErrorMessage": NO_SPOT if spot else NO_CAPACITY.format(kind=kind, zone=zone),
    }


def _in_other_words(fault: dict[str, Any]) -> dict[str, Any]:
    """What a fault wants said instead of EC2's words for missing capacity."""
    words = {"ErrorCode": fault.get("code"), "ErrorMessage": fault.get("message")}
    return {key: str(value) for key, value in words.items() if value}
