# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A cluster as somebody else would have made it: plain calls of the AWS API, and not a tag of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ZONES = ("us-west-2a", "us-west-2b")
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
WORKER_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKS_CNI_Policy")


@dataclass
class Foreign:
    """The cluster and what it stands on, by id.

    Attributes:
        client: makes boto3 clients of the account's administrator.
    """

    client: Callable[[str], Any]
    name: str = "Platform_1"
    vpc: str = ""
    private: list[str] = field(default_factory=list)
    public: list[str] = field(default_factory=list)
    database: str = ""
    node_role: str = ""
    node_group: str = "workers"

    def make(self, mode: str = "API_AND_CONFIG_MAP") -> None:
        """Make the network and ask for the cluster; it becomes active when the rehearsal has its control plane."""
        self._network()
        eks = self.client("eks")
        eks.create_cluster(
            name=self.name,
            version="1.35",
            roleArn=self._role("platform-control-plane", "eks.amazonaws.com", ()),
            resourcesVpcConfig={"subnetIds": [*self.private, *self.public]},
            accessConfig={"authenticationMode": mode},
            tags={"Owner": "platform-team", "ManagedBy": "terraform"},
        )

    def furnish(self, administrator: str) -> None:
        """Give the cluster nodes, and a user its administration."""
        eks = self.client("eks")
        self.node_role = self._role("platform-workers", "ec2.amazonaws.com", WORKER_POLICIES)
        eks.create_nodegroup(
            clusterName=self.name,
            nodegroupName=self.node_group,
            nodeRole=self.node_role,
            subnets=self.private,
            instanceTypes=["m5.xlarge"],
            scalingConfig={"minSize": 2, "maxSize": 4, "desiredSize": 2},
        )
        for addon in ("vpc-cni", "coredns", "kube-proxy"):
            eks.create_addon(clusterName=self.name, addonName=addon)
        eks.create_access_entry(clusterName=self.name, principalArn=administrator)
        eks.associate_access_policy(
            clusterName=self.name, principalArn=administrator, policyArn=ADMIN_POLICY, accessScope={"type": "cluster"}
        )

    def _network(self) -> None:
        ec2 = self.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        for index, zone in enumerate(ZONES):
            self.public.append(self._subnet(f"10.20.{index}.0/24", zone))
            self.private.append(self._subnet(f"10.20.{16 * (index + 1)}.0/20", zone))
        # Private as well, but nothing that Kubernetes may put nodes into.
        self.database = self._subnet("10.20.200.0/24", ZONES[0])
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=self.public[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
        ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat], WaiterConfig={"Delay": 1})
        self._routes(self.public, GatewayId=gateway)
        self._routes(self.private, NatGatewayId=nat)

    def _subnet(self, cidr: str, zone: str) -> str:
        made = self.client("ec2").create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone)
        return str(made["Subnet"]["SubnetId"])

    def _routes(self, subnets: list[str], **way: str) -> None:
        ec2 = self.client("ec2")
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **way)
        for subnet in subnets:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)

    def _role(self, name: str, service: str, policies: tuple[str, ...]) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for policy in policies:
            iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return str(arn)
