# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EKS managed node groups: they launch, replace and terminate real instances of the embedded EC2."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from rehearsal.aws.account import backend, now
from rehearsal.aws.ec2_images import node_image
from rehearsal.aws.ec2_instances import launch, terminate
from rehearsal.aws.ec2_resources import template_data
from rehearsal.aws.eks_access import add_entry, entries_allowed
from rehearsal.aws.eks_clusters import check_role
from rehearsal.aws.eks_store import (
    Cluster,
    Update,
    active_cluster,
    enter_update,
    find_cluster,
    find_part,
    in_use,
    invalid,
    new_update,
    not_found,
    page,
    part_arn,
    start_update,
)
from rehearsal.aws.eks_versions import VERSIONS, release_version
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation
from rehearsal.kube.versions import number

DEFAULT_SCALING = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
ROOT_DEVICE = "/dev/xvda"


def _group(cluster: Cluster, name: str) -> dict[str, Any]:
    return find_part(cluster, "nodegroups", name, f"No node group found for name: {name}.", nodegroupName=name)


@operation("eks", "CreateNodegroup")
def create_nodegroup(context: Context) -> Result:
    """Make a node group and launch its instances."""
    params = context.params
    cluster, name = active_cluster(context.region, params["clusterName"]), params["nodegroupName"]
    if name in cluster.kind("nodegroups"):
        raise in_use(
            f"NodeGroup already exists with name {name} and cluster name {cluster.name}",
            clusterName=cluster.name,
            nodegroupName=name,
        )
    check_role(params["nodeRole"], "ec2.amazonaws.com", cluster.name)
    group = _new_group(cluster, name, params)
    _launch_missing(cluster, group)
    cluster.kind("nodegroups")[name] = group
    cluster.ready[("nodegroups", name)] = time.monotonic() + context.seconds("eks:CreateNodegroup")
    if entries_allowed(cluster) and params["nodeRole"] not in cluster.kind("access_entries"):
        add_entry(cluster, params["nodeRole"], "EC2_LINUX", {})
    return {"nodegroup": group}


def _new_group(cluster: Cluster, name: str, params: dict[str, Any]) -> dict[str, Any]:
    version = params.get("version") or cluster.data["version"]
    _check_version(cluster, version)
    release = params.get("releaseVersion") or release_version(version)
    _check_release(cluster, version, release)
    template = _template(cluster, params.get("launchTemplate"))
    if template is not None and (params.get("diskSize") or params.get("remoteAccess")):
        what = "Disk size" if params.get("diskSize") else "Remote access configuration"
        raise invalid(f"{what} must be specified within the launch template.", clusterName=cluster.name)
    scaling = {**DEFAULT_SCALING, **(params.get("scalingConfig") or {})}
    if not scaling["minSize"] <= scaling["desiredSize"] <= scaling["maxSize"]:
        raise invalid("desired capacity must be between minimum and maximum size", clusterName=cluster.name)
    identifier = str(uuid.uuid4())
    group: dict[str, Any] = {
        "nodegroupName": name,
        "nodegroupArn": part_arn(cluster, "nodegroup", name, identifier),
        "clusterName": cluster.name,
        "version": version,
        "releaseVersion": release,
        "createdAt": now(),
        "modifiedAt": now(),
        "status": "CREATING",
        "capacityType": params.get("capacityType") or "ON_DEMAND",
        "scalingConfig": scaling,
        "subnets": params["subnets"],
        "amiType": params.get("amiType") or "AL2023_x86_64_STANDARD",
        "nodeRole": params["nodeRole"],
        "labels": params.get("labels") or {},
        "taints": params.get("taints") or [],
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{identifier}"}]},
        "health": {"issues": []},
        "updateConfig": params.get("updateConfig") or {"maxUnavailable": 1},
        "tags": params.get("tags") or {},
    }
    if template is None:
        group["diskSize"] = params.get("diskSize") or 20
    else:
        group["launchTemplate"] = template
    if params.get("instanceTypes") or not _template_types(cluster, group):
        group["instanceTypes"] = params.get("instanceTypes") or ["t3.medium"]
    for member in ("remoteAccess", "nodeRepairConfig"):
        if params.get(member):
            group[member] = params[member]
    return group


