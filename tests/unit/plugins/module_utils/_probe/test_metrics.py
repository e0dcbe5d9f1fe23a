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
    assert metrics.counters(samples, "Qwen/Qwen3-0.6B")["requests"].value == 5


def test_error_type_of_1_6_1() -> None:
    samples = metrics.parse(OLD.replace("{endpoint", '{error_type="",endpoint'))
    assert metrics.counters(samples, "Qwen/Qwen3-0.6B")["requests"].value == 5


def test_other_prefix() -> None:
    samples = metrics.parse(OLD.replace("dynamo_frontend_", "acme_"))
    assert metrics.request_family(samples) == "acme_requests_total"
    assert metrics.counters(samples, "Qwen/Qwen3-0.6B")["requests"].value == 5


def test_no_requests_yet() -> None:
    samples = metrics.parse("dynamo_frontend_inflight_requests 0\n")
    assert metrics.request_family(samples) == ""
    assert metrics.counters(samples, "m") == {}


def test_tokens_and_gauge_of_dynamo() -> None:
    more = """
dynamo_frontend_input_sequence_tokens_sum{model="qwen/qwen3-0.6b"} 100
dynamo_frontend_output_sequence_tokens_sum{model="qwen/qwen3-0.6b"} 40
dynamo_frontend_inflight_requests{model="qwen/qwen3-0.6b"} 2
dynamo_frontend_inflight_requests{model="other"} 3
"""
    samples = metrics.parse(OLD + more)
    values = {kind: counter.value for kind, counter in metrics.counters(samples, "Qwen/Qwen3-0.6B").items()}
    assert values == {"requests": 5, "prompt_tokens": 100, "completion_tokens": 40}
    assert metrics.gauge(samples, "Qwen/Qwen3-0.6B") == metrics.Counter("dynamo_frontend_inflight_requests", 2)
    newer = metrics.parse(f'{OLD}{more}dynamo_frontend_active_requests{{model="Qwen/Qwen3-0.6B"}} 1\n')
    assert metrics.gauge(newer, "Qwen/Qwen3-0.6B") == metrics.Counter("dynamo_frontend_active_requests", 1)


def test_counters_of_other_servers() -> None:
    vllm = """
vllm:request_success_total{engine="0",finished_reason="stop",model_name="m"} 2
vllm:request_success_total{engine="0",finished_reason="length",model_name="m"} 3
vllm:prompt_tokens_total{model_name="m"} 50
vllm:generation_tokens_total{model_name="m"} 20
vllm:num_requests_running{model_name="m"} 1
"""
    samples = metrics.parse(vllm)
    assert {kind: c.value for kind, c in metrics.counters(samples, "m").items()} == {
        "requests": 5,
        "prompt_tokens": 50,
        "completion_tokens": 20,
    }
    assert metrics.gauge(samples, "m") == metrics.Counter("vllm:num_requests_running", 1)
    llama = metrics.parse("llamacpp:prompt_tokens_total 7\nllamacpp:tokens_predicted_total 8\n")
    assert {kind: c.value for kind, c in metrics.counters(llama, "m").items()} == {
        "computed_tokens": 7,
        "completion_tokens": 8,
    }
    assert metrics.gauge(llama, "m") is None


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
