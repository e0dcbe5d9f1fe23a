# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""When objects are ready, why they are not, and how long the loop waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects import predicates, wait
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.client import ApiCluster

DEPLOYMENT = wait.Target("apps/v1", "Deployment", "operator", "dynamo-cloud")
POOL = wait.Target("karpenter.sh/v1", "NodePool", "g5")
SERVICE = wait.Target("v1", "Service", "webhook", "dynamo-cloud")


def deployment(**status: Any) -> dict[str, Any]:
    full = {"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1, **status}
    full.setdefault("conditions", [{"type": "Available", "status": "True"}])
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "operator"}}}
    return {"metadata": {"generation": 2}, "spec": spec, "status": full}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({}, ""),
        ({"observedGeneration": 1}, "was not seen by the controller"),
        ({"updatedReplicas": 0}, "0 of 1 replicas are of the newest version"),
        (
            {"availableReplicas": 0, "conditions": [{"type": "Available", "status": "False"}]},
            "0 of 1 replicas are available",
        ),
    ],
)
def test_deployment(status: dict[str, Any], reason: str) -> None:
    verdict = predicates.deployment(deployment(**status))
    assert verdict.ready is (reason == "")
    assert reason in verdict.reason


def test_deployment_that_makes_no_progress_is_fatal() -> None:
    conditions = [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    ]
    verdict = predicates.deployment(deployment(conditions=conditions))
    assert verdict.fatal
    assert "timed out" in verdict.reason


def test_deployment_without_replicas_is_ready() -> None:
    obj = deployment(updatedReplicas=0, conditions=[])
    obj["spec"]["replicas"] = 0
    assert predicates.deployment(obj).ready


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({"observedGeneration": 1, "desiredNumberScheduled": 0}, True),
        ({"observedGeneration": 1, "desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 2}, True),
        ({"observedGeneration": 1, "desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 1}, False),
        ({"observedGeneration": 0, "desiredNumberScheduled": 0}, False),
    ],
)
def test_daemon_set(status: dict[str, Any], ready: bool) -> None:
    assert predicates.daemon_set({"metadata": {"generation": 1}, "status": status}).ready is ready


@pytest.mark.parametrize(("ready", "updated", "expected"), [(1, 1, True), (0, 1, False), (1, 0, False)])
def test_stateful_set(ready: int, updated: int, expected: bool) -> None:
    status = {"observedGeneration": 1, "readyReplicas": ready, "updatedReplicas": updated}
    assert predicates.stateful_set({"metadata": {"generation": 1}, "spec": {}, "status": status}).ready is expected


def test_condition_of_an_older_generation_does_not_count() -> None:
    obj = {
        "metadata": {"generation": 2},
        "status": {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]},
    }
    assert not predicates.by_condition(obj, "Ready").ready
    obj["status"]["conditions"][0]["observedGeneration"] = 2  # type: ignore[index]
    assert predicates.by_condition(obj, "Ready").ready


def test_condition_that_sums_up_is_explained_by_the_others() -> None:
    conditions = [
        {"type": "SubnetsReady", "status": "False", "reason": "SubnetsNotFound", "message": "matched no subnets"},
        {"type": "AMIsReady", "status": "True"},
        {"type": "Ready", "status": "False", "reason": "UnhealthyDependents", "message": "SubnetsReady=False"},
    ]
    reason = predicates.by_condition({"metadata": {}, "status": {"conditions": conditions}}, "Ready").reason
    assert reason == "SubnetsReady is False (SubnetsNotFound: matched no subnets)"


def test_missing_condition() -> None:
    assert predicates.by_condition({"metadata": {}}, "Ready").reason == "it has no condition Ready yet"


def test_webhooks_need_a_ca_only_where_the_cluster_serves_them() -> None:
    inside = {"name": "a", "clientConfig": {"service": {"name": "x"}, "caBundle": "Q0E="}}
    outside = {"name": "b", "clientConfig": {"url": "https://example.com"}}
    bare = {"name": "c", "clientConfig": {"service": {"name": "x"}}}
    assert predicates.webhook_configuration({"webhooks": [inside, outside]}).ready
    assert predicates.webhook_configuration({"webhooks": [inside, bare]}).reason == "there is no caBundle for c"


@pytest.mark.parametrize(
    ("conditions", "ready"), [({"ready": True}, True), ({}, True), ({"ready": False}, False), (None, True)]
)
def test_service_needs_a_ready_endpoint(conditions: dict[str, bool] | None, ready: bool) -> None:
    assert predicates.service([{"endpoints": None}, {"endpoints": [{"conditions": conditions}]}]).ready is ready
    assert not predicates.service([]).ready


def pod(name: str, created: str, template: str, **container: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "creationTimestamp": created, "labels": {"pod-template-hash": template}},
        "status": {"containerStatuses": [{"name": "main", **container}]},
    }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def test_crashes_are_fatal_only_after_some_restarts() -> None:
    last = {"lastState": {"terminated": {"exitCode": 2}}}
    few = predicates.pods([pod("a", "1", "x", restartCount=1, **waiting("CrashLoopBackOff"), **last)])
    many = predicates.pods([pod("a", "1", "x", restartCount=3, **waiting("CrashLoopBackOff"), **last)])
    assert few is not None
    assert many is not None
    assert (few.fatal, many.fatal) == (False, True)
    assert "3 restarts, exit code 2" in many.reason