def _template(cluster: Cluster, wanted: dict[str, Any] | None) -> dict[str, str] | None:
    """The launch template of a group with id, name and version, as DescribeNodegroup shows it."""
    if not wanted:
        return None
    ec2 = backend("ec2", cluster.region)
    template_id = wanted.get("id") or ec2.launch_template_name_to_ids.get(wanted.get("name", ""))
    template = ec2.launch_templates.get(template_id)
    if template is None:
        raise invalid(
            f"Launch template {wanted.get('id') or wanted.get('name')} does not exist", clusterName=cluster.name
        )
    version = wanted.get("version") or str(template.default_version_number)
    number = {"$Latest": template.latest_version_number, "$Default": template.default_version_number}.get(
        version, version
    )
    return {"id": template.id, "name": template.name, "version": str(number)}


def _template_data(cluster: Cluster, group: dict[str, Any]) -> dict[str, Any]:
    template = group.get("launchTemplate")
    if not template:
        return {}
    return template_data(cluster.region, {"LaunchTemplateId": template["id"], "Version": template["version"]})


def _template_types(cluster: Cluster, group: dict[str, Any]) -> list[str]:
    kind = _template_data(cluster, group).get("InstanceType")
    return [kind] if kind else []


def instances_of(cluster: Cluster, group: dict[str, Any]) -> list[Any]:
    """The instances of a group that are not terminated."""
    return [
        instance
        for instance in backend("ec2", cluster.region).all_instances()
        if instance.state != "terminated" and _is_member(instance, group)
    ]


def _is_member(instance: Any, group: dict[str, Any]) -> bool:
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    return (tags.get("eks:cluster-name"), tags.get("eks:nodegroup-name")) == (
        group["clusterName"],
        group["nodegroupName"],
    )


def _launch_missing(cluster: Cluster, group: dict[str, Any]) -> None:
    """Bring a group to its desired size: new instances go to the subnets in turn."""
    present = instances_of(cluster, group)
    surplus = len(present) - group["scalingConfig"]["desiredSize"]
    if surplus > 0:
        terminate(cluster.region, [instance.id for instance in present[-surplus:]])
    for place in range(len(present), group["scalingConfig"]["desiredSize"]):
        _launch_one(cluster, group, group["subnets"][place % len(group["subnets"])])


def _launch_one(cluster: Cluster, group: dict[str, Any], subnet: str) -> None:
    data, tags = _launch_data(cluster, group, subnet), _launch_tags(cluster, group)
    launch(cluster.region, data, tags, spot=group["capacityType"] == "SPOT")


def _launch_data(cluster: Cluster, group: dict[str, Any], subnet: str) -> dict[str, Any]:
    data = _template_data(cluster, group)
    data["SubnetId"] = subnet
    data.setdefault("ImageId", node_image(group["version"], group["amiType"]))
    data["InstanceType"] = data.get("InstanceType") or group["instanceTypes"][0]
    if not data.get("SecurityGroupIds") and not data.get("NetworkInterfaces"):
        data["SecurityGroupIds"] = [cluster.data["resourcesVpcConfig"]["clusterSecurityGroupId"]]
    if not data.get("BlockDeviceMappings"):
        ebs = {"VolumeSize": group.get("diskSize", 20), "VolumeType": "gp3", "DeleteOnTermination": True}
        data["BlockDeviceMappings"] = [{"DeviceName": ROOT_DEVICE, "Ebs": ebs}]
    return data


def _launch_tags(cluster: Cluster, group: dict[str, Any]) -> dict[str, dict[str, str]]:
    own = {
        "eks:cluster-name": cluster.name,
        "eks:nodegroup-name": group["nodegroupName"],
        f"kubernetes.io/cluster/{cluster.name}": "owned",
        "aws:eks:cluster-name": cluster.name,
        "aws:autoscaling:groupName": group["resources"]["autoScalingGroups"][0]["name"],
    }
    return {"instance": own, "volume": {key: own[key] for key in ("eks:cluster-name", "eks:nodegroup-name")}}


