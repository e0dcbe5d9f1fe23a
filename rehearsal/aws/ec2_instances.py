# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Launching instances from launch template data: what CreateFleet and managed node groups have in common.

Stock moto gives a fleet's instances the default security group and leaves their network interfaces behind when they
end; Karpenter would replace such nodes for ever (SecurityGroupDrift) and no subnet could be deleted.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.errors import AwsError

TagsOfKinds = Mapping[str, Mapping[str, str]]


def tags_by_kind(specifications: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Tag specifications as resource type -> key -> value."""
    found: dict[str, dict[str, str]] = {}
    for specification in specifications:
        tags = {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])}
        found.setdefault(specification["ResourceType"], {}).update(tags)
    return found


def merged_data(data: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Launch template data with a fleet's override in it."""
    merged = copy.deepcopy(dict(data))
    for member in ("InstanceType", "SubnetId", "ImageId"):
        if override.get(member):
            merged[member] = override[member]
    if override.get("AvailabilityZone"):
        merged["AvailabilityZone"] = override["AvailabilityZone"]
    return merged


def security_groups_of(data: Mapping[str, Any]) -> list[str]:
    """Security groups of an instance, from the template or from its primary network interface."""
    primary = primary_interface(data)
    return list(primary.get("Groups") or data.get("SecurityGroupIds") or [])


def primary_interface(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The interface with device index 0 on network card 0, if the template describes one."""
    for interface in data.get("NetworkInterfaces", []):
        if int(interface.get("DeviceIndex", 0)) == 0 and int(interface.get("NetworkCardIndex") or 0) == 0:
            return dict(interface)
    return {}


def launch(
    region: str,
    data: Mapping[str, Any],
    tags: TagsOfKinds,
    count: int = 1,
    spot: bool = False,
) -> list[Any]:
    """Launch instances.

    Args:
        region: region.
        data: launch template data with ImageId, InstanceType and SubnetId.
        tags: tags for ``instance``, ``volume`` and ``network-interface``, beside those of the template.
        count: how many.
        spot: whether they are spot instances.

    Returns:
        moto's instances.

    Raises:
        AwsError: The subnet, the image or the instance profile does not exist.
    """
    ec2 = backend("ec2", region)
    subnet_id = data.get("SubnetId") or primary_interface(data).get("SubnetId")
    image_id = data.get("ImageId")
    if not image_id:
        raise AwsError("MissingParameter", "The request must contain the parameter ImageId")
    every = _all_tags(data, tags)
    reservation = ec2.run_instances(
        image_id,
        count,
        data.get("UserData"),
        [],
        security_group_ids=security_groups_of(data),
        instance_type=data["InstanceType"],
        is_instance_type_default=False,
        region_name=region,
        subnet_id=subnet_id,
        placement=None,
        key_name=data.get("KeyName"),
        ebs_optimized=bool(data.get("EbsOptimized")),
        monitoring_state="enabled" if data.get("Monitoring", {}).get("Enabled") else "disabled",
        metadata_options=data.get("MetadataOptions") or {},
        associate_public_ip=primary_interface(data).get("AssociatePublicIpAddress"),
        lifecycle="spot" if spot else None,
        tags={"instance": every.get("instance", {}), "volume": every.get("volume", {})},
        block_device_mappings=_volumes(ec2, data, image_id),
    )
    for instance in reservation.instances:
        _complete(ec2, instance, data, every)
    return list(reservation.instances)


def _all_tags(data: Mapping[str, Any], tags: TagsOfKinds) -> dict[str, dict[str, str]]:
    every = tags_by_kind(data.get("TagSpecifications", []))
    for kind, values in tags.items():
        every.setdefault(kind, {}).update(values)
    return every


def _volumes(ec2: Any, data: Mapping[str, Any], image_id: str) -> list[dict[str, Any]]:
    """Block devices as moto wants them; without any, the root volume of the image."""
    mappings = [mapping for mapping in data.get("BlockDeviceMappings", []) if mapping.get("Ebs")]
    if not mappings:
        image = ec2.amis.get(image_id)
        mappings = [{"DeviceName": image.root_device_name if image else "/dev/xvda", "Ebs": {"VolumeSize": 20}}]
    return [
        {
            "DeviceName": mapping["DeviceName"],
            "Ebs": {"VolumeType": "gp3", "VolumeSize": 20, "DeleteOnTermination": True, **mapping["Ebs"]},
        }
        for mapping in mappings
    ]


def _complete(ec2: Any, instance: Any, data: Mapping[str, Any], tags: TagsOfKinds) -> None:
    """Add what moto's run_instances leaves out."""
    for interface in instance.nics.values():
        interface.delete_on_termination = True
        interface.add_tags(dict(tags.get("network-interface", {})))
    profile = data.get("IamInstanceProfile") or {}
    name = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]
    if name:
        if name not in backend("iam").instance_profiles:
            raise AwsError(
                "InvalidParameterValue",
                f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
            )
        ec2.associate_iam_instance_profile(instance_id=instance.id, iam_instance_profile_name=name)


def find_subnet(region: str, subnet_id: str | None) -> Any:
    """Find moto's subnet of an id.

    Raises:
        AwsError: There is none.
    """
    for subnets in backend("ec2", region).subnets.values():
        if subnet_id in subnets:
            return subnets[subnet_id]
    raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")


def terminate(region: str, instance_ids: Iterable[str]) -> None:
    """Terminate instances that are not terminated yet."""
    ec2 = backend("ec2", region)
    ids = list(instance_ids)
    alive = [instance.id for instance in ec2.all_instances() if instance.id in ids and instance.state != "terminated"]
    if alive:
        ec2.terminate_instances(alive)
