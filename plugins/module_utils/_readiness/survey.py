# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What AWS says about a cluster beyond its facts: who made what there is."""

from __future__ import annotations

import typing as t

from .._cluster.aws import Aws
from .._cluster.discover import associations, node_groups, node_role, queue_name, tables_of
from .._cluster.names import DISCOVERY_MARK, DISCOVERY_TAG, is_ours, queues_of, tag_values

Json = dict[str, t.Any]
ADDONS = ("aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver", "eks-pod-identity-agent", "vpc-cni")


def survey(aws: Aws, facts: t.Mapping[str, t.Any]) -> Json:
    """Return what AWS knows.

    Returns:
        auto_mode: whether EKS Auto Mode runs the nodes.
        node_groups: name, role_arn, subnets, instance_types and desired size of each managed node group.
        addons: names of all add-ons that are installed.
        of_addons: of those that matter here: version, status, role_arn, ours.
        associations: namespace, service_account, role_arn, ours.
        node_role: arn and ours of Karpenter's nodes' role, empty when there is none.
        queue: name and ours, empty when there is none.
        subnets, security_groups: id, discovery (value of the tag), mark; subnets also zone and way_out.
        efs: id and ours, empty when there is none.

    Raises:
        AwsError: a call failed.
    """
    name = str(facts["name"])
    answer = aws.ask(f"look up the cluster {name}", "eks", "describe_cluster", {"cluster": {}}, name=name)
    groups = node_groups(aws, name)
    addons = sorted(aws.pages("list the add-ons", "eks", "list_addons", "addons", clusterName=name))
    return {
        "auto_mode": bool((answer["cluster"].get("computeConfig") or {}).get("enabled")),
        "node_groups": [_node_group(group) for group in groups],
        "addons": addons,
        "of_addons": {addon: _addon(aws, name, addon) for addon in ADDONS if addon in addons},
        "associations": [
            {
                "namespace": item.get("namespace", ""),
                "service_account": item.get("serviceAccount", ""),
                "role_arn": item.get("roleArn", ""),
                "ours": is_ours(item.get("tags"), name),
            }
            for item in associations(aws, name)
        ],
        "node_role": _node_role(aws, name, {group.get("nodeRole", "") for group in groups}),
        "queue": _queue(aws, name),
        "subnets": _subnets(aws, facts),
        "security_groups": _security_groups(aws, facts),
        "efs": _file_system(aws, facts),
    }


def _node_group(group: t.Mapping[str, t.Any]) -> Json:
    return {
        "name": group.get("nodegroupName", ""),
        "role_arn": group.get("nodeRole", ""),
        "subnets": list(group.get("subnets") or []),
        "instance_types": list(group.get("instanceTypes") or []),
        "desired": int((group.get("scalingConfig") or {}).get("desiredSize") or 0),
    }


def _addon(aws: Aws, name: str, addon: str) -> Json:
    answer = aws.ask("read an add-on", "eks", "describe_addon", clusterName=name, addonName=addon)
    found = (answer or {}).get("addon") or {}
    return {
        "version": found.get("addonVersion", ""),
        "status": found.get("status", ""),
        "role_arn": found.get("serviceAccountRoleArn") or "",
        "ours": is_ours(found.get("tags"), name),
    }


def _node_role(aws: Aws, name: str, of_groups: t.Collection[str]) -> Json:
    arn = node_role(aws, name, of_groups).get("node_role_arn", "")
    if not arn:
        return {}
    answer = aws.ask("read an access entry", "eks", "describe_access_entry", clusterName=name, principalArn=arn)
    return {"arn": arn, "ours": is_ours(((answer or {}).get("accessEntry") or {}).get("tags"), name)}


def _queue(aws: Aws, name: str) -> Json:
    queue = queue_name(aws, name)
    return {"name": queue, "ours": queue == queues_of(name)[0]} if queue else {}


def _subnets(aws: Aws, facts: t.Mapping[str, t.Any]) -> list[Json]:
    wanted = list(facts.get("private_subnet_ids") or [])
    if not wanted:
        return []
    in_vpc = [{"Name": "vpc-id", "Values": [facts.get("vpc_id", "")]}]
    tables = tables_of(aws.pages("list the routes", "ec2", "describe_route_tables", "RouteTables", Filters=in_vpc))
    found = []
    for subnet in aws.pages("read the subnets", "ec2", "describe_subnets", "Subnets", SubnetIds=wanted):
        routes = tables.get(subnet["SubnetId"], tables.get("", {})).get("Routes") or []
        way_out = any(route.get("DestinationCidrBlock") == "0.0.0.0/0" for route in routes)
        found.append({**_tagged(subnet["SubnetId"], subnet), "zone": subnet["AvailabilityZone"], "way_out": way_out})
    return sorted(found, key=lambda item: wanted.index(item["id"]))


def _security_groups(aws: Aws, facts: t.Mapping[str, t.Any]) -> list[Json]:
    wanted = list(facts.get("node_security_group_ids") or [])
    if not wanted:
        return []
    action = "read the nodes' security groups"
    groups = aws.pages(action, "ec2", "describe_security_groups", "SecurityGroups", GroupIds=wanted)
    return sorted((_tagged(group["GroupId"], group) for group in groups), key=lambda item: str(item["id"]))


def _tagged(identifier: str, item: t.Mapping[str, t.Any]) -> Json:
    tags = tag_values(item.get("Tags"))
    return {"id": identifier, "discovery": tags.get(DISCOVERY_TAG, ""), "mark": tags.get(DISCOVERY_MARK, "")}


def _file_system(aws: Aws, facts: t.Mapping[str, t.Any]) -> Json:
    identifier = facts.get("efs_id")
    if not identifier:
        return {}
    answer = aws.ask("read the file system", "efs", "describe_file_systems", FileSystemId=identifier)
    systems = (answer or {}).get("FileSystems") or []
    return {"id": identifier, "ours": is_ours(systems[0].get("Tags"), str(facts["name"]))} if systems else {}
