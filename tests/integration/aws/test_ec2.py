# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Aws, Network
from .test_eks import error_of, running

PARAMETER = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/nvidia/recommended/image_id"


@pytest.fixture
def template(aws: Aws, network: Network) -> Iterator[dict[str, str]]:
    """A launch template with a security group and an instance profile, as Karpenter makes it."""
    ec2, iam = aws.client("ec2"), aws.client("iam")
    image = aws.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    group = ec2.create_security_group(GroupName="node", Description="node", VpcId=network.vpc)["GroupId"]
    iam.create_instance_profile(InstanceProfileName="node")
    made = ec2.create_launch_template(
        LaunchTemplateName="karpenter.k8s.aws/1",
        LaunchTemplateData={
            "ImageId": image,
            "SecurityGroupIds": [group],
            "IamInstanceProfile": {"Name": "node"},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 100, "VolumeType": "gp3"}}],
        },
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "mine", "Value": "yes"}]}],
    )["LaunchTemplate"]
    yield {"id": made["LaunchTemplateId"], "group": group, "image": image}
    ids = [instance["InstanceId"] for instance in running(ec2)]
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
    ec2.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"])
    iam.delete_instance_profile(InstanceProfileName="node")
    ec2.delete_security_group(GroupId=group)


def fleet(template: dict[str, str], overrides: list[dict[str, Any]], spot: bool = False) -> dict[str, Any]:
    """Parameters of a CreateFleet as Karpenter calls it."""
    return {
        "Type": "instant",
        "LaunchTemplateConfigs": [
            {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template["id"], "Version": "$Latest"},
                "Overrides": overrides,
            }
        ],
        "TargetCapacitySpecification": {
            "TotalTargetCapacity": 1,
            "DefaultTargetCapacityType": "spot" if spot else "on-demand",
        },
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": [{"Key": "karpenter.sh/nodepool", "Value": "g5"}]}
            for kind in ("instance", "volume", "fleet")
        ],
    }


