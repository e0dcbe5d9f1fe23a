# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of kinds: real calls, real parameters, an order without circles, and what IAM calls it all."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import jmespath
import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import kinds, order, steps
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.kind import Kind

ROOT = Path(__file__).resolve().parents[5]
POLICIES: dict[str, Any] = json.loads((ROOT / "docs" / "iam" / "installer-policy.json").read_text(encoding="utf-8"))


@cache
def client(service: str) -> Any:
    return boto3.client(service, region_name="us-west-2", aws_access_key_id="x", aws_secret_access_key="x")


def members(service: str, operation: str) -> dict[str, Any]:
    """The parameters of an operation, by name."""
    aws = client(service)
    model = aws.meta.service_model.operation_model(aws.meta.method_to_api_mapping[operation])
    return dict(model.input_shape.members) if model.input_shape else {}


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.name)
def test_a_kind_names_real_calls_with_real_parameters(kind: Kind) -> None:
    assert set(kind.parameters) <= set(members(kind.client, kind.operation))
    if kind.tagging:
        asked = {kind.tagging.parameter, *kind.tagging.parameters}
        assert asked <= set(members(kind.client, kind.tagging.operation))
    if kind.detail:
        asked = {kind.detail.parameter, *([kind.detail.parent] if kind.detail.parent else [])}
        assert asked <= set(members(kind.client, kind.detail.operation))
    if kind.removal:
        known = members(kind.client, kind.removal.operation)
        parent = [kind.removal.parent] if kind.removal.parent else []
        assert {kind.removal.parameter, *kind.removal.parameters, *parent} <= set(known)
        assert (known[kind.removal.parameter].type_name == "list") is kind.removal.as_list


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.name)
def test_expressions_can_be_read(kind: Kind) -> None:
    expressions = [kind.items, kind.id, kind.tags, kind.live, kind.pending, kind.marks]
    expressions += [path for path, _key in kind.relations]
    if kind.removal:
        expressions += [kind.removal.value, kind.removal.ready, kind.removal.going, kind.removal.failures]
    for expression in filter(None, expressions):
        jmespath.compile(expression)


def test_names_are_unique_and_what_a_kind_needs_exists() -> None:
    assert len(kinds.BY_NAME) == len(kinds.KINDS) >= 60
    for kind in kinds.KINDS:
        assert kind.needs() <= set(kinds.BY_NAME)
        if kind.removal:
            assert set(kind.removal.after) <= set(kinds.BY_NAME)
            assert set(kind.removal.steps) <= set(steps.STEPS)
    assert set(steps.STEPS) == set(steps.OPERATIONS)


def test_what_is_needed_comes_before() -> None:
    names = [kind.name for kind in kinds.with_needed([kinds.BY_NAME["fast_snapshot_restore"]])]
    assert names == ["ebs_snapshot", "fast_snapshot_restore"]


def test_every_kind_is_removed_after_what_must_go_before_it() -> None:
    found = order.order()
    assert set(found) == {kind.name for kind in kinds.KINDS if kind.removal}
    for first, then in (
        ("eks_nodegroup", "ec2_instance"),
        ("ec2_instance", "eks_cluster"),
        ("eks_cluster", "log_group"),
        ("load_balancer", "security_group"),
        ("network_interface", "subnet"),
        ("nat_gateway", "elastic_ip"),
        ("elastic_ip", "internet_gateway"),
        ("subnet", "vpc"),
        ("efs_mount_target", "efs_file_system"),
        ("ami", "ebs_snapshot"),
        ("iam_role", "iam_policy"),
        ("log_group", "kms_key"),
    ):
        assert found.index(first) < found.index(then), (first, then)


def test_reservations_and_domains_are_never_removed() -> None:
    assert [kind.name for kind in kinds.KINDS if kind.removal is None] == ["capacity_reservation", "hosted_zone"]


def test_groups_and_kinds_can_be_kept_and_nothing_else() -> None:
    assert kinds.expand(["logs", "secret"]) == {"log_group", "secret"}
    assert {name for group in kinds.GROUPS.values() for name in group} <= set(kinds.BY_NAME)
    with pytest.raises(ValueError, match="log_groups"):
        kinds.expand(["log_groups"])


def test_actions_are_iam_actions() -> None:
    found = kinds.actions()
    for action in (
        "ec2:DescribeInstances",
        "elasticloadbalancing:DescribeTags",
        "elasticfilesystem:DescribeMountTargets",
        "s3:ListAllMyBuckets",
        "iam:ListOpenIDConnectProviders",
        "tag:GetResources",
        "eks:DescribeNodegroup",
    ):
        assert action in found
    removing = kinds.removal_actions()
    assert {"s3:DeleteObjectVersion", "elasticfilesystem:DeleteMountTarget", "iam:DetachRolePolicy"} <= set(removing)
    assert not [action for action in found + removing if action.split(":")[0] in ("efs", "elb", "elbv2", "amp")]


def test_the_documentation_has_every_kind_and_every_group() -> None:
    text = (ROOT / "docs" / "leftovers.md").read_text(encoding="utf-8")
    assert [name for name in (*kinds.BY_NAME, *kinds.GROUPS) if f"`{name}`" not in text] == []


def allowed() -> set[str]:
    return {
        action
        for document in POLICIES.values()
        for statement in document["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def test_the_published_policy_allows_a_complete_scan() -> None:
    assert set(kinds.actions()) - allowed() == set()


def test_the_published_policy_allows_a_complete_sweep() -> None:
    assert set(kinds.removal_actions()) - allowed() == set()
