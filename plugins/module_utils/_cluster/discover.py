# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Finding out about a cluster that this machine's Terraform did not make, or no longer remembers making."""

from __future__ import annotations

import collections
import typing as t

from .aws import Aws, AwsError
from .names import DISCOVERY_TAG, is_ours, queues_of, tag_values

Json = t.Mapping[str, t.Any]


def discover(aws: Aws, described: Json) -> dict[str, t.Any]:
    """Return cluster facts by field, as far as they can be found.

    Raises:
        AwsError: a call failed.
    """
    name = described["name"]
    groups = node_groups(aws, name)
    found: dict[str, t.Any] = {}
    found.update(_subnets(aws, described, groups))
    found.update(_security_groups(aws, described))
    found.update(node_role(aws, name, {group.get("nodeRole", "") for group in groups}))
    role = next((item["roleArn"] for item in associations(aws, name, "karpenter")), "")
    found["karpenter_role_arn"] = role
    found["interruption_queue"] = queue_name(aws, name)
    found.update(_file_system(aws, name))
    return found


def node_groups(aws: Aws, name: str) -> list[dict[str, t.Any]]:
    """Return the managed node groups, as EKS describes them.

    Raises:
        AwsError: a call failed.
    """
    listed = aws.pages("list the node groups", "eks", "list_nodegroups", "nodegroups", clusterName=name)
    answers = [
        aws.ask("read a node group", "eks", "describe_nodegroup", clusterName=name, nodegroupName=group)
        for group in sorted(listed)
    ]
    return [answer["nodegroup"] for answer in answers if answer]


def associations(aws: Aws, name: str, service_account: str = "") -> list[dict[str, t.Any]]:
    """Return the pod identity associations, with their roles and tags.

    Raises:
        AwsError: a call failed.
    """
    action, calls = "read the pod identity associations", []
    for item in aws.pages(action, "eks", "list_pod_identity_associations", "associations", clusterName=name):
        if service_account in ("", item.get("serviceAccount")):
            calls.append({"clusterName": name, "associationId": item["associationId"]})
    answers = [aws.ask(action, "eks", "describe_pod_identity_association", **call) for call in calls]
    return [answer["association"] for answer in answers if answer]


def node_role(aws: Aws, name: str, of_groups: t.Collection[str]) -> dict[str, t.Any]:
    """Find the role of nodes that no managed node group made: it has an access entry for nodes of its own.

    What this collection made goes before what somebody else did.

    Raises:
        AwsError: a call failed.
    """
    found, action = "", "read the access entries"
    try:
        principals = aws.pages(action, "eks", "list_access_entries", "accessEntries", clusterName=name)
    except AwsError as error:
        # A cluster that knows aws-auth alone has none, and says so in this way.
        if "InvalidRequest" not in error.code:
            raise
        principals = []
    for principal in sorted(principals):
        if ":role/" not in principal or principal in of_groups:
            continue
        answer = aws.ask(action, "eks", "describe_access_entry", clusterName=name, principalArn=principal)
        entry = (answer or {}).get("accessEntry") or {}
        if entry.get("type") != "EC2_LINUX":
            continue
        if is_ours(entry.get("tags"), name):
            return _role(principal)
        found = found or principal
    return _role(found) if found else {}


def _role(arn: str) -> dict[str, t.Any]:
    return {"node_role_arn": arn, "node_role_name": arn.rsplit("/", 1)[-1]}


def queue_name(aws: Aws, name: str) -> str:
    """Return the name of Karpenter's queue, "" when there is none that may be seen.

    Raises:
        AwsError: a call failed.
    """
    for index, queue in enumerate(queues_of(name)):
        try:
            if aws.ask("look for Karpenter's queue", "sqs", "get_queue_url", QueueName=queue):
                return queue
        except AwsError as error:
            # A principal that may see our own queues only sees that there is none of ours.
            if index == 0 or not error.denied:
                raise
    return ""


