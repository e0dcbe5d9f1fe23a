# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.policy import (
    ANY_RESOURCE,
    NO_RESOURCE,
    Decision,
    Request,
    conditions_hold,
    denies,
    evaluate,
    like,
    trusts,
)

ROLE = "arn:aws:iam::123456789012:role/dyn-node"


def allow(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **statement}]}


def deny(**statement: Any) -> dict[str, Any]:
    return allow(**{"Effect": "Deny", **statement})


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("ec2:Describe*", "ec2:DescribeVpcs", True),
        ("ec2:Describe*", "ec2:CreateVpc", False),
        ("arn:aws:iam::*:role/dyn-*", ROLE, True),
        ("arn:aws:iam::*:role/dyn-?", ROLE, False),
        ("a.c", "abc", False),
        ("*", "anything\nat all", True),
    ],
)
def test_like(pattern: str, value: str, matches: bool) -> None:
    assert like(pattern, value) is matches


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], Decision.IMPLICIT_DENY),
        ([allow(Action="iam:GetRole")], Decision.ALLOW),
        ([allow(Action=["IAM:getrole"])], Decision.ALLOW),
        ([allow(Action="iam:PassRole")], Decision.IMPLICIT_DENY),
        ([allow(NotAction="iam:*")], Decision.IMPLICIT_DENY),
        ([allow(Resource="arn:aws:iam::*:role/other")], Decision.IMPLICIT_DENY),
        ([allow(NotResource="arn:aws:iam::*:role/other")], Decision.ALLOW),
        ([allow(), deny(Action="iam:GetRole")], Decision.EXPLICIT_DENY),
        ([deny(Resource="arn:aws:iam::*:role/other"), allow()], Decision.ALLOW),
    ],
)
def test_evaluate(documents: list[dict[str, Any]], expected: Decision) -> None:
    assert evaluate(documents, Request("iam:GetRole", ROLE)) is expected


def test_single_statement_need_not_stand_in_a_list() -> None:
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}
    assert evaluate([document], Request("sqs:SendMessage", NO_RESOURCE)) is Decision.ALLOW


def test_actions_without_resources_need_a_star() -> None:
    narrow = allow(Action="ec2:DescribeVpcs", Resource="arn:aws:ec2:*:*:vpc/*")
    assert evaluate([narrow], Request("ec2:DescribeVpcs", NO_RESOURCE)) is Decision.IMPLICIT_DENY


def test_an_unknown_resource_is_allowed_by_any_pattern_but_denied_only_by_a_star() -> None:
    request = Request("elasticache:CreateCacheCluster", ANY_RESOURCE)
    assert evaluate([allow(Resource="arn:aws:elasticache:*:*:cluster/x")], request) is Decision.ALLOW
    assert evaluate([allow(), deny(Resource="arn:aws:elasticache:*:*:cluster/x")], request) is Decision.ALLOW
    assert evaluate([allow(), deny()], request) is Decision.EXPLICIT_DENY


def test_policy_variables() -> None:
    document = allow(Resource="arn:aws:s3:::bucket/${aws:username}/*")
    keys = {"aws:username": ["ann"]}
    assert evaluate([document], Request("s3:GetObject", "arn:aws:s3:::bucket/ann/x", keys)) is Decision.ALLOW
    assert evaluate([document], Request("s3:GetObject", "arn:aws:s3:::bucket/bob/x", keys)) is Decision.IMPLICIT_DENY
    assert evaluate([document], Request("s3:GetObject", "arn:aws:s3:::bucket//x")) is Decision.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("operator", "expected", "actual", "holds"),
    [
        ("StringEquals", "owned", ["owned"], True),
        ("StringEquals", "own*", ["owned"], False),
        ("StringLike", "own*", ["owned"], True),
        ("StringEquals", "owned", None, False),
        ("StringEqualsIfExists", "owned", None, True),
        ("StringNotEquals", "owned", None, True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAnyValue:StringEquals", ["a"], ["b", "a"], True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("Null", "true", None, True),
        ("Null", "false", ["x"], True),
        ("Null", "true", ["x"], False),
        ("Bool", "true", ["true"], True),
        ("Bool", True, ["false"], False),
        ("NumericLessThan", "10", ["9"], True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", ["2026-02-01T00:00:00Z"], True),
        ("IpAddress", "10.0.0.0/8", ["10.1.2.3"], True),
        ("NotIpAddress", "10.0.0.0/8", ["10.1.2.3"], False),
        ("ArnLike", "arn:aws:iam::*:role/dyn-*", [ROLE], True),
    ],
)
def test_conditions(operator: str, expected: Any, actual: list[str] | None, holds: bool) -> None:
    keys = {} if actual is None else {"aws:key": actual}
    assert conditions_hold({operator: {"aws:Key": expected}}, keys) is holds


def test_an_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="no condition operator StringIs"):
        conditions_hold({"StringIs": {"aws:Key": "x"}}, {"aws:key": ["x"]})


def test_trust() -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
    assert trusts(document, "sts:AssumeRole", "Service", ["pods.eks.amazonaws.com"])
    assert not trusts(document, "sts:AssumeRoleWithWebIdentity", "Service", ["pods.eks.amazonaws.com"])
    assert not trusts(document, "sts:AssumeRole", "Service", ["ec2.amazonaws.com"])
    assert not trusts(document, "sts:AssumeRole", "AWS", ["pods.eks.amazonaws.com"])


@pytest.mark.parametrize(("transport", "denied"), [("true", False), ("false", True)])
def test_a_buckets_policy_denies_by_condition(transport: str, denied: bool) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::models/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    request = Request("s3:PutObject", "arn:aws:s3:::models/a", {"aws:securetransport": [transport]})
    assert denies({"Statement": statement}, request, ["arn:aws:iam::1:user/a"]) is denied
