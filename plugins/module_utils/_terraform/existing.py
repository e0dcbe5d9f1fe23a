# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether AWS already has what a plan would create, and in which condition.

Two kinds of resource are asked for in every plan that creates them: a cluster (its name is taken: the state was lost)
and its log group (EKS or an earlier install left it behind). The others only when a killed run was creating them: these
are the ones that take long, so that a run is likely to be killed during them.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cluster.aws import Aws, AwsError

READY, PENDING, BROKEN = "ready", "pending", "broken"
_STATES = {
    "ACTIVE": READY,
    "UPDATING": READY,
    "DEGRADED": READY,
    "available": READY,
    "CREATING": PENDING,
    "creating": PENDING,
    "pending": PENDING,
}


@dataclass(frozen=True)
class Thing:
    """Something that exists in AWS.

    Attributes:
        ident: by which Terraform imports it.
        condition: ready, pending (still being made) or broken.
        status: AWS's own word.
        tags: its tags, where they were asked for.
    """

    ident: str
    condition: str = READY
    status: str = ""
    tags: dict[str, str] = field(default_factory=dict)


class Unknowable(Exception):
    """A resource cannot be looked for, because its name is not known."""


Values = t.Mapping[str, t.Any]
Look = t.Callable[[Aws, Values], t.Optional[Thing]]


def find(aws: Aws, kind: str, values: Values) -> Thing | None:
    """Return the thing with which a resource of these values would collide, or which it is.

    Args:
        aws: clients of the region.
        kind: resource type.
        values: its attributes, as planned or as in the state; those that are not known yet are absent.

    Raises:
        Unknowable: what it would be called is not known before it is made.
        AwsError: AWS cannot be asked.
    """
    look = _LOOKS.get(kind)
    return look(aws, values) if look is not None else None


def kinds() -> set[str]:
    """Return the resource types that can be looked for."""
    return set(_LOOKS)


def _known(values: Values, *names: str) -> tuple[str, ...]:
    if not all(values.get(name) for name in names):
        raise Unknowable
    return tuple(str(values[name]) for name in names)


def _thing(ident: str, status: str, tags: t.Any = None) -> Thing:
    return Thing(ident, _STATES.get(status, BROKEN) if status else READY, status, _tags(tags))


def _tags(tags: t.Any) -> dict[str, str]:
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or []}


def _cluster(aws: Aws, values: Values) -> Thing | None:
    (name,) = _known(values, "name")
    answer = aws.ask(f"look for the cluster {name}", "eks", "describe_cluster", name=name)
    return _thing(name, answer["cluster"]["status"], answer["cluster"].get("tags")) if answer else None


def _of_cluster(key: str, operation: str, parameter: str, answer_key: str) -> Look:
    def look(aws: Aws, values: Values) -> Thing | None:
        cluster, name = _known(values, "cluster_name", key)
        action = f"look for {name} of the cluster {cluster}"
        answer = aws.ask(action, "eks", operation, **{"clusterName": cluster, parameter: name})
        if not answer:
            return None
        found = answer[answer_key]
        return _thing(f"{cluster}:{name}", found["status"], found.get("tags"))

    return look


_named_node_group = _of_cluster("node_group_name", "describe_nodegroup", "nodegroupName", "nodegroup")


def _node_group(aws: Aws, values: Values) -> Thing | None:
    """Look by name, or among those whose name begins with the prefix for the one that Terraform was making."""
    if values.get("node_group_name"):
        return _named_node_group(aws, values)
    cluster, prefix = _known(values, "cluster_name", "node_group_name_prefix")
    action = f"look for node groups of the cluster {cluster}"
    answer = aws.ask(action, "eks", "list_nodegroups", clusterName=cluster)
    names = [name for name in (answer or {}).get("nodegroups", []) if name.startswith(prefix)]
    found = [_named_node_group(aws, {**values, "node_group_name": name}) for name in names]
    return _only([thing for thing in found if thing is not None])


def _log_group(aws: Aws, values: Values) -> Thing | None:
    (name,) = _known(values, "name")
    answer = aws.ask(f"look for the log group {name}", "logs", "describe_log_groups", logGroupNamePrefix=name)
    return Thing(name) if any(group["logGroupName"] == name for group in (answer or {}).get("logGroups", [])) else None


def _role(aws: Aws, values: Values) -> Thing | None:
    (name,) = _known(values, "name")
    try:
        answer = aws.ask(f"look for the role {name}", "iam", "get_role", RoleName=name)
    except AwsError as exc:
        if exc.code == "NoSuchEntity":
            return None
        raise
    return _thing(name, "", answer["Role"].get("Tags")) if answer else None


def _nat_gateway(aws: Aws, values: Values) -> Thing | None:
    (subnet,) = _known(values, "subnet_id")
    filters = [
        {"Name": "subnet-id", "Values": [subnet]},
        {"Name": "state", "Values": ["pending", "available"]},
    ]
    found = aws.pages(
        f"look for NAT gateways in {subnet}", "ec2", "describe_nat_gateways", "NatGateways", Filter=filters
    )
    return _only([_thing(item["NatGatewayId"], item["State"], item.get("Tags")) for item in found])


def _vpc_endpoint(aws: Aws, values: Values) -> Thing | None:
    vpc, service = _known(values, "vpc_id", "service_name")
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "service-name", "Values": [service]}]
    found = aws.pages(f"look for endpoints of {vpc}", "ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    alive = [item for item in found if item["State"].lower() in {"available", "pending"}]
    return _only([_thing(item["VpcEndpointId"], item["State"].lower(), item.get("Tags")) for item in alive])


def _file_system(aws: Aws, values: Values) -> Thing | None:
    (token,) = _known(values, "creation_token")
    answer = aws.ask(f"look for the file system {token}", "efs", "describe_file_systems", CreationToken=token)
    found = (answer or {}).get("FileSystems", [])
    return _only([_thing(item["FileSystemId"], item["LifeCycleState"], item.get("Tags")) for item in found])


def _mount_target(aws: Aws, values: Values) -> Thing | None:
    system, subnet = _known(values, "file_system_id", "subnet_id")
    answer = aws.ask(f"look for mount targets of {system}", "efs", "describe_mount_targets", FileSystemId=system)
    found = [item for item in (answer or {}).get("MountTargets", []) if item["SubnetId"] == subnet]
    return _only([_thing(item["MountTargetId"], item["LifeCycleState"]) for item in found])


def _only(found: list[Thing]) -> Thing | None:
    """Return the one that was found; of several nobody knows which is meant."""
    return found[0] if len(found) == 1 else None


_LOOKS: dict[str, Look] = {
    "aws_cloudwatch_log_group": _log_group,
    "aws_efs_file_system": _file_system,
    "aws_efs_mount_target": _mount_target,
    "aws_eks_addon": _of_cluster("addon_name", "describe_addon", "addonName", "addon"),
    "aws_eks_cluster": _cluster,
    "aws_eks_node_group": _node_group,
    "aws_iam_role": _role,
    "aws_nat_gateway": _nat_gateway,
    "aws_vpc_endpoint": _vpc_endpoint,
}
