# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Recovery points of AWS Backup: they outlive what they are a backup of. moto has vaults and plans only."""

from __future__ import annotations

import uuid
from typing import Any

from rehearsal.aws.account import arn, backend, now
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

#: Region -> ARN -> recovery point.
POINTS: dict[str, dict[str, dict[str, Any]]] = {}


@operation("backup", "StartBackupJob")
def start_backup_job(context: Context) -> Result:
    """Make a backup; it is completed at once, with the tags of what it is a backup of."""
    params, key = context.params, str(uuid.uuid4())
    point = arn("backup", f"recovery-point:{key}", context.region)
    POINTS.setdefault(context.region, {})[point] = {
        "RecoveryPointArn": point,
        "ResourceArn": params["ResourceArn"],
        "BackupVaultName": params["BackupVaultName"],
        "Status": "COMPLETED",
        "CreationDate": now(),
        "BackupSizeBytes": 1024**3,
        "Tags": {**_tags(context.region, params["ResourceArn"]), **(params.get("RecoveryPointTags") or {})},
    }
    return {"BackupJobId": str(uuid.uuid4()), "RecoveryPointArn": point, "CreationDate": now()}


def _tags(region: str, resource: str) -> dict[str, str]:
    efs, identifier = backend("efs", region), resource.rpartition("/")[2]
    known = ":elasticfilesystem:" in resource and identifier in efs.file_systems_by_id
    return {tag["Key"]: tag["Value"] for tag in efs.list_tags_for_resource(identifier)} if known else {}


@operation("backup", "ListRecoveryPointsByResource")
def list_recovery_points(context: Context) -> Result:
    """List the backups of a resource, whether it is there or not."""
    hidden = ("ResourceArn", "Tags")
    return {
        "RecoveryPoints": [
            {key: value for key, value in point.items() if key not in hidden}
            for point in POINTS.get(context.region, {}).values()
            if point["ResourceArn"] == context.params["ResourceArn"]
        ]
    }


@operation("backup", "DeleteRecoveryPoint")
def delete_recovery_point(context: Context) -> Result:
    """Delete a backup."""
    points, key = POINTS.get(context.region, {}), context.params["RecoveryPointArn"]
    if points.get(key, {}).get("BackupVaultName") != context.params["BackupVaultName"]:
        raise AwsError("ResourceNotFoundException", f"Recovery point {key} does not exist in this vault.")
    del points[key]
    return None
