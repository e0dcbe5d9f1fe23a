# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Kinds of the network: the VPC, what lies in it, and what leads into it."""

from __future__ import annotations

from .kind import Kind, Removal, Tagging

_IN_VPC = (("VpcId", "@vpc"),)
_LOAD_BALANCERS = ("load_balancer", "classic_load_balancer")
_USERS = ("ec2_instance", "eks_cluster", *_LOAD_BALANCERS, "vpc_endpoint", "efs_mount_target", "s3files_mount_target")
# Whose interface it is while it is in use: the thing is listed by itself, or by another kind.
_ATTACHED = (
    "Attachment.InstanceId || contains(['nat_gateway', 'natGateway', 'vpc_endpoint', 'network_load_balancer', "
    "'load_balancer', 'gateway_load_balancer', 'gateway_load_balancer_endpoint', 'branch', 'trunk'], "
    "not_null(InterfaceType, '')) || starts_with(not_null(Description, ''), 'ELB ') "
    "|| starts_with(not_null(Description, ''), 'EFS mount target') "
    "|| starts_with(not_null(Description, ''), 'Amazon EKS ') "
    "|| starts_with(not_null(Description, ''), 'Interface for NAT Gateway') "
    "|| starts_with(not_null(Description, ''), 'VPC Endpoint Interface')"
)


def _elbv2_tags(argument: str) -> Tagging:
    """Return where load balancers and target groups keep their tags."""
    return Tagging(
        "describe_tags", "ResourceArns", argument, "TagDescriptions[].{id: ResourceArn, tags: Tags}", batch=20
    )


