# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EKS access entries and the access policies associated with them."""

from __future__ import annotations

import uuid
from typing import Any

from rehearsal.aws.account import ACCOUNT, backend, now
from rehearsal.aws.eks_store import (
    Cluster,
    active_cluster,
    find_cluster,
    find_part,
    in_use,
    invalid,
    not_found,
    page,
    part_arn,
)
from rehearsal.aws.errors import AwsError
from rehearsal.aws.identity import find_role
from rehearsal.aws.operations import Context, Result, operation

POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
POLICIES = [
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
]
NODE_TYPES = {"EC2_LINUX", "EC2_WINDOWS", "EC2", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"}
ENTRY_MISSING = (
    "The specified principalArn could not be found. You can view your available access entries with "
    "'list-access-entries'."
)


def entries_allowed(cluster: Cluster) -> bool:
    """Whether the authentication mode of a cluster knows access entries."""
    return cluster.data["accessConfig"]["authenticationMode"] in {"API", "API_AND_CONFIG_MAP"}


def add_entry(cluster: Cluster, principal: str, kind: str, params: dict[str, Any]) -> dict[str, Any]:
    """Make an access entry."""
    if kind in {"EC2_LINUX", "EC2_WINDOWS"}:
        groups, username = ["system:nodes"], "system:node:{{EC2PrivateDNSName}}"
    elif ":role/" in principal:
        groups = params.get("kubernetesGroups") or []
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{principal.rpartition('/')[2]}/{{{{SessionName}}}}"
        username = params.get("username") or session
    else:
        groups, username = params.get("kubernetesGroups") or [], params.get("username") or principal
    what = "role" if ":role/" in principal else "user"
    entry = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": groups,
        "accessEntryArn": part_arn(
            cluster, "access-entry", what, ACCOUNT, principal.rpartition("/")[2], str(uuid.uuid4())
        ),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": params.get("tags") or {},
        "username": username,
        "type": kind,
    }
    cluster.kind("access_entries")[principal] = entry
    return entry


def add_policy(cluster: Cluster, principal: str, policy_arn: str, scope: dict[str, Any]) -> dict[str, Any]:
    """Associate an access policy with an entry; a second time changes its scope."""
    policies = cluster.policies.setdefault(principal, {})
    before = policies.get(policy_arn)
    policies[policy_arn] = {
        "policyArn": policy_arn,
        "accessScope": {"type": scope["type"], "namespaces": scope.get("namespaces") or []},
        "associatedAt": before["associatedAt"] if before else now(),
        "modifiedAt": now(),
    }
    return policies[policy_arn]


def _cluster_with_entries(context: Context) -> Cluster:
    cluster = active_cluster(context.region, context.params["clusterName"])
    if not entries_allowed(cluster):
        raise AwsError(
            "InvalidRequestException",
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation.",
            400,
            clusterName=cluster.name,
        )
    return cluster


def _entry(cluster: Cluster, principal: str) -> dict[str, Any]:
    return find_part(cluster, "access_entries", principal, ENTRY_MISSING)


@operation("eks", "CreateAccessEntry")
def create_access_entry(context: Context) -> Result:
    """Let a principal in."""
    cluster, params = _cluster_with_entries(context), context.params
    principal, kind = params["principalArn"], params.get("type") or "STANDARD"
    if principal in cluster.kind("access_entries"):
        raise in_use("The specified access entry resource is already in use on this cluster.", clusterName=cluster.name)
    if kind not in NODE_TYPES | {"STANDARD"}:
        raise invalid(f"The access entry type {kind} is invalid.", clusterName=cluster.name)
    if not _principal_exists(principal):
        raise invalid("The specified principalArn is invalid: invalid principal.", clusterName=cluster.name)
    if kind in NODE_TYPES and (params.get("kubernetesGroups") or params.get("username")):
        raise invalid(
            f"Access entries of type {kind} cannot have kubernetesGroups or a username.", clusterName=cluster.name
        )
    for group in params.get("kubernetesGroups") or []:
        if group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
            raise invalid(f"The kubernetes group name {group} is invalid, it cannot start with {group.split(':')[0]}:")
    return {"accessEntry": add_entry(cluster, principal, kind, params)}


