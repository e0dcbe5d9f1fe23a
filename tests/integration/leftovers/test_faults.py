# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in a cleanup: each case ends empty or with the exact blocker, and leaves what others have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .account import REGION, Cluster


@pytest.fixture
def network(cluster: Cluster) -> Cluster:
    """The network of a cluster."""
    cluster.network()
    return cluster


@pytest.fixture
def neighbours(aws: Any) -> Iterator[dict[str, list[str]]]:
    """Things of others in the account, which must be there afterwards: a bucket, a role, a log group, a volume."""
    s3, iam, logs, ec2 = (aws.client(name) for name in ("s3", "iam", "logs", "ec2"))
    s3.create_bucket(Bucket="dynamics-data", CreateBucketConfiguration={"LocationConstraint": REGION})
    trust = '{"Version": "2012-10-17", "Statement": []}'
    iam.create_role(RoleName="dyn-2-us-west-2-core", AssumeRolePolicyDocument=trust)
    logs.create_log_group(logGroupName="/aws/eks/dyn-2/cluster")
    driver = [{"Key": "ebs.csi.aws.com/cluster", "Value": "true"}]
    volume = ec2.create_volume(
        AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=[{"ResourceType": "volume", "Tags": driver}]
    )["VolumeId"]
    yield aws.inventory()
    s3.delete_bucket(Bucket="dynamics-data")
    iam.delete_role(RoleName="dyn-2-us-west-2-core")
    logs.delete_log_group(logGroupName="/aws/eks/dyn-2/cluster")
    ec2.delete_volume(VolumeId=volume)
    assert aws.inventory() == {}


def good(done: dict[str, Any]) -> dict[str, Any]:
    """The result of a module that must not have failed."""
    assert not done.get("failed"), done["msg"]
    return done


def test_an_interface_that_the_vpc_cni_lost(aws: Any, neighbours: Any, network: Cluster, sweep: Any) -> None:
    leaked = network.interface("aws-K8S-i-0123456789", {"node.k8s.amazonaws.com/instance_id": "i-0123456789"})
    done = good(sweep())
    assert leaked in {one["id"] for one in done["deleted"]}
    assert aws.inventory() == neighbours


def test_groups_that_name_each_other_and_balancers_without_their_controller(
    aws: Any, neighbours: Any, network: Cluster, sweep: Any
) -> None:
    network.load_balancer()
    done = good(sweep())
    assert {"load_balancer", "target_group", "security_group", "vpc"} <= {one["kind"] for one in done["deleted"]}
    assert aws.inventory() == neighbours


def test_the_volume_of_a_claim_with_retain(aws: Any, neighbours: Any, cluster: Cluster, sweep: Any) -> None:
    named = cluster.volume({"ebs.csi.aws.com/cluster": "true", "kubernetes.io/cluster/dyn": "owned"})
    saved = cluster.volume({"ebs.csi.aws.com/cluster": "true", "CSIVolumeName": "pvc-7"})
    assert [one["id"] for one in good(sweep(kinds=["ebs_volume"]))["deleted"]] == [named]
    again = good(sweep(kinds=["ebs_volume"], manifest={"volume_names": ["pvc-7"]}))
    assert [one["id"] for one in again["deleted"]] == [saved]
    assert aws.inventory() == neighbours


def test_a_log_group_that_eks_made_again(aws: Any, neighbours: Any, cluster: Cluster, scan: Any, sweep: Any) -> None:
    logs, group, kinds = aws.client("logs"), "/aws/eks/dyn/cluster", ["log_group"]
    logs.create_log_group(logGroupName=group)
    assert [one["id"] for one in good(sweep(kinds=kinds))["deleted"]] == [group]
    logs.create_log_group(logGroupName=group)
    assert [one["id"] for one in scan(kinds=kinds, prices=False)["leftovers"]] == [group]
    assert [one["id"] for one in good(sweep(kinds=kinds))["deleted"]] == [group]
    assert aws.inventory() == neighbours


def test_a_bucket_with_versions_goes_and_a_kept_one_stays(
    aws: Any, neighbours: Any, cluster: Cluster, sweep: Any
) -> None:
    bucket = cluster.bucket()
    kept = good(sweep(kinds=["s3_bucket"], keep=["buckets"]))
    assert [(one["id"], one["why"]) for one in kept["kept"]] == [(bucket, "asked to be kept")]
    assert not kept["changed"]
    cluster.mark(bucket, KeepData="true")
    kept = good(sweep(kinds=["s3_bucket"]))
    assert [one["why"] for one in kept["kept"]] == ["holds data (KeepData=true, delete_data_on_destroy = false)"]
    assert not kept["changed"]
    cluster.mark(bucket)
    assert [one["id"] for one in good(sweep(kinds=["s3_bucket"]))["deleted"]] == [bucket]
    assert aws.inventory() == neighbours


@pytest.mark.usefixtures("own_clients")
def test_throttling_slows_down_and_stops_nothing(aws: Any, neighbours: Any, network: Cluster, sweep: Any) -> None:
    for action in ("ec2:Describe*", "ec2:Delete*", "iam:List*"):
        aws.admin("POST", "faults", {"kind": "throttle", "action": action, "count": 3})
    good(sweep())
    assert aws.inventory() == neighbours


def test_a_kind_that_may_not_be_read(aws: Any, neighbours: Any, network: Cluster, scan: Any, sweep: Any) -> None:
    fault = {"kind": "fail", "action": "sqs:ListQueues", "code": "AccessDenied", "status": 403}
    aws.admin("POST", "faults", fault)
    found = scan(prices=False)
    assert [(one["kind"], one["denied"], one["action"]) for one in found["problems"]] == [
        ("sqs_queue", True, "sqs:ListQueues")
    ]
    assert "sqs_queue" not in found["kinds_checked"]
    done = sweep()
    assert "sqs_queue (sqs:ListQueues: AccessDenied)" in done["msg"]
    assert aws.inventory() == neighbours  # the rest went


