# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EKS clusters: create, describe, configure, upgrade, delete."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from rehearsal.aws.account import arn, backend, now
from rehearsal.aws.eks_network import cluster_network
from rehearsal.aws.eks_store import (
    STORE,
    Cluster,
    Update,
    active_cluster,
    enter_update,
    find_cluster,
    in_use,
    invalid,
    new_update,
    not_found,
    page,
    start_update,
    tagged,
)
from rehearsal.aws.eks_versions import DEFAULT_VERSION, VERSIONS, is_next_minor, platform_version
from rehearsal.aws.errors import AwsError
from rehearsal.aws.identity import find_role, trust_policy
from rehearsal.aws.operations import Context, Result, operation
from rehearsal.aws.policy import trusts
from rehearsal.kube.versions import number

NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}\Z")
LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
#: How many minor versions a kubelet may be behind the API server (kubernetes.io/releases/version-skew-policy).
KUBELET_SKEW = 3
#: What UpdateClusterConfig changes -> type of the update.
CONFIG_UPDATES = (
    ("resourcesVpcConfig", "EndpointAccessUpdate"),
    ("logging", "LoggingUpdate"),
    ("accessConfig", "AccessConfigUpdate"),
    ("upgradePolicy", "UpgradePolicyUpdate"),
    ("zonalShiftConfig", "ZonalShiftConfigUpdate"),
    ("kubernetesNetworkConfig", "AutoModeUpdate"),
    ("computeConfig", "AutoModeUpdate"),
    ("storageConfig", "AutoModeUpdate"),
    ("remoteNetworkConfig", "RemoteNetworkConfigUpdate"),
    ("deletionProtection", "DeletionProtectionUpdate"),
)
ACCESS_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@operation("eks", "CreateCluster")
def create_cluster(context: Context) -> Result:
    """Begin to make a cluster; the admin API and the latency of this operation say when it is ACTIVE."""
    params, region = context.params, context.region
    name, version = params["name"], params.get("version") or DEFAULT_VERSION
    if not NAME.match(name):
        raise invalid(f"The cluster name {name!r} must match {NAME.pattern[:-2]}", clusterName=name)
    STORE.in_region(region)
    if (region, name) in STORE.clusters:
        raise in_use(f"Cluster already exists with name: {name}", clusterName=name)
    if version not in VERSIONS:
        raise invalid("unsupported Kubernetes version", clusterName=name)
    check_role(params["roleArn"], "eks.amazonaws.com", name)
    network, interfaces = cluster_network(region, name, params.get("resourcesVpcConfig") or {})
    cluster = Cluster(
        region=region,
        data=_new_cluster(context, name, version, network),
        due=time.monotonic() + context.seconds("eks:CreateCluster"),
        interfaces=interfaces,
        wanted_version=version,
    )
    STORE.clusters[(region, name)] = cluster
    _admit_creator(cluster, context)
    make_log_group(cluster)
    return {"cluster": cluster.data}


def _new_cluster(context: Context, name: str, version: str, network: dict[str, Any]) -> dict[str, Any]:
    params = context.params
    access = {"authenticationMode": "CONFIG_MAP", **(params.get("accessConfig") or {})}
    access.setdefault("bootstrapClusterCreatorAdminPermissions", True)
    kubernetes = {
        "serviceIpv4Cidr": "172.20.0.0/16",
        "ipFamily": "ipv4",
        **(params.get("kubernetesNetworkConfig") or {}),
    }
    kubernetes.setdefault("elasticLoadBalancing", {"enabled": False})
    data = {
        "id": str(uuid.uuid4()),
        "name": name,
        "arn": arn("eks", f"cluster/{name}", context.region),
        "createdAt": now(),
        "version": version,
        "roleArn": params["roleArn"],
        "resourcesVpcConfig": network,
        "kubernetesNetworkConfig": kubernetes,
        "logging": full_logging(params.get("logging")),
        "status": "CREATING",
        "certificateAuthority": {},
        "platformVersion": platform_version(version),
        "tags": params.get("tags") or {},
        "encryptionConfig": params.get("encryptionConfig") or [],
        "health": {"issues": []},
        "accessConfig": access,
        "upgradePolicy": {"supportType": "EXTENDED", **(params.get("upgradePolicy") or {})},
        "deletionProtection": bool(params.get("deletionProtection")),
    }
    for member in (
        "zonalShiftConfig",
        "remoteNetworkConfig",
        "computeConfig",
        "storageConfig",
        "controlPlaneScalingConfig",
    ):
        if params.get(member):
            data[member] = params[member]
    return data


