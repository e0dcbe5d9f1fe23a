# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The kinds of resources that a cluster can leave behind, as data: how to list them, and how they name their owner."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of AWS resource. All expressions are JMESPath, as in the AWS CLI's ``--query``."""

    name: str
    client: str
    operation: str
    items: str
    id: str
    tags: str | None = None
    # (JMESPath on the item, key of the manifest whose saved ids it may name)
    relations: tuple[tuple[str, str], ...] = ()
    parameters: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    # Only items for which this is true are still there (states such as "terminated" are kept by AWS for a while).
    live: str | None = None
    # True for items that AWS is already deleting on its own.
    pending: str | None = None
    # Exact names that belong to the cluster, or beginnings that end in a separator: "{cluster}" is filled in.
    names: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    # For kinds whose list carries no tags: operation, its parameter, and where the tags are in the answer. Asked
    # only for items whose name contains the cluster's name, so that calls do not grow with the account.
    tag_operation: str | None = None
    tag_parameter: str = ""
    tag_argument: str = ""
    tag_answer: str = ""
    # Items per call of tag_operation where the API takes a list.
    tag_batch: int = 0
    # A call that completes an item already known to belong to the cluster: operation, parameter, where the item is.
    detail: tuple[str, str, str] = ("", "", "")
    # Global services answer in one region only.
    is_global: bool = False
    # Why it matters although it may cost nothing.
    note: str = ""


_VPC = (("VpcId", "vpc_ids"),)

