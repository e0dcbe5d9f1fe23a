# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The Terraform root with every switch on and in somebody's network: made, upgraded, gone without a trace."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rehearsal import permissions

from .conftest import ACCOUNT, REGION, ROOT, Aws, trust
from .terraform_runs import serve, terraform

SOURCE = ROOT / "terraform"
POLICY = ROOT / "docs" / "iam" / "installer-policy.json"
NAME = "every-switch-that-there-is-in-the-root"
#: What an upgrade may change.
UPGRADED = {
    "aws_eks_cluster.this",
    "aws_eks_node_group.core",
    "aws_eks_node_group.gpu",
    "aws_eks_node_group.capacity_block",
    "aws_eks_addon.before_compute",
    "aws_eks_addon.after_compute",
}
#: Variables that are not set here, and why.
NOT_SET = {
    "availability_zones_count": "availability_zones says which",
    "kms_key_admin_roles": "only with a key that is made; unit-tested",
}


@dataclass
class Given:
    """What is in the account before, and must be there after."""

    vpc: str
    subnets: list[str]
    key: str
    block: dict[str, Any]
    reader: str
    boundary: str
    secret: str
    inventory: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An account whose installing user holds the published policy."""
    with serve(tmp_path_factory.mktemp("root-aws"), POLICY) as aws:
        yield aws


@pytest.fixture(scope="module")
def given(account: Aws) -> Given:
    """A network, a key, a role, a boundary, a secret and a capacity block of somebody else."""
    ec2, iam = account.client("ec2"), account.client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.60.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    offers = ec2.describe_capacity_block_offerings(
        InstanceType="p5.48xlarge", InstanceCount=1, CapacityDurationHours=24
    )["CapacityBlockOfferings"]
    block = ec2.purchase_capacity_block(
        CapacityBlockOfferingId=offers[0]["CapacityBlockOfferingId"], InstancePlatform="Linux/UNIX"
    )["CapacityReservation"]
    boundary = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    found = Given(
        vpc=vpc,
        subnets=[subnet["SubnetId"] for subnet in subnets],
        key=account.client("kms").create_key(Description="somebody's")["KeyMetadata"]["Arn"],
        block=block,
        reader=iam.create_role(RoleName="readers", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"],
        boundary=iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(boundary))["Policy"]["Arn"],
        secret=account.client("secretsmanager").create_secret(
            Name="ecr-pullthroughcache/hub", SecretString=json.dumps({"username": "u", "accessToken": "t"})
        )["ARN"],
    )
    found.inventory = account.admin("GET", "inventory")
    return found


def everything(given: Given) -> dict[str, Any]:
    """Every switch on, in a VPC of its own."""
    return {
        "name": NAME,
        "region": REGION,
        "allowed_account_ids": [ACCOUNT],
        "tags": {"Owner": "platform"},
        "eks_support_type": "STANDARD",
        "cluster_endpoint_public_access_cidrs": ["203.0.113.7/32"],
        "cluster_endpoint_private_access_cidrs": ["10.8.0.0/16"],
        "cluster_service_ipv4_cidr": "172.21.0.0/16",
        "enable_cluster_creator_admin_permissions": True,
        "admin_principal_arns": [f"arn:aws:iam::{ACCOUNT}:user/admin"],
        "access_entries": {
            "readers": {
                "principal_arn": given.reader,
                "policies": ["AmazonEKSViewPolicy"],
                "namespaces": ["dynamo-cloud"],
                "kubernetes_groups": ["readers"],
            }
        },
        "enabled_log_types": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        "log_retention_days": 7,
        "iam_permissions_boundary_arn": given.boundary,
        "enable_cluster_addons": {"amazon-cloudwatch-observability": True, "eks-node-monitoring-agent": True},
        "cluster_addon_versions": {"vpc-cni": "latest"},
        "enable_network_policy": True,
        "vpc_cidr": "10.1.0.0/16",
        "secondary_cidr_blocks": ["100.64.0.0/16"],
        "availability_zones": [f"{REGION}{zone}" for zone in "abc"],
        "single_nat_gateway": False,
        "enable_s3_endpoint": True,
        "vpc_interface_endpoints": ["ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "ec2", "sqs", "logs", "ssm"],
        "core_node_instance_types": ["m5.large", "m6i.large"],
        "core_node_scaling": {"min": 2, "max": 4, "desired": 2},
        "core_node_disk_gib": 50,
        "core_node_release_version": "latest",
        "node_egress_cidrs": ["0.0.0.0/0"],
        "enable_efa_support": True,
        "placement_groups": {
            "efa": {},
            "parts": {"strategy": "partition", "partitions": 2},
            "apart": {"strategy": "spread"},
        },
        "capacity_reservation_ids": [given.block["CapacityReservationId"]],
        "enable_gpu_node_group": True,
        "gpu_node_instance_types": ["g5.2xlarge"],
        "gpu_node_scaling": {"min": 0, "max": 2, "desired": 1},
        "gpu_node_disk_gib": 300,
        "capacity_block_reservation_id": given.block["CapacityReservationId"],
        "capacity_block_availability_zone": given.block["AvailabilityZone"],
        "capacity_block_instance_type": "p5.48xlarge",
        "capacity_block_size": 0,
        "enable_karpenter": True,
        "karpenter_namespace": "kube-system",
        "enable_amazon_prometheus": True,
        "amazon_prometheus_service_account": "monitoring/prometheus",
        "enable_aws_efs_csi_driver": True,
        "enable_aws_fsx_csi_driver": True,
        "deploy_fsx_volume": True,
        "fsx_storage_capacity_gib": 1200,
        "fsx_throughput_per_tib": 125,
        "enable_model_bucket": True,
        "model_bucket_service_account": "dynamo-cloud/models",
        "ecr_repositories": ["vllm-runtime", "my/frontend"],
        "ecr_pull_through_cache": {"registry.k8s.io": "", "registry-1.docker.io": given.secret},
        "delete_data_on_destroy": True,
    }


def in_a_given_network(given: Given) -> dict[str, Any]:
    """The other half of what excludes each other: somebody's VPC, key and log group."""
    return {
        "name": "guest",
        "region": REGION,
        "vpc_id": given.vpc,
        "private_subnet_ids": given.subnets,
        "public_subnet_ids": [],
        "enable_subnet_tags": True,
        "create_cloudwatch_log_group": False,
        "kms_key_arn": given.key,
        "model_bucket_name": "guest-models-of-the-team",
        "enable_model_bucket": True,
    }