NETWORK: tuple[Kind, ...] = (
    Kind(
        "load_balancer",
        "elbv2",
        "describe_load_balancers",
        "LoadBalancers[]",
        "LoadBalancerArn",
        relations=_IN_VPC,
        marks="starts_with(LoadBalancerName, 'k8s-')",
        tagging=_elbv2_tags("LoadBalancerArn"),
        page=400,
        removal=Removal("delete_load_balancer", "LoadBalancerArn"),
    ),
    Kind(
        "target_group",
        "elbv2",
        "describe_target_groups",
        "TargetGroups[]",
        "TargetGroupArn",
        relations=_IN_VPC,
        marks="starts_with(TargetGroupName, 'k8s-')",
        tagging=_elbv2_tags("TargetGroupArn"),
        page=400,
        removal=Removal("delete_target_group", "TargetGroupArn", after=("load_balancer",)),
    ),
    Kind(
        "classic_load_balancer",
        "elb",
        "describe_load_balancers",
        "LoadBalancerDescriptions[]",
        "LoadBalancerName",
        relations=(("VPCId", "@vpc"),),
        tagging=Tagging(
            "describe_tags",
            "LoadBalancerNames",
            "LoadBalancerName",
            "TagDescriptions[].{id: LoadBalancerName, tags: Tags}",
            batch=20,
        ),
        page=400,
        removal=Removal("delete_load_balancer", "LoadBalancerName"),
    ),
    Kind(
        "nat_gateway",
        "ec2",
        "describe_nat_gateways",
        "NatGateways[]",
        "NatGatewayId",
        "Tags",
        _IN_VPC,
        live="State!='deleted'",
        pending="State=='deleting'",
        removal=Removal("delete_nat_gateway", "NatGatewayId", after=("ec2_instance", "eks_cluster")),
    ),
    Kind(
        "elastic_ip",
        "ec2",
        "describe_addresses",
        "Addresses[]",
        "AllocationId",
        "Tags",
        removal=Removal(
            "release_address",
            "AllocationId",
            after=("nat_gateway", "ec2_instance", *_LOAD_BALANCERS),
            ready="!AssociationId",
        ),
    ),
    Kind(
        "vpc_endpoint",
        "ec2",
        "describe_vpc_endpoints",
        "VpcEndpoints[]",
        "VpcEndpointId",
        "Tags",
        _IN_VPC,
        live="State!='deleted'",
        pending="State=='deleting'",
        removal=Removal(
            "delete_vpc_endpoints",
            "VpcEndpointIds",
            as_list=True,
            after=("ec2_instance", "eks_cluster"),
            failures="Unsuccessful[].Error.{code: Code, message: Message}",
        ),
    ),
    Kind(
        "network_interface",
        "ec2",
        "describe_network_interfaces",
        "NetworkInterfaces[]",
        "NetworkInterfaceId",
        "TagSet",
        _IN_VPC,
        live=f"Status=='available' || !({_ATTACHED})",
        marks=(
            "Status=='available' && (starts_with(not_null(Description, ''), 'aws-K8S-')"
            " || starts_with(not_null(Description, ''), 'aws-k8s-')"
            " || TagSet[?Key=='node.k8s.amazonaws.com/instance_id' || Key=='eks:eni:owner'])"
        ),
        note="blocks its subnet and security groups",
        page=1000,
        removal=Removal(
            "delete_network_interface",
            "NetworkInterfaceId",
            after=("ec2_instance", "eks_cluster"),
            ready="Status=='available'",
        ),
    ),
    Kind(
        "security_group",
        "ec2",
        "describe_security_groups",
        "SecurityGroups[]",
        "GroupId",
        "Tags",
        _IN_VPC,
        live="GroupName!='default'",
        marks="starts_with(GroupName, 'k8s-') || starts_with(GroupName, 'eks-cluster-sg-')",
        note="blocks its VPC",
        page=1000,
        removal=Removal(
            "delete_security_group", "GroupId", after=(*_USERS, "network_interface"), steps=("revoke_references",)
        ),
    ),
    Kind(
        "vpc_peering",
        "ec2",
        "describe_vpc_peering_connections",
        "VpcPeeringConnections[]",
        "VpcPeeringConnectionId",
        "Tags",
        (("AccepterVpcInfo.VpcId", "@vpc"), ("RequesterVpcInfo.VpcId", "@vpc")),
        live="!contains(['deleted', 'rejected', 'expired', 'failed'], Status.Code)",
        removal=Removal("delete_vpc_peering_connection", "VpcPeeringConnectionId", going="Status.Code=='deleting'"),
    ),
    Kind(
        "transit_gateway_attachment",
        "ec2",
        "describe_transit_gateway_vpc_attachments",
        "TransitGatewayVpcAttachments[]",
        "TransitGatewayAttachmentId",
        "Tags",
        _IN_VPC,
        live="State!='deleted'",
        removal=Removal(
            "delete_transit_gateway_vpc_attachment", "TransitGatewayAttachmentId", going="State=='deleting'"
        ),
    ),
    Kind(
        "flow_log",
        "ec2",
        "describe_flow_logs",
        "FlowLogs[]",
        "FlowLogId",
        "Tags",
        (("ResourceId", "@vpc"),),
        removal=Removal(
            "delete_flow_logs",
            "FlowLogIds",
            as_list=True,
            failures="Unsuccessful[].Error.{code: Code, message: Message}",
        ),
    ),
    Kind(
        "internet_gateway",
        "ec2",
        "describe_internet_gateways",
        "InternetGateways[]",
        "InternetGatewayId",
        "Tags",
        (("Attachments[].VpcId", "@vpc"),),
        removal=Removal(
            "delete_internet_gateway",
            "InternetGatewayId",
            after=("nat_gateway", "elastic_ip", "ec2_instance", *_LOAD_BALANCERS),
            steps=("detach_gateway",),
        ),
    ),
    Kind(
        "egress_only_internet_gateway",
        "ec2",
        "describe_egress_only_internet_gateways",
        "EgressOnlyInternetGateways[]",
        "EgressOnlyInternetGatewayId",
        "Tags",
        (("Attachments[].VpcId", "@vpc"),),
        removal=Removal("delete_egress_only_internet_gateway", "EgressOnlyInternetGatewayId"),
    ),
    Kind(
        "subnet",
        "ec2",
        "describe_subnets",
        "Subnets[]",
        "SubnetId",
        "Tags",
        _IN_VPC,
        removal=Removal(
            "delete_subnet",
            "SubnetId",
            after=(*_USERS, "network_interface", "nat_gateway", "transit_gateway_attachment"),
        ),
    ),
    Kind(
        "route_table",
        "ec2",
        "describe_route_tables",
        "RouteTables[]",
        "RouteTableId",
        "Tags",
        _IN_VPC,
        live="length(not_null(Associations, `[]`)[?Main]) == `0`",
        removal=Removal("delete_route_table", "RouteTableId", after=("subnet",)),
    ),
    Kind(
        "network_acl",
        "ec2",
        "describe_network_acls",
        "NetworkAcls[]",
        "NetworkAclId",
        "Tags",
        _IN_VPC,
        live="!IsDefault",
        removal=Removal("delete_network_acl", "NetworkAclId", after=("subnet",)),
    ),
    Kind(
        "vpc",
        "ec2",
        "describe_vpcs",
        "Vpcs[]",
        "VpcId",
        "Tags",
        live="!IsDefault",
        note="counts against 5 per region",
        removal=Removal(
            "delete_vpc",
            "VpcId",
            after=(
                "subnet",
                "security_group",
                "route_table",
                "network_acl",
                "internet_gateway",
                "egress_only_internet_gateway",
                "vpc_endpoint",
                "vpc_peering",
                "transit_gateway_attachment",
            ),
        ),
    ),
    Kind(
        "hosted_zone",
        "route53",
        "list_hosted_zones",
        "HostedZones[]",
        "Id",
        tagging=Tagging(
            "list_tags_for_resources",
            "ResourceIds",
            "Id",
            "ResourceTagSets[].{id: ResourceId, tags: Tags}",
            batch=10,
            parameters={"ResourceType": "hostedzone"},
            short=True,
        ),
        is_global=True,
        note="a domain outlives a cluster; never deleted by this collection",
    ),
    Kind(
        "certificate",
        "acm",
        "list_certificates",
        "CertificateSummaryList[]",
        "CertificateArn",
        tagging=Tagging("list_tags_for_certificate", "CertificateArn", "CertificateArn", "Tags"),
        page=1000,
        removal=Removal("delete_certificate", "CertificateArn", after=("load_balancer",)),
    ),
)
