# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The account's own snapshots, and fast restores of them. moto lists those of everybody's images each time."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.account import ACCOUNT, backend
from rehearsal.aws.ec2_filters import matching
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, before, operation

#: Region -> (snapshot, zone) -> fast restore.
RESTORES: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}


def own_snapshots(region: str) -> dict[str, Any]:
    """Snapshots that the account has made, by id."""
    found = backend("ec2", region).snapshots
    return {key: one for key, one in found.items() if one.owner_id == ACCOUNT and not one.from_ami}


@operation("ec2", "DescribeSnapshots")
def describe_snapshots(context: Context) -> Result:
    """List snapshots; those of the account alone, when it asks for its own."""
    params = context.params
    if params.get("OwnerIds") not in (["self"], [ACCOUNT]):
        return context.forward()
    ec2 = backend("ec2", context.region)
    wanted = params.get("SnapshotIds") or list(own_snapshots(context.region))
    found = [
        {
            "SnapshotId": key,
            "VolumeId": one.volume.id,
            "VolumeSize": one.volume.size,
            "State": one.status,
            "OwnerId": ACCOUNT,
            "Description": one.description,
            "Encrypted": one.encrypted,
            "Tags": [{"Key": name, "Value": value} for name, value in ec2.tags.get(key, {}).items()],
        }
        for key, one in own_snapshots(context.region).items()
        if key in wanted
    ]
    return {"Snapshots": matching(found, params.get("Filters"), {"volume-id": "VolumeId", "status": "State"})}


@operation("ec2", "EnableFastSnapshotRestores")
def enable_fast_snapshot_restores(context: Context) -> Result:
    """Switch fast restores of snapshots on in zones."""
    made = []
    for key in context.params["SourceSnapshotIds"]:
        if key not in own_snapshots(context.region):
            raise AwsError("InvalidSnapshot.NotFound", f"The snapshot '{key}' does not exist.")
        for zone in context.params["AvailabilityZones"]:
            made.append({"SnapshotId": key, "AvailabilityZone": zone, "State": "enabled", "OwnerId": ACCOUNT})
            RESTORES.setdefault(context.region, {})[(key, zone)] = made[-1]
    return {"Successful": made, "Unsuccessful": []}


@operation("ec2", "DescribeFastSnapshotRestores")
def describe_fast_snapshot_restores(context: Context) -> Result:
    """List fast restores."""
    fields = {"snapshot-id": "SnapshotId", "availability-zone": "AvailabilityZone", "state": "State"}
    found = list(RESTORES.get(context.region, {}).values())
    return {"FastSnapshotRestores": matching(found, context.params.get("Filters"), fields)}


@operation("ec2", "DisableFastSnapshotRestores")
def disable_fast_snapshot_restores(context: Context) -> Result:
    """Switch fast restores of snapshots off in zones."""
    done, failed = [], []
    for key in context.params["SourceSnapshotIds"]:
        for zone in context.params["AvailabilityZones"]:
            one = RESTORES.get(context.region, {}).pop((key, zone), None)
            if one is not None:
                done.append({**one, "State": "disabling"})
                continue
            error = {"Code": "InvalidSnapshot.NotFound", "Message": f"{key} has no fast restore in {zone}."}
            errors = [{"AvailabilityZone": zone, "Error": error}]
            failed.append({"SnapshotId": key, "FastSnapshotRestoreStateErrors": errors})
    return {"Successful": done, "Unsuccessful": failed}


@before("ec2", "DeleteSnapshot")
def delete_snapshot(context: Context) -> None:
    """Refuse while an image uses the snapshot."""
    key = context.params["SnapshotId"]
    for image in backend("ec2", context.region).amis.values():
        if (
            image.owner_id == ACCOUNT
            and getattr(image, "ebs_snapshot", None) is not None
            and image.ebs_snapshot.id == key
        ):
            raise AwsError("InvalidSnapshot.InUse", f"The snapshot {key} is currently in use by {image.id}")
