# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The wait itself against an API server in this process: reactions, early ends, time-outs, refusals."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import snapshot as kinds
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.ask import Answer
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.wait import Outcome, Request, Waiter
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError

from . import world
from .fake_api import FakeApi

NAMESPACED = {
    "DynamoGraphDeployment": kinds.graphs("v1beta1"),
    "DynamoComponentDeployment": kinds.components("v1beta1"),
    "Deployment": kinds.DEPLOYMENTS,
    "ReplicaSet": kinds.REPLICA_SETS,
    "Pod": kinds.PODS,
    "Event": kinds.EVENTS,
    "PersistentVolumeClaim": kinds.CLAIMS,
}


def cluster(*parts: dict[str, list[world.Json]]) -> FakeApi:
    api = FakeApi()
    for resource in NAMESPACED.values():
        api.put(resource, world.NAMESPACE)
    api.put(kinds.EVENTS, "default")
    for part in parts:
        for kind, entries in part.items():
            api.put(NAMESPACED[kind], world.NAMESPACE, *entries)
    return api


def wait(api: FakeApi, timeout: float = 5.0, **change: t.Any) -> tuple[dict[str, Outcome], list[tuple[str, str]]]:
    said: list[tuple[str, str]] = []
    request = Request(world.NAMESPACE, change.pop("names", ("vllm",)), timeout, **change)
    return Waiter(api, request, lambda text, kind: said.append((kind, text))).run(), said


def later(action: t.Callable[[], None]) -> threading.Thread:
    thread = threading.Timer(0.3, action)
    thread.start()
    return thread


def pending_worker() -> list[dict[str, list[world.Json]]]:
    parts = [world.chain("vllm", "vllm-frontend", "Frontend"), world.chain("vllm", "vllm-w", "VllmWorker", ready=0)]
    return [*parts, {"DynamoGraphDeployment": [world.graph(ready=False)]}]


def test_ready_at_once() -> None:
    outcomes, said = wait(cluster(*world.healthy(), {"DynamoGraphDeployment": [world.graph()]}))
    assert outcomes["vllm"].why == "ready"
    assert said == [("done", "[   0s] vllm ready: Frontend 1/1, VllmWorker 1/1")]


def test_it_notices_within_a_second() -> None:
    parts = pending_worker()
    api = cluster(*parts)
    noticed: list[float] = []

    def finish() -> None:
        deployment, graph = parts[1]["Deployment"][0], parts[2]["DynamoGraphDeployment"][0]
        deployment["status"]["availableReplicas"] = 1
        api.put(kinds.DEPLOYMENTS, world.NAMESPACE, deployment)
        graph["status"] = world.graph()["status"]
        api.put(NAMESPACED["DynamoGraphDeployment"], world.NAMESPACE, graph)
        noticed.append(time.monotonic())

    thread = later(finish)
    outcomes, said = wait(api)
    thread.join()
    assert outcomes["vllm"].why == "ready"
    assert time.monotonic() - noticed[0] < 1.0
    assert [kind for kind, _ in said][-1] == "done"


def test_time_out_keeps_what_is_known() -> None:
    outcomes, _ = wait(cluster(*pending_worker()), timeout=0.4)
    outcome = outcomes["vllm"]
    assert outcome.why == "timeout"
    assert [entry.ready for entry in outcome.view.components] == [1, 0]
    assert outcome.finding is not None
    assert outcome.finding.reason == "not_ready"


def test_a_hopeless_problem_ends_the_wait_at_once() -> None:
    parts = pending_worker()
    state = parts[1]["Pod"][0]["status"]["containerStatuses"][0]
    state["state"] = {"waiting": {"reason": "ErrImagePull", "message": "r/x:9: not found"}}
    started = time.monotonic()
    outcomes, said = wait(cluster(*parts), timeout=30.0)
    assert time.monotonic() - started < 2.0
    assert (outcomes["vllm"].why, outcomes["vllm"].finding.reason) == ("failed", "image_not_found")  # type: ignore[union-attr]
    assert said[-1][0] == "problem"