class Root:
    """A copy of the root with a state of its own."""

    def __init__(self, aws: Aws, work: Path, profile: Path, values: dict[str, Any]) -> None:
        self._aws, self._work, self._runs = aws, work / "root", 0
        work.mkdir()
        shutil.copytree(SOURCE, self._work, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "tests"))
        (self._work / "values.tfvars.json").write_text(json.dumps(values))
        self._files = [f"-var-file={profile}", "-var-file=values.tfvars.json"]
        self.run("init")

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run one command of Terraform."""
        began = time.monotonic()
        done = terraform(self._aws, self._work, *arguments)
        self._runs += 1
        print(f"{time.monotonic() - began:6.1f} s  {self._work.parent.name}: terraform {arguments[0]}")
        (self._work.parent / f"{self._runs}-{arguments[0]}.log").write_text(done.stdout + done.stderr)
        assert done.returncode in codes, f"{' '.join(arguments)}: {done.stdout[-3000:]}{done.stderr}"
        return done.stdout

    def apply(self, *options: str) -> None:
        self.run("apply", "-auto-approve", *self._files, *options)

    def changes(self, *options: str) -> dict[str, list[str]]:
        """Make a plan; return address -> actions of what it would change. `apply_plan` applies it."""
        self.run("plan", "-out=plan", *self._files, *options)
        done = terraform(self._aws, self._work, "show", "-json", "plan")
        found = {one["address"]: one["change"]["actions"] for one in json.loads(done.stdout)["resource_changes"]}
        return {address: actions for address, actions in found.items() if actions not in (["no-op"], ["read"])}

    def apply_plan(self) -> None:
        self.run("apply", "plan")

    def destroy(self, *options: str) -> None:
        self.run("destroy", "-auto-approve", *self._files, *options)


def versions(eks: Any) -> set[str]:
    """Minor versions of the control plane, its node groups and kube-proxy."""
    groups = [
        eks.describe_nodegroup(clusterName=NAME, nodegroupName=group)["nodegroup"]["version"]
        for group in eks.list_nodegroups(clusterName=NAME)["nodegroups"]
    ]
    proxy = eks.describe_addon(clusterName=NAME, addonName="kube-proxy")["addon"]["addonVersion"]
    minor = str(re.findall(r"^v(\d+\.\d+)\.", proxy)[0])
    return {*groups, minor, eks.describe_cluster(name=NAME)["cluster"]["version"]}


def test_every_variable_is_set_somewhere() -> None:
    some = Given("v", ["s"], "k", {"CapacityReservationId": "c", "AvailabilityZone": "z"}, "r", "b", "s")
    known = {
        name
        for file in SOURCE.glob("*.tf")
        for name in re.findall(r'^variable "(\w+)"', file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    profiles = [SOURCE / "blueprint.tfvars", SOURCE / "profiles" / "current.tfvars"]
    set_there = {
        name
        for file in profiles
        for name in re.findall(r"^(\w+)\s*=", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    assert known - set(everything(some)) - set(in_a_given_network(some)) - set_there == set(NOT_SET)


def every_switch_then_upgrades(account: Aws, given: Given, work: Path) -> None:
    """The guide's profile with every switch on: made, upgraded by two minor versions, gone."""
    eks = account.client("eks")
    root = Root(account, work, SOURCE / "blueprint.tfvars", everything(given))
    root.apply()
    held = account.admin("GET", "inventory")
    for kind in ("aps:workspace", "fsx:data-repository-association", "ecr:pull-through-cache-rule", "ec2:vpc-endpoint"):
        assert held.get(kind), kind
    # What an upgrade plans is also the second plan of what was applied before: nothing else may change.
    changes = root.changes("-var=eks_cluster_version=1.34")
    assert {address.partition("[")[0] for address in changes} <= UPGRADED, changes
    assert {tuple(actions) for actions in changes.values()} == {("update",)}, changes
    root.apply_plan()
    assert versions(eks) == {"1.34"}
    root.apply("-var=eks_cluster_version=1.35")
    assert versions(eks) == {"1.35"}
    assert root.changes("-var=eks_cluster_version=1.35") == {}
    # The provider waits for minutes before it looks whether a file system is gone.
    fsx = account.client("fsx")
    for system in fsx.describe_file_systems()["FileSystems"]:
        fsx.delete_file_system(FileSystemId=system["FileSystemId"])
    bucket = next(name for name in held["s3:bucket"] if not name.startswith("guest"))
    account.client("s3").put_object(Bucket=bucket, Key="model/config.json", Body=b"{}")
    root.destroy("-var=eks_cluster_version=1.35")