@operation("eks", "DescribeNodegroup")
def describe_nodegroup(context: Context) -> Result:
    """Show a node group."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    return {"nodegroup": _group(cluster, context.params["nodegroupName"])}


@operation("eks", "ListNodegroups")
def list_nodegroups(context: Context) -> Result:
    """List the names of a cluster's node groups."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    return page(sorted(cluster.kind("nodegroups")), context.params, "nodegroups")


@operation("eks", "DeleteNodegroup")
def delete_nodegroup(context: Context) -> Result:
    """Terminate the instances of a group and take it away."""
    cluster = find_cluster(context.region, context.params["clusterName"])
    group = _group(cluster, context.params["nodegroupName"])
    name = group["nodegroupName"]
    if group["status"] != "DELETING":
        group["status"] = "DELETING"
        group["scalingConfig"] = {**group["scalingConfig"], "desiredSize": 0}
        terminate(cluster.region, [instance.id for instance in instances_of(cluster, group)])
        due = time.monotonic() + context.seconds("eks:DeleteNodegroup")
        cluster.removals[("nodegroups", name)] = (due, lambda: _drop_node_entry(cluster, group))
    return {"nodegroup": group}


def _drop_node_entry(cluster: Cluster, group: dict[str, Any]) -> None:
    """Take the access entry of the node role away with the last group that uses the role."""
    role = group["nodeRole"]
    others = [
        other for other in cluster.kind("nodegroups").values() if other is not group and other["nodeRole"] == role
    ]
    entry = cluster.kind("access_entries").get(role)
    if not others and entry is not None and not entry["tags"]:
        del cluster.kind("access_entries")[role]


@operation("eks", "UpdateNodegroupConfig")
def update_nodegroup_config(context: Context) -> Result:
    """Change size, labels, taints or update settings of a group."""
    params = context.params
    cluster = active_cluster(context.region, params["clusterName"])
    group = _group(cluster, params["nodegroupName"])
    _refuse_unless_active(group)

    def apply() -> None:
        group["scalingConfig"] = {**group["scalingConfig"], **(params.get("scalingConfig") or {})}
        labels, taints = params.get("labels") or {}, params.get("taints") or {}
        group["labels"] = {
            key: value
            for key, value in {**group["labels"], **(labels.get("addOrUpdateLabels") or {})}.items()
            if key not in (labels.get("removeLabels") or [])
        }
        gone = [(taint["key"], taint["effect"]) for taint in (taints.get("removeTaints") or [])]
        added = taints.get("addOrUpdateTaints") or []
        changed = gone + [(taint["key"], taint["effect"]) for taint in added]
        kept = [taint for taint in group["taints"] if (taint["key"], taint["effect"]) not in changed]
        group["taints"] = kept + added
        for member in ("updateConfig", "nodeRepairConfig"):
            if params.get(member):
                group[member] = params[member]
        group.update(status="ACTIVE", modifiedAt=now())
        _launch_missing(cluster, group)

    group["status"] = "UPDATING"
    members = {"scalingConfig", "labels", "taints", "updateConfig", "nodeRepairConfig"}
    shown_params = {member[0].upper() + member[1:]: params[member] for member in sorted(members & set(params))}
    seconds = context.seconds("eks:UpdateNodegroupConfig")
    of = f"nodegroup/{group['nodegroupName']}"
    return {"update": start_update(cluster, "ConfigUpdate", shown_params, seconds, apply, of=of)}


@operation("eks", "UpdateNodegroupVersion")
def update_nodegroup_version(context: Context) -> Result:
    """Move a group to another version, release or launch template; its instances are replaced some at a time."""
    params = context.params
    cluster = active_cluster(context.region, params["clusterName"])
    group = _group(cluster, params["nodegroupName"])
    _refuse_unless_active(group)
    version = params.get("version") or (group["version"] if params.get("launchTemplate") else cluster.data["version"])
    _check_version(cluster, version, group)
    release = params.get("releaseVersion") or release_version(version)
    _check_release(cluster, version, release)
    template = _template(cluster, params.get("launchTemplate"))
    if template is not None and template["id"] != group.get("launchTemplate", template)["id"]:
        raise invalid(
            "You cannot change the launch template of a nodegroup, only its version", clusterName=cluster.name
        )
    target = {"version": version, "releaseVersion": release, **({"launchTemplate": template} if template else {})}

    def finish() -> None:
        group.update(**target, status="ACTIVE", modifiedAt=now())
        _launch_missing(cluster, group)

    group["status"] = "UPDATING"
    shown = {"Version": version, "ReleaseVersion": release}
    if template is not None:
        shown.update({"LaunchTemplateName": template["name"], "LaunchTemplateVersion": template["version"]})
    began, seconds = time.monotonic(), context.seconds("eks:UpdateNodegroupVersion")
    update = Update(
        new_update("VersionUpdate", shown), began + seconds, finish, of=f"nodegroup/{group['nodegroupName']}"
    )
    update.steps = _replacement(cluster, {**group, **target}, began, seconds)
    return {"update": enter_update(cluster, update)}


