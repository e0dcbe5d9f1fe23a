# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""S3 Files: file systems on buckets, with mount targets and access points. moto does not know the service."""

from __future__ import annotations

import uuid
from typing import Any

from rehearsal.aws.account import ACCOUNT, arn, backend, now
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

#: Region -> id -> file system; its parts by their ids in "targets" and "points".
FILE_SYSTEMS: dict[str, dict[str, dict[str, Any]]] = {}


def _missing(what: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} does not exist.", 404)


def _system(context: Context) -> dict[str, Any]:
    key = context.params["fileSystemId"]
    found = FILE_SYSTEMS.get(context.region, {}).get(key)
    if found is None:
        raise _missing(key)
    return found


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in {"targets", "points", "tags"}}


@operation("s3files", "CreateFileSystem")
def create_file_system(context: Context) -> Result:
    """Make a file system; it is available at once."""
    params, key = context.params, f"fs-{uuid.uuid4().hex[:17]}"
    system = {
        "fileSystemId": key,
        "fileSystemArn": arn("s3files", f"file-system/{key}", context.region),
        "bucket": params["bucket"],
        "roleArn": params["roleArn"],
        "status": "available",
        "ownerId": ACCOUNT,
        "creationTime": now(),
        "tags": {tag["key"]: tag["value"] for tag in params.get("tags") or []},
        "targets": {},
        "points": {},
    }
    FILE_SYSTEMS.setdefault(context.region, {})[key] = system
    return {**_shown(system), "tags": params.get("tags") or []}


@operation("s3files", "ListFileSystems")
def list_file_systems(context: Context) -> Result:
    """List the file systems."""
    return {"fileSystems": [_shown(one) for one in FILE_SYSTEMS.get(context.region, {}).values()]}


@operation("s3files", "DeleteFileSystem")
def delete_file_system(context: Context) -> Result:
    """Delete a file system that has no parts any more."""
    system = _system(context)
    if system["targets"] or system["points"]:
        raise AwsError("ConflictException", f"{system['fileSystemId']} has mount targets or access points.", 409)
    del FILE_SYSTEMS[context.region][system["fileSystemId"]]
    return None


@operation("s3files", "ListTagsForResource")
def list_tags(context: Context) -> Result:
    """List the tags of a file system."""
    key = context.params["resourceId"].rpartition("/")[2]
    system = FILE_SYSTEMS.get(context.region, {}).get(key)
    if system is None:
        raise _missing(key)
    return {"tags": [{"key": name, "value": value} for name, value in system["tags"].items()]}


@operation("s3files", "CreateMountTarget")
def create_mount_target(context: Context) -> Result:
    """Make a mount target in a subnet."""
    system, subnet = _system(context), context.params["subnetId"]
    key = f"fsmt-{uuid.uuid4().hex[:17]}"
    system["targets"][key] = {
        "mountTargetId": key,
        "fileSystemId": system["fileSystemId"],
        "subnetId": subnet,
        "vpcId": backend("ec2", context.region).get_subnet(subnet).vpc_id,
        "status": "available",
        "ownerId": ACCOUNT,
    }
    return dict(system["targets"][key])


@operation("s3files", "ListMountTargets")
def list_mount_targets(context: Context) -> Result:
    """List the mount targets of a file system."""
    return {"mountTargets": list(_system(context)["targets"].values())}


@operation("s3files", "CreateAccessPoint")
def create_access_point(context: Context) -> Result:
    """Make an access point."""
    system, key = _system(context), f"fsap-{uuid.uuid4().hex[:17]}"
    system["points"][key] = {
        "accessPointId": key,
        "accessPointArn": arn("s3files", f"access-point/{key}", context.region),
        "fileSystemId": system["fileSystemId"],
        "status": "available",
        "ownerId": ACCOUNT,
    }
    return dict(system["points"][key])


@operation("s3files", "ListAccessPoints")
def list_access_points(context: Context) -> Result:
    """List the access points of a file system."""
    return {"accessPoints": list(_system(context)["points"].values())}


@operation("s3files", "DeleteMountTarget", "DeleteAccessPoint")
def delete_part(context: Context) -> Result:
    """Delete a mount target or an access point."""
    member = {"DeleteMountTarget": ("targets", "mountTargetId"), "DeleteAccessPoint": ("points", "accessPointId")}
    parts, parameter = member[context.call.action]
    key = context.params[parameter]
    for system in FILE_SYSTEMS.get(context.region, {}).values():
        if system[parts].pop(key, None) is not None:
            return None
    raise _missing(key)
