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


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('pods "x" is forbidden: exceeded quota: gpus, requested: nvidia.com/gpu=1, limited: 0', "namespace_quota"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged', "pod_denied"),
        ('admission webhook "v.example.com" denied the request: no', "pod_denied"),
        ("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", "pod_denied"),
        ('failed calling webhook "v.example.com": connect: connection refused', "webhook_unreachable"),
        ('error looking up service account d/planner: serviceaccount "planner" not found', "service_account_missing"),
        ("something else", "pod_refused"),
    ],
)
def test_pods_that_are_refused(message: str, reason: str) -> None:
    worker = world.chain("vllm", "vllm-w", "VllmWorker", ready=0)
    worker["Pod"] = []
    worker["ReplicaSet"][0]["status"]["conditions"] = [world.condition("ReplicaFailure", True, "FailedCreate", "old")]
    refusal = world.event("ReplicaSet", "vllm-w-abc", "FailedCreate", message, "replicaset-controller")
    [found] = diagnose(worker, {"Event": [refusal]})
    assert (found.reason, found.message, found.grace) == (reason, message, Grace.SOON)
    assert "describe rs vllm-w-abc" in found.remedy


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
    assert (found.reason, found.grace) == (reason, Grace.SOON)
    assert found.message in KARPENTER[reason]


# As Karpenter 1.15 said it of a cluster with three pools, one of them at its limits.
FULL = "all available instance types exceed limits for nodepool (NodePool=small)"
OTHER = (
    "incompatible requirements, key karpenter.sh/nodepool, "
    "karpenter.sh/nodepool In [{}] not in karpenter.sh/nodepool In [{}]"
)
TAINT = "did not tolerate taint (taint=nvidia.com/gpu=true:NoSchedule)"
LARGE = (
    "no instance type has enough resources, requirements=karpenter.k8s.aws/instance-family In [g5], "
    'karpenter.sh/nodepool In [g5-gpu-karpenter], kubernetes.io/arch In [amd64], resources={"cpu":"900","pods":"2"}'
)


@pytest.mark.parametrize(
    ("pool", "parts", "reason", "message"),
    [
        (G5, [FULL, LARGE, OTHER.format(G5, "cpu-karpenter")], "no_instance_type", LARGE),
        (G5, [FULL, TAINT, OTHER.format(G5, "c")], "taint_not_tolerated", TAINT),
        ("small", [FULL, OTHER.format("small", G5)], "pool_limit", FULL),
        (G5, [OTHER.format(G5, "c")], "pool_incompatible", OTHER.format(G5, "c")),
    ],
)
def test_only_what_karpenter_says_of_the_pods_own_pool_counts(
    pool: str, parts: list[str], reason: str, message: str
) -> None:
    said = world.event(
        "Pod", "vllm-w-1", "FailedScheduling", f"Failed to schedule pod, {'; '.join(parts)}", "karpenter"
    )
    [found] = with_worker(homeless(pool), Event=[said], NodePool=[world.node_pool("small")])
    assert (found.reason, found.message) == (reason, message)


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


def with_claim(message: str = "", phase: str = "Pending", **objects: list[Json]) -> list[Finding]:
    """Diagnose a pod without a node whose volume is the claim `cache`."""
    pod = homeless(message=message)
    pod["spec"]["volumes"] = [{"persistentVolumeClaim": {"claimName": "cache"}}]
    claims = [{"metadata": world.meta("cache"), "status": {"phase": phase}}] if phase else []
    return with_worker(pod, PersistentVolumeClaim=claims, **objects)


def about_claim(reason: str, message: str) -> list[Json]:
    return [world.event("PersistentVolumeClaim", "cache", reason, message, "persistentvolume-controller")]


UNBOUND = "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims"


def test_volume_claim_missing() -> None:
    [found] = with_claim('persistentvolumeclaim "cache" not found', phase="")
    assert (found.reason, found.grace) == ("volume_claim_missing", Grace.SOON)


@pytest.mark.parametrize(
    ("event", "message", "reason", "grace"),
    [
        (
            "ProvisioningFailed",
            'storageclass.storage.k8s.io "fast" not found',
            "storage_class_missing",
            Grace.SOON,
        ),
        (
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
            "storage_class_missing",
            Grace.SOON,
        ),
        (
            "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner 'efs.csi.aws.com' or manually by "
            "the system administrator.",
            "no_provisioner",
            Grace.PATIENCE,
        ),
        (
            "ProvisioningFailed",
            'failed to provision volume with StorageClass "gp3": UnauthorizedOperation',
            "volume_not_made",
            Grace.PATIENCE,
        ),
        ("SomethingElse", "not known here", "volume_claim_pending", Grace.PATIENCE),
    ],
)
def test_volume_claim_pending(event: str, message: str, reason: str, grace: Grace) -> None:
    [found] = with_claim(UNBOUND, Event=about_claim(event, message))
    assert (found.reason, found.subject, found.grace) == (reason, "PersistentVolumeClaim/cache", grace)
    assert found.message == message