def _admit_creator(cluster: Cluster, context: Context) -> None:
    """Give the creator the access entry that EKS makes for it."""
    from rehearsal.aws.eks_access import add_entry, add_policy, entries_allowed

    access = cluster.data["accessConfig"]
    if entries_allowed(cluster) and access["bootstrapClusterCreatorAdminPermissions"]:
        add_entry(cluster, context.principal.principal_arn, "STANDARD", {})
        add_policy(cluster, context.principal.principal_arn, ADMIN_POLICY, {"type": "cluster", "namespaces": []})


def check_role(role_arn: str, service: str, cluster: str) -> None:
    """Refuse a role that does not exist or does not trust a service.

    Raises:
        AwsError: As EKS words it.
    """
    document = trust_policy(role_arn) if find_role(role_arn) is not None else None
    if document is None or not trusts(document, "sts:AssumeRole", "Service", [service]):
        raise invalid(
            f"Role with arn: {role_arn}, could not be assumed because it does not exist or the trusted entity is not "
            "correct",
            clusterName=cluster,
        )


def full_logging(wanted: dict[str, Any] | None) -> dict[str, Any]:
    """The logging of a cluster as DescribeCluster shows it: the types that are on, then those that are off.

    Raises:
        AwsError: A log type that EKS does not have.
    """
    enabled = [
        kind
        for setup in (wanted or {}).get("clusterLogging", [])
        if setup.get("enabled")
        for kind in setup.get("types", [])
    ]
    unknown = sorted(set(enabled) - set(LOG_TYPES))
    if unknown:
        raise invalid(f"The log type {unknown[0]} is not supported")
    return {
        "clusterLogging": [
            {"types": types, "enabled": state}
            for state in (True, False)
            if (types := [kind for kind in LOG_TYPES if (kind in enabled) == state])
        ]
    }


def make_log_group(cluster: Cluster) -> None:
    """Make the log group of the control plane when logging is on and nobody made it before."""
    if not any(setup["enabled"] for setup in cluster.data["logging"]["clusterLogging"]):
        return
    logs = backend("logs", cluster.region)
    group = f"/aws/eks/{cluster.name}/cluster"
    if group not in logs.groups:
        logs.create_log_group(group, {})


@operation("eks", "DescribeCluster")
def describe_cluster(context: Context) -> Result:
    """Show a cluster."""
    return {"cluster": find_cluster(context.region, context.params["name"]).data}


@operation("eks", "ListClusters")
def list_clusters(context: Context) -> Result:
    """List the names of the clusters of a region."""
    names = sorted(cluster.name for cluster in STORE.in_region(context.region))
    return page(names, context.params, "clusters")


@operation("eks", "DeleteCluster")
def delete_cluster(context: Context) -> Result:
    """Begin to delete a cluster; one with node groups or under protection is refused."""
    cluster = find_cluster(context.region, context.params["name"])
    if cluster.data["status"] == "CREATING":
        raise in_use(f"Cluster has status CREATING: {cluster.name}", clusterName=cluster.name)
    for kind, what in (("nodegroups", "nodegroups"), ("fargate_profiles", "Fargate profiles")):
        if cluster.kind(kind):
            raise in_use(
                f"Cluster has {what} attached",
                clusterName=cluster.name,
                nodegroupName=next(iter(cluster.kind(kind))) if kind == "nodegroups" else None,
            )
    if cluster.data["deletionProtection"]:
        raise AwsError(
            "InvalidRequestException",
            f"Cluster {cluster.name} has deletion protection enabled. Disable it before deleting the cluster.",
            400,
            clusterName=cluster.name,
        )
    if cluster.data["status"] != "DELETING":
        cluster.data["status"] = "DELETING"
        cluster.due = time.monotonic() + context.seconds("eks:DeleteCluster")
    return {"cluster": cluster.data}


