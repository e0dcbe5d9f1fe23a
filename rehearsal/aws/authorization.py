# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Which permissions a call needs, and whether its principal has them.

Beside the call's own action these are the actions that AWS checks on behalf of it: tagging while creating
(``ec2:CreateTags``, ``iam:TagRole``, …), handing a role to a service (``iam:PassRole``), what CreateFleet launches, and
what a service does with the caller's permissions (``delegated``).
Of bucket policies only what they deny. Not checked: policies of queues and keys, service control policies, session
tags.
"""

from __future__ import annotations

import json
from typing import Any

from rehearsal.aws.account import ACCOUNT, arn, backend, now
from rehearsal.aws.delegated import delegated
from rehearsal.aws.ec2_resources import (
    CREATES,
    INSTANCE_PARTS,
    fleet_templates,
    run_instances_resources,
    template_data,
)
from rehearsal.aws.errors import AwsError
from rehearsal.aws.identity import (
    Principal,
    account_root,
    boundary_of,
    policies_of,
    trust_policy,
)
from rehearsal.aws.policy import Decision, Request, denies, evaluate, trusts
from rehearsal.aws.resource_tags import existing
from rehearsal.aws.resources import request_tags, resources_of
from rehearsal.aws.wire import Call

#: S3 operations whose IAM action has another name.
S3_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}
#: Operation -> action that tagging while creating needs beside it.
TAGGING_ACTIONS = {
    "iam:CreateRole": "iam:TagRole",
    "iam:CreatePolicy": "iam:TagPolicy",
    "iam:CreateInstanceProfile": "iam:TagInstanceProfile",
    "iam:CreateOpenIDConnectProvider": "iam:TagOpenIDConnectProvider",
    "kms:CreateKey": "kms:TagResource",
    "logs:CreateLogGroup": "logs:TagResource",
    "sqs:CreateQueue": "sqs:TagQueue",
    "events:PutRule": "events:TagResource",
    "elasticfilesystem:CreateFileSystem": "elasticfilesystem:TagResource",
    "elasticfilesystem:CreateAccessPoint": "elasticfilesystem:TagResource",
    "ecr:CreateRepository": "ecr:TagResource",
    "ssm:PutParameter": "ssm:AddTagsToResource",
    "secretsmanager:CreateSecret": "secretsmanager:TagResource",
    "eks:CreateCluster": "eks:TagResource",
    "eks:CreateNodegroup": "eks:TagResource",
    "eks:CreateAddon": "eks:TagResource",
    "eks:CreateAccessEntry": "eks:TagResource",
    "eks:CreatePodIdentityAssociation": "eks:TagResource",
    "aps:CreateWorkspace": "aps:TagResource",
    "fsx:CreateFileSystem": "fsx:TagResource",
    "fsx:CreateDataRepositoryAssociation": "fsx:TagResource",
}
#: Operations without resource-level permissions -> what they make, and so tag.
TAGGED_RESOURCES = {"aps:CreateWorkspace": "workspace/*"}
#: Operation -> (parameter that holds a role, services that it may be passed to).
PASSED_ROLES = {
    "eks:CreateCluster": ("roleArn", ["eks.amazonaws.com"]),
    "eks:CreateNodegroup": ("nodeRole", ["eks.amazonaws.com", "ec2.amazonaws.com"]),
    "eks:CreateAddon": ("serviceAccountRoleArn", ["eks.amazonaws.com"]),
    "eks:CreatePodIdentityAssociation": ("roleArn", ["eks.amazonaws.com", "pods.eks.amazonaws.com"]),
    "eks:UpdatePodIdentityAssociation": ("roleArn", ["eks.amazonaws.com", "pods.eks.amazonaws.com"]),
    "ec2:CreateFlowLogs": ("DeliverLogsPermissionArn", ["vpc-flow-logs.amazonaws.com"]),
    "iam:AddRoleToInstanceProfile": ("RoleName", ["ec2.amazonaws.com"]),
}


def authorize(call: Call, principal: Principal) -> list[Request]:
    """Refuse a call that its principal may not make.

    Returns:
        The permissions that were needed and are there.

    Raises:
        AwsError: Worded as the service words it, naming the action, the resource and the kind of policy.
    """
    if call.operation == "sts:GetCallerIdentity":
        return []
    needed = permissions_of(call, principal)
    identity = policies_of(principal)
    boundary = boundary_of(principal)
    for request in needed:
        decision = evaluate(identity, request)
        if decision is Decision.ALLOW and boundary is not None:
            decision = evaluate([boundary], request)
        if decision is Decision.ALLOW and principal.session_policy:
            decision = evaluate([json.loads(principal.session_policy)], request)
        if decision is Decision.ALLOW and denies(bucket_policy(call), request, names_of(principal)):
            decision = Decision.EXPLICIT_DENY
        if decision is not Decision.ALLOW:
            raise denial(call, principal, request, decision)
    if call.operation == "sts:AssumeRole":
        check_trust(call, principal)
    return needed


def permissions_of(call: Call, principal: Principal) -> list[Request]:
    """Every permission that a call needs."""
    keys = common_keys(call, principal)
    tags = request_tags(call)
    own = {**keys, **tag_keys(tags)}
    action = f"s3:{S3_ACTIONS.get(call.action, call.action)}" if call.service == "s3" else call.operation
    if call.operation in {"iam:AttachRolePolicy", "iam:DetachRolePolicy"}:
        own["iam:policyarn"] = [call.params.get("PolicyArn", "")]
    if call.operation == "iam:CreateServiceLinkedRole":
        own["iam:awsservicename"] = [call.params.get("AWSServiceName", "")]
    needed = [Request(action, resource, {**own, **existing_tags(call, resource)}) for resource in resources_of(call)]
    if tags and call.operation in TAGGING_ACTIONS:
        # What is being made counts as having the tags that it is made with: policies that let a controller tag only
        # what is its own (Karpenter's documented one for instance profiles) allow tagging while creating.
        new = {**own, **resource_tag_keys(call, tags)}
        made = TAGGED_RESOURCES.get(call.operation)
        tagged = [arn(call.iam_prefix, made, call.region)] if made else resources_of(call)
        needed += [Request(TAGGING_ACTIONS[call.operation], resource, new) for resource in tagged]
    if call.service == "ec2":
        needed += ec2_tagging(call, keys)
    needed += passed_roles(call, keys)
    needed += delegated(call, keys, tag_keys)
    if call.operation == "ec2:CreateFleet":
        needed += fleet_permissions(call, keys)
    return needed


def common_keys(call: Call, principal: Principal) -> dict[str, list[str]]:
    """Condition keys that every call has."""
    present = now()
    keys = {
        "aws:currenttime": [present.isoformat().replace("+00:00", "Z")],
        "aws:epochtime": [str(int(present.timestamp()))],
        "aws:principalaccount": [ACCOUNT],
        "aws:principalarn": [principal.principal_arn],
        "aws:principaltype": ["AssumedRole" if principal.is_role else "User"],
        "aws:requestedregion": [call.region],
        "aws:resourceaccount": [ACCOUNT],
        "aws:securetransport": ["true"],
        "aws:viaawsservice": ["false"],
        f"{call.iam_prefix}:region": [call.region],
    }
    for name, value in principal.tags.items():
        keys[f"aws:principaltag/{name.lower()}"] = [value]
    if not principal.is_role:
        keys["aws:username"] = [principal.name]
    return keys


def tag_keys(tags: dict[str, str]) -> dict[str, list[str]]:
    """Condition keys of the tags in a request; without tags they are absent."""
    if not tags:
        return {}
    return {"aws:tagkeys": list(tags), **{f"aws:requesttag/{key.lower()}": [value] for key, value in tags.items()}}


def existing_tags(call: Call, resource: str) -> dict[str, list[str]]:
    """Condition keys of the tags that a resource already has."""
    return resource_tag_keys(call, existing(call.service, call.region, resource))


def resource_tag_keys(call: Call, tags: dict[str, str]) -> dict[str, list[str]]:
    """Condition keys of a resource's tags, with AWS's prefix and with the service's own."""
    keys = {f"aws:resourcetag/{key.lower()}": [value] for key, value in tags.items()}
    return {**keys, **{key.replace("aws:", f"{call.iam_prefix}:", 1): value for key, value in keys.items()}}


