# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a graph: every diagnosis from a fixture of what the cluster says then."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import crashes, findings
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.finding import Finding, Grace, Patience
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.status import judge

from . import world

Json = dict[str, t.Any]


def diagnose(*parts: dict[str, list[Json]], graph: Json | None = None) -> list[Finding]:
    known = world.snapshot(*parts, DynamoGraphDeployment=[graph or world.graph(ready=False)])
    return findings.find(known, judge(known, "vllm"), world.NAMESPACE)


def with_worker(pod: Json, **objects: list[Json]) -> list[Finding]:
    """Diagnose the graph vllm whose frontend is well and whose worker has this pod."""
    worker = world.chain("vllm", "vllm-w", "VllmWorker", ready=0)
    worker["Pod"] = [pod]
    return diagnose(world.chain("vllm", "vllm-frontend", "Frontend"), worker, objects)


def waiting(reason: str, message: str = "") -> Json:
    pod = world.pod("vllm-w-1", "vllm-w-abc", "VllmWorker", ready=False)
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": reason, "message": message}}
    return pod


def crashed(restarts: int, code: int = 1, reason: str = "Error", running: bool = False) -> Json:
    pod = waiting("CrashLoopBackOff")
    status = pod["status"]["containerStatuses"][0]
    status["restartCount"] = restarts
    status["lastState"] = {"terminated": {"exitCode": code, "reason": reason}}
    if running:
        status["state"] = {"running": {"startedAt": "2026-11-25T20:00:00Z"}}
    return pod


def homeless(pool: str = "g5-gpu-karpenter", message: str = "0/2 nodes are available", **change: t.Any) -> Json:
    pod = world.pod("vllm-w-1", "vllm-w-abc", "VllmWorker", ready=False, node="", **change)
    pod["spec"]["nodeSelector"] = {"karpenter.sh/nodepool": pool}
    pod["status"] = {
        "phase": "Pending",
        "conditions": [world.condition("PodScheduled", False, "Unschedulable", message)],
    }
    return pod


def test_nothing_is_wrong_with_a_ready_graph() -> None:
    assert diagnose(*world.healthy(), graph=world.graph()) == []


def test_missing_graph() -> None:
    known = world.snapshot()
    [found] = findings.find(known, judge(known, "vllm"), world.NAMESPACE)
    assert (found.reason, found.grace) == ("graph_missing", Grace.SOON)
    assert "deploy.yml -e example=vllm" in found.remedy


@pytest.mark.parametrize(
    "graph", [world.graph(ready=False, status={}), world.graph(ready=False, metadata=world.meta("vllm", generation=2))]
)
def test_silent_operator(graph: Json) -> None:
    [found] = diagnose(graph=graph)
    assert (found.reason, found.grace) == ("operator_silent", Grace.OPERATOR)


@pytest.mark.parametrize(
    ("reason", "grace"),
    [("failed_to_reconcile_the_resources", Grace.SOON), ("no_multinode_orchestrator_available", Grace.NONE)],
)
def test_failed(reason: str, grace: Grace) -> None:
    graph = world.graph(ready=False)
    graph["status"].update(state="failed")
    graph["status"]["conditions"] = [world.condition("Ready", False, reason, "because", observedGeneration=1)]
    [found] = diagnose(graph=graph)
    assert (found.reason, found.message, found.grace) == (reason, "because", grace)


def test_component_that_cannot_be_made() -> None:
    message = 'Failed to reconcile DynamoComponentDeployment: Deployment.apps "x" is invalid: image: Required value'
    [found] = diagnose({"DynamoComponentDeployment": [world.component("vllm", "vllm-w", "VllmWorker", message)]})
    assert (found.reason, found.message) == ("component_refused", message)


def test_pods_that_are_refused() -> None:
    worker = world.chain("vllm", "vllm-w", "VllmWorker", ready=0)
    worker["Pod"] = []
    worker["ReplicaSet"][0]["status"]["conditions"] = [world.condition("ReplicaFailure", True, "FailedCreate", "old")]
    refusal = world.event("ReplicaSet", "vllm-w-abc", "FailedCreate", "exceeded quota: gpu", "replicaset-controller")
    [found] = diagnose(worker, {"Event": [refusal]})
    assert (found.reason, found.message) == ("pod_refused", "exceeded quota: gpu")