def _principal_exists(principal: str) -> bool:
    if ":role/" in principal:
        return find_role(principal) is not None
    return any(user.arn == principal for user in backend("iam").users.values())


@operation("eks", "DescribeAccessEntry")
def describe_access_entry(context: Context) -> Result:
    """Show an entry."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    return {"accessEntry": _entry(cluster, context.params["principalArn"])}


@operation("eks", "ListAccessEntries")
def list_access_entries(context: Context) -> Result:
    """List the principals that have an entry, all or those with one policy."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    wanted = context.params.get("associatedPolicyArn")
    principals = [
        principal
        for principal in sorted(cluster.kind("access_entries"))
        if not wanted or wanted in cluster.policies.get(principal, {})
    ]
    return page(principals, context.params, "accessEntries")


@operation("eks", "UpdateAccessEntry")
def update_access_entry(context: Context) -> Result:
    """Change groups or username of an entry."""
    cluster = _cluster_with_entries(context)
    entry = _entry(cluster, context.params["principalArn"])
    for member in ("kubernetesGroups", "username"):
        if member in context.params:
            entry[member] = context.params[member]
    entry["modifiedAt"] = now()
    return {"accessEntry": entry}


@operation("eks", "DeleteAccessEntry")
def delete_access_entry(context: Context) -> Result:
    """Shut a principal out."""
    cluster = _cluster_with_entries(context)
    entry = _entry(cluster, context.params["principalArn"])
    del cluster.kind("access_entries")[entry["principalArn"]]
    cluster.policies.pop(entry["principalArn"], None)
    return {}


@operation("eks", "AssociateAccessPolicy")
def associate_access_policy(context: Context) -> Result:
    """Give an entry one of EKS's access policies."""
    cluster, params = _cluster_with_entries(context), context.params
    entry, policy_arn, scope = _entry(cluster, params["principalArn"]), params["policyArn"], params["accessScope"]
    if policy_arn.removeprefix(POLICY_PREFIX) not in POLICIES:
        raise invalid(f"The policyArn parameter format is not valid: {policy_arn}", clusterName=cluster.name)
    if entry["type"] != "STANDARD":
        raise invalid(
            f"Access policies cannot be associated with entries of type {entry['type']}.", clusterName=cluster.name
        )
    if (scope["type"] == "namespace") != bool(scope.get("namespaces")):
        raise invalid("Namespaces must be given for the access scope type namespace, and only for it.")
    return {
        "clusterName": cluster.name,
        "principalArn": entry["principalArn"],
        "associatedAccessPolicy": add_policy(cluster, entry["principalArn"], policy_arn, scope),
    }


@operation("eks", "DisassociateAccessPolicy")
def disassociate_access_policy(context: Context) -> Result:
    """Take an access policy from an entry."""
    cluster = _cluster_with_entries(context)
    entry = _entry(cluster, context.params["principalArn"])
    if cluster.policies.get(entry["principalArn"], {}).pop(context.params["policyArn"], None) is None:
        raise not_found("The specified policyArn could not be found on the access entry.", clusterName=cluster.name)
    return {}


@operation("eks", "ListAssociatedAccessPolicies")
def list_associated_access_policies(context: Context) -> Result:
    """List the access policies of an entry."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    entry = _entry(cluster, context.params["principalArn"])
    policies = list(cluster.policies.get(entry["principalArn"], {}).values())
    return {
        "clusterName": cluster.name,
        "principalArn": entry["principalArn"],
        **page(policies, context.params, "associatedAccessPolicies"),
    }


@operation("eks", "ListAccessPolicies")
def list_access_policies(context: Context) -> Result:
    """List EKS's own access policies."""
    policies = [{"name": name, "arn": POLICY_PREFIX + name} for name in POLICIES]
    return page(policies, context.params, "accessPolicies")