def _replacement(
    cluster: Cluster, wanted: dict[str, Any], began: float, seconds: float
) -> list[tuple[float, Callable[[], None]]]:
    """Steps of a rolling replacement with their times: as many instances at once as the group's updateConfig allows.

    New instances come before the old ones go, unless the strategy is MINIMAL.
    """
    old = [instance.id for instance in instances_of(cluster, wanted)]
    size = batch_size(wanted["updateConfig"], len(old))
    batches = [old[start : start + size] for start in range(0, len(old), size)]
    # The new nodes must join before pods can leave the old ones.
    span = max(seconds / len(batches), cluster.join_seconds) if batches else 0.0
    subnets = wanted["subnets"]
    steps: list[tuple[float, Callable[[], None]]] = []
    for place, batch in enumerate(batches):

        def launch_batch(batch: list[str] = batch, first: int = place * size) -> None:
            for offset in range(len(batch)):
                _launch_one(cluster, wanted, subnets[(first + offset) % len(subnets)])

        def terminate_batch(batch: list[str] = batch) -> None:
            terminate(cluster.region, batch)

        pair = [launch_batch, terminate_batch]
        if wanted["updateConfig"].get("updateStrategy") == "MINIMAL":
            pair.reverse()
        steps += [(began + place * span, pair[0]), (began + (place + 1) * span, pair[1])]
    return steps


def batch_size(update_config: dict[str, Any], count: int) -> int:
    """How many of a group's instances may be unavailable at once."""
    percentage = update_config.get("maxUnavailablePercentage")
    return max(1, count * int(percentage) // 100) if percentage else int(update_config.get("maxUnavailable") or 1)


def _check_version(cluster: Cluster, version: str, group: dict[str, Any] | None = None) -> None:
    """Refuse nodes that are newer than the control plane, or older than they are.

    Raises:
        AwsError: So it is.
    """
    if version not in VERSIONS or number(version) > number(cluster.data["version"]):
        raise invalid(
            f"Requested Nodegroup version {version} is not supported by cluster version", clusterName=cluster.name
        )
    if group is not None and number(version) < number(group["version"]):
        raise invalid(
            f"Unsupported Kubernetes minor version update from {group['version']} to {version}",
            clusterName=cluster.name,
            nodegroupName=group["nodegroupName"],
        )


def _check_release(cluster: Cluster, version: str, release: str) -> None:
    """Refuse a release of the images that does not belong to a version.

    Raises:
        AwsError: So it is.
    """
    if not release.startswith(f"{version}."):
        raise invalid(
            f"Requested release version {release} is not valid for kubernetes version {version}.",
            clusterName=cluster.name,
        )


def _refuse_unless_active(group: dict[str, Any]) -> None:
    if group["status"] != "ACTIVE":
        name = group["nodegroupName"]
        raise AwsError("ResourceInUseException", f"Nodegroup {name} is not in ACTIVE status", 409, nodegroupName=name)


@operation("eks", "ListFargateProfiles")
def list_fargate_profiles(context: Context) -> Result:
    """Clusters of the rehearsal have no Fargate profiles."""
    find_cluster(context.region, context.params["clusterName"])
    return {"fargateProfileNames": []}


@operation("eks", "DescribeFargateProfile")
def describe_fargate_profile(context: Context) -> Result:
    """Refuse: there is none."""
    name = context.params["fargateProfileName"]
    raise not_found(f"No Fargate Profile found with name: {name}.", fargateProfileName=name)