def test_what_others_have_in_the_vpc_is_reported_and_stays(
    aws: Any, neighbours: Any, network: Cluster, scan: Any, sweep: Any
) -> None:
    ec2 = aws.client("ec2")
    foreign_group = network.security_group("bastion")
    network.allow(foreign_group, network.group)
    bastion = network.instance()
    others = Cluster(aws.client, "dyn-2", vpc=network.vpc, subnets=network.subnets)
    theirs = others.security_group("dyn-2-node", others.tags)
    found = scan(prices=False)
    assert {one["id"] for one in found["foreign"]} == {foreign_group, bastion, theirs}
    reasons = {one["id"]: one["reason"] for one in found["foreign"]}
    assert reasons[bastion] == f"vpc={network.vpc}, without a mark of the cluster"
    assert reasons[theirs].startswith("Cluster=dyn-2, ")

    done = sweep()
    assert done["failed"]
    blocked = {one["id"]: one for one in done["blocked"]}
    assert {one["kind"] for one in done["blocked"]} >= {"security_group", "subnet", "vpc"}
    assert f"ec2_instance {bastion}" in blocked[network.group]["owner"]
    assert f"ec2_instance {bastion}" in blocked[network.subnets[0]]["owner"]
    assert blocked[network.group]["code"] == "DependencyViolation"
    after = aws.inventory()
    assert bastion in after["ec2:instance"]
    assert {foreign_group, theirs} <= set(after["ec2:security-group"])
    assert after["s3:bucket"] == neighbours["s3:bucket"]

    ec2.terminate_instances(InstanceIds=[bastion])
    for group in (foreign_group, theirs):
        ec2.delete_security_group(GroupId=group)
    good(sweep())
    assert aws.inventory() == neighbours


def test_a_given_vpc_stays_with_all_that_is_in_it(aws: Any, neighbours: Any, network: Cluster, sweep: Any) -> None:
    given = Cluster(aws.client, "platform", 9)
    ec2 = aws.client("ec2")
    given.vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    given.subnets = [ec2.create_subnet(VpcId=given.vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]]
    shared = {"kubernetes.io/cluster/dyn": "shared", "karpenter.sh/discovery": "dyn"}
    ec2.create_tags(Resources=given.subnets, Tags=[{"Key": key, "Value": value} for key, value in shared.items()])
    given.group = given.security_group("database")
    server = given.instance()
    own = Cluster(aws.client, "dyn", vpc=given.vpc)
    own.security_group("dyn-node", own.tags)
    good(sweep(manifest={"vpc_ids": [given.vpc], "given_vpc_ids": [given.vpc]}))
    after = aws.inventory()
    assert after["ec2:vpc"] == [given.vpc]
    assert after["ec2:subnet"] == given.subnets
    assert after["ec2:security-group"] == [given.group]
    assert after["ec2:instance"] == [server]

    ec2.terminate_instances(InstanceIds=[server])
    ec2.delete_security_group(GroupId=given.group)
    ec2.delete_subnet(SubnetId=given.subnets[0])
    ec2.delete_vpc(VpcId=given.vpc)
    assert aws.inventory() == neighbours


def test_instances_run_on_without_karpenter(aws: Any, neighbours: Any, network: Cluster, sweep: Any) -> None:
    network.karpenter_parts()
    node = network.instance(network.karpenter)
    first = good(sweep(kinds=["spot_request", "ec2_fleet", "ec2_instance"], with_tag="karpenter.sh/nodepool"))
    assert node in {one["id"] for one in first["deleted"]}
    assert {one["kind"] for one in first["deleted"]} == {"ec2_instance"}
    assert "ec2:instance" not in aws.inventory()
    done = good(sweep())
    assert {"instance_profile", "launch_template", "iam_role", "eventbridge_rule", "sqs_queue"} <= {
        one["kind"] for one in done["deleted"]
    }
    assert aws.inventory() == neighbours


def test_a_cluster_under_protection_is_left_with_what_it_stands_on(
    aws: Any, neighbours: Any, network: Cluster, sweep: Any
) -> None:
    network.control_plane()
    eks = aws.client("eks")
    eks.update_cluster_config(name="dyn", deletionProtection=True)
    done = sweep()
    blocked = {one["kind"]: one for one in done["blocked"]}
    assert "deletion protection" in blocked["eks_cluster"]["reason"]
    assert blocked["eks_cluster"]["hint"].startswith("Switch its deletion protection off")
    assert blocked["subnet"]["reason"].startswith("it goes after eks_cluster dyn")
    eks.update_cluster_config(name="dyn", deletionProtection=False)
    good(sweep())
    assert aws.inventory() == neighbours


def test_a_capacity_reservation_is_said_and_never_touched(aws: Any, cluster: Cluster, sweep: Any) -> None:
    ec2 = aws.client("ec2")
    reservation = ec2.create_capacity_reservation(
        InstanceType="m5.xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone=f"{REGION}a",
        InstanceCount=1,
        TagSpecifications=cluster.specification("capacity-reservation"),
    )["CapacityReservation"]["CapacityReservationId"]
    done = good(sweep())
    assert [(one["kind"], one["id"]) for one in done["kept"]] == [("capacity_reservation", reservation)]
    assert aws.inventory() == {"ec2:capacity-reservation": [reservation]}
    ec2.cancel_capacity_reservation(CapacityReservationId=reservation)
