# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Prometheus' text format, and the counter of requests in it."""

from __future__ import annotations

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import metrics

OLD = """
# HELP dynamo_frontend_requests_total Total number of LLM requests processed
# TYPE dynamo_frontend_requests_total counter
dynamo_frontend_requests_total{endpoint="chat_completions",model="qwen/qwen3-0.6b",request_type="stream",status="success"} 2
dynamo_frontend_requests_total{endpoint="chat_completions",model="qwen/qwen3-0.6b",request_type="unary",status="success"} 3
dynamo_frontend_requests_total{endpoint="chat_completions",model="other",request_type="unary",status="success"} 7
dynamo_frontend_requests_total{endpoint="completions",model="qwen/qwen3-0.6b",request_type="unary",status="success"} 11
dynamo_frontend_requests_total{endpoint="chat_completions",model="qwen/qwen3-0.6b",request_type="unary",status="error"} 13
dynamo_component_requests_total{dynamo_component="x"} 17
"""  # noqa: E501  # lines of the format cannot be broken


def test_requests_of_0_4_1() -> None:
    samples = metrics.parse(OLD)
    assert metrics.request_family(samples) == "dynamo_frontend_requests_total"
    assert metrics.served(samples, "Qwen/Qwen3-0.6B") == 5


def test_error_type_of_1_6_1() -> None:
    samples = metrics.parse(OLD.replace("{endpoint", '{error_type="",endpoint'))
    assert metrics.served(samples, "Qwen/Qwen3-0.6B") == 5


def test_other_prefix() -> None:
    samples = metrics.parse(OLD.replace("dynamo_frontend_", "acme_"))
    assert metrics.request_family(samples) == "acme_requests_total"
    assert metrics.served(samples, "Qwen/Qwen3-0.6B") == 5


def test_no_requests_yet() -> None:
    samples = metrics.parse("dynamo_frontend_inflight_requests 0\n")
    assert metrics.request_family(samples) == ""
    assert metrics.served(samples, "m") == 0


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("a 1", ("a", {}, 1.0)),
        ("a{} 1.5e3 1700000000000", ("a", {}, 1500.0)),
        ('a{b="x\\"y\\\\z\\n",c="}"} 2', ("a", {"b": 'x"y\\z\n', "c": "}"}, 2.0)),
        ('a{b="x" , } 3', ("a", {"b": "x"}, 3.0)),
        ("a +Inf", ("a", {}, float("inf"))),
    ],
)
def test_samples(line: str, sample: tuple[str, dict[str, str], float]) -> None:
    assert metrics.parse(line) == [metrics.Sample(*sample)]


@pytest.mark.parametrize("line", ["", "# a 1", "a", "a x", "a{b} 1x", '{"json": 1}', "<html>"])
def test_lines_that_are_no_samples(line: str) -> None:
    assert metrics.parse(line) == []