def the_newest_profile_in_a_given_network(account: Aws, given: Given, work: Path) -> None:
    """The newest profile in somebody's network, with somebody's key: made and gone."""
    root = Root(account, work, SOURCE / "profiles" / "current.tfvars", in_a_given_network(given))
    root.apply()
    assert account.client("eks").describe_cluster(name="guest")["cluster"]["version"] == "1.35"
    assert root.changes() == {}
    root.destroy()
    # EKS made it, because the root was told not to.
    account.client("logs").delete_log_group(logGroupName="/aws/eks/guest/cluster")


def test_both_profiles_from_nothing_to_nothing(account: Aws, given: Given, tmp_path: Path) -> None:
    # Terraform mostly waits, so both ways are gone at the same time, as two people in one account would.
    with ThreadPoolExecutor() as pool:
        ways = [
            pool.submit(way, account, given, tmp_path / way.__name__)
            for way in (every_switch_then_upgrades, the_newest_profile_in_a_given_network)
        ]
    for way in ways:
        way.result()
    assert account.admin("GET", "inventory") == given.inventory


def test_the_published_policy_was_enough(account: Aws) -> None:
    report = account.admin("GET", "calls")
    assert report["unimplemented"] == {}
    found = permissions.compare(json.loads(POLICY.read_text(encoding="utf-8")), report)
    assert found.denied == []