def test_fleet_instance_is_what_the_template_says(aws: Aws, network: Network, template: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    overrides = [
        {"InstanceType": kind, "SubnetId": network.subnets[0], "AvailabilityZone": "us-west-2a"}
        for kind in ("g5.12xlarge", "g5.2xlarge")
    ]
    made = ec2.create_fleet(**fleet(template, overrides))
    assert made["Errors"] == []
    launched = made["Instances"][0]
    assert (launched["InstanceType"], launched["Lifecycle"]) == ("g5.2xlarge", "on-demand")
    assert launched["LaunchTemplateAndOverrides"]["Overrides"]["AvailabilityZone"] == "us-west-2a"
    instance = running(ec2)[0]
    assert instance["InstanceId"] == launched["InstanceIds"][0]
    assert instance["ImageId"] == template["image"]
    assert instance["SubnetId"] == network.subnets[0]
    assert [group["GroupId"] for group in instance["SecurityGroups"]] == [template["group"]]
    assert instance["IamInstanceProfile"]["Arn"].endswith(":instance-profile/node")
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert {"Key": "karpenter.sh/nodepool", "Value": "g5"} in instance["Tags"]
    assert instance["PrivateDnsName"].endswith(".us-west-2.compute.internal")
    interface = instance["NetworkInterfaces"][0]
    assert interface["PrivateIpAddress"] == instance["PrivateIpAddress"]
    assert interface["Attachment"]["DeleteOnTermination"] is True
    volume = ec2.describe_volumes()["Volumes"][0]
    assert (volume["Size"], volume["VolumeType"]) == (100, "gp3")
    assert {"Key": "karpenter.sh/nodepool", "Value": "g5"} in volume["Tags"]
    ec2.terminate_instances(InstanceIds=launched["InstanceIds"])
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_no_capacity_goes_to_the_next_candidate_and_says_so(
    aws: Aws, network: Network, template: dict[str, str]
) -> None:
    ec2 = aws.client("ec2")
    zones = [
        {"InstanceType": "g5.2xlarge", "SubnetId": subnet, "AvailabilityZone": f"us-west-2{zone}"}
        for subnet, zone in zip(network.subnets, "ab", strict=True)
    ]
    aws.admin("POST", "faults", {"kind": "no_capacity", "instance_types": ["g5.*"], "zones": ["us-west-2a"]})
    made = ec2.create_fleet(**fleet(template, zones))
    assert [error["ErrorCode"] for error in made["Errors"]] == ["InsufficientInstanceCapacity"]
    assert made["Errors"][0]["LaunchTemplateAndOverrides"]["Overrides"]["AvailabilityZone"] == "us-west-2a"
    assert made["Instances"][0]["LaunchTemplateAndOverrides"]["Overrides"]["AvailabilityZone"] == "us-west-2b"
    aws.admin("POST", "faults", {"kind": "no_capacity"})
    nothing = ec2.create_fleet(**fleet(template, zones, spot=True))
    assert nothing["Instances"] == []
    assert {error["ErrorCode"] for error in nothing["Errors"]} == {"UnfulfillableCapacity"}


def test_spot_instances_say_so(aws: Aws, network: Network, template: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    ec2.create_fleet(**fleet(template, [{"InstanceType": "m5.large", "SubnetId": network.subnets[1]}], spot=True))
    assert running(ec2)[0]["InstanceLifecycle"] == "spot"


def test_dry_runs_make_nothing(aws: Aws, network: Network, template: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    params = fleet(template, [{"InstanceType": "m5.large", "SubnetId": network.subnets[1]}])
    assert error_of(ec2.create_fleet, **params, DryRun=True)[0] == "DryRunOperation"
    data = {"ImageId": template["image"]}
    dry = error_of(ec2.create_launch_template, LaunchTemplateName="dry", LaunchTemplateData=data, DryRun=True)
    assert dry[0] == "DryRunOperation"
    assert running(ec2) == []
    assert len(ec2.describe_launch_templates()["LaunchTemplates"]) == 1


def test_template_tags_do_not_leak_into_its_data(aws: Aws, template: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    assert ec2.describe_launch_templates()["LaunchTemplates"][0]["Tags"] == [{"Key": "mine", "Value": "yes"}]
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template["id"])["LaunchTemplateVersions"]
    assert "TagSpecifications" not in versions[0]["LaunchTemplateData"]


@pytest.mark.parametrize("version", ["1.32", "1.33", "1.34", "1.35", "1.36"])
def test_node_images_are_found_by_parameter(aws: Aws, version: str) -> None:
    ssm, ec2 = aws.client("ssm"), aws.client("ec2")
    al2023 = f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/x86_64"
    names = [
        f"{al2023}/standard/recommended/image_id",
        f"{al2023}/nvidia/recommended/image_id",
        f"/aws/service/bottlerocket/aws-k8s-{version}/x86_64/latest/image_id",
        f"/aws/service/bottlerocket/aws-k8s-{version}-nvidia/x86_64/latest/image_id",
    ]
    found = ssm.get_parameters(Names=names)
    assert found["InvalidParameters"] == []
    images = ec2.describe_images(ImageIds=[parameter["Value"] for parameter in found["Parameters"]])["Images"]
    assert len(images) == 4
    assert {image["Architecture"] for image in images} == {"x86_64"}
    assert all(version in image["Name"] and image["CreationDate"].startswith("2026-") for image in images)


def test_spot_prices_are_below_on_demand(aws: Aws) -> None:
    prices = aws.client("ec2").describe_spot_price_history(
        InstanceTypes=["g5.2xlarge"], ProductDescriptions=["Linux/UNIX"]
    )["SpotPriceHistory"]
    assert {price["InstanceType"] for price in prices} == {"g5.2xlarge"}
    assert all(0 < float(price["SpotPrice"]) < 1.212 for price in prices)


def test_security_groups_that_are_used_stay(aws: Aws, network: Network) -> None:
    ec2 = aws.client("ec2")
    first, second = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=network.vpc)["GroupId"] for name in "ab"
    )
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    pair = {"GroupId": second, "Description": "from b"}
    ec2.authorize_security_group_ingress(GroupId=first, IpPermissions=[{**rule, "UserIdGroupPairs": [pair]}])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [first]}])["SecurityGroupRules"]
    assert "from b" in [entry.get("Description") for entry in rules]
    assert error_of(ec2.delete_security_group, GroupId=second) == (
        "DependencyViolation",
        f"resource {second} has a dependent object",
    )
    assert error_of(ec2.delete_vpc, VpcId=network.vpc)[0] == "DependencyViolation"
    ec2.delete_security_group(GroupId=first)
    interface = ec2.create_network_interface(SubnetId=network.subnets[0], Groups=[second])["NetworkInterface"]
    assert error_of(ec2.delete_security_group, GroupId=second)[0] == "DependencyViolation"
    assert error_of(ec2.delete_subnet, SubnetId=network.subnets[0])[0] == "DependencyViolation"
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    ec2.delete_security_group(GroupId=second)


