# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The journey's judgement: any deviation is one."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal import journey


def ledger(changed: int) -> dict[str, Any]:
    return {"changed": changed, "stages": [{"name": "karpenter_gpu", "changed": changed}]}


def stage(name: str) -> journey.Stage:
    return next(stage for stage in journey.stages(["hello-world", "vllm"]) if stage.name == name)


def test_the_six_playbooks_are_run_and_install_twice() -> None:
    files = [stage.arguments[0] for stage in journey.stages(["vllm"])]
    assert files == [
        "install.yml",
        "deploy.yml",
        "smoketest.yml",
        "status.yml",
        "install.yml",
        "remove.yml",
        "cleanup.yml",
    ]
    assert stage("deploy").arguments[-1] == "example=hello-world,vllm"


def test_a_profile_is_told_to_every_playbook_and_an_update_is_a_second_deployment() -> None:
    listed = journey.stages(["vllm"], "guide", update=True)
    assert all(stage.arguments[-1] == "profile=guide" for stage in listed)
    assert [stage.name for stage in listed][1:4] == ["deploy", "update", "smoketest"]
    assert "max_model_len=4096" in listed[2].arguments


def test_examples_come_in_groups() -> None:
    listed = journey.stages(["a", "b", "c"], at_once=2)
    names = [stage.name for stage in listed]
    group = ["deploy", "smoketest", "remove"]
    assert names == ["install", *group, *group[:2], "status", "install again", "remove", "cleanup"]
    assert [stage.examples for stage in listed if stage.name == "smoketest"] == [("a", "b"), ("c",)]
    assert [stage.arguments[-1] for stage in listed if stage.name == "remove"] == ["example=a,b", "example=c"]


@pytest.mark.parametrize(
    ("name", "code", "found", "wrong"),
    [
        ("install", 0, ledger(40), []),
        ("install", 2, ledger(3), ["exit code 2"]),
        ("install", 0, None, ["no ledger was written"]),
        ("install again", 0, ledger(0), []),
        ("install again", 0, ledger(1), ["changed=1, must be 0 (karpenter_gpu)"]),
    ],
)
def test_a_stage_is_judged(name: str, code: int, found: dict[str, Any] | None, wrong: list[str]) -> None:
    assert journey.judge(stage(name), 1.0, code, found).deviations == wrong


def test_every_example_must_have_passed() -> None:
    reports: dict[str, dict[str, Any]] = {
        "vllm": {"passed": True, "answer": "Hello", "checks": []},
        "sglang": {"passed": False, "checks": [{"name": "chat", "result": "failed", "reason": "HTTP 500"}]},
    }
    assert journey.judge_smoke_reports(reports, ["vllm", "sglang", "trtllm"]) == [
        "sglang: chat (HTTP 500)",
        "trtllm: the smoke test wrote no report",
    ]
    assert journey.answers(reports) == {"vllm": "Hello"}


def test_what_is_left_is_named() -> None:
    assert journey.judge_inventory({"vpc": ["vpc-1"], "role": []}) == ["vpc left in the account: vpc-1"]


def test_node_claims_are_rows() -> None:
    item = {
        "metadata": {
            "name": "g5-abc",
            "labels": {
                "karpenter.sh/nodepool": "g5-gpu-karpenter",
                "node.kubernetes.io/instance-type": "g5.2xlarge",
                "karpenter.sh/capacity-type": "on-demand",
                "topology.kubernetes.io/zone": "us-west-2a",
            },
        },
        "status": {"nodeName": "ip-10-0-0-1"},
    }
    assert journey.node_claims([item]) == [
        ["g5-abc", "g5-gpu-karpenter", "g5.2xlarge", "on-demand", "us-west-2a", "ip-10-0-0-1"]
    ]
    assert journey.node_claims([{"metadata": {"name": "new"}}]) == [["new", "", "", "", "", ""]]


def test_the_page_shows_stages_answers_and_deviations() -> None:
    outcomes = [journey.Outcome("install", 61.25, 40), journey.Outcome("deploy", 5, None, ["exit code 2"])]
    text = journey.page(outcomes, {"vllm": "Hello"}, [], None, ["deploy: exit code 2"])
    assert text.splitlines()[:5] == [
        "stage    seconds  changed  result",
        "-------  -------  -------  -----------",
        "install     61.2       40  ok",
        "deploy       5.0        -  exit code 2",
        "total       66.2",
    ]
    assert "vllm answered: Hello" in text
    assert "leftovers: not counted" in text
    assert text.endswith("Deviations:\n  deploy: exit code 2")
    assert journey.page(outcomes, {}, [], 0, []).endswith("As it must be.")
