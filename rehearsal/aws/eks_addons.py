# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EKS add-ons: bookkeeping only. Nothing is installed in the cluster for them."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from rehearsal.aws.account import now
from rehearsal.aws.eks_pod_identity import associate
from rehearsal.aws.eks_store import (
    Cluster,
    active_cluster,
    find_cluster,
    find_part,
    in_use,
    invalid,
    page,
    part_arn,
    start_update,
)
from rehearsal.aws.eks_versions import VERSIONS
from rehearsal.aws.operations import Context, Result, operation

#: Add-on -> (type, owner, newest version; ``{minor}`` is the cluster's minor version). The newest is the default.
ADDONS = {
    "vpc-cni": ("networking", "aws", "v1.21.1-eksbuild.1"),
    "coredns": ("networking", "aws", "v1.13.2-eksbuild.1"),
    "kube-proxy": ("networking", "aws", "v{minor}.0-eksbuild.2"),
    "eks-pod-identity-agent": ("security", "aws", "v1.3.10-eksbuild.2"),
    "eks-node-monitoring-agent": ("observability", "aws", "v1.5.1-eksbuild.1"),
    "aws-ebs-csi-driver": ("storage", "aws", "v1.54.0-eksbuild.1"),
    "aws-efs-csi-driver": ("storage", "aws", "v2.3.0-eksbuild.1"),
    "aws-fsx-csi-driver": ("storage", "aws", "v1.8.0-eksbuild.1"),
    "snapshot-controller": ("storage", "aws", "v8.3.0-eksbuild.1"),
    "aws-mountpoint-s3-csi-driver": ("storage", "aws", "v2.2.2-eksbuild.1"),
    "amazon-cloudwatch-observability": ("observability", "aws", "v4.8.0-eksbuild.1"),
    "metrics-server": ("observability", "community", "v0.8.0-eksbuild.6"),
    "cert-manager": ("security", "community", "v1.19.2-eksbuild.1"),
}
#: Add-ons that can have a role by pod identity -> their ServiceAccount.
POD_IDENTITY_ACCOUNTS = {
    "vpc-cni": ("kube-system", "aws-node"),
    "aws-ebs-csi-driver": ("kube-system", "ebs-csi-controller-sa"),
    "aws-efs-csi-driver": ("kube-system", "efs-csi-controller-sa"),
    "aws-fsx-csi-driver": ("kube-system", "fsx-csi-controller-sa"),
    "aws-mountpoint-s3-csi-driver": ("kube-system", "s3-csi-driver-sa"),
    "amazon-cloudwatch-observability": ("amazon-cloudwatch", "cloudwatch-agent"),
}


def addon_version(name: str, kubernetes: str) -> str:
    """Newest version of an add-on for a Kubernetes minor version."""
    return ADDONS[name][2].format(minor=kubernetes)


def addon_versions(name: str, kubernetes: str) -> list[str]:
    """The versions of an add-on for a Kubernetes minor version, newest first; the newest is the default."""
    newest = addon_version(name, kubernetes)
    release, _, build = newest.rpartition(".")
    older = f"{release}.{int(build) - 1}"
    return [newest] if int(build) < 2 else [newest, older]


def _addon(cluster: Cluster, name: str) -> dict[str, Any]:
    return find_part(cluster, "addons", name, f"No addon: {name} found in cluster: {cluster.name}", addonName=name)


@operation("eks", "CreateAddon")
def create_addon(context: Context) -> Result:
    """Enter an add-on."""
    params = context.params
    cluster, name = active_cluster(context.region, params["clusterName"]), params["addonName"]
    if name in cluster.kind("addons"):
        raise in_use("Addon already exists.", clusterName=cluster.name, addonName=name)
    version = cluster.data["version"]
    if name not in ADDONS:
        raise invalid(f"Addon {name} specified is not supported in {version} kubernetes version", addonName=name)
    _check(cluster, name, params)
    identifier = str(uuid.uuid4())
    addon: dict[str, Any] = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "CREATING",
        "addonVersion": params.get("addonVersion") or addon_version(name, version),
        "health": {"issues": []},
        "addonArn": part_arn(cluster, "addon", name, identifier),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": params.get("tags") or {},
        "owner": ADDONS[name][1],
        "publisher": "eks",
    }
    for member in ("configurationValues", "serviceAccountRoleArn", "namespaceConfig"):
        if params.get(member):
            addon[member] = params[member]
    cluster.kind("addons")[name] = addon
    _set_identities(cluster, addon, params.get("podIdentityAssociations"))
    cluster.ready[("addons", name)] = time.monotonic() + context.seconds("eks:CreateAddon")
    return {"addon": addon}


def _check(cluster: Cluster, name: str, params: dict[str, Any]) -> None:
    version = params.get("addonVersion")
    if version and version not in addon_versions(name, cluster.data["version"]):
        raise invalid("Addon version specified is not supported", clusterName=cluster.name, addonName=name)
    if params.get("configurationValues"):
        try:
            json.loads(params["configurationValues"])
        except json.JSONDecodeError as error:
            raise invalid(
                f"ConfigurationValue provided in request is not supported: {error}",
                clusterName=cluster.name,
                addonName=name,
            ) from error