def ec2_tagging(call: Call, keys: dict[str, list[str]]) -> list[Request]:
    """ec2:CreateTags for what an EC2 call tags while creating it."""
    if call.action == "CreateTags":
        return []
    needed = []
    for specification in call.params.get("TagSpecifications", []):
        tags = {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])}
        kind = specification.get("ResourceType") or CREATES.get(call.action, "instance")
        if tags:
            resource = arn("ec2", f"{kind}/*", call.region)
            needed.append(
                Request("ec2:CreateTags", resource, {**keys, **tag_keys(tags), "ec2:createaction": [call.action]})
            )
    return needed


def passed_roles(call: Call, keys: dict[str, list[str]]) -> list[Request]:
    """iam:PassRole for the roles that a call hands to a service."""
    member, services = PASSED_ROLES.get(call.operation, ("", []))
    value = call.params.get(member, "")
    if not value:
        return []
    role = value if value.startswith("arn:") else arn("iam", f"role/{value}")
    return [Request("iam:PassRole", role, {**keys, "iam:passedtoservice": services})]


def tags_by_kind(params: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Tags that a call, or a launch template's data, gives to what is made, by resource type."""
    return {
        str(specification.get("ResourceType")): {
            tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])
        }
        for specification in params.get("TagSpecifications", [])
    }