KINDS: tuple[Kind, ...] = (
    Kind(
        "ec2_instance",
        "ec2",
        "describe_instances",
        "Reservations[].Instances[]",
        "InstanceId",
        "Tags",
        _VPC,
        live="State.Name!='terminated'",
    ),
    Kind(
        "spot_request",
        "ec2",
        "describe_spot_instance_requests",
        "SpotInstanceRequests[]",
        "SpotInstanceRequestId",
        "Tags",
        live="State=='open' || State=='active'",
    ),
    Kind(
        "ec2_fleet",
        "ec2",
        "describe_fleets",
        "Fleets[]",
        "FleetId",
        "Tags",
        live="FleetState!='deleted' && FleetState!='deleted_terminating' && Type!='instant'",
    ),
    Kind(
        "auto_scaling_group",
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups[]",
        "AutoScalingGroupName",
        "Tags",
        note="starts its instances again",
    ),
    Kind("eks_cluster", "eks", "list_clusters", "clusters[].{name: @}", "name", names=("{cluster}",)),
    Kind("launch_template", "ec2", "describe_launch_templates", "LaunchTemplates[]", "LaunchTemplateId", "Tags"),
    Kind("ebs_volume", "ec2", "describe_volumes", "Volumes[]", "VolumeId", "Tags", live="State!='deleted'"),
    Kind(
        "ebs_snapshot",
        "ec2",
        "describe_snapshots",
        "Snapshots[]",
        "SnapshotId",
        "Tags",
        parameters={"OwnerIds": ["self"]},
    ),
    Kind("ami", "ec2", "describe_images", "Images[]", "ImageId", "Tags", parameters={"Owners": ["self"]}),
    Kind(
        "network_interface",
        "ec2",
        "describe_network_interfaces",
        "NetworkInterfaces[]",
        "NetworkInterfaceId",
        "TagSet",
        _VPC,
        note="blocks its subnet and security groups",
    ),
    Kind("elastic_ip", "ec2", "describe_addresses", "Addresses[]", "AllocationId", "Tags"),
    Kind(
        "nat_gateway",
        "ec2",
        "describe_nat_gateways",
        "NatGateways[]",
        "NatGatewayId",
        "Tags",
        _VPC,
        live="State!='deleted'",
        pending="State=='deleting'",
    ),
    Kind(
        "load_balancer",
        "elbv2",
        "describe_load_balancers",
        "LoadBalancers[]",
        "LoadBalancerArn",
        None,
        _VPC,
        tag_operation="describe_tags",
        tag_parameter="ResourceArns",
        tag_argument="LoadBalancerArn",
        tag_answer="TagDescriptions[].{id: ResourceArn, tags: Tags}",
        tag_batch=20,
    ),
    Kind(
        "target_group",
        "elbv2",
        "describe_target_groups",
        "TargetGroups[]",
        "TargetGroupArn",
        None,
        _VPC,
        tag_operation="describe_tags",
        tag_parameter="ResourceArns",
        tag_argument="TargetGroupArn",
        tag_answer="TagDescriptions[].{id: ResourceArn, tags: Tags}",
        tag_batch=20,
    ),
    Kind(
        "classic_load_balancer",
        "elb",
        "describe_load_balancers",
        "LoadBalancerDescriptions[]",
        "LoadBalancerName",
        None,
        (("VPCId", "vpc_ids"),),
    ),
    Kind(
        "security_group",
        "ec2",
        "describe_security_groups",
        "SecurityGroups[]",
        "GroupId",
        "Tags",
        _VPC,
        live="GroupName!='default'",
        note="blocks its VPC",
    ),
    Kind("vpc", "ec2", "describe_vpcs", "Vpcs[]", "VpcId", "Tags", _VPC, note="counts against 5 per region"),
    Kind("subnet", "ec2", "describe_subnets", "Subnets[]", "SubnetId", "Tags", _VPC),
    Kind(
        "route_table",
        "ec2",
        "describe_route_tables",
        "RouteTables[]",
        "RouteTableId",
        "Tags",
        _VPC,
        live="length(Associations[?Main]) == `0`",
    ),
    Kind(
        "internet_gateway",
        "ec2",
        "describe_internet_gateways",
        "InternetGateways[]",
        "InternetGatewayId",
        "Tags",
        (("Attachments[].VpcId", "vpc_ids"),),
    ),
    Kind(
        "egress_only_internet_gateway",
        "ec2",
        "describe_egress_only_internet_gateways",
        "EgressOnlyInternetGateways[]",
        "EgressOnlyInternetGatewayId",
        "Tags",
        (("Attachments[].VpcId", "vpc_ids"),),
    ),
    Kind(
        "vpc_endpoint",
        "ec2",
        "describe_vpc_endpoints",
        "VpcEndpoints[]",
        "VpcEndpointId",
        "Tags",
        _VPC,
        live="State!='deleted'",
        pending="State=='deleting'",
    ),
    Kind(
        "vpc_peering",
        "ec2",
        "describe_vpc_peering_connections",
        "VpcPeeringConnections[]",
        "VpcPeeringConnectionId",
        "Tags",
        (("AccepterVpcInfo.VpcId", "vpc_ids"), ("RequesterVpcInfo.VpcId", "vpc_ids")),
        live="Status.Code!='deleted' && Status.Code!='rejected'",
    ),
    Kind(
        "transit_gateway_attachment",
        "ec2",
        "describe_transit_gateway_vpc_attachments",
        "TransitGatewayVpcAttachments[]",
        "TransitGatewayAttachmentId",
        "Tags",
        _VPC,
        live="State!='deleted'",
    ),
    Kind("flow_log", "ec2", "describe_flow_logs", "FlowLogs[]", "FlowLogId", "Tags", (("ResourceId", "vpc_ids"),)),
    Kind(
        "placement_group",
        "ec2",
        "describe_placement_groups",
        "PlacementGroups[]",
        "GroupName",
        "Tags",
        live="State!='deleted'",
    ),
    Kind(
        "capacity_reservation",
        "ec2",
        "describe_capacity_reservations",
        "CapacityReservations[]",
        "CapacityReservationId",
        "Tags",
        live="State=='active' || State=='pending'",
        note="bills at the full rate, used or not; never deleted by this collection",
    ),
    Kind(
        "efs_file_system",
        "efs",
        "describe_file_systems",
        "FileSystems[]",
        "FileSystemId",
        "Tags",
        (("FileSystemId", "efs_ids"),),
        live="LifeCycleState!='deleted'",
        pending="LifeCycleState=='deleting'",
    ),
    Kind(
        "fsx_file_system",
        "fsx",
        "describe_file_systems",
        "FileSystems[]",
        "FileSystemId",
        "Tags",
        _VPC,
        pending="Lifecycle=='DELETING'",
    ),
    Kind(
        "s3_bucket",
        "s3",
        "list_buckets",
        "Buckets[]",
        "Name",
        tag_operation="get_bucket_tagging",
        tag_parameter="Bucket",
        tag_argument="Name",
        tag_answer="TagSet",
    ),
    Kind(
        "ecr_repository",
        "ecr",
        "describe_repositories",
        "repositories[]",
        "repositoryArn",
        tag_operation="list_tags_for_resource",
        tag_parameter="resourceArn",
        tag_argument="repositoryArn",
        tag_answer="tags",
    ),
    Kind(
        "iam_role",
        "iam",
        "list_roles",
        "Roles[]",
        "RoleName",
        None,
        (("RoleName", "role_names"),),
        tag_operation="list_role_tags",
        tag_parameter="RoleName",
        tag_argument="RoleName",
        tag_answer="Tags",
        is_global=True,
    ),
    Kind(
        "iam_policy",
        "iam",
        "list_policies",
        "Policies[]",
        "Arn",
        None,
        (("Arn", "policy_arns"),),
        parameters={"Scope": "Local"},
        tag_operation="list_policy_tags",
        tag_parameter="PolicyArn",
        tag_argument="Arn",
        tag_answer="Tags",
        is_global=True,
    ),
    Kind(
        "instance_profile",
        "iam",
        "list_instance_profiles",
        "InstanceProfiles[]",
        "InstanceProfileName",
        None,
        (("Roles[].RoleName", "role_names"),),
        tag_operation="list_instance_profile_tags",
        tag_parameter="InstanceProfileName",
        tag_argument="InstanceProfileName",
        tag_answer="Tags",
        is_global=True,
        note="blocks its role",
    ),
    Kind(
        "oidc_provider",
        "iam",
        "list_open_id_connect_providers",
        "OpenIDConnectProviderList[]",
        "Arn",
        None,
        (("Arn", "oidc_provider_arns"),),
        is_global=True,
    ),
    Kind(
        "sqs_queue",
        "sqs",
        "list_queues",
        "QueueUrls[].{url: @}",
        "url",
        None,
        (("url", "queue_urls"),),
        tag_operation="list_queue_tags",
        tag_parameter="QueueUrl",
        tag_argument="url",
        tag_answer="Tags",
    ),
    Kind(
        "eventbridge_rule",
        "events",
        "list_rules",
        "Rules[]",
        "Arn",
        tag_operation="list_tags_for_resource",
        tag_parameter="ResourceARN",
        tag_argument="Arn",
        tag_answer="Tags",
    ),
    Kind(
        "log_group",
        "logs",
        "describe_log_groups",
        "logGroups[]",
        "logGroupName",
        prefixes=("/aws/eks/{cluster}/", "/aws/containerinsights/{cluster}/", "/aws/vpc-flow-log/{cluster}/"),
        note="an old group makes the next install fail",
    ),
    Kind(
        "cloudwatch_alarm",
        "cloudwatch",
        "describe_alarms",
        "MetricAlarms[]",
        "AlarmArn",
        tag_operation="list_tags_for_resource",
        tag_parameter="ResourceARN",
        tag_argument="AlarmArn",
        tag_answer="Tags",
    ),
    Kind("amp_workspace", "amp", "list_workspaces", "workspaces[]", "workspaceId", "tags"),
    Kind(
        "secret",
        "secretsmanager",
        "list_secrets",
        "SecretList[]",
        "ARN",
        "Tags",
        parameters={"IncludePlannedDeletion": True},
        pending="DeletedDate!=null",
    ),
    Kind(
        "kms_alias",
        "kms",
        "list_aliases",
        "Aliases[]",
        "AliasName",
        None,
        (("TargetKeyId", "kms_key_ids"),),
        names=("alias/eks/{cluster}", "alias/{cluster}"),
        note="a kept alias breaks the next install",
    ),
    Kind(
        "kms_key",
        "kms",
        "list_keys",
        "Keys[]",
        "KeyId",
        None,
        (("KeyId", "kms_key_ids"),),
        detail=("describe_key", "KeyId", "KeyMetadata"),
        pending="KeyState=='PendingDeletion'",
        note="pending deletion is free",
    ),
    Kind("ssm_parameter", "ssm", "describe_parameters", "Parameters[]", "Name", prefixes=("/{cluster}/",)),
    Kind(
        "cloudformation_stack",
        "cloudformation",
        "describe_stacks",
        "Stacks[]",
        "StackName",
        "Tags",
        live="StackStatus!='DELETE_COMPLETE'",
    ),
)

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}


def actions() -> list[str]:
    """The IAM actions that a complete scan calls, for a policy document."""
    service = {"efs": "elasticfilesystem", "elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing", "amp": "aps"}
    special = {"s3:ListBuckets": "s3:ListAllMyBuckets"}
    found = set()
    for kind in KINDS:
        for operation in filter(None, (kind.operation, kind.tag_operation)):
            name = "".join(part.capitalize() for part in operation.split("_"))
            name = name.replace("OpenId", "OpenID")
            action = service.get(kind.client, kind.client) + ":" + name
            found.add(special.get(action, action))
    found.add("kms:DescribeKey")
    return sorted(found)
