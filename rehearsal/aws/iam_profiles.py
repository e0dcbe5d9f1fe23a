# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The tags of instance profiles, which moto keeps but does not list."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.aws.account import backend
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation


@operation("iam", "ListInstanceProfileTags")
def list_instance_profile_tags(context: Context) -> Result:
    """List the tags of an instance profile."""
    name = context.params["InstanceProfileName"]
    profile = backend("iam").instance_profiles.get(name)
    if profile is None:
        raise AwsError("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)
    tags = profile.tags or {}
    pairs = tags.items() if isinstance(tags, Mapping) else [(tag["Key"], tag.get("Value", "")) for tag in tags]
    plain = {str(key): str(value["Value"] if isinstance(value, Mapping) else value) for key, value in pairs}
    return {"Tags": [{"Key": key, "Value": value} for key, value in plain.items()], "IsTruncated": False}
