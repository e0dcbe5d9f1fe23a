# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""What EKS makes in the VPC for a cluster: its security group and the control plane's network interfaces."""

from __future__ import annotations

import secrets
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.eks_store import invalid

GROUP_DESCRIPTION = (
    "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any "
    "managed workloads."
)


def cluster_network(region: str, name: str, wanted: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Make the network parts of a cluster.

    Args:
        region: region of the cluster.
        name: its name.
        wanted: ``resourcesVpcConfig`` of CreateCluster.

    Returns:
        ``resourcesVpcConfig`` as DescribeCluster shows it, and the ids of the control plane's network interfaces.

    Raises:
        AwsError: A subnet or security group does not exist, or the subnets are in fewer than two zones.
    """
    ec2 = backend("ec2", region)
    subnets = [_subnet(ec2, subnet_id, name) for subnet_id in wanted.get("subnetIds") or []]
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise invalid("Subnets specified must be in at least two different AZs", clusterName=name)
    vpc_id = subnets[0].vpc_id
    if any(subnet.vpc_id != vpc_id for subnet in subnets):
        raise invalid("Subnets specified must belong to the same VPC", clusterName=name)
    groups = wanted.get("securityGroupIds") or []
    for group_id in groups:
        if ec2.get_security_group_from_id(group_id) is None:
            raise invalid(
                f"The security group ID '{group_id}' does not exist (Service: AmazonEC2; Status Code: 400; "
                "Error Code: InvalidGroup.NotFound)",
                clusterName=name,
            )
    public = wanted.get("endpointPublicAccess", True)
    network = {
        "subnetIds": [subnet.id for subnet in subnets],
        "securityGroupIds": groups,
        "clusterSecurityGroupId": _cluster_group(ec2, name, vpc_id),
        "vpcId": vpc_id,
        "endpointPublicAccess": public,
        "endpointPrivateAccess": wanted.get("endpointPrivateAccess", False),
        "publicAccessCidrs": wanted.get("publicAccessCidrs") or (["0.0.0.0/0"] if public else []),
    }
    return network, _interfaces(ec2, name, subnets, [network["clusterSecurityGroupId"], *groups])


def _subnet(ec2: Any, subnet_id: str, cluster: str) -> Any:
    for subnets in ec2.subnets.values():
        if subnet_id in subnets:
            return subnets[subnet_id]
    raise invalid(
        f"The subnet ID '{subnet_id}' does not exist (Service: AmazonEC2; Status Code: 400; "
        "Error Code: InvalidSubnetID.NotFound)",
        clusterName=cluster,
    )


def _cluster_group(ec2: Any, name: str, vpc_id: str) -> str:
    group_name = f"eks-cluster-sg-{name}-{secrets.randbelow(10**9):09d}"
    tags = {"Name": group_name, f"kubernetes.io/cluster/{name}": "owned", "aws:eks:cluster-name": name}
    group = ec2.create_security_group(group_name, GROUP_DESCRIPTION, vpc_id=vpc_id, tags=tags)
    ec2.authorize_security_group_ingress(
        group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}], vpc_id=vpc_id
    )
    return str(group.id)


def _interfaces(ec2: Any, name: str, subnets: list[Any], groups: list[str]) -> list[str]:
    """One interface in each of the first two zones, as EKS makes for a small cluster."""
    zones: dict[str, Any] = {}
    for subnet in subnets:
        zones.setdefault(subnet.availability_zone, subnet)
    made = []
    for subnet in list(zones.values())[:2]:
        interface = ec2.create_network_interface(
            subnet, subnet.get_available_subnet_ip(instance=None), group_ids=groups, description=f"Amazon EKS {name}"
        )
        interface.status = "in-use"
        interface.requester_managed = True
        made.append(str(interface.id))
    return made