def split_subnets(subnets: t.Sequence[Json], route_tables: t.Sequence[Json]) -> tuple[list[str], list[str]]:
    """Return the ids of private and of public subnets; public is what has a route to an internet gateway."""
    tables = tables_of(route_tables)
    private: list[str] = []
    public: list[str] = []
    for subnet in sorted(subnets, key=lambda item: (item.get("AvailabilityZone", ""), item["SubnetId"])):
        routes = tables.get(subnet["SubnetId"], tables.get("", {})).get("Routes") or []
        out = any(str(route.get("GatewayId", "")).startswith("igw-") for route in routes)
        (public if out else private).append(subnet["SubnetId"])
    return private, public


def tables_of(route_tables: t.Sequence[Json]) -> dict[str, Json]:
    """Return the route table of each subnet that has one of its own, and under "" the VPC's main one."""
    tables: dict[str, Json] = {}
    for table in route_tables:
        for association in table.get("Associations") or []:
            if association.get("Main"):
                tables[""] = table
            if association.get("SubnetId"):
                tables[association["SubnetId"]] = table
    return tables


def choose_subnets(private: t.Sequence[str], of_groups: t.Collection[str], of_cluster: t.Collection[str]) -> list[str]:
    """Return the private subnets for further nodes: where nodes are already, else the control plane's, else all."""
    for used in (of_groups, of_cluster):
        chosen = [item for item in private if item in used]
        if chosen:
            return chosen
    return list(private)


def _subnets(aws: Aws, described: Json, groups: t.Sequence[Json]) -> dict[str, t.Any]:
    network = described.get("resourcesVpcConfig") or {}
    in_vpc = [{"Name": "vpc-id", "Values": [network.get("vpcId", "")]}]
    subnets = aws.pages("list the cluster's subnets", "ec2", "describe_subnets", "Subnets", Filters=in_vpc)
    tables = aws.pages("list the cluster's routes", "ec2", "describe_route_tables", "RouteTables", Filters=in_vpc)
    private, public = split_subnets(subnets, tables)
    of_groups = {subnet for group in groups for subnet in group.get("subnets") or []}
    chosen = choose_subnets(private, of_groups, network.get("subnetIds") or [])
    return {"private_subnet_ids": chosen, "public_subnet_ids": public}


def common_groups(instances: t.Sequence[Json]) -> list[str]:
    """Return the security groups that most nodes have; a new node with the same ones can talk to them all."""
    counted: collections.Counter[tuple[str, ...]] = collections.Counter(
        tuple(sorted(str(group["GroupId"]) for group in instance.get("SecurityGroups") or []))
        for instance in instances
        if instance.get("SecurityGroups")
    )
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return list(ranked[0][0]) if ranked else []


def _security_groups(aws: Aws, described: Json) -> dict[str, t.Any]:
    name, network = described["name"], described.get("resourcesVpcConfig") or {}
    of_cluster = network.get("clusterSecurityGroupId", "")
    filters = [
        {"Name": f"tag:kubernetes.io/cluster/{name}", "Values": ["owned"]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    reservations = aws.pages("list the nodes", "ec2", "describe_instances", "Reservations", Filters=filters)
    groups = common_groups([instance for item in reservations for instance in item.get("Instances") or []])
    if not groups:
        filters = [
            {"Name": "vpc-id", "Values": [network.get("vpcId", "")]},
            {"Name": f"tag:{DISCOVERY_TAG}", "Values": [name]},
        ]
        tagged = aws.pages(
            "list the nodes' security groups", "ec2", "describe_security_groups", "SecurityGroups", Filters=filters
        )
        groups = sorted(group["GroupId"] for group in tagged)
    if not groups:
        return {}
    own = [group for group in groups if group != of_cluster]
    return {"node_security_group_ids": groups, "node_security_group_id": (own or groups)[0]}


def _file_system(aws: Aws, name: str) -> dict[str, t.Any]:
    systems = aws.pages("list the file systems", "efs", "describe_file_systems", "FileSystems")
    for system in systems:
        if tag_values(system.get("Tags")).get("Cluster") != name:
            continue
        points = aws.pages(
            "list the file system's access points",
            "efs",
            "describe_access_points",
            "AccessPoints",
            FileSystemId=system["FileSystemId"],
        )
        ours = [point["AccessPointId"] for point in points if is_ours(point.get("Tags"), name)]
        return {"efs_id": system["FileSystemId"], **({"efs_access_point_id": ours[0]} if ours else {})}
    return {}
