# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Whose a resource is: the cluster's, somebody else's in its way, or none of its business."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import membership
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.kinds import BY_NAME
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.membership import Owner, Verdict

OURS = {"Cluster": "dyn", "ManagedBy": "ai_on_eks.dynamo"}


def owner(cluster: str = "dyn", **manifest: Any) -> Owner:
    return Owner(cluster, "us-west-2", manifest, {"@vpc": {"vpc-ours"}, "@iam_role": {"dyn-us-west-2-karp-node"}})


def judge(kind: str, item: dict[str, Any], tags: dict[str, str] | None = None, **manifest: Any) -> Verdict | None:
    known = BY_NAME[kind]
    return membership.judge(known, item, str(item.get("id", "x-1")), tags or {}, owner(**manifest))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, {}),
        ({"a": "b"}, {"a": "b"}),
        ([{"Key": "a", "Value": "b"}], {"a": "b"}),
        ([{"key": "a", "value": "b"}], {"a": "b"}),
        ([{"TagKey": "a", "TagValue": "b"}], {"a": "b"}),
        ([{"Key": "a"}], {"a": ""}),
    ],
)
def test_tags_of_every_shape(raw: Any, expected: dict[str, str]) -> None:
    assert membership.tags_of(raw) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Cluster": "dyn"}, None),
        (OURS, "Cluster=dyn"),
        ({"Cluster": "dyn", "ManagedBy": "another tool"}, None),
        ({"Cluster": "dyn-2"}, None),
        ({"Blueprint": "dyn", "GithubRepo": "github.com/awslabs/ai-on-eks"}, "Blueprint=dyn"),
        ({"Blueprint": "dyn"}, None),
        ({"kubernetes.io/cluster/dyn": "owned"}, "kubernetes.io/cluster/dyn=owned"),
        ({"kubernetes.io/cluster/dyn": "shared"}, None),
        ({"kubernetes.io/cluster/dyn-2": "owned"}, None),
        ({"eks:eks-cluster-name": "dyn"}, "eks:eks-cluster-name=dyn"),
        ({"aws:eks:cluster-name": "dyn"}, "aws:eks:cluster-name=dyn"),
        ({"eks:cluster-name": "dyn"}, "eks:cluster-name=dyn"),
        ({"elbv2.k8s.aws/cluster": "dyn"}, "elbv2.k8s.aws/cluster=dyn"),
        ({"cluster.k8s.amazonaws.com/name": "dyn"}, "cluster.k8s.amazonaws.com/name=dyn"),
        # Marks of the CSI drivers name no cluster, and who may use a subnet does not own it.
        ({"ebs.csi.aws.com/cluster": "true", "kubernetes.io/created-for/pvc/name": "models"}, None),
        ({"efs.csi.aws.com/cluster": "true"}, None),
        ({"karpenter.sh/discovery": "dyn"}, None),
        ({"karpenter.sh/nodepool": "g5"}, None),
    ],
)
def test_tags_that_name_the_cluster(tags: dict[str, str], expected: str | None) -> None:
    assert membership.tag_reason(tags, "dyn") == expected


def test_what_lies_in_our_vpc_without_marks_is_foreign() -> None:
    found = judge("ec2_instance", {"VpcId": "vpc-ours"})
    assert found == Verdict(False, "vpc=vpc-ours, without a mark of the cluster")
    assert judge("ec2_instance", {"VpcId": "vpc-other"}) is None
    assert judge("security_group", {"VpcId": "vpc-ours", "GroupName": "bastion"}, {"Name": "b"}) == found


def test_what_our_controllers_leave_in_our_vpc_is_ours() -> None:
    interface = {"VpcId": "vpc-ours", "Status": "available", "Description": "aws-K8S-i-0abc"}
    assert judge("network_interface", interface) == Verdict(True, "vpc=vpc-ours")
    assert judge("network_interface", {**interface, "Description": "by hand"}) is not None
    assert judge("network_interface", {**interface, "Description": "by hand"}).owned is False  # type: ignore[union-attr]
    assert judge("security_group", {"VpcId": "vpc-ours", "GroupName": "k8s-traffic-1"}) == Verdict(True, "vpc=vpc-ours")
    assert judge("security_group", {"VpcId": "vpc-given", "GroupName": "k8s-traffic-1"}) is None