@pytest.mark.parametrize(
    ("message", "event", "reason", "grace"),
    [
        ("Back-off pulling image r/x:9: ErrImagePull: r/x:9: not found", "", "image_not_found", Grace.NONE),
        ("Back-off pulling image", "Failed to pull image r/x:9: manifest unknown", "image_not_found", Grace.NONE),
        ("pull access denied, repository does require authorization", "", "image_forbidden", Grace.NONE),
        ("failed to authorize: 401 Unauthorized", "", "image_forbidden", Grace.NONE),
        ("dial tcp: i/o timeout", "", "image_pull", Grace.PATIENCE),
        ("toomanyrequests: rate exceeded", "", "image_pull", Grace.PATIENCE),
    ],
)
def test_image(message: str, event: str, reason: str, grace: Grace) -> None:
    events = [world.event("Pod", "vllm-w-1", "Failed", event)] if event else []
    [found] = with_worker(waiting("ImagePullBackOff", message), Event=events)
    assert (found.reason, found.grace) == (reason, grace)
    assert (event or message) in found.message


def test_configuration() -> None:
    [found] = with_worker(waiting("CreateContainerConfigError", 'secret "hf-token-secret" not found'))
    assert (found.reason, found.grace) == ("container_config", Grace.SOON)
    assert 'secret "hf-token-secret" not found' in found.message


@pytest.mark.parametrize(
    ("pod", "grace", "previous"),
    [
        (crashed(1), Grace.PATIENCE, True),
        (crashed(3), Grace.NONE, True),
        # Started again: it may be loading its model, which takes longer than the patience with a crash.
        (crashed(1, running=True), Grace.TIMEOUT, True),
        (crashed(4, running=True), Grace.PATIENCE, True),
    ],
)
def test_crash(pod: Json, grace: Grace, previous: bool) -> None:
    [found] = with_worker(pod)
    assert (found.reason, found.grace, found.log) == ("crash", grace, ("vllm-w-1", "main", previous))


def test_a_crash_that_happened_before_it_became_ready_is_history() -> None:
    pod = crashed(2, running=True)
    pod["status"]["containerStatuses"][0]["ready"] = True
    assert all(found.reason != "crash" for found in with_worker(pod))


def test_out_of_memory() -> None:
    [found] = with_worker(crashed(1, 137, "OOMKilled"))
    assert (found.reason, found.grace) == ("out_of_memory", Grace.NONE)
    assert "resources.memory" in found.remedy


def test_missing_pool() -> None:
    [found] = with_worker(homeless("p5-gpu-karpenter"))
    assert (found.reason, found.grace) == ("pool_missing", Grace.SOON)
    assert "NodePools are g5-gpu-karpenter, cpu-karpenter" in found.message


G5 = "g5-gpu-karpenter"
KARPENTER = {
    "pool_limit": 'Failed to schedule pod, all available instance types exceed limits for nodepool: "g5-gpu-karpenter"',
    "taint_not_tolerated": 'incompatible with nodepool "g5-gpu-karpenter", did not tolerate taint (nvidia.com/gpu)',
    "no_instance_type": 'no instance type satisfied resources {"cpu":"500"} and requirements karpenter.sh/nodepool In',
    "pool_incompatible": 'incompatible with nodepool "g5-gpu-karpenter", incompatible requirements, key zone',
}


@pytest.mark.parametrize("reason", KARPENTER)
def test_karpenter_does_not_try(reason: str) -> None:
    said = world.event("Pod", "vllm-w-1", "FailedScheduling", KARPENTER[reason], "karpenter")
    [found] = with_worker(homeless(), Event=[said])
    assert (found.reason, found.message, found.grace) == (reason, KARPENTER[reason], Grace.SOON)


def test_karpenter_changed_its_mind() -> None:
    first = world.event("Pod", "vllm-w-1", "FailedScheduling", KARPENTER["pool_limit"], "karpenter")
    then = world.event("Pod", "vllm-w-1", "Nominated", "Pod should schedule on: x", "karpenter", warning=False)
    claim = world.node_claim(f"{G5}-x", G5)
    [found] = with_worker(homeless(), Event=[first, then], NodeClaim=[claim])
    assert (found.reason, found.grace) == ("node_coming", Grace.TIMEOUT)
    assert "g5.2xlarge has been launched" in found.message


CLOUD = {
    "no_capacity": "creating instance, insufficient capacity, with fleet error(s), InsufficientInstanceCapacity",
    "quota": "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 0 allows",
    "karpenter_forbidden": "UnauthorizedOperation: You are not authorized to perform this operation",
}


@pytest.mark.parametrize("reason", CLOUD)
def test_the_cloud_gives_no_instance(reason: str) -> None:
    claim = world.node_claim(f"{G5}-x", G5, launched=False, message=CLOUD[reason])
    [found] = with_worker(homeless(), NodeClaim=[claim])
    assert (found.reason, found.grace) == (reason, Grace.PATIENCE)
    assert CLOUD[reason] in found.message


def test_a_refusal_outlives_its_node_claim_until_one_succeeds() -> None:
    refusal = world.event("NodeClaim", f"{G5}-a", "InsufficientCapacityError", CLOUD["no_capacity"], "karpenter")
    [found] = with_worker(homeless(), Event=[refusal])
    assert found.reason == "no_capacity"
    [found] = with_worker(homeless(), Event=[refusal], NodeClaim=[world.node_claim(f"{G5}-b", G5)])
    assert found.reason == "node_coming"