def test_a_claim_without_events_is_told_in_the_schedulers_words() -> None:
    [found] = with_claim(UNBOUND)
    assert (found.reason, found.message) == ("volume_claim_pending", UNBOUND)


def test_a_claim_that_waits_for_its_first_pod_is_no_fault() -> None:
    said = about_claim("WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    [found] = with_claim("0/2 nodes are available: 2 Insufficient nvidia.com/gpu", Event=said)
    assert found.reason == "unschedulable"


def test_a_volume_in_another_zone() -> None:
    scheduler = "0/2 nodes are available: 1 node(s) had volume node affinity conflict, 1 node(s) had untolerated taint"
    [found] = with_claim(scheduler, phase="Bound")
    assert (found.reason, found.grace) == ("volume_wrong_zone", Grace.PATIENCE)
    assert "delete pvc cache" in found.remedy
    text = (
        "incompatible requirements, key topology.kubernetes.io/zone, topology.kubernetes.io/zone In [us-west-2a] not in"
    )
    said = world.event("Pod", "vllm-w-1", "FailedScheduling", text, "karpenter")
    [found] = with_claim("0/2 nodes are available", phase="Bound", Event=[said])
    assert (found.reason, text in found.message) == ("volume_wrong_zone", True)


def test_the_thoughts_about_preemption_are_left_out() -> None:
    message = (
        "0/5 nodes are available: 1 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/5 nodes"
    )
    [found] = with_worker(homeless(message=message))
    assert found.message == "0/5 nodes are available: 1 Insufficient nvidia.com/gpu"


def running(started: bool, restarts: int = 0, code: int | None = None) -> Json:
    pod = world.pod("vllm-w-1", "vllm-w-abc", "VllmWorker", ready=False)
    status = pod["status"]["containerStatuses"][0]
    status.update(state={"running": {}}, started=started, restartCount=restarts)
    if code is not None:
        status["lastState"] = {"terminated": {"exitCode": code, "reason": "Error"}}
    return pod


def test_probes_fail_while_a_container_starts() -> None:
    said = world.event("Pod", "vllm-w-1", "Unhealthy", "Startup probe failed: connection refused")
    [found] = with_worker(running(started=False), Event=[said])
    assert (found.reason, found.grace) == ("starting", Grace.TIMEOUT)
    assert "Startup probe failed" in found.message


def test_readiness_probe_that_fails_after_the_start() -> None:
    said = world.event("Pod", "vllm-w-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    [found] = with_worker(running(started=True), Event=[said])
    assert (found.reason, found.grace) == ("probe_failing", Grace.TIMEOUT)


@pytest.mark.parametrize(
    ("probe", "restarts", "code", "grace"), [("liveness", 1, 137, Grace.TIMEOUT), ("startup", 3, 0, Grace.NONE)]
)
def test_a_probe_that_has_the_container_restarted(probe: str, restarts: int, code: int, grace: Grace) -> None:
    events = [
        world.event("Pod", "vllm-w-1", "Unhealthy", f"{probe.title()} probe failed: timeout"),
        world.event("Pod", "vllm-w-1", "Killing", f"Container main failed {probe} probe, will be restarted"),
    ]
    [found] = with_worker(running(started=False, restarts=restarts, code=code), Event=events)
    assert (found.reason, found.grace, found.log) == ("probe_failing", grace, ("vllm-w-1", "main", True))
    assert f"its {probe} probe fails ({restarts} restarts): {probe.title()} probe failed: timeout" in found.message


def test_a_volume_that_cannot_be_mounted() -> None:
    pod = world.pod("vllm-w-1", "vllm-w-abc", "VllmWorker", ready=False)
    said = world.event("Pod", "vllm-w-1", "FailedMount", "mount.nfs4: Connection timed out")
    [found] = with_worker(pod, Event=[said])
    assert (found.reason, found.grace) == ("volume_not_mounted", Grace.PATIENCE)
    pulling = world.event("Pod", "vllm-w-1", "Pulling", "Pulling image r/x:1", warning=False)
    [found] = with_worker(pod, Event=[said, pulling])
    assert found.reason == "image_pulling"


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
