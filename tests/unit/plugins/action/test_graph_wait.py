# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of the action graph_wait: fields, failures, one graph or several."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.action import graph_wait as action
from ansible_collections.ai_on_eks.dynamo.plugins.doc_fragments import _cluster
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.finding import Finding, Grace
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.status import GraphView
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.wait import Outcome, Request
from ansible_collections.ai_on_eks.dynamo.plugins.modules import graph_info, graph_wait

REQUEST = Request("dynamo-cloud", ("vllm",), 600.0)
GOOD = Outcome(GraphView("vllm", exists=True, state="successful", ready=True), "ready", seconds=3.14159)
BAD = Outcome(
    GraphView("other", exists=True, state="pending"),
    "failed",
    Finding("image_not_found", "Pod/p", "r/x:9 cannot be pulled.", "Check the image", Grace.NONE),
    ["last line"],
    1.0,
)


def test_one_ready_graph() -> None:
    result = action.summarise(REQUEST, {"vllm": GOOD}, single=True)
    assert (result["ready"], result["state"], result["seconds"], result["diagnosis"]) == (True, "successful", 3.1, {})
    assert "failed" not in result


def test_a_failure_says_cause_and_remedy_and_keeps_everything() -> None:
    result = action.summarise(REQUEST, {"vllm": GOOD, "other": BAD}, single=False)
    assert result["failed"]
    assert not result["ready"]
    assert result["msg"] == (
        "Failed to wait for graph other (gave up after 1 s): image_not_found at Pod/p: r/x:9 cannot be pulled. "
        "Check the image."
    )
    assert [graph["ready"] for graph in result["graphs"]] == [True, False]
    assert result["graphs"][1]["diagnosis"] == {
        "reason": "image_not_found",
        "subject": "Pod/p",
        "message": "r/x:9 cannot be pulled.",
        "next": "Check the image",
        "log": ["last line"],
    }
    assert "state" not in result


def test_a_time_out_without_a_finding_is_still_a_sentence() -> None:
    outcome = Outcome(GraphView("vllm", exists=True), "timeout", seconds=600.0)
    result = action.summarise(REQUEST, {"vllm": outcome}, single=True)
    assert result["msg"].startswith("Failed to wait for graph vllm: not ready")
    assert "time-out of 600 s" in result["msg"]


@pytest.mark.parametrize(("module", "arguments"), [(graph_wait, action.ARGUMENTS), (graph_info, graph_info.ARGUMENTS)])
def test_the_documentation_has_the_same_options(module: t.Any, arguments: dict[str, t.Any]) -> None:
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    documented |= yaml.safe_load(_cluster.ModuleDocFragment.DOCUMENTATION)["options"]
    assert sorted(documented) == sorted(arguments)
    for name, option in arguments.items():
        keys = ("type", "default", "choices", "required", "elements")
        assert {key: documented[name].get(key) for key in keys} == {key: option.get(key) for key in keys}