@operation("eks", "UpdateClusterVersion")
def update_cluster_version(context: Context) -> Result:
    """Upgrade the control plane by one minor version."""
    cluster = active_cluster(context.region, context.params["name"])
    _refuse_while_updating(cluster)
    wanted, current = context.params["version"], cluster.data["version"]
    if wanted not in VERSIONS:
        raise invalid("unsupported Kubernetes version", clusterName=cluster.name)
    if not is_next_minor(current, wanted):
        raise invalid(
            f"Unsupported Kubernetes minor version update from {current} to {wanted}", clusterName=cluster.name
        )

    behind = sorted(
        group["nodegroupName"]
        for group in cluster.kind("nodegroups").values()
        if number(wanted) - number(group["version"]) > KUBELET_SKEW
    )
    if behind:
        raise invalid(
            f"Nodegroups {', '.join(behind)} must be updated to match cluster version {current} before updating "
            "cluster version",
            clusterName=cluster.name,
        )

    def apply() -> None:
        cluster.data.update(version=wanted, platformVersion=platform_version(wanted), status="ACTIVE")

    cluster.data["status"] = "UPDATING"
    cluster.wanted_version = wanted
    params = {"Version": wanted, "PlatformVersion": platform_version(wanted)}
    seconds = context.seconds("eks:UpdateClusterVersion")
    update = Update(new_update("VersionUpdate", params), time.monotonic() + seconds, apply)
    update.ready = lambda: cluster.control_plane_version == wanted
    return {"update": enter_update(cluster, update)}


@operation("eks", "UpdateClusterConfig")
def update_cluster_config(context: Context) -> Result:
    """Change one aspect of a cluster: endpoint access, logging, access mode, upgrade policy, protection."""
    params = context.params
    cluster = active_cluster(context.region, params["name"])
    _refuse_while_updating(cluster)
    asked = [(member, kind) for member, kind in CONFIG_UPDATES if member in params]
    if len({kind for _, kind in asked}) > 1:
        raise invalid("Only one type of update can be allowed.", clusterName=cluster.name)
    for member, kind in asked:
        wanted: Any = full_logging(params[member]) if member == "logging" else params[member]
        _refuse_idle(cluster, member, wanted)
        shown = wanted if isinstance(wanted, dict) else {member: wanted}
        return {"update": _change(context, cluster, kind, member, wanted, shown)}
    raise invalid("No changes needed for the desired configuration", clusterName=cluster.name)


def _refuse_idle(cluster: Cluster, member: str, wanted: Any) -> None:
    """Refuse what changes nothing, and a way of access that there is no way back to.

    Raises:
        AwsError: As EKS words it.
    """
    old = cluster.data.get(member)
    if member == "accessConfig":
        before, after = str(old and old["authenticationMode"]), str(wanted.get("authenticationMode") or "")
        if after and ACCESS_MODES.index(after) < ACCESS_MODES.index(before):
            raise invalid(f"Unsupported authentication mode update from {before} to {after}", clusterName=cluster.name)
    if wanted != old and not (isinstance(old, dict) and isinstance(wanted, dict) and {**old, **wanted} == old):
        return
    if member == "logging":
        raise invalid("No changes needed for the logging config provided", clusterName=cluster.name)
    if member == "resourcesVpcConfig" and isinstance(old, dict):
        private, public = (str(old[f"endpoint{kind}Access"]).lower() for kind in ("Private", "Public"))
        networks = ", ".join(old["publicAccessCidrs"])
        raise invalid(
            f"Cluster is already at the desired configuration with endpointPrivateAccess: {private} , "
            f"endpointPublicAccess: {public}, and Public Endpoint Restrictions: [{networks}]",
            clusterName=cluster.name,
        )
    raise invalid("No changes needed for the desired configuration", clusterName=cluster.name)


