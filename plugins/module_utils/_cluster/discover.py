# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Finding out about a cluster that this machine's Terraform did not make, or no longer remembers making."""

from __future__ import annotations

import typing as t

from .aws import Aws


def discover(aws: Aws, described: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return cluster facts by field, as far as they can be found.

    Raises:
        AwsError: a call failed.
    """
    name = described["name"]
    found: dict[str, t.Any] = {}
    found.update(_subnets(aws, described))
    found.update(_security_group(aws, described))
    found.update(_node_role(aws, name))
    found.update(_karpenter(aws, name))
    found.update(_file_system(aws, name))
    return found


def split_subnets(
    subnets: t.Sequence[t.Mapping[str, t.Any]], route_tables: t.Sequence[t.Mapping[str, t.Any]]
) -> tuple[list[str], list[str]]:
    """Return the ids of private and of public subnets; public is what has a route to an internet gateway."""
    tables: dict[str, t.Mapping[str, t.Any]] = {}
    main: t.Mapping[str, t.Any] = {}
    for table in route_tables:
        for association in table.get("Associations") or []:
            if association.get("Main"):
                main = table
            if association.get("SubnetId"):
                tables[association["SubnetId"]] = table
    private: list[str] = []
    public: list[str] = []
    for subnet in sorted(subnets, key=lambda item: (item.get("AvailabilityZone", ""), item["SubnetId"])):
        routes = tables.get(subnet["SubnetId"], main).get("Routes") or []
        out = any(str(route.get("GatewayId", "")).startswith("igw-") for route in routes)
        (public if out else private).append(subnet["SubnetId"])
    return private, public


def _subnets(aws: Aws, described: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    network = described.get("resourcesVpcConfig") or {}
    in_vpc = [{"Name": "vpc-id", "Values": [network.get("vpcId", "")]}]
    subnets = aws.pages("list the cluster's subnets", "ec2", "describe_subnets", "Subnets", Filters=in_vpc)
    tables = aws.pages("list the cluster's routes", "ec2", "describe_route_tables", "RouteTables", Filters=in_vpc)
    private, public = split_subnets(subnets, tables)
    used = set(network.get("subnetIds") or [])
    return {"private_subnet_ids": [item for item in private if item in used] or private, "public_subnet_ids": public}


def _security_group(aws: Aws, described: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    filters = [
        {"Name": "vpc-id", "Values": [(described.get("resourcesVpcConfig") or {}).get("vpcId", "")]},
        {"Name": "tag:karpenter.sh/discovery", "Values": [described["name"]]},
    ]
    groups = aws.pages(
        "list the nodes' security groups", "ec2", "describe_security_groups", "SecurityGroups", Filters=filters
    )
    return {"node_security_group_id": groups[0]["GroupId"]} if len(groups) == 1 else {}


def _node_role(aws: Aws, name: str) -> dict[str, t.Any]:
    """Find the role of nodes that no managed node group made: it has an access entry for nodes of its own."""
    groups = aws.pages("list the node groups", "eks", "list_nodegroups", "nodegroups", clusterName=name)
    of_groups = set()
    for group in groups:
        answer = aws.ask("read a node group", "eks", "describe_nodegroup", clusterName=name, nodegroupName=group)
        if answer:
            of_groups.add(answer["nodegroup"].get("nodeRole", ""))
    for principal in aws.pages(
        "list the access entries", "eks", "list_access_entries", "accessEntries", clusterName=name
    ):
        if ":role/" not in principal or principal in of_groups:
            continue
        answer = aws.ask(
            "read an access entry", "eks", "describe_access_entry", clusterName=name, principalArn=principal
        )
        if answer and answer["accessEntry"].get("type") == "EC2_LINUX":
            return _role(principal)
    return _role(sorted(of_groups)[0]) if of_groups else {}


def _role(arn: str) -> dict[str, t.Any]:
    return {"node_role_arn": arn, "node_role_name": arn.rsplit("/", 1)[-1]}


def _karpenter(aws: Aws, name: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    listed = aws.pages(
        "list the pod identity associations", "eks", "list_pod_identity_associations", "associations", clusterName=name
    )
    for item in listed:
        if item.get("serviceAccount") == "karpenter":
            answer = aws.ask(
                "read a pod identity association",
                "eks",
                "describe_pod_identity_association",
                clusterName=name,
                associationId=item["associationId"],
            )
            if answer:
                found["karpenter_role_arn"] = answer["association"].get("roleArn", "")
    queue = f"{name}-karpenter"
    if aws.ask("look for Karpenter's queue", "sqs", "get_queue_url", QueueName=queue):
        found["interruption_queue"] = queue
    return found


def _file_system(aws: Aws, name: str) -> dict[str, t.Any]:
    systems = aws.pages("list the file systems", "efs", "describe_file_systems", "FileSystems")
    for system in systems:
        if any(tag.get("Key") == "Cluster" and tag.get("Value") == name for tag in system.get("Tags") or []):
            return {"efs_id": system["FileSystemId"]}
    return {}
