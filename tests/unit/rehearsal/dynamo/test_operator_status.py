# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Status of component deployments and graphs, and the steps of a rolling update."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.dynamo.operator import rollout, status

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"


def deployment(wanted: int = 1, available: int = 1, observed: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"generation": 1},
        "spec": {"replicas": wanted},
        "status": {
            "observedGeneration": observed,
            "replicas": wanted,
            "updatedReplicas": available,
            "readyReplicas": available,
            "availableReplicas": available,
            "conditions": [{"type": "Available", "status": "True" if available >= wanted else "False"}],
        },
    }


@pytest.mark.parametrize(
    ("found", "ready"),
    [
        (None, False),
        (deployment(), True),
        (deployment(2, 1), False),
        (deployment(0, 0), True),
        (deployment(observed=0), False),
    ],
)
def test_deployment_ready(found: dict[str, Any] | None, ready: bool) -> None:
    assert status.deployment_ready(found) is ready


def component(**extra: Any) -> dict[str, Any]:
    return {"metadata": {"name": "g-worker", "generation": 2}, "spec": {}, **extra}


def test_component_goes_from_unknown_to_ready() -> None:
    first = component(status={"conditions": status.starting_conditions(component(), NOW)})
    assert {item["status"] for item in first["status"]["conditions"]} == {"Unknown"}
    waiting = component(status=status.component_status(first, deployment(available=0), "", NOW))
    assert [item["reason"] for item in waiting["status"]["conditions"]] == ["DeploymentNotReady", "ComponentNotReady"]
    done = status.component_status(waiting, deployment(), "", LATER)
    assert [(item["status"], item["reason"]) for item in done["conditions"]] == [
        ("True", "DeploymentReady"),
        ("True", "ComponentReady"),
    ]
    assert {item["lastTransitionTime"] for item in done["conditions"]} == {LATER}
    assert done["observedGeneration"] == 2
    assert done["component"]["readyReplicas"] == 1
    again = status.component_status(component(status=done), deployment(), "", "2026-01-01T00:02:00Z")
    assert again == done


def test_component_tells_why_it_failed() -> None:
    found = status.component_status(component(), None, "create or update deployment: no", NOW)
    assert status.condition(found["conditions"], "Available") == {
        "type": "Available",
        "status": "False",
        "reason": "Reconciling",
        "message": "Failed to reconcile DynamoComponentDeployment: create or update deployment: no",
        "observedGeneration": 2,
        "lastTransitionTime": NOW,
    }


def test_not_ready_reasons() -> None:
    assert status.not_ready_reason(None, "x") == "x: resource not found"
    assert status.not_ready_reason(component(), "x") == (
        "x: spec not yet processed: generation=2, observedGeneration=0"
    )
    seen = component(status={"observedGeneration": 2, "conditions": [{"type": "Available", "status": "False"}]})
    assert status.not_ready_reason(seen, "x") == "x: Component deployment not ready - Available condition not true"
    seen["status"]["conditions"][0]["status"] = "True"
    assert status.not_ready_reason(seen, "x") == ""


def test_summary() -> None:
    assert status.summary(["", ""], rolling=False) == (
        "successful",
        "all_resources_are_ready",
        "All resources are ready",
    )
    assert status.summary(["a: b", "", "c: d"], rolling=False) == (
        "pending",
        "some_resources_are_not_ready",
        "Resources not ready: a: b; c: d",
    )
    assert status.summary([""], rolling=True)[:2] == ("pending", "rolling_update_in_progress")


def test_graph_status_keeps_what_it_does_not_set() -> None:
    graph = {"metadata": {"generation": 3}, "status": {"rollingUpdate": {"phase": "Completed"}}}
    found = status.graph_status(graph, state="successful", reason="all_resources_are_ready", message="m", now=NOW)
    assert found["rollingUpdate"] == {"phase": "Completed"}
    assert found["observedGeneration"] == 3
    assert status.condition(found["conditions"], "Ready")["observedGeneration"] == 3


@pytest.mark.parametrize(
    ("wanted", "ready", "old", "new", "left", "done"),
    [
        (3, 0, {"a": 3}, 1, {"a": 3}, False),
        (3, 1, {"a": 3}, 2, {"a": 2}, False),
        (3, 2, {"a": 2}, 3, {"a": 1}, False),
        (3, 3, {"a": 1}, 3, {"a": 0}, True),
        (0, 0, {"a": 2}, 0, {"a": 0}, True),
        (2, 1, {"older": 1, "newer": 2}, 2, {"older": 0, "newer": 1}, False),
    ],
)
def test_rollout_step(wanted: int, ready: int, old: dict[str, int], new: int, left: dict[str, int], done: bool) -> None:
    step = rollout.plan(wanted, ready, old)
    assert (step.new, step.old, step.done) == (new, left, done)


@given(wanted=st.integers(0, 8), old=st.integers(0, 8))
def test_rollout_always_ends_and_never_drops_below_what_was_wanted(wanted: int, old: int) -> None:
    present = {"a": old}
    ready = 0
    for _ in range(wanted + 2):
        step = rollout.plan(wanted, ready, present)
        assert step.old["a"] + ready >= min(wanted, old + ready)
        assert step.new <= wanted
        present, ready = step.old, step.new
        if step.done:
            break
    assert step.done
    assert present == {"a": 0}
