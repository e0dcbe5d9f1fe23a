# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Is a graph ready? Each generation of the operator, stale states, rolls, and what belongs to a graph."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.status import judge

from . import world


def test_ready() -> None:
    view = judge(world.snapshot(*world.healthy(), DynamoGraphDeployment=[world.graph()]), "vllm")
    assert view.ready
    assert [(entry.name, entry.ready, entry.replicas, entry.current) for entry in view.components] == [
        ("Frontend", 1, 1, True),
        ("VllmWorker", 1, 1, True),
    ]
    assert sorted(pod.component for pod in view.pods) == ["Frontend", "VllmWorker"]


def test_no_graph() -> None:
    view = judge(world.snapshot(), "vllm")
    assert (view.exists, view.ready, view.state) == (False, False, "absent")


def changed(path: str, value: t.Any) -> dict[str, t.Any]:
    found: t.Any = world.graph()
    inner = found
    *way, last = path.split(".")
    for step in way:
        inner = inner[int(step) if step.isdigit() else step]
    inner[last] = value
    return t.cast("dict[str, t.Any]", found)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status.state", "pending"),
        ("status.state", "failed"),
        ("status.conditions.0.status", "False"),
        ("metadata.generation", 2),  # edited, and the operator has not looked yet
        ("status.conditions.0.observedGeneration", 0),
        ("metadata.deletionTimestamp", "2026-11-25T20:00:00Z"),
        ("status", {}),
    ],
)
def test_not_ready_although_all_pods_are(path: str, value: t.Any) -> None:
    graph = changed(path, value)
    assert not judge(world.snapshot(*world.healthy(), DynamoGraphDeployment=[graph]), "vllm").ready


@pytest.mark.parametrize(
    "change",
    [
        {"observedGeneration": 0},
        {"availableReplicas": 0},
        {"updatedReplicas": 0},
        {"replicas": 2},  # a pod of the older template is still there
    ],
)
def test_not_ready_although_the_operator_says_so(change: dict[str, int]) -> None:
    parts = world.healthy()
    parts[1]["Deployment"][0]["status"].update(change)
    assert not judge(world.snapshot(*parts, DynamoGraphDeployment=[world.graph()]), "vllm").ready


def test_two_worker_generations_are_not_current() -> None:
    parts = [*world.healthy(), world.chain("vllm", "vllm-vllmworker-00000000", "VllmWorker")]
    view = judge(world.snapshot(*parts, DynamoGraphDeployment=[world.graph()]), "vllm")
    assert not view.ready
    assert view.components[1].deployments == ("vllm-vllmworker-dfce81a3", "vllm-vllmworker-00000000")


def test_a_roll_is_named_and_no_outage() -> None:
    graph = world.graph(ready=False)
    graph["status"]["rollingUpdate"] = {"phase": "InProgress", "updatedComponents": ["VllmWorker"]}
    view = judge(world.snapshot(*world.healthy(), DynamoGraphDeployment=[graph]), "vllm")
    assert "rolling update in progress (done: VllmWorker)" in view.rolling
    assert not view.ready


def test_components_without_a_deployment_are_missing() -> None:
    view = judge(world.snapshot(world.healthy()[0], DynamoGraphDeployment=[world.graph()]), "vllm")
    assert not view.ready
    assert (view.components[1].ready, view.components[1].current) == (0, False)


def test_another_graph_with_a_longer_name_does_not_count() -> None:
    other = world.chain("vllm-disagg", "vllm-disagg-frontend", "Frontend", ready=0)
    view = judge(world.snapshot(*world.healthy(), other, DynamoGraphDeployment=[world.graph()]), "vllm")
    assert view.ready
    assert all(not pod.name.startswith("vllm-disagg") for pod in view.pods)


def test_scaled_to_zero_is_ready() -> None:
    parts = [
        world.chain("vllm", "vllm-frontend", "Frontend"),
        world.chain("vllm", "vllm-w", "VllmWorker", 0),
    ]
    graph = world.graph(components=[("Frontend", 1), ("VllmWorker", 0)])
    assert judge(world.snapshot(*parts, DynamoGraphDeployment=[graph]), "vllm").ready


def test_grove_has_no_deployments() -> None:
    graph = world.graph()
    graph["status"]["components"] = {
        name: {"componentKind": "PodClique", "updatedReplicas": 1, "readyReplicas": ready}
        for name, ready in (("Frontend", 1), ("VllmWorker", 0))
    }
    assert not judge(world.snapshot(DynamoGraphDeployment=[graph]), "vllm").ready
    graph["status"]["components"]["VllmWorker"]["readyReplicas"] = 1
    assert judge(world.snapshot(DynamoGraphDeployment=[graph]), "vllm").ready


class TestOldOperator:
    """Operators before 1.0 have no observedGeneration; what the Deployment runs is compared with what was asked for."""

    def view(self, graph: dict[str, t.Any], env: list[dict[str, str]] | None = None) -> t.Any:
        parts = world.chain("vllm", "vllm-vllmworker", "VllmWorker")
        parts["Deployment"][0]["spec"]["template"]["spec"]["containers"][0]["env"] = env or []
        return judge(world.snapshot(parts, DynamoGraphDeployment=[graph]), "vllm")

    def test_ready(self) -> None:
        view = self.view(world.old_graph())
        assert view.ready
        assert view.observed is None

    def test_stale_successful_after_an_edit_of_the_image(self) -> None:
        assert not self.view(world.old_graph(image="r/worker:2")).ready

    def test_stale_successful_after_an_edit_of_a_variable(self) -> None:
        graph = world.old_graph(envs=[{"name": "A", "value": "new"}])  # type: ignore[arg-type]
        assert not self.view(graph, [{"name": "A", "value": "old"}]).ready
        assert self.view(graph, [{"name": "A", "value": "new"}]).ready

    def test_a_variable_that_the_operator_overwrites(self) -> None:
        graph = world.old_graph(envs=[{"name": "DYN_HTTP_PORT", "value": "9999"}])  # type: ignore[arg-type]
        assert self.view(graph, [{"name": "DYN_HTTP_PORT", "value": "8000"}]).ready


def test_members_outlive_their_owners() -> None:
    left = world.pod("vllm-vllmworker-abc-1", "vllm-vllmworker-abc", "VllmWorker")
    left["metadata"]["labels"]["nvidia.com/dynamo-graph-deployment-name"] = "vllm"
    labelled = world.pod("x", "gone", "VllmWorker")
    labelled["metadata"]["labels"]["ai-on-eks.dynamo/example"] = "vllm"
    foreign = world.pod("y", "gone", "VllmWorker")
    snapshot = world.snapshot(Pod=[left, labelled, foreign])
    assert [pod["metadata"]["name"] for pod in snapshot.members("vllm")["Pod"]] == ["vllm-vllmworker-abc-1", "x"]