def test_patience_runs_out() -> None:
    parts = pending_worker()
    state = parts[1]["Pod"][0]["status"]["containerStatuses"][0]
    state["state"] = {"waiting": {"reason": "ErrImagePull", "message": "i/o timeout"}}
    outcomes, _ = wait(cluster(*parts), timeout=30.0, patience=0.3)
    assert outcomes["vllm"].why == "failed"
    assert 0.3 <= outcomes["vllm"].seconds < 3.0


def crashing() -> tuple[FakeApi, str]:
    """A cluster whose worker crashes for want of access to its model, and the path of that log."""
    parts = pending_worker()
    pod = parts[1]["Pod"][0]
    state = pod["status"]["containerStatuses"][0]
    state.update(state={"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=1)
    state["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
    api = cluster(*parts)
    api.log_lines = ["INFO loading", "huggingface_hub.errors.GatedRepoError: 403 Client Error"]
    return api, f"/api/v1/namespaces/{world.NAMESPACE}/pods/{pod['metadata']['name']}/log"


def test_a_log_that_cannot_be_read_now_is_read_later() -> None:
    api, path = crashing()
    api.refusals[path] = [KubeError("Failed to reach the API server: Read timed out")]
    thread = later(
        lambda: api.put(kinds.PODS, world.NAMESPACE, *api.objects[kinds.PODS.path(world.NAMESPACE)].values())
    )
    outcomes, _ = wait(api, timeout=30.0)
    thread.join()
    assert outcomes["vllm"].finding is not None
    assert (outcomes["vllm"].why, outcomes["vllm"].finding.reason) == ("failed", "gated_model")


def test_a_crash_is_explained_by_its_log() -> None:
    api, _path = crashing()
    outcomes, _ = wait(api, timeout=30.0)
    outcome = outcomes["vllm"]
    assert outcome.finding is not None
    assert (outcome.why, outcome.finding.reason) == ("failed", "gated_model")
    assert "Qwen/Qwen3-0.6B" in outcome.finding.remedy
    assert outcome.log == api.log_lines


def test_several_graphs_are_decided_each_for_itself() -> None:
    graphs = [world.graph(), world.graph("broken", ready=False, components=[("W", 1)])]
    broken = world.chain("broken", "broken-w", "W", ready=0)
    broken["Pod"][0]["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "InvalidImageName"}}
    api = cluster(*world.healthy(), broken, {"DynamoGraphDeployment": graphs})
    outcomes, _ = wait(api, names=("vllm", "broken"))
    assert {name: outcome.why for name, outcome in outcomes.items()} == {"vllm": "ready", "broken": "failed"}


def test_gone() -> None:
    parts = [*world.healthy(), {"DynamoGraphDeployment": [world.graph()]}]
    api = cluster(*parts)

    def leave() -> None:
        for part in reversed(parts):
            for kind, entries in part.items():
                for entry in entries:
                    api.remove(NAMESPACED[kind], world.NAMESPACE, entry)

    thread = later(leave)
    outcomes, said = wait(api, gone=True)
    thread.join()
    assert outcomes["vllm"].why == "gone"
    assert "2 Pods" in said[0][1]


def test_gone_names_the_finalizer_that_stays() -> None:
    left = world.component("vllm", "vllm-w", "VllmWorker")
    left["metadata"]["finalizers"] = ["nvidia.com/finalizer"]
    outcomes, _ = wait(cluster({"DynamoComponentDeployment": [left]}), timeout=0.3, gone=True)
    finding = outcomes["vllm"].finding
    assert finding is not None
    assert (outcomes["vllm"].why, finding.reason) == ("timeout", "finalizer_stuck")
    assert "etcd" in finding.remedy


def test_no_platform() -> None:
    api = cluster()
    api.refusals["/apis/nvidia.com"] = [KubeError("no such group", 404)]
    with pytest.raises(KubeError, match="is not installed"):
        wait(api)


def test_a_refusal_to_read_what_is_needed_ends_the_wait() -> None:
    api = cluster()
    api.refusals[kinds.PODS.path(world.NAMESPACE)] = [KubeError("pods is forbidden", 403, "Forbidden")]
    with pytest.raises(KubeError, match="pods is forbidden"):
        wait(api)


def test_a_refusal_to_read_node_claims_only_makes_diagnoses_poorer() -> None:
    api = cluster(*world.healthy(), {"DynamoGraphDeployment": [world.graph()]})
    api.refusals[kinds.NODE_CLAIMS.path()] = [KubeError("forbidden", 403, "Forbidden")]
    outcomes, said = wait(api)
    assert outcomes["vllm"].why == "ready"
    assert ("problem", "nodeclaims may not be read; diagnoses will lack them") in said


def test_silent_operator_is_explained() -> None:
    api = cluster({"DynamoGraphDeployment": [world.graph(status={})]})
    outcomes, _ = wait(api, timeout=0.3)
    finding = outcomes["vllm"].finding
    assert finding is not None
    # There is no Deployment at all in this cluster.
    assert finding.reason == "operator_absent"


def test_an_operator_that_is_there_and_silent_is_explained_once_and_given_time() -> None:
    up = world.deployment("x-dynamo-operator-controller-manager")
    api = cluster({"DynamoGraphDeployment": [world.graph(status={})]})
    # The operator is looked for in all namespaces.
    api.put(kinds.DEPLOYMENTS, "", up)
    up["spec"]["template"]["spec"]["containers"][0]["image"] = "r/kubernetes-operator:1.6.1"
    outcomes, said = wait(api, timeout=2.6, patience=60.0)
    finding = outcomes["vllm"].finding
    assert finding is not None
    assert (outcomes["vllm"].why, finding.reason, finding.grace.name) == ("timeout", "operator_silent", "PATIENCE")
    assert finding.message.count("is available") == 1
    assert any("is available" in text for _, text in said)


def test_a_phase_that_lasts_too_long_ends_the_wait() -> None:
    outcomes, _ = wait(cluster(*pending_worker()), timeout=30.0, limits={"pull": 0.3})
    outcome = outcomes["vllm"]
    assert (outcome.why, outcome.limit) == ("timeout", "0 s for the phase pull")
    assert outcome.finding is not None
    assert outcome.finding.subject.startswith("Pod/vllm-w")


def test_graphs_are_asked_when_they_are_ready_and_have_to_answer() -> None:
    asked: list[str] = []

    def question(name: str, answer: Answer) -> t.Callable[[], Answer]:
        def ask() -> Answer:
            asked.append(name)
            return answer

        return ask

    graph = {"DynamoGraphDeployment": [world.graph()]}
    outcomes, _ = wait(cluster(*world.healthy(), graph), asks={"vllm": question("vllm", Answer(True, "Paris."))})
    answer = outcomes["vllm"].answer
    assert (asked, outcomes["vllm"].why, answer is not None and answer.text) == (["vllm"], "ready", "Paris.")
    bad = Answer(False, message="chat: 503")
    outcomes, _ = wait(cluster(*world.healthy(), graph), asks={"vllm": question("vllm", bad)})
    finding = outcomes["vllm"].finding
    assert (outcomes["vllm"].why, finding is not None and finding.reason) == ("failed", "no_answer")


def test_who_is_being_asked_is_not_ended_by_the_whole_time() -> None:
    def slowly() -> Answer:
        time.sleep(0.5)
        return Answer(True, "late")

    graph = {"DynamoGraphDeployment": [world.graph()]}
    outcomes, _ = wait(cluster(*world.healthy(), graph), timeout=0.2, asks={"vllm": slowly})
    assert outcomes["vllm"].why == "ready"
    assert outcomes["vllm"].spent["answer"] >= 0.4
