# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds that our own clusters seldom have: found by their tags, and removed in order."""

from __future__ import annotations

from typing import Any

from .account import REGION, Cluster, pairs, trust

ISSUER = "https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"


def in_vpc(cluster: Cluster) -> None:
    """Things in or at a VPC."""
    ec2, elb, tag = cluster.client("ec2"), cluster.client("elb"), cluster.specification
    elb.create_load_balancer(
        LoadBalancerName="a0123456789abcdef0123456789abcde",
        Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 30080}],
        Subnets=cluster.subnets,
        SecurityGroups=[cluster.group],
        Tags=pairs({f"kubernetes.io/cluster/{cluster.name}": "owned", "kubernetes.io/service-name": "x/y"}),
    )
    ec2.create_vpc_endpoint(
        VpcId=cluster.vpc,
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{REGION}.ecr.api",
        SubnetIds=cluster.subnets,
        PrivateDnsEnabled=False,
        TagSpecifications=tag("vpc-endpoint"),
    )
    ec2.create_egress_only_internet_gateway(VpcId=cluster.vpc, TagSpecifications=tag("egress-only-internet-gateway"))
    ec2.create_network_acl(VpcId=cluster.vpc, TagSpecifications=tag("network-acl"))
    hub = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc_peering_connection(VpcId=cluster.vpc, PeerVpcId=hub, TagSpecifications=tag("vpc-peering-connection"))
    ec2.create_flow_logs(
        ResourceIds=[cluster.vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="cloud-watch-logs",
        LogGroupName=f"/aws/vpc-flow-log/{cluster.name}/all",
        DeliverLogsPermissionArn=cluster.role("flow", "vpc-flow-logs.amazonaws.com"),
        TagSpecifications=tag("vpc-flow-log"),
    )
    cluster.client("logs").create_log_group(logGroupName=f"/aws/vpc-flow-log/{cluster.name}/all")


def starters(cluster: Cluster) -> None:
    """What starts instances again, and an image of one's own."""
    ec2, scaling = cluster.client("ec2"), cluster.client("autoscaling")
    image = cluster.client("ssm").get_parameter(
        Name="/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended/image_id"
    )["Parameter"]["Value"]
    template = ec2.create_launch_template(
        LaunchTemplateName=f"{cluster.name}-gpu",
        LaunchTemplateData={"ImageId": image, "InstanceType": "m5.xlarge"},
        TagSpecifications=cluster.specification("launch-template"),
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=f"{cluster.name}-gpu",
        MinSize=0,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateId": template},
        VPCZoneIdentifier=cluster.subnets[0],
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in cluster.tags.items()],
    )
    node = cluster.instance(cluster.tags)
    ec2.create_image(InstanceId=node, Name="own", TagSpecifications=cluster.specification("image"))


def elsewhere(cluster: Cluster) -> None:
    """Things outside the VPC."""
    client = cluster.client
    iam = client("iam")
    document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}'
    policy = iam.create_policy(
        PolicyName=f"{cluster.name}-{REGION}-x", PolicyDocument=document, Tags=pairs(cluster.tags)
    )
    iam.create_policy_version(PolicyArn=policy["Policy"]["Arn"], PolicyDocument=document, SetAsDefault=True)
    role = iam.create_role(
        RoleName=f"{cluster.name}-{REGION}-app",
        AssumeRolePolicyDocument=trust("ec2.amazonaws.com"),
        Tags=pairs(cluster.tags),
    )
    iam.attach_role_policy(RoleName=role["Role"]["RoleName"], PolicyArn=policy["Policy"]["Arn"])
    client("cloudwatch").put_metric_alarm(
        AlarmName=f"{cluster.name}-xid",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="x",
        Namespace="y",
        Period=60,
        Statistic="Sum",
        Threshold=1,
        Tags=pairs(cluster.tags),
    )
    client("ssm").put_parameter(Name=f"/{cluster.name}/token", Value="x", Type="String", Tags=pairs(cluster.tags))
    client("amp").create_workspace(alias=cluster.name, tags=cluster.tags)
    client("acm").request_certificate(DomainName=f"{cluster.name}.example.com", Tags=pairs(cluster.tags))
    client("ecr").create_repository_creation_template(
        prefix=f"{cluster.name}-quay",
        appliedFor=["PULL_THROUGH_CACHE"],
        customRoleArn=role["Role"]["Arn"],
        resourceTags=pairs(cluster.tags),
    )
    bucket = cluster.bucket()
    files, target = client("s3files"), {"fileSystemId": ""}
    target["fileSystemId"] = files.create_file_system(
        bucket=f"arn:aws:s3:::{bucket}", roleArn=role["Role"]["Arn"], tags=pairs(cluster.tags, upper=False)
    )["fileSystemId"]
    files.create_mount_target(**target, subnetId=cluster.subnets[0])
    files.create_access_point(**target)


def test_every_kind_that_a_tag_names_goes(aws: Any, cluster: Cluster, sweep: Any) -> None:
    cluster.network()
    in_vpc(cluster)
    starters(cluster)
    elsewhere(cluster)
    done = sweep(who="admin")
    assert not done.get("failed"), (done["msg"], done["foreign"])
    assert {
        "classic_load_balancer",
        "vpc_endpoint",
        "egress_only_internet_gateway",
        "network_acl",
        "vpc_peering",
        "flow_log",
        "auto_scaling_group",
        "ami",
        "iam_policy",
        "cloudwatch_alarm",
        "ssm_parameter",
        "amp_workspace",
        "certificate",
        "ecr_creation_template",
        "s3files_file_system",
        "s3files_mount_target",
        "s3files_access_point",
    } <= {one["kind"] for one in done["deleted"]}
    hub = aws.inventory()
    assert set(hub) == {"ec2:vpc"}  # at the other end of the peering
    aws.client("ec2").delete_vpc(VpcId=hub["ec2:vpc"][0])


def of_others(cluster: Cluster) -> str:
    """What people make for such a cluster, neither Terraform nor a controller of ours; returns the issuer's ARN."""
    client, ec2 = cluster.client, cluster.client("ec2")
    # Karpenter's own guide names its stack so.
    client("cloudformation").create_stack(
        StackName=f"Karpenter-{cluster.name}",
        TemplateBody='{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "guide"}}}}',
        Tags=pairs(cluster.tags),
    )
    hub = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    attached = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=hub, VpcId=cluster.vpc, SubnetIds=cluster.subnets[:1]
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    ec2.create_tags(Resources=[attached], Tags=pairs(cluster.tags))
    provider = client("iam").create_open_id_connect_provider(
        Url=ISSUER, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]
    client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        StorageCapacity=1200,
        SubnetIds=cluster.subnets[:1],
        LustreConfiguration={"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 125},
        Tags=pairs(cluster.tags),
    )
    return str(provider)


def test_what_people_add_to_a_cluster_goes_too(aws: Any, cluster: Cluster, sweep: Any) -> None:
    cluster.network()
    # Its address holds a hash of the cluster and not the name: the plan of a cleanup saves it.
    saved = {"oidc_provider_arns": [of_others(cluster)]}
    done = sweep(who="admin", manifest=saved)
    assert not done.get("failed"), (done["msg"], done["foreign"])
    assert {
        "cloudformation_stack",
        "transit_gateway_attachment",
        "oidc_provider",
        "fsx_file_system",
    } <= {one["kind"] for one in done["deleted"]}
    assert aws.inventory() == {}
    for hub in aws.client("ec2").describe_transit_gateways()["TransitGateways"]:
        aws.client("ec2").delete_transit_gateway(TransitGatewayId=hub["TransitGatewayId"])
