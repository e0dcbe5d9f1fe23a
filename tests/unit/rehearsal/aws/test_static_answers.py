# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Which questions have an answer that can be kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rehearsal.aws.static_answers import StaticAnswers


def call(action: str, region: str = "us-west-2", **params: Any) -> Any:
    return SimpleNamespace(service="ec2", action=action, region=region, params=params)


def test_only_offers_are_static() -> None:
    assert StaticAnswers.key(call("DescribeInstances")) is None
    assert StaticAnswers.key(call("DescribeInstanceTypes")) is not None
    assert StaticAnswers.key(call("DescribeInstanceTypes", DryRun=True)) is None


def test_the_question_counts_not_when_it_was_asked() -> None:
    first = StaticAnswers.key(call("DescribeSpotPriceHistory", StartTime="1", InstanceTypes=["g5.xlarge"]))
    assert first == StaticAnswers.key(call("DescribeSpotPriceHistory", StartTime="2", InstanceTypes=["g5.xlarge"]))
    assert first != StaticAnswers.key(call("DescribeSpotPriceHistory", InstanceTypes=["g6.xlarge"]))
    assert first != StaticAnswers.key(call("DescribeSpotPriceHistory", region="eu-west-1", InstanceTypes=["g5.xlarge"]))


def test_errors_are_not_kept() -> None:
    answers = StaticAnswers()
    answers.keep("q", (400, {}, b"bad"))
    assert answers.get("q") is None
    answers.keep("q", (200, {}, b"good"))
    assert answers.get("q") == (200, {}, b"good")
    assert answers.get(None) is None