def test_pods_of_an_older_template_do_not_count() -> None:
    old = pod("old", "2026-01-01T00:00:00Z", "x", restartCount=9, **waiting("CrashLoopBackOff"))
    new = pod("new", "2026-01-02T00:00:00Z", "y", **waiting("ContainerCreating"))
    assert predicates.pods([new, old]) is None


def test_image_that_does_not_come_is_doubtful_and_a_wrong_name_fatal() -> None:
    slow = predicates.pods([pod("a", "1", "x", **waiting("ImagePullBackOff", "not found"))])
    wrong = predicates.pods([pod("a", "1", "x", **waiting("InvalidImageName"))])
    assert slow is not None
    assert wrong is not None
    assert (slow.fatal, slow.doubtful, wrong.fatal) == (False, True, True)
    assert "not found" in slow.reason


def test_unscheduled_pod_says_why() -> None:
    status = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available"}]}
    found = predicates.pods([{"metadata": {"name": "a"}, "status": status}])
    assert found is not None
    assert "0/2 nodes are available" in found.reason
    assert not found.fatal


@pytest.mark.parametrize(
    ("conversion", "reason"),
    [
        ({}, ""),
        ({"webhook": {"clientConfig": {"service": {}, "caBundle": "Q0E="}}}, ""),
        ({"webhook": {"clientConfig": {"service": {}}}}, "there is no caBundle for its conversion webhook"),
    ],
)
def test_definition_of_a_kind(conversion: dict[str, Any], reason: str) -> None:
    status = {"conditions": [{"type": "Established", "status": "True"}]}
    obj = {"metadata": {}, "spec": {"conversion": conversion}, "status": status}
    assert predicates.custom_resource_definition(obj).reason == reason
    assert not predicates.custom_resource_definition({"metadata": {}}).ready


