# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""CreateLaunchTemplate: moto writes the template's own tags into its data, which Terraform then wants to remove."""

from __future__ import annotations

import copy
from typing import Any

from moto.ec2.utils import parse_user_data

from rehearsal.aws.account import backend
from rehearsal.aws.ec2_instances import tags_by_kind
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation


def dry_run(context: Context) -> None:
    """End a dry run that came this far: the permissions suffice.

    Raises:
        AwsError: The call is a dry run.
    """
    if context.params.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


@operation("ec2", "CreateLaunchTemplate")
def create_launch_template(context: Context) -> Result:
    """Make a launch template with its first version."""
    params, ec2 = context.params, backend("ec2", context.region)
    name = params["LaunchTemplateName"]
    dry_run(context)
    if name in ec2.launch_template_name_to_ids:
        raise AwsError(
            "InvalidLaunchTemplateName.AlreadyExistsException", f"Launch template name already in use: {name}"
        )
    data: dict[str, Any] = copy.deepcopy(params.get("LaunchTemplateData") or {})
    data["UserData"] = parse_user_data(data.get("UserData"))
    for group in data.get("SecurityGroupIds", []):
        if ec2.get_security_group_from_id(group) is None:
            raise AwsError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
    tags = tags_by_kind(params.get("TagSpecifications", []))
    template = ec2.create_launch_template(name, params.get("VersionDescription", ""), data, tags)
    return {
        "LaunchTemplate": {
            "CreateTime": template.create_time,
            "CreatedBy": context.principal.arn,
            "DefaultVersionNumber": template.default_version_number,
            "LatestVersionNumber": template.latest_version_number,
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in template.get_tags()],
        }
    }