def _change(context: Context, cluster: Cluster, kind: str, member: str, wanted: Any, shown: dict[str, Any]) -> Any:
    def apply() -> None:
        old = cluster.data.get(member)
        cluster.data[member] = {**old, **wanted} if isinstance(old, dict) and member != "logging" else wanted
        cluster.data["status"] = "ACTIVE"
        make_log_group(cluster)

    cluster.data["status"] = "UPDATING"
    return start_update(cluster, kind, shown, context.seconds("eks:UpdateClusterConfig"), apply)


@operation("eks", "AssociateEncryptionConfig")
def associate_encryption_config(context: Context) -> Result:
    """Switch envelope encryption of secrets on."""
    cluster = active_cluster(context.region, context.params.get("clusterName") or context.params["name"])

    def apply() -> None:
        cluster.data["encryptionConfig"] = context.params["encryptionConfig"]

    shown = {"EncryptionConfig": context.params["encryptionConfig"]}
    return {
        "update": start_update(
            cluster, "AssociateEncryptionConfig", shown, context.seconds("eks:UpdateClusterConfig"), apply
        )
    }


def _refuse_while_updating(cluster: Cluster) -> None:
    if cluster.data["status"] == "UPDATING":
        raise in_use(
            f"Cannot update the cluster {cluster.name} while another update is in progress", clusterName=cluster.name
        )


@operation("eks", "TagResource")
def tag_resource(context: Context) -> Result:
    """Set tags of a cluster or of one of its parts."""
    _tags(context.params["resourceArn"]).update(context.params["tags"])
    return {}


@operation("eks", "UntagResource")
def untag_resource(context: Context) -> Result:
    """Take tags away."""
    tags = _tags(context.params["resourceArn"])
    for key in context.params["tagKeys"]:
        tags.pop(key, None)
    return {}


@operation("eks", "ListTagsForResource")
def list_tags_for_resource(context: Context) -> Result:
    """List tags."""
    return {"tags": _tags(context.params["resourceArn"])}


def _tags(resource_arn: str) -> dict[str, str]:
    found = tagged(resource_arn)
    if found is None:
        raise AwsError("NotFoundException", f"Resource was not found: {resource_arn}", 404)
    tags: dict[str, str] = found.setdefault("tags", {})
    return tags


@operation("eks", "DescribeUpdate")
def describe_update(context: Context) -> Result:
    """Show an update."""
    cluster = find_cluster(context.region, context.params["name"])
    update = cluster.updates.get(context.params["updateId"])
    if update is None or update.of != _updated_part(context):
        raise not_found(f"No update found for ID: {context.params['updateId']}", clusterName=cluster.name)
    return {"update": update.data}


@operation("eks", "ListUpdates")
def list_updates(context: Context) -> Result:
    """List the ids of a cluster's updates."""
    cluster = find_cluster(context.region, context.params["name"])
    part = _updated_part(context)
    return page([key for key, update in cluster.updates.items() if update.of == part], context.params, "updateIds")


def _updated_part(context: Context) -> str:
    """Whose updates are asked for: a node group's, an add-on's or the cluster's own."""
    for member, kind in (("nodegroupName", "nodegroup"), ("addonName", "addon")):
        if context.params.get(member):
            return f"{kind}/{context.params[member]}"
    return ""


@operation("eks", "ListInsights")
def list_insights(context: Context) -> Result:
    """A cluster of the rehearsal has no upgrade insights."""
    find_cluster(context.region, context.params["clusterName"])
    return {"insights": []}
