# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EKS add-ons: bookkeeping only. Nothing is installed in the cluster for them."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from rehearsal.aws.account import backend, now
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

#: Add-on -> (type, owner).
ADDONS = {
    "vpc-cni": ("networking", "aws"),
    "coredns": ("networking", "aws"),
    "kube-proxy": ("networking", "aws"),
    "eks-pod-identity-agent": ("security", "aws"),
    "eks-node-monitoring-agent": ("observability", "aws"),
    "aws-ebs-csi-driver": ("storage", "aws"),
    "aws-efs-csi-driver": ("storage", "aws"),
    "aws-fsx-csi-driver": ("storage", "aws"),
    "snapshot-controller": ("storage", "aws"),
    "aws-mountpoint-s3-csi-driver": ("storage", "aws"),
    "amazon-cloudwatch-observability": ("observability", "aws"),
    "metrics-server": ("observability", "community"),
    "cert-manager": ("security", "community"),
}
ANY_MINOR = "*"
#: Add-on -> Kubernetes minor version (or any) -> versions, newest first. As `describe-addon-versions` shows them: the
#: default is not always the newest, and CoreDNS and kube-proxy have others for each minor version.
VERSIONS_OF_ADDONS: dict[str, dict[str, list[str]]] = {
    "vpc-cni": {ANY_MINOR: ["v1.21.1-eksbuild.1", "v1.20.4-eksbuild.2", "v1.20.4-eksbuild.1", "v1.19.6-eksbuild.7"]},
    "coredns": {
        "1.32": ["v1.11.4-eksbuild.24", "v1.11.4-eksbuild.2"],
        "1.33": ["v1.12.4-eksbuild.1", "v1.12.2-eksbuild.4", "v1.12.1-eksbuild.2"],
        "1.34": ["v1.13.1-eksbuild.1", "v1.12.4-eksbuild.1", "v1.12.3-eksbuild.1"],
        "1.35": ["v1.13.2-eksbuild.1", "v1.13.1-eksbuild.1"],
        "1.36": ["v1.13.2-eksbuild.3", "v1.13.2-eksbuild.1"],
    },
    "kube-proxy": {
        "1.32": ["v1.32.9-eksbuild.2", "v1.32.0-eksbuild.2"],
        "1.33": ["v1.33.5-eksbuild.2", "v1.33.3-eksbuild.6", "v1.33.0-eksbuild.2"],
        "1.34": ["v1.34.1-eksbuild.2", "v1.34.0-eksbuild.4"],
        "1.35": ["v1.35.2-eksbuild.4", "v1.35.0-eksbuild.2"],
        "1.36": ["v1.36.0-eksbuild.2"],
    },
    "eks-pod-identity-agent": {ANY_MINOR: ["v1.3.10-eksbuild.2", "v1.3.9-eksbuild.5", "v1.3.4-eksbuild.1"]},
    "eks-node-monitoring-agent": {ANY_MINOR: ["v1.5.1-eksbuild.1", "v1.4.3-eksbuild.1"]},
    "aws-ebs-csi-driver": {ANY_MINOR: ["v1.54.0-eksbuild.1", "v1.53.0-eksbuild.1", "v1.44.0-eksbuild.1"]},
    "aws-efs-csi-driver": {ANY_MINOR: ["v2.3.0-eksbuild.1", "v2.1.15-eksbuild.1"]},
    "aws-fsx-csi-driver": {ANY_MINOR: ["v1.8.0-eksbuild.1", "v1.7.0-eksbuild.1"]},
    "snapshot-controller": {ANY_MINOR: ["v8.3.0-eksbuild.1"]},
    "aws-mountpoint-s3-csi-driver": {ANY_MINOR: ["v2.2.2-eksbuild.1", "v2.1.0-eksbuild.1"]},
    "amazon-cloudwatch-observability": {ANY_MINOR: ["v4.8.0-eksbuild.1", "v4.7.0-eksbuild.1"]},
    "metrics-server": {ANY_MINOR: ["v0.8.0-eksbuild.6", "v0.8.0-eksbuild.2"]},
    "cert-manager": {ANY_MINOR: ["v1.19.2-eksbuild.1"]},
}
#: Defaults that are not the newest version.
OLDER_DEFAULTS: dict[str, dict[str, str]] = {
    "vpc-cni": {ANY_MINOR: "v1.20.4-eksbuild.2"},
    "coredns": {"1.33": "v1.12.1-eksbuild.2", "1.34": "v1.12.3-eksbuild.1", "1.35": "v1.13.1-eksbuild.1"},
    "kube-proxy": {"1.32": "v1.32.0-eksbuild.2", "1.33": "v1.33.0-eksbuild.2", "1.34": "v1.34.0-eksbuild.4"},
}
#: Add-ons whose Deployment EKS waits for: without nodes they do not become ACTIVE.
NEED_NODES = frozenset(ADDONS) - {
    "vpc-cni",
    "kube-proxy",
    "eks-pod-identity-agent",
    "eks-node-monitoring-agent",
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


def addon_versions(name: str, kubernetes: str) -> list[str]:
    """The versions of an add-on for a Kubernetes minor version, newest first."""
    by_minor = VERSIONS_OF_ADDONS[name]
    return by_minor.get(kubernetes) or by_minor.get(ANY_MINOR) or []


def addon_version(name: str, kubernetes: str) -> str:
    """The version of an add-on that EKS chooses by default for a Kubernetes minor version."""
    older = OLDER_DEFAULTS.get(name, {})
    return older.get(kubernetes) or older.get(ANY_MINOR) or addon_versions(name, kubernetes)[0]


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
    if name in NEED_NODES:
        cluster.waits[("addons", name)] = lambda: _has_nodes(cluster)
    return {"addon": addon}


def _has_nodes(cluster: Cluster) -> bool:
    """Whether a machine runs that belongs to a cluster."""
    own = f"kubernetes.io/cluster/{cluster.name}"
    return any(
        instance.state == "running" and own in {tag["key"] for tag in instance.get_tags()}
        for instance in backend("ec2", cluster.region).all_instances()
    )


def _check(cluster: Cluster, name: str, params: dict[str, Any]) -> None:
    version = params.get("addonVersion")
    current = cluster.kind("addons").get(name, {}).get("addonVersion")
    if version and version != current and version not in addon_versions(name, cluster.data["version"]):
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
    if addon["status"] in {"CREATING", "UPDATING", "DELETING"}:
        name = addon["addonName"]
        raise in_use(f"Addon {name} is in status {addon['status']}", clusterName=cluster.name, addonName=name)
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
    seconds, of = context.seconds("eks:UpdateAddon"), f"addon/{addon['addonName']}"
    return {"update": start_update(cluster, "AddonUpdate", shown, seconds, apply, of=of)}


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
    for name, (kind, owner) in ADDONS.items():
        if wanted not in {None, name} or (params.get("types") and kind not in params["types"]):
            continue
        versions: dict[str, list[dict[str, Any]]] = {}
        for minor in [kubernetes] if kubernetes else VERSIONS:
            if minor not in VERSIONS:
                continue
            default = addon_version(name, minor)
            for version in addon_versions(name, minor):
                fit = {"clusterVersion": minor, "platformVersions": ["*"], "defaultVersion": version == default}
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
