# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EKS pod identity associations: which role the pods of a ServiceAccount get."""

from __future__ import annotations

import secrets
from typing import Any

from rehearsal.aws.account import now
from rehearsal.aws.eks_store import Cluster, active_cluster, find_cluster, find_part, in_use, invalid, page, part_arn
from rehearsal.aws.identity import find_role
from rehearsal.aws.operations import Context, Result, operation

SUMMARY = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")


def _association(cluster: Cluster, association_id: str) -> dict[str, Any]:
    return find_part(
        cluster, "associations", association_id, f"Association not found: {association_id}, in cluster {cluster.name}"
    )


@operation("eks", "CreatePodIdentityAssociation")
def create_pod_identity_association(context: Context) -> Result:
    """Give the pods of a ServiceAccount a role."""
    cluster = active_cluster(context.region, context.params["clusterName"])
    return {"association": associate(cluster, context.params)}


def associate(cluster: Cluster, params: dict[str, Any], owner: str = "") -> dict[str, Any]:
    """Make an association.

    Args:
        cluster: the cluster.
        params: ``namespace``, ``serviceAccount``, ``roleArn`` and optionally ``tags``, ``targetRoleArn``.
        owner: ARN of the add-on that owns it.

    Raises:
        AwsError: The ServiceAccount has one already, or the role does not exist.
    """
    wanted = (params["namespace"], params["serviceAccount"])
    for other in cluster.kind("associations").values():
        if (other["namespace"], other["serviceAccount"]) == wanted:
            # A call that is repeated because its answer was lost carries the same token.
            if params.get("clientRequestToken") and other.get("_token") == params["clientRequestToken"]:
                return other
            raise in_use(f"Association already exists: {other['associationId']}", clusterName=cluster.name)
    if find_role(params["roleArn"]) is None:
        raise invalid(f"Role provided in the request does not exist: {params['roleArn']}", clusterName=cluster.name)
    association_id = f"a-{secrets.token_hex(9)[:17]}"
    association = {
        "clusterName": cluster.name,
        "namespace": wanted[0],
        "serviceAccount": wanted[1],
        "roleArn": params["roleArn"],
        "associationArn": part_arn(cluster, "podidentityassociation", association_id),
        "associationId": association_id,
        "tags": params.get("tags") or {},
        "createdAt": now(),
        "modifiedAt": now(),
        "disableSessionTags": bool(params.get("disableSessionTags")),
    }
    if params.get("clientRequestToken"):
        association["_token"] = params["clientRequestToken"]
    if params.get("targetRoleArn"):
        association["targetRoleArn"] = params["targetRoleArn"]
    if owner:
        association["ownerArn"] = owner
    cluster.kind("associations")[association_id] = association
    return association


@operation("eks", "DescribePodIdentityAssociation")
def describe_pod_identity_association(context: Context) -> Result:
    """Show an association."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    return {"association": _association(cluster, context.params["associationId"])}


@operation("eks", "ListPodIdentityAssociations")
def list_pod_identity_associations(context: Context) -> Result:
    """List associations, all or those of a namespace or ServiceAccount."""
    params = context.params
    cluster = find_cluster(context.region, params["clusterName"])
    found = [
        {member: association[member] for member in SUMMARY if member in association}
        for association in cluster.kind("associations").values()
        if params.get("namespace") in {None, association["namespace"]}
        and params.get("serviceAccount") in {None, association["serviceAccount"]}
    ]
    return page(found, params, "associations")


@operation("eks", "UpdatePodIdentityAssociation")
def update_pod_identity_association(context: Context) -> Result:
    """Change the role of an association."""
    cluster = active_cluster(context.region, context.params["clusterName"])
    association = _association(cluster, context.params["associationId"])
    for member in ("roleArn", "disableSessionTags", "targetRoleArn"):
        if context.params.get(member):
            association[member] = context.params[member]
    association["modifiedAt"] = now()
    return {"association": association}


@operation("eks", "DeletePodIdentityAssociation")
def delete_pod_identity_association(context: Context) -> Result:
    """Take the role from a ServiceAccount."""
    cluster = active_cluster(context.region, context.params["clusterName"])
    association = _association(cluster, context.params["associationId"])
    return {"association": cluster.kind("associations").pop(association["associationId"])}
