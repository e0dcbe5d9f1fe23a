# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Permissions of the caller that a service checks because it acts for the caller elsewhere.

Source: Service Authorization Reference ("dependent actions"), EFS "Network access", EKS "Launch template support" and
"Encrypt Kubernetes secrets with KMS".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.aws.account import arn
from rehearsal.aws.ec2_resources import INSTANCE_PARTS, resource_arn, run_instances_resources, template_data
from rehearsal.aws.policy import NO_RESOURCE, Keys, Request
from rehearsal.aws.resource_tags import existing
from rehearsal.aws.wire import Call


def delegated(call: Call, keys: Keys, tag_keys: Callable[[dict[str, str]], dict[str, list[str]]]) -> list[Request]:
    """What a call needs beside its own permissions.

    Args:
        call: the call.
        keys: condition keys of every call.
        tag_keys: makes condition keys of the tags that something is made with.
    """
    finder = FINDERS.get(call.operation)
    return finder(call, keys, tag_keys) if finder is not None else []


def _keys_of(service: str, call: Call, resource: str, keys: Keys) -> dict[str, list[str]]:
    tags = {
        f"aws:resourcetag/{key.lower()}": [value] for key, value in existing(service, call.region, resource).items()
    }
    own = {key.replace("aws:", f"{service}:", 1): value for key, value in tags.items()}
    return {**keys, **tags, **own}


def _nodes(call: Call, keys: Keys, tag_keys: Callable[[dict[str, str]], dict[str, list[str]]]) -> list[Request]:
    """EKS launches a node group's instances from a launch template that the caller must be allowed to launch."""
    named = call.params.get("launchTemplate")
    if not named:
        return []
    specification = {"LaunchTemplateId": named.get("id"), "LaunchTemplateName": named.get("name", "")}
    data = template_data(call.region, {**specification, "Version": named.get("version")})
    tags = {
        str(one.get("ResourceType")): {tag["Key"]: tag.get("Value", "") for tag in one.get("Tags", [])}
        for one in data.get("TagSpecifications", [])
    }
    data = {**data, "SubnetId": (call.params.get("subnets") or [None])[0]}
    needed = []
    for resource in [*run_instances_resources(call.region, data), *_template(call, named)]:
        kind = resource.split(":")[5].split("/")[0]
        made = tag_keys(tags.get(kind, {})) if kind in INSTANCE_PARTS else {}
        needed.append(Request("ec2:RunInstances", resource, {**_keys_of("ec2", call, resource, keys), **made}))
    for kind, values in tags.items():
        action = {**keys, **tag_keys(values), "ec2:createaction": ["RunInstances"]}
        needed.append(Request("ec2:CreateTags", arn("ec2", f"{kind}/*", call.region), action))
    return needed


def _template(call: Call, named: Mapping[str, Any]) -> list[str]:
    return [resource_arn(call.region, str(named["id"]))] if named.get("id") else []


def _encryption(call: Call, keys: Keys, _: Any) -> list[Request]:
    """EKS asks KMS for a grant with the caller's permissions."""
    found = [setup.get("provider", {}).get("keyArn") for setup in call.params.get("encryptionConfig") or []]
    return [
        Request(action, key, _keys_of("kms", call, key, keys))
        for key in found
        if key
        for action in ("kms:DescribeKey", "kms:CreateGrant")
    ]


def _mount_target(call: Call, keys: Keys, _: Any) -> list[Request]:
    """EFS makes the network interface of a mount target with the caller's permissions."""
    names = ["network-interface/*", f"subnet/{call.params['SubnetId']}"]
    names += [f"security-group/{group}" for group in call.params.get("SecurityGroups") or []]
    resources = [arn("ec2", name, call.region) for name in names]
    return [
        *[Request(f"ec2:Describe{what}", NO_RESOURCE, keys) for what in ("Subnets", "NetworkInterfaces")],
        *[Request("ec2:CreateNetworkInterface", one, _keys_of("ec2", call, one, keys)) for one in resources],
    ]


def _no_mount_target(call: Call, keys: Keys, _: Any) -> list[Request]:
    return [Request("ec2:DeleteNetworkInterface", arn("ec2", "network-interface/*", call.region), keys)]


FINDERS: Mapping[str, Callable[[Call, Keys, Any], list[Request]]] = {
    "eks:CreateCluster": _encryption,
    "eks:AssociateEncryptionConfig": _encryption,
    "eks:CreateNodegroup": _nodes,
    "eks:UpdateNodegroupVersion": _nodes,
    "elasticfilesystem:CreateMountTarget": _mount_target,
    "elasticfilesystem:DeleteMountTarget": _no_mount_target,
}