def test_nat_gateway_holds_address_subnet_and_gateway(aws: Aws, network: Network) -> None:
    ec2 = aws.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    aws.admin("POST", "latencies", {"ec2:CreateNatGateway": 3600, "ec2:DeleteNatGateway": 0})
    nat = ec2.create_nat_gateway(SubnetId=network.subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"] == "pending"
    detach = {"InternetGatewayId": gateway, "VpcId": network.vpc}
    assert error_of(ec2.detach_internet_gateway, **detach)[0] == "DependencyViolation"
    assert error_of(ec2.release_address, AllocationId=address)[0] == "InvalidIPAddress.InUse"
    assert error_of(ec2.delete_subnet, SubnetId=network.subnets[0])[0] == "DependencyViolation"
    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"] == "deleted"
    ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(**detach)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    aws.admin("POST", "latencies", {"ec2:CreateNatGateway": 0})


def test_placement_groups(aws: Aws, empty: None) -> None:
    ec2 = aws.client("ec2")
    tags = [{"ResourceType": "placement-group", "Tags": [{"Key": "a", "Value": "b"}]}]
    ec2.create_placement_group(GroupName="pg", Strategy="cluster", TagSpecifications=tags)
    found = ec2.describe_placement_groups(Filters=[{"Name": "tag:a", "Values": ["b"]}])["PlacementGroups"]
    assert [(group["GroupName"], group["Strategy"]) for group in found] == [("pg", "cluster")]
    assert error_of(ec2.create_placement_group, GroupName="pg")[0] == "InvalidPlacementGroup.Duplicate"
    ec2.delete_placement_group(GroupName="pg")
    assert error_of(ec2.describe_placement_groups, GroupNames=["pg"])[0] == "InvalidPlacementGroup.Unknown"


def test_capacity_reservations(aws: Aws, empty: None) -> None:
    ec2 = aws.client("ec2")
    params = {
        "InstanceType": "p5.48xlarge",
        "InstancePlatform": "Linux/UNIX",
        "AvailabilityZone": "us-west-2a",
        "InstanceCount": 1,
    }
    made = ec2.create_capacity_reservation(**params)["CapacityReservation"]["CapacityReservationId"]
    active = [{"Name": "state", "Values": ["active"]}]
    found = ec2.describe_capacity_reservations(Filters=active)["CapacityReservations"]
    assert [entry["CapacityReservationId"] for entry in found] == [made]
    ec2.cancel_capacity_reservation(CapacityReservationId=made)
    assert ec2.describe_capacity_reservations(Filters=active)["CapacityReservations"] == []
    aws.admin("POST", "faults", {"kind": "no_capacity", "instance_types": ["p5.*"]})
    assert error_of(ec2.create_capacity_reservation, **params)[0] == "InsufficientInstanceCapacity"


def test_capacity_blocks(aws: Aws, empty: None) -> None:
    ec2 = aws.client("ec2")
    wanted = {"InstanceType": "p5.48xlarge", "InstanceCount": 2, "CapacityDurationHours": 48}
    offer = ec2.describe_capacity_block_offerings(**wanted)["CapacityBlockOfferings"][0]
    assert (offer["EndDate"] - offer["StartDate"]).total_seconds() == 48 * 3600
    assert float(offer["UpfrontFee"]) > 1000
    early = {"EndDateRange": offer["EndDate"] - timedelta(hours=1)}
    assert ec2.describe_capacity_block_offerings(**wanted, **early)["CapacityBlockOfferings"] == []
    refused = error_of(ec2.describe_capacity_block_offerings, **{**wanted, "InstanceType": "g5.2xlarge"})
    assert refused[0] == "InvalidParameterValue"
    bought = {"CapacityBlockOfferingId": offer["CapacityBlockOfferingId"], "InstancePlatform": "Linux/UNIX"}
    block = ec2.purchase_capacity_block(**bought)["CapacityReservation"]
    assert (block["State"], block["ReservationType"]) == ("scheduled", "capacity-block")
    identity = {"CapacityReservationId": block["CapacityReservationId"]}
    assert error_of(ec2.cancel_capacity_reservation, **identity)[0] == "UnsupportedOperation"


def test_interface_endpoints_hold_subnets_and_groups(aws: Aws, network: Network) -> None:
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName="endpoints", Description="d", VpcId=network.vpc)["GroupId"]
    params = {
        "VpcId": network.vpc,
        "VpcEndpointType": "Interface",
        "ServiceName": "com.amazonaws.us-west-2.ecr.api",
        "SubnetIds": network.subnets,
        "SecurityGroupIds": [group],
    }
    assert error_of(ec2.create_vpc_endpoint, **params)[0] == "InvalidParameter", "private names need DNS in the VPC"
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=network.vpc, **{attribute: {"Value": True}})
    for change, code in (
        ({"ServiceName": "com.amazonaws.us-west-2.nothing"}, "InvalidServiceName"),
        ({"SubnetIds": [network.subnets[0]] * 2}, "DuplicateSubnetsInSameZone"),
    ):
        assert error_of(ec2.create_vpc_endpoint, **{**params, **change})[0] == code
    aws.admin("POST", "latencies", {"ec2:CreateVpcEndpoint": 3600})
    made = ec2.create_vpc_endpoint(**params)["VpcEndpoint"]["VpcEndpointId"]
    aws.admin("POST", "latencies", {"ec2:CreateVpcEndpoint": 0})
    shown = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]
    assert shown["State"] == "pending"
    interfaces = ec2.describe_network_interfaces(NetworkInterfaceIds=shown["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert {interface["SubnetId"] for interface in interfaces} == set(network.subnets)
    assert all(interface["PrivateIpAddress"].startswith("10.8.") for interface in interfaces)
    assert error_of(ec2.create_vpc_endpoint, **params)[0] == "InvalidParameter", "private names are taken"
    assert error_of(ec2.delete_subnet, SubnetId=network.subnets[0])[0] == "DependencyViolation"
    assert error_of(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
    ec2.delete_security_group(GroupId=group)
    assert ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])["VpcEndpoints"] == []


def test_throttling_and_a_failing_create(aws: Aws, empty: None) -> None:
    ec2 = aws.client("ec2")
    aws.admin("POST", "faults", {"kind": "throttle", "action": "ec2:Describe*", "count": 1})
    assert error_of(ec2.describe_vpcs)[0] == "RequestLimitExceeded"
    ec2.describe_vpcs()
    fault = {"kind": "fail", "action": "ec2:CreateVpc", "code": "VpcLimitExceeded", "message": "The maximum is 5."}
    aws.admin("POST", "faults", fault)
    assert error_of(ec2.create_vpc, CidrBlock="10.0.0.0/16") == ("VpcLimitExceeded", "The maximum is 5.")


def test_lustre(aws: Aws, network: Network) -> None:
    fsx, ec2 = aws.client("fsx"), aws.client("ec2")
    params = {
        "FileSystemType": "LUSTRE",
        "StorageCapacity": 1200,
        "SubnetIds": network.subnets[:1],
        "LustreConfiguration": {"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 125},
    }
    assert error_of(fsx.create_file_system, **{**params, "StorageCapacity": 100})[0] == "BadRequest"
    group = ec2.create_security_group(GroupName="lustre", Description="d", VpcId=network.vpc)["GroupId"]
    params["SecurityGroupIds"] = [group]
    assert error_of(fsx.create_file_system, **params)[0] == "InvalidNetworkSettings", "Lustre's port is closed"
    rule = {"IpProtocol": "tcp", "FromPort": 988, "ToPort": 988, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    made = fsx.create_file_system(**params)["FileSystem"]["FileSystemId"]
    link = {"FileSystemId": made, "FileSystemPath": "/models", "DataRepositoryPath": "s3://linked"}
    assert error_of(fsx.create_data_repository_association, **link)[0] == "BadRequest", "there is no such bucket"
    aws.client("s3").create_bucket(Bucket="linked", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    linked = fsx.create_data_repository_association(**link)["Association"]["AssociationId"]
    found = fsx.describe_data_repository_associations(AssociationIds=[linked])["Associations"][0]
    assert (found["Lifecycle"], found["FileSystemPath"]) == ("AVAILABLE", "/models")
    assert error_of(fsx.create_data_repository_association, **link)[0] == "BadRequest", "the path is taken"
    fsx.delete_data_repository_association(AssociationId=linked)
    assert fsx.describe_data_repository_associations()["Associations"] == []
    aws.client("s3").delete_bucket(Bucket="linked")
    shown = fsx.describe_file_systems(FileSystemIds=[made])["FileSystems"][0]
    assert (shown["Lifecycle"], shown["VpcId"]) == ("AVAILABLE", network.vpc)
    assert error_of(ec2.delete_subnet, SubnetId=network.subnets[0])[0] == "DependencyViolation"
    fsx.delete_file_system(FileSystemId=made)
    assert fsx.describe_file_systems()["FileSystems"] == []
    ec2.delete_security_group(GroupId=group)
    assert error_of(fsx.describe_file_systems, FileSystemIds=[made])[0] == "FileSystemNotFound"


def test_pull_through_cache_rules(aws: Aws, empty: None) -> None:
    ecr = aws.client("ecr")
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="k8s", upstreamRegistryUrl="registry.k8s.io")
    rules = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["k8s"])["pullThroughCacheRules"]
    assert rules[0]["upstreamRegistry"] == "k8s"
    template = {"prefix": "k8s", "appliedFor": ["PULL_THROUGH_CACHE"]}
    tags = {"resourceTags": [{"Key": "Cluster", "Value": "dyn"}]}
    assert error_of(ecr.create_repository_creation_template, **template, **tags)[0] == "ValidationException"
    ecr.create_repository_creation_template(**template)
    shown = ecr.describe_repository_creation_templates(prefixes=["k8s"])["repositoryCreationTemplates"]
    assert [one["imageTagMutability"] for one in shown] == ["MUTABLE"]
    ecr.delete_repository_creation_template(prefix="k8s")
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="k8s")
    with pytest.raises(ClientError, match="PullThroughCacheRuleNotFoundException"):
        ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="k8s")


def test_quotas(aws: Aws) -> None:
    quotas = aws.client("service-quotas")
    gpu = {"ServiceCode": "ec2", "QuotaCode": "L-DB2E81BA"}
    assert quotas.get_service_quota(**gpu)["Quota"]["Value"] == 64
    assert quotas.get_aws_default_service_quota(**gpu)["Quota"]["Value"] == 0
    missing = error_of(quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-0")
    assert missing[0] == "NoSuchResourceException"
