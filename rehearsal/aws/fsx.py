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

LUSTRE_VERSION, LUSTRE_PORT = "2.15", 988
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


#: Id -> association of a bucket with a file system, as DescribeDataRepositoryAssociations shows it.
ASSOCIATIONS: dict[str, dict[str, Any]] = {}


def settle() -> None:
    """Let every change that is due happen."""
    for key, association in list(ASSOCIATIONS.items()):
        if association["Lifecycle"] == "DELETING" or association["FileSystemId"] not in FILE_SYSTEMS:
            del ASSOCIATIONS[key]
        else:
            association["Lifecycle"] = "AVAILABLE"
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
    _check_groups(region, params.get("SecurityGroupIds") or [])
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


def _check_groups(region: str, groups: list[str]) -> None:
    """Refuse security groups that do not let Lustre's servers talk to each other."""
    ec2 = backend("ec2", region)
    found = [group for one in groups if (group := ec2.get_security_group_from_id(one)) is not None]
    for group in found:
        for rule in group.ingress_rules:
            ports = rule.ip_protocol == "-1" or int(rule.from_port) <= LUSTRE_PORT <= int(rule.to_port)
            if ports and (rule.source_group.get("GroupId") in groups or rule.ip_range):
                return
    if groups:
        raise AwsError(
            "InvalidNetworkSettings",
            "The file system cannot be created because the default security group in the subnet provided or the "
            "provided security groups do not permit Lustre LNET network traffic on port 988",
        )


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
    identifier = resource_arn.rpartition("/")[2]
    return _association(identifier) if identifier.startswith("dra-") else _find(identifier).data


def tags_of_resource(resource_arn: str) -> list[dict[str, str]]:
    """Tags of a file system or association of an ARN; none when it does not exist."""
    identifier = resource_arn.rpartition("/")[2]
    system = FILE_SYSTEMS.get(identifier)
    found = ASSOCIATIONS.get(identifier) or (system.data if system is not None else {})
    return list(found.get("Tags", []))


def _association(identifier: str) -> dict[str, Any]:
    settle()
    if identifier not in ASSOCIATIONS:
        raise AwsError(
            "DataRepositoryAssociationNotFound", f"Data repository association '{identifier}' does not exist."
        )
    return ASSOCIATIONS[identifier]


@operation("fsx", "CreateDataRepositoryAssociation")
def create_data_repository_association(context: Context) -> Result:
    """Show a bucket in a file system."""
    params = context.params
    system = _find(params["FileSystemId"])
    if system.data["Lifecycle"] != "AVAILABLE":
        raise AwsError("BadRequest", f"The file system {params['FileSystemId']} is not available.")
    if system.data["LustreConfiguration"]["DeploymentType"] in {"SCRATCH_1", "PERSISTENT_1"}:
        raise AwsError("BadRequest", "Data repository associations need the deployment type SCRATCH_2 or PERSISTENT_2.")
    bucket = params["DataRepositoryPath"].removeprefix("s3://").partition("/")[0]
    if bucket not in backend("s3").buckets:
        raise AwsError(
            "BadRequest",
            f"Amazon FSx is unable to validate access to the S3 bucket. The bucket {bucket} does not exist.",
        )
    path = params.get("FileSystemPath") or "/"
    for other in ASSOCIATIONS.values():
        if other["FileSystemId"] == params["FileSystemId"] and other["FileSystemPath"] == path:
            raise AwsError("BadRequest", f"The file system path {path} is linked to a data repository already.")
    identifier = f"dra-{secrets.token_hex(9)[:17]}"
    association = {
        "AssociationId": identifier,
        "ResourceARN": arn("fsx", f"association/{params['FileSystemId']}/{identifier}", context.region),
        "FileSystemId": params["FileSystemId"],
        "Lifecycle": "CREATING",
        "FileSystemPath": path,
        "DataRepositoryPath": params["DataRepositoryPath"],
        "BatchImportMetaDataOnCreate": bool(params.get("BatchImportMetaDataOnCreate")),
        "ImportedFileChunkSize": params.get("ImportedFileChunkSize") or 1024,
        "S3": params.get("S3") or {},
        "Tags": params.get("Tags") or [],
        "CreationTime": now(),
    }
    ASSOCIATIONS[identifier] = association
    return {"Association": association}


@operation("fsx", "DescribeDataRepositoryAssociations")
def describe_data_repository_associations(context: Context) -> Result:
    """List associations, all or those of the given ids or of a file system."""
    settle()
    wanted = context.params.get("AssociationIds")
    found = [_association(one) for one in wanted] if wanted else list(ASSOCIATIONS.values())
    for one in context.params.get("Filters") or []:
        if one["Name"] == "file-system-id":
            found = [association for association in found if association["FileSystemId"] in one["Values"]]
    return {"Associations": found}


@operation("fsx", "UpdateDataRepositoryAssociation")
def update_data_repository_association(context: Context) -> Result:
    """Change chunk size or what is imported and exported."""
    association = _association(context.params["AssociationId"])
    for member in ("ImportedFileChunkSize", "S3"):
        if member in context.params:
            association[member] = context.params[member]
    return {"Association": association}


@operation("fsx", "DeleteDataRepositoryAssociation")
def delete_data_repository_association(context: Context) -> Result:
    """Take an association away."""
    association = _association(context.params["AssociationId"])
    association["Lifecycle"] = "DELETING"
    deleted = bool(context.params.get("DeleteDataInFileSystem"))
    return {
        "AssociationId": association["AssociationId"],
        "Lifecycle": "DELETING",
        "DeleteDataInFileSystem": deleted,
    }


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
