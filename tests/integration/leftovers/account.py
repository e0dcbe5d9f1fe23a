# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a cluster is made of in AWS, by plain calls with the tags of Terraform and of the controllers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

REGION = "us-west-2"
IMAGE_PARAMETER = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended/image_id"
Json = dict[str, Any]


def trust(service: str) -> str:
    """A trust policy for a service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def pairs(tags: dict[str, str], upper: bool = True) -> list[dict[str, str]]:
    """Tags as most services want them."""
    return [{"Key": key, "Value": value} if upper else {"key": key, "value": value} for key, value in tags.items()]


@dataclass
class Cluster:
    """A cluster of a name, made part by part; each part can be made alone.

    Attributes:
        client: makes boto3 clients of the account's administrator.
    """

    client: Callable[[str], Any]
    name: str = "dyn"
    number: int = 8
    vpc: str = ""
    subnets: list[str] = field(default_factory=list)
    group: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """Terraform's."""
        return {"Cluster": self.name, "ManagedBy": "ai_on_eks.dynamo"}

    @property
    def karpenter(self) -> dict[str, str]:
        """Karpenter's, with those of our EC2NodeClass."""
        return {
            **self.tags,
            f"kubernetes.io/cluster/{self.name}": "owned",
            "eks:eks-cluster-name": self.name,
            "karpenter.sh/nodepool": "cpu",
            "karpenter.k8s.aws/ec2nodeclass": "default",
        }

    def specification(self, kind: str, tags: dict[str, str] | None = None) -> list[Json]:
        """Tags of something that EC2 makes."""
        return [{"ResourceType": kind, "Tags": pairs(tags or self.tags)}]

    def network(self) -> None:
        """VPC with all that Terraform makes in it."""
        ec2 = self.client("ec2")
        tag = self.specification
        self.vpc = ec2.create_vpc(CidrBlock=f"10.{self.number}.0.0/16", TagSpecifications=tag("vpc"))["Vpc"]["VpcId"]
        for index, zone in enumerate("ab"):
            found = ec2.create_subnet(
                VpcId=self.vpc,
                CidrBlock=f"10.{self.number}.{index}.0/24",
                AvailabilityZone=f"{REGION}{zone}",
                TagSpecifications=tag("subnet"),
            )
            self.subnets.append(found["Subnet"]["SubnetId"])
        gateway = ec2.create_internet_gateway(TagSpecifications=tag("internet-gateway"))["InternetGateway"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=self.vpc)
        address = ec2.allocate_address(Domain="vpc", TagSpecifications=tag("elastic-ip"))["AllocationId"]
        ec2.create_nat_gateway(SubnetId=self.subnets[0], AllocationId=address, TagSpecifications=tag("natgateway"))
        table = ec2.create_route_table(VpcId=self.vpc, TagSpecifications=tag("route-table"))["RouteTable"]
        ec2.associate_route_table(RouteTableId=table["RouteTableId"], SubnetId=self.subnets[1])
        ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", TagSpecifications=tag("vpc-endpoint")
        )
        self.group = self.security_group(
            f"{self.name}-node", {**self.tags, f"kubernetes.io/cluster/{self.name}": "owned"}
        )

    def security_group(self, name: str, tags: dict[str, str] | None = None) -> str:
        """A security group in the VPC."""
        tagged = {"TagSpecifications": self.specification("security-group", tags)} if tags else {}
        found = self.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=self.vpc, **tagged)
        return str(found["GroupId"])

    def allow(self, group: str, other: str) -> None:
        """A rule of a group that names another."""
        self.client("ec2").authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": other}]}
            ],
        )

    def interface(self, description: str, tags: dict[str, str] | None = None, group: str = "") -> str:
        """A network interface that nothing uses."""
        tagged = {"TagSpecifications": self.specification("network-interface", tags)} if tags else {}
        found = self.client("ec2").create_network_interface(
            SubnetId=self.subnets[0], Description=description, Groups=[group or self.group], **tagged
        )
        return str(found["NetworkInterface"]["NetworkInterfaceId"])

    def instance(self, tags: dict[str, str] | None = None) -> str:
        """A running instance in the VPC."""
        image = self.client("ssm").get_parameter(Name=IMAGE_PARAMETER)["Parameter"]["Value"]
        tagged = {"TagSpecifications": self.specification("instance", tags)} if tags else {}
        found = self.client("ec2").run_instances(
            ImageId=image,
            InstanceType="m5.xlarge",
            MinCount=1,
            MaxCount=1,
            SubnetId=self.subnets[0],
            SecurityGroupIds=[self.group],
            **tagged,
        )
        return str(found["Instances"][0]["InstanceId"])

    def volume(self, tags: dict[str, str]) -> str:
        """An EBS volume."""
        found = self.client("ec2").create_volume(
            AvailabilityZone=f"{REGION}a",
            Size=20,
            VolumeType="gp3",
            TagSpecifications=self.specification("volume", tags),
        )
        return str(found["VolumeId"])

    def role(self, suffix: str, service: str) -> str:
        """A role with a policy inside, named as Terraform names them."""
        iam, name = self.client("iam"), f"{self.name}-{REGION}-{suffix}"
        found = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service), Tags=pairs(self.tags))
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(document))
        return str(found["Role"]["Arn"])

    def control_plane(self) -> None:
        """EKS cluster with a node group, an add-on and a pod identity; key, alias and log group."""
        eks, kms, logs = self.client("eks"), self.client("kms"), self.client("logs")
        key = kms.create_key(Tags=[{"TagKey": name, "TagValue": value} for name, value in self.tags.items()])
        kms.create_alias(AliasName=f"alias/eks/{self.name}", TargetKeyId=key["KeyMetadata"]["KeyId"])
        eks.create_cluster(
            name=self.name,
            version="1.35",
            roleArn=self.role("cluster", "eks.amazonaws.com"),
            resourcesVpcConfig={"subnetIds": self.subnets},
            accessConfig={"authenticationMode": "API"},
            encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key["KeyMetadata"]["Arn"]}}],
            tags=self.tags,
        )
        logs.create_log_group(logGroupName=f"/aws/eks/{self.name}/cluster", tags=self.tags)
        node = self.role("core", "ec2.amazonaws.com")
        policy = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
        self.client("iam").attach_role_policy(RoleName=node.rpartition("/")[2], PolicyArn=policy)
        eks.describe_cluster(name=self.name)
        eks.create_nodegroup(
            clusterName=self.name,
            nodegroupName="core",
            nodeRole=node,
            subnets=self.subnets,
            instanceTypes=["m5.xlarge"],
            scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
            tags=self.tags,
        )
        eks.create_addon(clusterName=self.name, addonName="vpc-cni", tags=self.tags)
        eks.create_pod_identity_association(
            clusterName=self.name,
            namespace="karpenter",
            serviceAccount="karpenter",
            roleArn=self.role("karpenter", "pods.eks.amazonaws.com"),
            tags=self.tags,
        )

    def karpenter_parts(self) -> None:
        """Instance with its template and volume, profile, queue and rule; nobody looks after them any more."""
        ec2, iam, sqs, events = (self.client(name) for name in ("ec2", "iam", "sqs", "events"))
        self.instance(self.karpenter)
        ec2.create_launch_template(
            LaunchTemplateName=f"karpenter.k8s.aws/{self.number}",
            LaunchTemplateData={"InstanceType": "m5.xlarge"},
            TagSpecifications=self.specification("launch-template", self.karpenter),
        )
        role = self.role("karp-node", "ec2.amazonaws.com").rpartition("/")[2]
        tags = {**self.karpenter, "topology.kubernetes.io/region": REGION}
        profile = f"{self.name}_1234567890"
        iam.create_instance_profile(InstanceProfileName=profile, Path=f"/karpenter/{REGION}/", Tags=pairs(tags))
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
        queue = sqs.create_queue(QueueName=f"{self.name}-karpenter", tags=self.tags)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        rule = f"{self.name}-karpenter-spot"
        events.put_rule(Name=rule, EventPattern='{"source": ["aws.ec2"]}', Tags=pairs(self.tags))
        events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])

    def load_balancer(self) -> None:
        """Load balancer, target group and security groups of the AWS Load Balancer Controller."""
        elb = self.client("elbv2")
        tags = {"elbv2.k8s.aws/cluster": self.name, "service.k8s.aws/stack": "dynamo-cloud/frontend"}
        group = self.security_group(f"k8s-traffic-{self.name}-1", tags)
        shared = self.security_group(f"k8s-shared-{self.name}-1", tags)
        self.allow(group, shared)
        self.allow(shared, group)
        balancer = elb.create_load_balancer(
            Name=f"k8s-dynamo-{self.number}", Subnets=self.subnets, Type="network", Scheme="internal", Tags=pairs(tags)
        )["LoadBalancers"][0]
        target = elb.create_target_group(
            Name=f"k8s-dynamo-{self.number}", Protocol="TCP", Port=80, VpcId=self.vpc, TargetType="ip", Tags=pairs(tags)
        )["TargetGroups"][0]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="TCP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}],
        )

    def storage(self) -> str:
        """EFS with parts and a backup, a volume of a claim with `Retain`, a snapshot; returns the file system's id."""
        efs, ec2 = self.client("efs"), self.client("ec2")
        system = efs.create_file_system(CreationToken=self.name, Tags=pairs(self.tags))
        for subnet in self.subnets:
            efs.create_mount_target(FileSystemId=system["FileSystemId"], SubnetId=subnet, SecurityGroups=[self.group])
        efs.create_access_point(FileSystemId=system["FileSystemId"], Tags=pairs({"efs.csi.aws.com/cluster": "true"}))
        self.client("backup").start_backup_job(
            BackupVaultName="Default",
            ResourceArn=system["FileSystemArn"],
            IamRoleArn="arn:aws:iam::123456789012:role/b",
        )
        volume = self.volume(
            {
                "ebs.csi.aws.com/cluster": "true",
                "kubernetes.io/created-for/pvc/name": "models",
                f"kubernetes.io/cluster/{self.name}": "owned",
            }
        )
        snapshot = ec2.create_snapshot(VolumeId=volume, TagSpecifications=self.specification("snapshot"))["SnapshotId"]
        ec2.enable_fast_snapshot_restores(AvailabilityZones=[f"{REGION}a"], SourceSnapshotIds=[snapshot])
        return str(system["FileSystemId"])

    def bucket(self) -> str:
        """A bucket with versions, a delete marker and an unfinished upload."""
        s3, name = self.client("s3"), f"{self.name}-models-123456789012"
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.mark(name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        for content in (b"one", b"two"):
            s3.put_object(Bucket=name, Key="model/config.json", Body=content)
        s3.delete_object(Bucket=name, Key="model/config.json")
        s3.create_multipart_upload(Bucket=name, Key="model/weights")
        return name

    def mark(self, bucket: str, **more: str) -> None:
        """Give a bucket the cluster's tags, and further ones."""
        self.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs({**self.tags, **more})})

    def others(self) -> None:
        """What is switched on for some clusters only."""
        ecr = self.client("ecr")
        ecr.create_repository(repositoryName=f"{self.name}/worker", tags=pairs(self.tags))
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=f"{self.name}-quay", upstreamRegistryUrl="quay.io")
        self.client("grafana").create_workspace(
            accountAccessType="CURRENT_ACCOUNT",
            authenticationProviders=["AWS_SSO"],
            permissionType="SERVICE_MANAGED",
            tags=self.tags,
        )
        self.client("secretsmanager").create_secret(Name=f"{self.name}/token", SecretString="x", Tags=pairs(self.tags))
        self.client("ec2").create_placement_group(
            GroupName=f"{self.name}-gpu",
            Strategy="cluster",
            TagSpecifications=self.specification("placement-group"),
        )

    def whole(self) -> None:
        """All of it."""
        self.network()
        self.control_plane()
        self.karpenter_parts()
        self.load_balancer()
        self.storage()
        self.bucket()
        self.others()
