# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Leftovers: who owns what, what a scan calls, what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import finder, kinds, membership, prices


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
        ({"Cluster": "dyn"}, "Cluster=dyn"),
        ({"Cluster": "dyn-2"}, None),
        ({"kubernetes.io/cluster/dyn": "owned"}, "kubernetes.io/cluster/dyn=owned"),
        ({"kubernetes.io/cluster/dyn": "shared"}, None),
        ({"kubernetes.io/cluster/dyn-2": "owned"}, None),
        ({"aws:eks:cluster-name": "dyn"}, "aws:eks:cluster-name=dyn"),
        ({"ebs.csi.aws.com/cluster": "true"}, None),
    ],
)
def test_tag_reason(tags: dict[str, str], expected: str | None) -> None:
    assert membership.tag_reason(tags, "dyn") == expected


def test_relation_needs_a_saved_id() -> None:
    assert membership.relation_reason([("vpc_ids", "vpc-1")], {"vpc_ids": ["vpc-1"]}) == "vpc_ids=vpc-1"
    assert membership.relation_reason([("vpc_ids", ["vpc-2", "vpc-1"])], {"vpc_ids": ["vpc-1"]}) == "vpc_ids=vpc-1"
    assert membership.relation_reason([("vpc_ids", "vpc-1")], {}) is None
    assert membership.relation_reason([("vpc_ids", None)], {"vpc_ids": [None]}) is None


def test_prices() -> None:
    assert prices.monthly_usd("eks_cluster", {}) == 73.0
    assert prices.monthly_usd("ebs_volume", {"Size": 100}) == 8.0
    assert prices.monthly_usd("ec2_instance", {"InstanceType": "g5.2xlarge"}) == round(1.212 * 730, 2)
    assert prices.monthly_usd("ec2_instance", {"InstanceType": "x9.huge"}) is None
    assert prices.monthly_usd("security_group", {}) == 0.0


def test_every_kind_names_a_real_call_and_a_unique_name() -> None:
    import boto3

    assert len(kinds.BY_NAME) == len(kinds.KINDS) >= 35
    for kind in kinds.KINDS:
        client = boto3.client(kind.client, region_name="us-west-2", aws_access_key_id="x", aws_secret_access_key="x")
        for operation in filter(None, (kind.operation, kind.tag_operation, kind.detail[0])):
            assert hasattr(client, operation), (kind.name, operation)


def test_actions_are_iam_actions() -> None:
    found = kinds.actions()
    assert "ec2:DescribeInstances" in found
    assert "elasticloadbalancing:DescribeTags" in found
    assert "elasticfilesystem:DescribeFileSystems" in found
    assert "s3:ListAllMyBuckets" in found
    assert "iam:ListOpenIDConnectProviders" in found
    assert not [action for action in found if action.split(":")[0] in ("efs", "elb", "elbv2", "amp")]


class _Events:
    def register(self, _name: str, _handler: Any) -> None:
        """Requests of a fake are not counted."""


class _Meta:
    events = _Events()


class FakeClient:
    """Answers from a dict of operation → answer or function; counts calls."""

    meta = _Meta()

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def can_paginate(self, _operation: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append((operation, parameters))
            answer = self.answers[operation]
            return answer(**parameters) if callable(answer) else answer

        return call


def scan(kind: str, answers: dict[str, Any], manifest: dict[str, Any] | None = None) -> tuple[finder.Scan, FakeClient]:
    client = FakeClient(answers)
    return finder.find(lambda _service: client, "dyn", "us-west-2", manifest or {}, [kinds.BY_NAME[kind]]), client


def test_terminated_instances_are_gone_and_foreign_ones_stay() -> None:
    instances = [
        {
            "InstanceId": "i-1",
            "InstanceType": "g5.2xlarge",
            "State": {"Name": "running"},
            "Tags": [{"Key": "Cluster", "Value": "dyn"}],
        },
        {"InstanceId": "i-2", "State": {"Name": "terminated"}, "Tags": [{"Key": "Cluster", "Value": "dyn"}]},
        {"InstanceId": "i-3", "State": {"Name": "running"}, "Tags": [{"Key": "Cluster", "Value": "dyn-2"}]},
        {"InstanceId": "i-4", "State": {"Name": "running"}, "VpcId": "vpc-1"},
    ]
    found, _ = scan(
        "ec2_instance", {"describe_instances": {"Reservations": [{"Instances": instances}]}}, {"vpc_ids": ["vpc-1"]}
    )
    assert [(item.id, item.reason) for item in found.leftovers] == [("i-1", "Cluster=dyn"), ("i-4", "vpc_ids=vpc-1")]


def test_tags_are_asked_only_for_names_that_contain_the_cluster() -> None:
    tags = {"dyn-karpenter": "dyn", "dyn-2-karpenter": "dyn-2"}
    roles = [{"RoleName": name} for name in [*tags, *(f"other-{i}" for i in range(1000))]]
    found, client = scan(
        "iam_role",
        {
            "list_roles": {"Roles": roles},
            "list_role_tags": lambda RoleName: {"Tags": [{"Key": "Cluster", "Value": tags[RoleName]}]},
        },
    )
    assert [item.id for item in found.leftovers] == ["dyn-karpenter"]
    assert found.leftovers[0].region == "global"
    assert len(client.calls) == 3


def test_a_kind_that_may_not_be_read_is_reported_not_hidden() -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListQueues")

    found, _ = scan("sqs_queue", {"list_queues": refuse})
    assert found.leftovers == []
    assert found.kinds_checked == []
    assert found.errors[0]["kind"] == "sqs_queue"
    assert "AccessDenied" in found.errors[0]["error"]


def test_a_key_that_waits_for_deletion_is_pending_and_free() -> None:
    found, _ = scan(
        "kms_key",
        {
            "list_keys": {"Keys": [{"KeyId": "k-1"}, {"KeyId": "k-2"}]},
            "describe_key": lambda KeyId: {"KeyMetadata": {"KeyId": KeyId, "KeyState": "PendingDeletion"}},
        },
        {"kms_key_ids": ["k-1"]},
    )
    assert [(item.id, item.pending, item.monthly_usd) for item in found.leftovers] == [("k-1", True, 0.0)]


def test_log_groups_by_exact_beginning() -> None:
    groups = [
        {"logGroupName": name} for name in ("/aws/eks/dyn/cluster", "/aws/eks/dyn-2/cluster", "/aws/eks/dynamo/cluster")
    ]
    found, _ = scan("log_group", {"describe_log_groups": {"logGroups": groups}})
    assert [item.id for item in found.leftovers] == ["/aws/eks/dyn/cluster"]


def test_load_balancers_ask_tags_in_batches() -> None:
    balancers = [{"LoadBalancerArn": f"arn:lb/dyn-{i}"} for i in range(45)]
    found, client = scan(
        "load_balancer",
        {
            "describe_load_balancers": {"LoadBalancers": balancers},
            "describe_tags": lambda ResourceArns: {
                "TagDescriptions": [
                    {"ResourceArn": arn, "Tags": [{"Key": "elbv2.k8s.aws/cluster", "Value": "dyn"}]}
                    for arn in ResourceArns
                ]
            },
        },
    )
    assert len(found.leftovers) == 45
    assert [operation for operation, _ in client.calls].count("describe_tags") == 3


def test_the_published_policy_allows_a_complete_scan() -> None:
    import json
    from pathlib import Path

    documents = json.loads((Path(__file__).resolve().parents[4] / "docs" / "iam" / "installer-policy.json").read_text())
    allowed = {
        action
        for document in documents.values()
        for statement in document["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert set(kinds.actions()) - allowed == set()
