# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Finalizers come off only when what they guard is proved gone, and only those that are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import AwsError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects import absent, blockers, guards
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.release import PROOFS, Releaser

Json = dict[str, Any]
CLAIM = absent.Selector("karpenter.sh", "NodeClaim")
POOL = absent.Selector("karpenter.sh", "NodePool")
CLASS = absent.Selector("karpenter.k8s.aws", "EC2NodeClass")
GRAPH = absent.Selector("nvidia.com", "DynamoGraphDeployment")
COMPONENT = absent.Selector("nvidia.com", "DynamoComponentDeployment")


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(seconds, 0.01)


def thing(kind: str, name: str, *finalizers: str, owner: str = "", namespace: str = "", **more: Any) -> Json:
    references = [{"uid": owner}] if owner else []
    meta = {"name": name, "uid": f"{kind}/{name}", "namespace": namespace, "finalizers": list(finalizers)}
    return {"kind": kind, "metadata": {**meta, "ownerReferences": references}, **more}


class Account:
    """A cluster in which nobody takes finalizers off, and the AWS account behind it."""

    def __init__(self, *objects: Json) -> None:
        self.objects = list(objects)
        self.running: list[str] = []
        self.balancing: list[str] = []
        self.denied = False

    def select(self, selector: absent.Selector) -> Sequence[Json]:
        key, _, value = selector.label_selector.partition("=")
        return [
            obj
            for obj in self.objects
            if obj["kind"] == selector.kind
            and selector.name in ("", obj["metadata"]["name"])
            and selector.namespace in ("", obj["metadata"]["namespace"])
            and (not key or (obj["metadata"].get("labels") or {}).get(key) == value)
        ]

    def delete(self, selector: absent.Selector, obj: Mapping[str, Any], propagation: str) -> None:
        found = next((item for item in self.objects if item is obj), None)
        if found is None:
            return
        if found["metadata"]["finalizers"]:
            found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        else:
            self._collect(found)

    def unguard(self, selector: absent.Selector, obj: Mapping[str, Any], keep: Sequence[str]) -> bool:
        found = next(item for item in self.objects if item is obj)
        found["metadata"]["finalizers"] = list(keep)
        if not keep:
            self._collect(found)
        return True

    def _collect(self, obj: Json) -> None:
        """Remove an object; the garbage collector takes what it owned."""
        self.objects = [item for item in self.objects if item is not obj]
        for item in list(self.objects):
            if {"uid": obj["metadata"]["uid"]} in item["metadata"]["ownerReferences"]:
                self.delete(absent.Selector("", item["kind"]), item, "Background")

    def instances(self, identifier: str, tags: Mapping[str, str]) -> list[guards.Thing]:
        if self.denied:
            raise AwsError("Failed to look for instances: AccessDenied")
        return [guards.Thing(f"instance {name} is running") for name in self.running]

    def volume(self, driver: str, handle: str) -> list[guards.Thing]:
        return []

    def balancers(self, hosts: Collection[str], stacks: Collection[str]) -> list[guards.Thing]:
        return [
            guards.Thing(f"load balancer {name} is there") for name in self.balancing if not stacks or name in stacks
        ]


def run(account: Account, *selectors: absent.Selector, timeout: float = 60, **options: Any) -> absent.Result:
    options.setdefault("after", 20.0)
    return absent.remove(account, selectors, timeout, clock=Clock(), helper=Releaser(account, **options))


def test_a_claim_whose_instance_is_gone_is_released_and_reported() -> None:
    account = Account(thing("NodeClaim", "a", "karpenter.sh/termination"))
    result = run(account, CLAIM)
    assert result.remaining == []
    assert result.released == [
        {"object": "NodeClaim a", "finalizers": ["karpenter.sh/termination"], "proof": PROOFS["NodeClaim"]}
    ]
    assert 5 <= result.seconds < 10


def test_a_claim_whose_instance_runs_stays() -> None:
    account = Account(thing("NodeClaim", "a", "karpenter.sh/termination"))
    account.running = ["i-1"]
    result = run(account, CLAIM)
    assert result.released == []
    (row,) = blockers.of(result)
    assert "behind it: instance i-1 is running" in row["what"]
    assert row["owner"] == "Karpenter"
    assert "kubectl logs -n karpenter" in row["next"]


def test_what_aws_does_not_let_us_see_is_not_taken_for_gone() -> None:
    account = Account(thing("NodeClaim", "a", "karpenter.sh/termination"))
    account.denied = True
    result = run(account, CLAIM)
    assert result.released == []
    assert "nobody could look: Failed to look for instances: AccessDenied" in blockers.of(result)[0]["what"]


def test_a_finalizer_that_nobody_knows_is_never_taken_off() -> None:
    account = Account(thing("NodeClaim", "a", "karpenter.sh/termination", "backup.example.com/snapshot"))
    result = run(account, CLAIM)
    assert result.remaining[0]["finalizers"] == ["backup.example.com/snapshot"]
    (row,) = blockers.of(result)
    assert row["owner"] == "whoever set it (backup.example.com)"
    assert "backup.example.com/snapshot off by hand" in row["next"]
    assert run(Account(thing("ConfigMap", "c", "karpenter.sh/x")), absent.Selector("v1", "ConfigMap")).released == []