def test_a_refusal_of_another_pool_is_no_reason() -> None:
    refusal = world.event(
        "NodeClaim", "cpu-karpenter-a", "InsufficientCapacityError", CLOUD["no_capacity"], "karpenter"
    )
    [found] = with_worker(homeless(), Event=[refusal])
    assert (found.reason, found.message) == ("unschedulable", "0/2 nodes are available")


def test_volume_claim_pending() -> None:
    message = "pod has unbound immediate PersistentVolumeClaims"
    pod = homeless(message=message)
    pod["spec"]["volumes"] = [{"persistentVolumeClaim": {"claimName": "cache"}}]
    [found] = with_worker(pod)
    assert (found.reason, found.grace) == ("volume_claim_missing", Grace.SOON)
    claim = {"metadata": world.meta("cache"), "status": {"phase": "Pending"}}
    said = world.event("PersistentVolumeClaim", "cache", "ProvisioningFailed", "no default storage class")
    [found] = with_worker(pod, PersistentVolumeClaim=[claim], Event=[said])
    assert (found.reason, found.message) == ("volume_claim_pending", "no default storage class")


def test_failing_probe_is_told_only_when_the_time_is_up() -> None:
    pod = world.pod("vllm-w-1", "vllm-w-abc", "VllmWorker", ready=False)
    pod["status"]["containerStatuses"][0]["state"] = {"running": {}}
    said = world.event("Pod", "vllm-w-1", "Unhealthy", "Startup probe failed: connection refused")
    [found] = with_worker(pod, Event=[said])
    assert (found.reason, found.grace) == ("probe_failing", Grace.TIMEOUT)
    assert "Startup probe failed" in found.message


def test_the_hopeless_stands_before_the_slow() -> None:
    frontend = world.chain("vllm", "vllm-frontend", "Frontend", ready=0)
    worker = world.chain("vllm", "vllm-w", "VllmWorker", ready=0)
    worker["Pod"] = [waiting("ErrImagePull", "r/x:9: not found")]
    found = diagnose(frontend, worker)
    assert [entry.reason for entry in found] == ["image_not_found", "not_ready"]


class TestPatience:
    def finding(self, grace: Grace, message: str = "") -> Finding:
        return Finding("r", "s", message, "", grace)

    def test_spans(self) -> None:
        patience = Patience(60.0)
        assert patience.exhausted([self.finding(Grace.NONE)], 0.0)[0] is not None
        for grace, span in ((Grace.SOON, 10.0), (Grace.OPERATOR, 30.0), (Grace.PATIENCE, 60.0)):
            patience = Patience(60.0)
            assert patience.exhausted([self.finding(grace)], 5.0) == (None, 5.0 + span)
            assert patience.exhausted([self.finding(grace, "other words")], 5.0 + span - 0.1)[0] is None
            assert patience.exhausted([self.finding(grace)], 5.0 + span)[0] is not None

    def test_a_time_out_has_no_span(self) -> None:
        assert Patience(1.0).exhausted([self.finding(Grace.TIMEOUT)], 1e9) == (None, None)

    def test_it_starts_again_when_the_problem_went_away(self) -> None:
        patience = Patience(60.0)
        patience.exhausted([self.finding(Grace.SOON)], 0.0)
        patience.exhausted([], 9.0)
        assert patience.exhausted([self.finding(Grace.SOON)], 11.0) == (None, 21.0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("huggingface_hub.errors.GatedRepoError: 401 Client Error.", "gated_model"),
        ("Access to model meta-llama/x is restricted. You must have access", "gated_model"),
        ("requests.HTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/api", "model_forbidden"),
        ("OSError: Quen/Q is not a local folder and is not a valid model identifier", "model_not_found"),
        ("429 Client Error: Too Many Requests for url", "model_throttled"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "gpu_memory"),
        ("__main__.py: error: unrecognized arguments: --max-modle-len 1", "bad_argument"),
        ("RuntimeError: Failed to infer device type", "gpu_driver"),
        ("ModuleNotFoundError: No module named 'dynamo.sglang'", "wrong_image"),
        ("OSError: [Errno 28] No space left on device", "disk_full"),
        ("Exception: creating primary lease", "control_plane_unreachable"),
    ],
)
def test_crash_causes(line: str, reason: str) -> None:
    known = crashes.recognise(["INFO starting", line, "INFO exiting"])
    assert known is not None
    assert (known[0].reason, known[1]) == (reason, line)


def test_unknown_crash() -> None:
    assert crashes.recognise(["INFO starting", "an answer about error correction", "boom"]) is None