def fleet_permissions(call: Call, keys: dict[str, list[str]]) -> list[Request]:
    """What CreateFleet needs for the instances that it launches from its templates."""
    needed: list[Request] = []
    fleet_tags = tags_by_kind(call.params)
    for specification in fleet_templates(call.params):
        data = template_data(call.region, specification)
        template_tags = tags_by_kind(data)
        for resource in run_instances_resources(call.region, data):
            kind = resource.split(":")[5].split("/")[0]
            # What a launch is tagged with: by its template, and by the fleet on top.
            tags = {**template_tags.get(kind, {}), **fleet_tags.get(kind, {})} if kind in INSTANCE_PARTS else {}
            needed.append(
                Request("ec2:RunInstances", resource, {**keys, **tag_keys(tags), **existing_tags(call, resource)})
            )
        role = role_of_profile(data.get("IamInstanceProfile", {}))
        if role:
            needed.append(Request("iam:PassRole", role, {**keys, "iam:passedtoservice": ["ec2.amazonaws.com"]}))
    return needed


def role_of_profile(profile: dict[str, str]) -> str:
    """ARN of the role of an instance profile that a launch template names."""
    name = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
    found = backend("iam").instance_profiles.get(name)
    roles = list(found.roles) if found is not None else []
    return str(roles[0].arn) if roles else ""


def names_of(principal: Principal) -> list[str]:
    """How a policy of a resource may name a principal."""
    return [principal.arn, principal.principal_arn, account_root(), ACCOUNT]


def bucket_policy(call: Call) -> dict[str, Any]:
    """The policy of the bucket of an S3 call; empty without one."""
    bucket = backend("s3").buckets.get(call.params.get("Bucket")) if call.service == "s3" else None
    return dict(json.loads(bucket.policy)) if bucket is not None and bucket.policy else {}


def check_trust(call: Call, principal: Principal) -> None:
    """Refuse AssumeRole when the role does not trust the caller."""
    role_arn = call.params.get("RoleArn", "")
    document = trust_policy(role_arn)
    keys = common_keys(call, principal)
    if document is None or not trusts(document, "sts:AssumeRole", "AWS", names_of(principal), keys):
        raise denial(call, principal, Request(call.operation, role_arn), Decision.IMPLICIT_DENY)


def denial(call: Call, principal: Principal, request: Request, decision: Decision) -> AwsError:
    """The error of a refused call."""
    why = (
        "with an explicit deny in an identity-based policy"
        if decision is Decision.EXPLICIT_DENY
        else f"because no identity-based policy allows the {request.action} action"
    )
    target = "" if request.resource in {"*", "?"} else f" on resource: {request.resource}"
    message = f"User: {principal.arn} is not authorized to perform: {request.action}{target} {why}"
    if call.service == "ec2":
        return AwsError("UnauthorizedOperation", f"You are not authorized to perform this operation. {message}", 403)
    json_protocol = call.protocol in {"json", "rest-json", "smithy-rpc-v2-cbor"}
    status = 400 if call.protocol == "json" else 403
    return AwsError("AccessDeniedException" if json_protocol else "AccessDenied", message, status)
