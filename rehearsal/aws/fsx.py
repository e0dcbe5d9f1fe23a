# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""FSx for Lustre file systems with their states and network interfaces; moto's have neither."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.account import ACCOUNT, arn, backend, now
from rehearsal.aws.ec2_instances import find_subnet
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

LUSTRE_VERSION = "2.15"
SCRATCH_1_SIZES, SIZE_STEP, SMALLEST = {1200, 2400}, 2400, 1200


@dataclass
class FileSystem:
    """A file system.

    Attributes:
        data: as DescribeFileSystems shows it.
        due: when (monotonic seconds) its state moves on.
    """

    region: str
    data: dict[str, Any]
    due: float
    interfaces: list[str] = field(default_factory=list)


#: Id -> file system.
FILE_SYSTEMS: dict[str, FileSystem] = {}


def settle() -> None:
    """Let every change that is due happen."""
    for identifier, system in list(FILE_SYSTEMS.items()):
        if time.monotonic() < system.due:
            continue
        if system.data["Lifecycle"] in {"CREATING", "UPDATING"}:
            system.data["Lifecycle"] = "AVAILABLE"
        elif system.data["Lifecycle"] == "DELETING":
            ec2 = backend("ec2", system.region)
            for interface in system.interfaces:
                ec2.enis.pop(interface, None)
            del FILE_SYSTEMS[identifier]


def _find(identifier: str) -> FileSystem:
    settle()
    if identifier not in FILE_SYSTEMS:
        raise AwsError("FileSystemNotFound", f"File system '{identifier}' does not exist.")
    return FILE_SYSTEMS[identifier]


@operation("fsx", "CreateFileSystem")
def create_file_system(context: Context) -> Result:
    """Begin to make a Lustre file system."""
    params, region = context.params, context.region
    lustre = {"DeploymentType": "SCRATCH_1", **(params.get("LustreConfiguration") or {})}
    if params.get("FileSystemType") != "LUSTRE":
        raise AwsError("BadRequest", "The embedded AWS of the rehearsal has file systems of type LUSTRE only.")
    _check_size(int(params["StorageCapacity"]), lustre)
    identifier = f"fs-{secrets.token_hex(9)[:17]}"
    subnet = find_subnet(region, params["SubnetIds"][0])
    interface = _interface(region, subnet, identifier, params.get("SecurityGroupIds") or [])
    data = {
        "OwnerId": ACCOUNT,
        "CreationTime": now(),
        "FileSystemId": identifier,
        "FileSystemType": "LUSTRE",
        "FileSystemTypeVersion": params.get("FileSystemTypeVersion") or LUSTRE_VERSION,
        "Lifecycle": "CREATING",
        "StorageCapacity": int(params["StorageCapacity"]),
        "StorageType": params.get("StorageType") or "SSD",
        "VpcId": subnet.vpc_id,
        "SubnetIds": params["SubnetIds"],
        "NetworkInterfaceIds": [interface],
        "DNSName": f"{identifier}.fsx.{region}.amazonaws.com",
        "ResourceARN": arn("fsx", f"file-system/{identifier}", region),
        "Tags": params.get("Tags") or [],
        "LustreConfiguration": _shown_configuration(lustre),
    }
    if lustre["DeploymentType"].startswith("PERSISTENT"):
        data["KmsKeyId"] = params.get("KmsKeyId") or arn("kms", "key/aws-fsx", region)
    due = time.monotonic() + context.seconds("fsx:CreateFileSystem")
    FILE_SYSTEMS[identifier] = FileSystem(region, data, due, [interface])
    return {"FileSystem": data}


def _check_size(size: int, lustre: dict[str, Any]) -> None:
    fits = size == SMALLEST or size % SIZE_STEP == 0
    if lustre["DeploymentType"] == "SCRATCH_1":
        fits = size in SCRATCH_1_SIZES or size % 3600 == 0
    if size <= 0 or not fits:
        raise AwsError(
            "BadRequest",
            f"The storage capacity for the file system must be {SMALLEST} GiB or multiples of {SIZE_STEP} GiB.",
        )
    if lustre["DeploymentType"].startswith("PERSISTENT") and not lustre.get("PerUnitStorageThroughput"):
        raise AwsError("BadRequest", "PerUnitStorageThroughput is required for persistent file systems.")


def _shown_configuration(lustre: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "WeeklyMaintenanceStartTime": "1:05:00",
        "DataCompressionType": "NONE",
        "CopyTagsToBackups": False,
        "AutomaticBackupRetentionDays": 0,
        "MountName": "fsx" if lustre["DeploymentType"] == "SCRATCH_1" else secrets.token_hex(4),
        "LogConfiguration": {"Level": "DISABLED"},
        **lustre,
    }
    if lustre.get("MetadataConfiguration", {}).get("Mode") == "AUTOMATIC":
        shown["MetadataConfiguration"] = {"Mode": "AUTOMATIC", "Iops": 1500}
    return shown


def _interface(region: str, subnet: Any, identifier: str, groups: list[str]) -> str:
    ec2 = backend("ec2", region)
    address = subnet.get_available_subnet_ip(instance=None)
    made = ec2.create_network_interface(
        subnet, address, group_ids=groups, description=f"Network interface of {identifier}"
    )
    made.status, made.requester_managed = "in-use", True
    return str(made.id)


@operation("fsx", "DescribeFileSystems")
def describe_file_systems(context: Context) -> Result:
    """List file systems, all of the region or those of the given ids."""
    settle()
    wanted = context.params.get("FileSystemIds")
    if wanted:
        return {"FileSystems": [_find(identifier).data for identifier in wanted]}
    return {"FileSystems": [system.data for system in FILE_SYSTEMS.values() if system.region == context.region]}


@operation("fsx", "UpdateFileSystem")
def update_file_system(context: Context) -> Result:
    """Change size or Lustre settings."""
    params = context.params
    system = _find(params["FileSystemId"])
    if params.get("StorageCapacity"):
        _check_size(int(params["StorageCapacity"]), system.data["LustreConfiguration"])
        system.data["StorageCapacity"] = int(params["StorageCapacity"])
    system.data["LustreConfiguration"].update(params.get("LustreConfiguration") or {})
    return {"FileSystem": system.data}


@operation("fsx", "DeleteFileSystem")
def delete_file_system(context: Context) -> Result:
    """Begin to delete a file system."""
    system = _find(context.params["FileSystemId"])
    system.data["Lifecycle"] = "DELETING"
    system.due = time.monotonic() + context.seconds("fsx:DeleteFileSystem")
    return {"FileSystemId": system.data["FileSystemId"], "Lifecycle": "DELETING"}


def _tagged(resource_arn: str) -> dict[str, Any]:
    return _find(resource_arn.rpartition("/")[2]).data


@operation("fsx", "TagResource")
def tag_resource(context: Context) -> Result:
    """Set tags."""
    data = _tagged(context.params["ResourceARN"])
    names = {tag["Key"] for tag in context.params["Tags"]}
    data["Tags"] = [tag for tag in data["Tags"] if tag["Key"] not in names] + context.params["Tags"]
    return {}


@operation("fsx", "UntagResource")
def untag_resource(context: Context) -> Result:
    """Take tags away."""
    data = _tagged(context.params["ResourceARN"])
    data["Tags"] = [tag for tag in data["Tags"] if tag["Key"] not in context.params["TagKeys"]]
    return {}


@operation("fsx", "ListTagsForResource")
def list_tags_for_resource(context: Context) -> Result:
    """List tags."""
    return {"Tags": _tagged(context.params["ResourceARN"])["Tags"]}