def test_pools_and_classes_wait_for_their_claims_which_are_removed() -> None:
    claim = thing("NodeClaim", "a", "karpenter.sh/termination", spec={"nodeClassRef": {"name": "gpu"}})
    claim["metadata"]["labels"] = {"karpenter.sh/nodepool": "p"}
    account = Account(
        claim,
        thing("NodePool", "p", "karpenter.sh/termination"),
        thing("EC2NodeClass", "gpu", "karpenter.k8s.aws/termination"),
    )
    result = run(account, POOL, CLASS)
    assert result.remaining == []
    assert account.objects == []
    assert [row["object"] for row in result.released] == ["NodeClaim a", "NodePool p", "EC2NodeClass gpu"]
    assert "NodeClaim a" in result.deleted


def graph() -> list[Json]:
    """A graph of the age of 0.4: no label says whose its parts are."""
    return [
        thing("DynamoGraphDeployment", "g", "nvidia.com/finalizer", namespace="d"),
        thing(
            "DynamoComponentDeployment", "g-w", "nvidia.com/finalizer", namespace="d", owner="DynamoGraphDeployment/g"
        ),
        thing("Deployment", "g-w", namespace="d", owner="DynamoComponentDeployment/g-w"),
        thing("ReplicaSet", "g-w-1", namespace="d", owner="Deployment/g-w"),
        thing("Pod", "g-w-1-x", namespace="d", owner="ReplicaSet/g-w-1"),
        thing("Service", "other", namespace="d"),
    ]


def test_a_graph_without_an_operator_goes_with_its_pods_first() -> None:
    account = Account(*graph())
    result = run(account, GRAPH)
    assert result.remaining == []
    assert [obj["metadata"]["name"] for obj in account.objects] == ["other"]
    assert [row["object"] for row in result.released] == [
        "DynamoComponentDeployment d/g-w",
        "DynamoGraphDeployment d/g",
    ]


def test_components_that_outlived_their_graph_go_with_their_pods() -> None:
    account = Account(*graph()[1:])
    assert run(account, COMPONENT).remaining == []
    assert [obj["metadata"]["name"] for obj in account.objects] == ["other"]


def test_a_dead_controller_is_not_waited_for() -> None:
    account = Account(thing("NodeClaim", "a", "karpenter.sh/termination"))
    result = run(account, CLAIM, after=500.0, timeout=900)
    assert result.remaining == []
    assert result.seconds < 20
    stuck = Account(thing("NodeClaim", "a", "karpenter.sh/termination"))
    stuck.running = ["i-1"]
    ended = run(stuck, CLAIM, after=500.0, timeout=900)
    assert ended.remaining
    assert ended.seconds < 40


def test_a_living_controller_has_its_time() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    pod = thing("Pod", "karpenter-1", status=ready)
    pod["metadata"]["labels"] = {"app.kubernetes.io/name": "karpenter"}
    account = Account(thing("NodeClaim", "a", "karpenter.sh/termination"), pod)
    result = run(account, CLAIM, after=100.0, timeout=200)
    assert 100 <= result.seconds < 110


def test_an_application_goes_when_its_resources_have_gone() -> None:
    resources = [
        {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "d", "name": "operator"},
        {"group": "apiextensions.k8s.io", "version": "v1", "kind": "CustomResourceDefinition", "name": "graphs"},
    ]
    account = Account(
        thing("Application", "a", "resources-finalizer.argocd.argoproj.io/background", status={"resources": resources}),
        thing("Deployment", "operator", namespace="d"),
        thing("CustomResourceDefinition", "graphs"),
    )
    assert run(account, absent.Selector("argoproj.io", "Application")).remaining == []
    assert [obj["kind"] for obj in account.objects] == ["CustomResourceDefinition"]


@pytest.mark.parametrize("kind", ["Service", "Ingress"])
def test_a_service_with_a_load_balancer_stays(kind: str) -> None:
    finalizer = {"Service": "service.k8s.aws/resources", "Ingress": "ingress.k8s.aws/resources"}[kind]
    version = {"Service": "v1", "Ingress": "networking.k8s.io/v1"}[kind]
    account = Account(thing(kind, "web", finalizer, namespace="d"))
    account.balancing = ["d/web"]
    assert run(account, absent.Selector(version, kind)).released == []
    account.balancing = ["d/another"]
    assert [row["object"] for row in run(account, absent.Selector(version, kind)).released] == [f"{kind} d/web"]


def test_a_claim_in_use_is_not_released() -> None:
    volumes = [{"persistentVolumeClaim": {"claimName": "data"}}]
    pod = thing("Pod", "db", namespace="d", spec={"volumes": volumes}, status={"phase": "Running"})
    account = Account(thing("PersistentVolumeClaim", "data", "kubernetes.io/pvc-protection", namespace="d"), pod)
    result = run(account, absent.Selector("v1", "PersistentVolumeClaim"))
    assert "Pod db uses it" in blockers.of(result)[0]["what"]
    assert len(account.objects) == 2


def test_a_deletion_that_is_refused_does_not_keep_the_others() -> None:
    class Refusing(Account):
        def delete(self, selector: absent.Selector, obj: Mapping[str, Any], propagation: str) -> None:
            if obj["metadata"]["name"] == "a":
                raise KubeError('failed calling webhook "v.example.com": no endpoints available', 500)
            super().delete(selector, obj, propagation)

    account = Refusing(thing("NodeClaim", "a"), thing("NodeClaim", "b"))
    result = absent.remove(account, [CLAIM], timeout=3, clock=Clock())
    assert result.deleted == ["NodeClaim b"]
    (row,) = blockers.of(result)
    assert 'failed calling webhook "v.example.com"' in row["what"]


def test_every_guard_has_a_proof_and_an_owner() -> None:
    assert {guard.kind for guard in guards.GUARDS} == set(PROOFS)
    names = [guards.owner_of(name).name for guard in guards.GUARDS for name in guard.finalizers]
    assert [name for name in names if name.startswith("whoever")] == []