def _set_identities(cluster: Cluster, addon: dict[str, Any], wanted: list[dict[str, Any]] | None) -> None:
    """Replace the pod identity associations that belong to an add-on; None leaves them."""
    if wanted is None:
        return
    for key, association in list(cluster.kind("associations").items()):
        if association.get("ownerArn") == addon["addonArn"]:
            del cluster.kind("associations")[key]
    made = []
    for item in wanted:
        known = POD_IDENTITY_ACCOUNTS.get(addon["addonName"])
        if known is None:
            raise invalid(f"Addon {addon['addonName']} does not support pod identity", addonName=addon["addonName"])
        params = {"namespace": known[0], "serviceAccount": item["serviceAccount"], "roleArn": item["roleArn"]}
        made.append(associate(cluster, params, owner=addon["addonArn"])["associationArn"])
    addon["podIdentityAssociations"] = made


@operation("eks", "DescribeAddon")
def describe_addon(context: Context) -> Result:
    """Show an add-on."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    return {"addon": _addon(cluster, context.params["addonName"])}


@operation("eks", "ListAddons")
def list_addons(context: Context) -> Result:
    """List the names of a cluster's add-ons."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    return page(sorted(cluster.kind("addons")), context.params, "addons")


@operation("eks", "UpdateAddon")
def update_addon(context: Context) -> Result:
    """Change version, configuration or role of an add-on."""
    params = context.params
    cluster = active_cluster(context.region, params["clusterName"])
    addon = _addon(cluster, params["addonName"])
    _check(cluster, addon["addonName"], params)

    def apply() -> None:
        for member in ("addonVersion", "configurationValues", "serviceAccountRoleArn"):
            if member in params:
                addon[member] = params[member]
        _set_identities(cluster, addon, params.get("podIdentityAssociations"))
        addon.update(status="ACTIVE", modifiedAt=now())

    addon["status"] = "UPDATING"
    shown = {
        name: params[key]
        for name, key in (("AddonVersion", "addonVersion"), ("ConfigurationValues", "configurationValues"))
        if key in params
    }
    return {"update": start_update(cluster, "AddonUpdate", shown, context.seconds("eks:UpdateAddon"), apply)}


@operation("eks", "DeleteAddon")
def delete_addon(context: Context) -> Result:
    """Take an add-on away with its pod identity associations."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    addon = _addon(cluster, context.params["addonName"])
    if addon["status"] != "DELETING":
        addon["status"] = "DELETING"
        due = time.monotonic() + context.seconds("eks:DeleteAddon")
        cluster.removals[("addons", addon["addonName"])] = (due, lambda: _set_identities(cluster, addon, []))
    return {"addon": addon}


@operation("eks", "DescribeAddonVersions")
def describe_addon_versions(context: Context) -> Result:
    """List add-ons with their versions and the Kubernetes versions that these fit."""
    params = context.params
    wanted, kubernetes = params.get("addonName"), params.get("kubernetesVersion")
    found = []
    for name, (kind, owner, _) in ADDONS.items():
        if wanted not in {None, name} or (params.get("types") and kind not in params["types"]):
            continue
        versions: dict[str, list[dict[str, Any]]] = {}
        for minor in [kubernetes] if kubernetes else VERSIONS:
            for number, version in enumerate(addon_versions(name, minor)):
                fit = {"clusterVersion": minor, "platformVersions": ["*"], "defaultVersion": number == 0}
                versions.setdefault(version, []).append(fit)
        found.append(
            {
                "addonName": name,
                "type": kind,
                "owner": owner,
                "publisher": "eks",
                "addonVersions": [
                    {
                        "addonVersion": version,
                        "architecture": ["amd64", "arm64"],
                        "compatibilities": fits,
                        "requiresConfiguration": False,
                        "requiresIamPermissions": name in POD_IDENTITY_ACCOUNTS,
                    }
                    for version, fits in versions.items()
                ],
            }
        )
    return page(found, params, "addons")


@operation("eks", "DescribeAddonConfiguration")
def describe_addon_configuration(context: Context) -> Result:
    """Show how an add-on can be configured: any JSON object."""
    name = context.params["addonName"]
    if name not in ADDONS:
        raise invalid(f"Addon {name} is not supported", addonName=name)
    account = POD_IDENTITY_ACCOUNTS.get(name, ("", ""))[1]
    result: dict[str, Any] = {
        "addonName": name,
        "addonVersion": context.params["addonVersion"],
        "configurationSchema": json.dumps({"$schema": "http://json-schema.org/draft-06/schema#", "type": "object"}),
    }
    if account:
        result["podIdentityConfiguration"] = [{"serviceAccount": account, "recommendedManagedPolicies": []}]
    return result