def test_marks_of_another_cluster_win_over_the_vpc_and_over_names() -> None:
    group = {"VpcId": "vpc-ours", "GroupName": "eks-cluster-sg-dyn-2-1"}
    found = judge("security_group", group, {"kubernetes.io/cluster/dyn-2": "owned"})
    assert found == Verdict(False, "kubernetes.io/cluster/dyn-2=owned, vpc=vpc-ours")
    assert judge("iam_role", {"id": "dyn-2-us-west-2-core"}, {"Cluster": "dyn-2"}) is None
    both = judge("ebs_volume", {}, {**OURS, "kubernetes.io/cluster/dyn-2": "owned"})
    assert both == Verdict(False, "kubernetes.io/cluster/dyn-2=owned, Cluster=dyn")


def test_a_given_vpc_is_not_ours_and_its_tagged_subnets_are_not_either() -> None:
    assert judge("vpc", {"id": "vpc-1"}, OURS, given_vpc_ids=["vpc-1"]) is None
    assert judge("vpc", {"id": "vpc-1"}, {}, vpc_ids=["vpc-1"]) is None
    shared = {"kubernetes.io/cluster/dyn": "shared", "karpenter.sh/discovery": "dyn"}
    assert judge("subnet", {"id": "subnet-1", "VpcId": "vpc-1"}, shared) is None


def test_a_saved_id_names_exactly_that_resource() -> None:
    assert judge("efs_file_system", {"id": "fs-1"}, efs_ids=["fs-1"]) == Verdict(True, "efs_ids=fs-1")
    assert judge("efs_file_system", {"id": "fs-2"}, efs_ids=["fs-1"]) is None
    taken = judge("efs_file_system", {"id": "fs-1"}, {**OURS, "Cluster": "dyn-2"}, efs_ids=["fs-1"])
    assert taken == Verdict(False, "Cluster=dyn-2, efs_ids=fs-1")


def test_volumes_of_claims_are_known_by_the_saved_names_of_their_pvs() -> None:
    tags = {"ebs.csi.aws.com/cluster": "true", "CSIVolumeName": "pvc-1"}
    item = {"id": "vol-1", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    assert judge("ebs_volume", item, tags) is None
    assert judge("ebs_volume", item, tags, volume_names=["pvc-1"]) == Verdict(True, "volume_names=pvc-1")


def test_names_of_aws_own_making_hold_the_whole_name() -> None:
    assert judge("log_group", {"id": "/aws/eks/dyn/cluster"}) == Verdict(True, "name=/aws/eks/dyn/*")
    assert judge("log_group", {"id": "/aws/eks/dyn-2/cluster"}) is None
    assert judge("ecr_pull_through_rule", {"id": "dyn-ghcr"}) == Verdict(True, "name=dyn-ghcr")
    assert judge("ecr_pull_through_rule", {"id": "dyn-2-ghcr"}) is None


def test_a_cluster_of_the_same_name_in_another_region_keeps_its_roles() -> None:
    tags = OURS
    assert judge("iam_role", {"id": "dyn-us-west-2-core"}, tags) == Verdict(True, "Cluster=dyn")
    assert judge("iam_role", {"id": "dyn-us-east-1-core"}, tags) is None
    assert judge("iam_role", {"id": "dyn-core"}, tags) == Verdict(True, "Cluster=dyn")
    karpenter = {"eks:eks-cluster-name": "dyn", "topology.kubernetes.io/region": "us-east-1"}
    assert judge("instance_profile", {"id": "dyn_123"}, karpenter) is None


def test_profiles_that_karpenter_left_are_found_by_tag_and_by_role() -> None:
    karpenter = {"kubernetes.io/cluster/dyn": "owned", "topology.kubernetes.io/region": "us-west-2"}
    assert judge("instance_profile", {"id": "dyn_123"}, karpenter) == Verdict(True, "kubernetes.io/cluster/dyn=owned")
    by_role = {"id": "123", "Roles": [{"RoleName": "dyn-us-west-2-karp-node"}]}
    assert judge("instance_profile", by_role) == Verdict(True, "iam_role=dyn-us-west-2-karp-node")


def test_the_name_is_a_word_of_the_text() -> None:
    assert owner().named_in("alias/eks/dyn")
    assert owner().named_in("dyn-2-karpenter")  # its tags are asked for, and say whose it is
    assert not owner().named_in("dynamite-karpenter")


def test_the_prefix_of_caches_is_cut_as_terraform_cuts_it() -> None:
    assert membership.cache_prefix("dyn") == "dyn"
    assert membership.cache_prefix("a-cluster-with-a-long-name") == "a-cluster-with-b8bc"
    assert len(membership.cache_prefix("x" * 100) + "-docker-hub") <= 30
