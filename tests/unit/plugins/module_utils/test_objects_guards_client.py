# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What AWS is asked before a finalizer is taken off, and what its answers mean."""

from __future__ import annotations

from typing import Any

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.guards_client import GuardedCluster

Json = dict[str, Any]


class Aws:
    """Answers by operation, and what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[Json] = []

    def pages(self, action: str, service: str, operation: str, key: str, **parameters: Any) -> list[Any]:
        del action, key
        self.asked.append({"operation": operation, **parameters})
        return list(self.answers.get(f"{service}_{operation}", []))

    def ask(self, action: str, service: str, operation: str, missing: Any = None, **parameters: Any) -> Any:
        del action
        self.asked.append({"operation": operation, **parameters})
        return self.answers.get(f"{service}_{operation}", missing)


def cluster(**answers: Any) -> tuple[GuardedCluster, Aws]:
    aws = Aws(**answers)
    return GuardedCluster(None, "dyn", aws), aws  # type: ignore[arg-type]


def balancer(name: str, tags: Json, host: str = "") -> tuple[Json, Json]:
    arn = f"arn:{name}"
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"LoadBalancerArn": arn, "LoadBalancerName": name, "DNSName": host}, {"ResourceArn": arn, "Tags": pairs}


def test_instances_are_looked_for_by_id_and_by_the_tags_of_this_cluster_alone() -> None:
    row = {"Instances": [{"InstanceId": "i-1", "State": {"Name": "shutting-down"}}]}
    world, aws = cluster(ec2_describe_instances=[row])
    (thing,) = world.instances("i-1", {"karpenter.sh/nodeclaim": "a"})
    assert (thing.what, thing.going) == ("instance i-1 is shutting-down", True)
    by_id, by_tag = [asked["Filters"] for asked in aws.asked]
    assert {"Name": "instance-id", "Values": ["i-1"]} in by_id
    assert {"Name": "tag:kubernetes.io/cluster/dyn", "Values": ["owned"]} in by_tag
    assert "terminated" not in str(aws.asked)
    assert cluster()[0].instances("", {}) == []


def test_load_balancers_of_other_services_and_clusters_do_not_count() -> None:
    ours = {"elbv2.k8s.aws/cluster": "dyn", "service.k8s.aws/stack": "d/web"}
    rows = [
        balancer("a", ours),
        balancer("b", {**ours, "service.k8s.aws/stack": "d/other"}),
        balancer("c", {**ours, "elbv2.k8s.aws/cluster": "dyn-2"}),
        balancer("e", {}, host="e.elb.amazonaws.com"),
    ]
    world, _aws = cluster(
        elbv2_describe_load_balancers=[row[0] for row in rows],
        elbv2_describe_tags={"TagDescriptions": [row[1] for row in rows]},
    )
    assert [thing.what for thing in world.balancers((), ["d/web"])] == ["load balancer a is there"]
    assert [thing.what for thing in world.balancers(["e.elb.amazonaws.com"], ["d/none"])] == [
        "load balancer e is there"
    ]
    assert len(world.balancers((), ())) == 2, "without an address, all of the cluster count"


def test_storage_that_cannot_be_looked_up_is_not_gone() -> None:
    world, _aws = cluster(ec2_describe_volumes=[{"VolumeId": "vol-1", "State": "available"}])
    assert [thing.what for thing in world.volume("ebs.csi.aws.com", "vol-1")] == ["EBS volume vol-1 is available"]
    assert cluster()[0].volume("ebs.csi.aws.com", "vol-1") == []
    assert world.volume("efs.csi.aws.com", "fs-1") == []
    assert world.volume("efs.csi.aws.com", "fs-1::fsap-1") == []
    point = {"AccessPoints": [{"AccessPointId": "fsap-1"}]}
    assert len(cluster(efs_describe_access_points=point)[0].volume("efs.csi.aws.com", "fs-1::fsap-1")) == 1
    assert "cannot be looked up" in world.volume("rbd.example.com", "x")[0].what
