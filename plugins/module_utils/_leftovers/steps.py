# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What is done to a resource before it can be removed, where data cannot say it.

A step gets the client, the item as AWS lists it and the id; it returns further parameters of the removal.
"""

from __future__ import annotations

import typing as t

from .kind import Json

Step = t.Callable[[t.Any, Json, str], Json]


def revoke_references(ec2: t.Any, item: Json, identifier: str) -> Json:
    """Take the rules that name other groups off a security group: two that name each other can else not go."""
    for rules, revoke in (
        ("IpPermissions", ec2.revoke_security_group_ingress),
        ("IpPermissionsEgress", ec2.revoke_security_group_egress),
    ):
        naming = [only_groups(rule) for rule in item.get(rules) or [] if rule.get("UserIdGroupPairs")]
        if naming:
            revoke(GroupId=identifier, IpPermissions=naming)
    return {}


def only_groups(rule: Json) -> Json:
    """Return the part of a rule that names groups, as AWS takes it back."""
    kept = ("UserId", "GroupId", "VpcId", "VpcPeeringConnectionId")
    found: Json = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    found["UserIdGroupPairs"] = [{key: pair[key] for key in kept if pair.get(key)} for pair in rule["UserIdGroupPairs"]]
    return found


def detach_gateway(ec2: t.Any, item: Json, identifier: str) -> Json:
    """Take an internet gateway off its VPC."""
    for attachment in item.get("Attachments") or []:
        ec2.detach_internet_gateway(InternetGatewayId=identifier, VpcId=attachment["VpcId"])
    return {}


def name_zone(_ec2: t.Any, item: Json, _identifier: str) -> Json:
    """Say in which zone fast restores of a snapshot end."""
    return {"AvailabilityZones": [item["AvailabilityZone"]]}


def name_vault(_backup: t.Any, item: Json, _identifier: str) -> Json:
    """Say in which vault a recovery point is."""
    return {"BackupVaultName": item["BackupVaultName"]}


def empty_bucket(s3: t.Any, _item: Json, identifier: str) -> Json:
    """Delete all versions, delete markers and unfinished uploads."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=identifier):
        keys = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for group in ("Versions", "DeleteMarkers")
            for entry in page.get(group) or []
        ]
        if keys:
            answer = s3.delete_objects(Bucket=identifier, Delete={"Objects": keys, "Quiet": True})
            raise_first(answer.get("Errors") or [], "DeleteObjects")
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=identifier):
        for upload in page.get("Uploads") or []:
            s3.abort_multipart_upload(Bucket=identifier, Key=upload["Key"], UploadId=upload["UploadId"])
    return {}


def empty_role(iam: t.Any, _item: Json, identifier: str) -> Json:
    """Detach policies, delete those inside the role, and take it out of instance profiles."""
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=identifier):
        for policy in page["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=identifier, PolicyArn=policy["PolicyArn"])
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=identifier):
        for name in page["PolicyNames"]:
            iam.delete_role_policy(RoleName=identifier, PolicyName=name)
    for page in iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName=identifier):
        for profile in page["InstanceProfiles"]:
            name = profile["InstanceProfileName"]
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=identifier)
    return {}


def empty_profile(iam: t.Any, item: Json, identifier: str) -> Json:
    """Take the roles out of an instance profile."""
    for role in item.get("Roles") or []:
        iam.remove_role_from_instance_profile(InstanceProfileName=identifier, RoleName=role["RoleName"])
    return {}


def drop_policy_versions(iam: t.Any, _item: Json, identifier: str) -> Json:
    """Delete the versions of a policy that are not the default one."""
    for page in iam.get_paginator("list_policy_versions").paginate(PolicyArn=identifier):
        for version in page["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=identifier, VersionId=version["VersionId"])
    return {}


def remove_targets(events: t.Any, item: Json, _identifier: str) -> Json:
    """Take the targets off a rule."""
    targets = events.list_targets_by_rule(Rule=item["Name"])["Targets"]
    if targets:
        events.remove_targets(Rule=item["Name"], Ids=[target["Id"] for target in targets])
    return {}


def raise_first(errors: t.Sequence[t.Mapping[str, t.Any]], operation: str) -> None:
    """Raise the first of the failures that AWS lists in an answer that is otherwise good.

    Raises:
        ClientError: there is one.
    """
    from botocore.exceptions import ClientError

    for error in errors:
        code = str(error.get("code") or error.get("Code") or "Failed")
        message = str(error.get("message") or error.get("Message") or "")
        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)


STEPS: dict[str, Step] = {
    "revoke_references": revoke_references,
    "detach_gateway": detach_gateway,
    "name_zone": name_zone,
    "name_vault": name_vault,
    "empty_bucket": empty_bucket,
    "empty_role": empty_role,
    "empty_profile": empty_profile,
    "drop_policy_versions": drop_policy_versions,
    "remove_targets": remove_targets,
}
# Step -> the calls that it makes, for a policy document.
OPERATIONS: dict[str, tuple[str, ...]] = {
    "revoke_references": ("revoke_security_group_ingress", "revoke_security_group_egress"),
    "detach_gateway": ("detach_internet_gateway",),
    "name_zone": (),
    "name_vault": (),
    "empty_bucket": (
        "list_object_versions",
        "delete_objects",
        "list_multipart_uploads",
        "abort_multipart_upload",
    ),
    "empty_role": (
        "list_attached_role_policies",
        "detach_role_policy",
        "list_role_policies",
        "delete_role_policy",
        "list_instance_profiles_for_role",
        "remove_role_from_instance_profile",
    ),
    "empty_profile": ("remove_role_from_instance_profile",),
    "drop_policy_versions": ("list_policy_versions", "delete_policy_version"),
    "remove_targets": ("list_targets_by_rule", "remove_targets"),
}