class FakeCluster:
    """Objects by target: a list is served one after the other, the last for ever; an exception is raised."""

    def __init__(self, objects: Mapping[wait.Target, Sequence[Any]], pods: Sequence[dict[str, Any]] = ()) -> None:
        self.objects = {target: list(served) for target, served in objects.items()}
        self.found = pods
        self.slices: list[dict[str, Any]] = []

    def get(self, target: wait.Target) -> Any:
        served = self.objects[target]
        answer = served.pop(0) if len(served) > 1 else served[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def matching(self, target: wait.Target) -> list[dict[str, Any]]:
        return [dict(obj) for obj in self.objects[target]]

    def endpoint_slices(self, target: wait.Target) -> list[dict[str, Any]]:
        return self.slices

    def pods(self, namespace: str, labels: Mapping[str, str]) -> Sequence[dict[str, Any]]:
        assert (namespace, labels) == ("dynamo-cloud", {"app": "operator"})
        return self.found


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


READY_POOL = {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
PENDING = deployment(availableReplicas=0, conditions=[{"type": "Available", "status": "False"}])


def test_waits_until_all_are_ready() -> None:
    cluster = FakeCluster({DEPLOYMENT: [None, PENDING, deployment()], POOL: [READY_POOL]})
    outcome = wait.wait(cluster, [DEPLOYMENT, POOL], 60, FakeClock())
    assert outcome.missing == {}
    assert outcome.seconds == 2 * wait.INTERVAL
    assert list(outcome.verdicts) == [DEPLOYMENT, POOL]


def test_ends_at_the_time_out_with_the_reasons() -> None:
    cluster = FakeCluster({DEPLOYMENT: [None], POOL: [READY_POOL]})
    outcome = wait.wait(cluster, [DEPLOYMENT, POOL], 7, FakeClock())
    assert outcome.seconds == 7
    assert {str(k): v.reason for k, v in outcome.missing.items()} == {
        "Deployment dynamo-cloud/operator": "it does not exist"
    }


def test_ends_at_once_when_waiting_cannot_help() -> None:
    crash = pod("a", "1", "x", restartCount=3, **waiting("CrashLoopBackOff"))
    outcome = wait.wait(FakeCluster({DEPLOYMENT: [PENDING]}, [crash]), [DEPLOYMENT], 600, FakeClock())
    assert outcome.seconds == 0
    assert "CrashLoopBackOff" in outcome.missing[DEPLOYMENT].reason


def test_doubtful_state_gets_a_minute() -> None:
    slow = pod("a", "1", "x", **waiting("ImagePullBackOff"))
    outcome = wait.wait(FakeCluster({DEPLOYMENT: [PENDING]}, [slow]), [DEPLOYMENT], 600, FakeClock())
    assert outcome.seconds == wait.PATIENCE


def test_doubtful_state_that_passes_starts_anew() -> None:
    slow = [pod("a", "1", "x", **waiting("ImagePullBackOff"))]
    cluster = FakeCluster({DEPLOYMENT: [PENDING]}, slow)
    clock = FakeClock()

    class Recovers(FakeClock):
        def sleep(self, seconds: float) -> None:
            clock.sleep(seconds)
            cluster.found = slow if clock.now() < 150 or clock.now() > 170 else []

        def now(self) -> float:
            return clock.now()

    outcome = wait.wait(cluster, [DEPLOYMENT], 600, Recovers())
    assert outcome.seconds == pytest.approx(70.5 + wait.PATIENCE)


def test_silent_api_server_is_waited_for_and_a_refusal_is_not() -> None:
    silent = KubeError("Failed to reach the API server: connection refused")
    outcome = wait.wait(FakeCluster({POOL: [silent, silent, READY_POOL]}), [POOL], 60, FakeClock())
    assert outcome.missing == {}
    with pytest.raises(KubeError, match="forbidden"):
        wait.wait(FakeCluster({POOL: [KubeError("forbidden", 403)]}), [POOL], 60, FakeClock())


def test_service_is_judged_by_its_endpoints() -> None:
    cluster = FakeCluster({SERVICE: [{"metadata": {}}]})
    assert not wait.judge(cluster, SERVICE).ready
    cluster.slices = [{"endpoints": [{"conditions": {"ready": True}}]}]
    assert wait.judge(cluster, SERVICE).ready


def test_all_that_a_selector_matches_must_be_ready_and_one_must_exist() -> None:
    pools = wait.Target("karpenter.sh/v1", "NodePool", label_selector="a=b")
    ready = {"metadata": {"name": "one"}, "status": READY_POOL["status"]}
    pending = {"metadata": {"name": "two"}}
    assert wait.judge(FakeCluster({pools: [ready]}), pools).ready
    assert wait.judge(FakeCluster({pools: []}), pools).reason == "there is none"
    assert wait.judge(FakeCluster({pools: [ready, pending]}), pools).reason == "two: it has no condition Ready yet"
    assert str(pools) == "NodePool a=b"


class FakeApi:
    """The few calls of a client that the cluster makes, answered from a table of paths."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def find(self, path: str, query: Any = None) -> Any:
        self.asked.append(path)
        answer = self.answers.get(path)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def items(self, resource: Any, namespace: str = "", query: Any = None) -> list[Any]:
        self.asked.append(f"{resource.path(namespace)}?{query['labelSelector']}")
        return []


def test_kinds_are_found_by_discovery_once() -> None:
    served = {
        "resources": [{"name": "nodepools", "kind": "NodePool", "namespaced": False}, {"name": "nodepools/status"}]
    }
    api = FakeApi({"/apis/karpenter.sh/v1": served, "/apis/karpenter.sh/v1/nodepools/g5": READY_POOL})
    cluster = ApiCluster(api)  # type: ignore[arg-type]
    assert [cluster.get(POOL), cluster.get(POOL)] == [READY_POOL, READY_POOL]
    assert api.asked.count("/apis/karpenter.sh/v1") == 1


def test_kind_that_is_not_served_yet_is_asked_for_again() -> None:
    api = FakeApi({"/apis/karpenter.sh/v1": KubeError("away", 503)})
    cluster = ApiCluster(api)  # type: ignore[arg-type]
    assert cluster.get(POOL) is None
    api.answers = {}
    assert cluster.get(POOL) is None
    assert api.asked == ["/apis/karpenter.sh/v1"] * 2


def test_pods_and_endpoints_are_listed_by_label() -> None:
    api = FakeApi({})
    cluster = ApiCluster(api)  # type: ignore[arg-type]
    cluster.pods("ns", {"b": "2", "a": "1"})
    cluster.endpoint_slices(SERVICE)
    assert api.asked == [
        "/api/v1/namespaces/ns/pods?a=1,b=2",
        "/apis/discovery.k8s.io/v1/namespaces/dynamo-cloud/endpointslices?kubernetes.io/service-name=webhook",
    ]


SOURCE = {
    "repoURL": "https://charts",
    "chart": "dynamo-platform",
    "targetRevision": "1.6.1",
    "helm": {"valuesObject": {}},
}


def _application(**status: Any) -> dict[str, Any]:
    compared = {"status": "Synced", "comparedTo": {"source": SOURCE}}
    base = {"sync": compared, "health": {"status": "Healthy"}, "operationState": {"phase": "Succeeded"}}
    return {"spec": {"source": SOURCE}, "status": {**base, **status}}


def test_application_ready() -> None:
    assert predicates.application(_application()).ready


@pytest.mark.parametrize(
    ("status", "reason", "doubtful"),
    [
        ({"sync": {}}, "Argo CD has not compared its newest source yet", False),
        (
            {"sync": {"status": "Synced", "comparedTo": {"source": {**SOURCE, "targetRevision": "1.5.1"}}}},
            "Argo CD has not compared its newest source yet",
            False,
        ),
        (
            {
                "conditions": [
                    {"type": "ComparisonError", "message": "chart not found"},
                    {"type": "OrphanedResourceWarning"},
                ]
            },
            "ComparisonError: chart not found",
            True,
        ),
        (
            {"operationState": {"phase": "Failed", "message": "one or more objects failed to apply"}},
            "its last sync failed: one or more objects failed to apply",
            True,
        ),
        ({"operationState": {"phase": "Running", "message": "waiting"}}, "it is being synced: waiting", False),
        (
            {
                "sync": {"status": "OutOfSync", "comparedTo": {"source": SOURCE}},
                "resources": [
                    {"kind": "Service", "namespace": "d", "name": "a", "status": "Synced"},
                    {"kind": "Deployment", "namespace": "d", "name": "b", "status": "OutOfSync"},
                    {"kind": "ClusterRole", "name": "c", "status": "OutOfSync"},
                ],
            },
            "it is OutOfSync: Deployment d/b is OutOfSync, ClusterRole c is OutOfSync",
            False,
        ),
        (
            {
                "health": {"status": "Degraded"},
                "resources": [
                    {
                        "kind": "Deployment",
                        "namespace": "d",
                        "name": "b",
                        "health": {"status": "Degraded", "message": "no"},
                    }
                ],
            },
            "it is Degraded: Deployment d/b is Degraded: no",
            False,
        ),
    ],
)
def test_application_not_ready(status: dict[str, Any], reason: str, doubtful: bool) -> None:
    verdict = predicates.application(_application(**status))
    assert (verdict.ready, verdict.reason, verdict.doubtful) == (False, reason, doubtful)


def test_application_names_a_few_resources() -> None:
    resources = [{"kind": "Role", "name": str(number), "status": "OutOfSync"} for number in range(6)]
    sync = {"status": "OutOfSync", "comparedTo": {"source": SOURCE}}
    assert predicates.application(_application(sync=sync, resources=resources)).reason.endswith(" and 2 more")
