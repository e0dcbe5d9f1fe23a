# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Every diagnosis provoked for real: one graph for each fault, all of them followed by one wait.

Kubelet, scheduler, Karpenter, operator and API server say what they say; nothing here is recorded. A fault becomes
visible when an independent look at the cluster finds its symptom, and has to be recognised within ten seconds of that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import snapshot
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.wait import Outcome, Request, Waiter

from .conftest import NAMESPACE, PRETENDED, Json, Stage, component, container, pool, render, wait

LIMIT_SECONDS = 10.0
# Long enough for Karpenter's second answer on a busy machine; nothing here waits for it to pass.
TIMEOUT_SECONDS = 150.0
WORKER = "VllmWorker"
Objects = Mapping[str, list[Json]]


def light(name: str, **overrides: Any) -> Json:
    """A graph of one worker alone, which fits on any node: a frontend would only cost time here."""
    graph = render(name, **overrides)
    graph["spec"]["components"] = [component(graph, WORKER)]
    for entry in graph["spec"]["components"]:
        spec = entry["podTemplate"]["spec"]
        spec.pop("nodeSelector", None)
        container(graph, entry["name"])["resources"] = {"requests": {"cpu": "50m", "memory": "64Mi"}}
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            container(graph, entry["name"]).pop(probe, None)
    return graph


def gpu(name: str, node_pool: str = "g5-gpu-karpenter", cpu: str = "1") -> Json:
    """A graph whose worker wants a GPU of a pool."""
    graph = light(name)
    component(graph, WORKER)["podTemplate"]["spec"]["nodeSelector"] = {"karpenter.sh/nodepool": node_pool}
    wanted = {"cpu": cpu, "memory": "1Gi", "nvidia.com/gpu": "1"}
    container(graph, WORKER)["resources"] = {"requests": wanted, "limits": dict(wanted)}
    return graph


def intolerant(name: str) -> Json:
    graph = light(name)
    component(graph, WORKER)["podTemplate"]["spec"].pop("tolerations", None)
    component(graph, WORKER)["podTemplate"]["spec"]["nodeSelector"] = {"karpenter.sh/nodepool": "g5-gpu-karpenter"}
    return graph


def mounting(name: str) -> Json:
    """A graph whose worker mounts the claim of the same name."""
    graph = light(name)
    spec = component(graph, WORKER)["podTemplate"]["spec"]
    spec["volumes"] = [{"name": "cache", "persistentVolumeClaim": {"claimName": name}}]
    container(graph, WORKER)["volumeMounts"] = [{"name": "cache", "mountPath": "/cache"}]
    return graph


def hanging(name: str) -> Json:
    graph = light(name)
    probe = {"httpGet": {"path": "/no-such-path", "port": 9090}, "periodSeconds": 5, "failureThreshold": 2}
    container(graph, WORKER)["startupProbe"] = probe
    return graph


def claim(name: str, storage_class: str | None) -> Json:
    spec: Json = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def far_volume(name: str) -> Json:
    """A volume in a zone in which the cluster has no subnet, bound to the claim of that name."""
    term = {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-west-2c"]}]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "far",
            "claimRef": {"namespace": NAMESPACE, "name": name},
            "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-far"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
        },
    }


def policy(name: str) -> list[Json]:
    """A policy that forbids the pods of one graph."""
    kind = "admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    return [
        {
            "apiVersion": kind,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [
                    {
                        "expression": f"!object.metadata.generateName.startsWith('{name}-')",
                        "message": "no such pods here",
                    }
                ],
            },
        },
        {
            "apiVersion": kind,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        },
    ]


def pods_of(objects: Objects, name: str) -> list[Json]:
    return [pod for pod in objects["pods"] if pod["metadata"]["name"].startswith(f"{name}-")]


def waits_as(*reasons: str) -> Callable[[Objects, str], bool]:
    def look(objects: Objects, name: str) -> bool:
        return any(
            ((status.get("state") or {}).get("waiting") or {}).get("reason") in reasons
            for pod in pods_of(objects, name)
            for status in (pod.get("status") or {}).get("containerStatuses") or []
        )

    return look


def ended(objects: Objects, name: str) -> bool:
    return any(
        "terminated" in (status.get("state") or {}) or "terminated" in (status.get("lastState") or {})
        for pod in pods_of(objects, name)
        for status in (pod.get("status") or {}).get("containerStatuses") or []
    )


def told(*reasons: str, by: str = "") -> Callable[[Objects, str], bool]:
    """An event of one of these reasons about an object whose name begins with the graph's."""

    def look(objects: Objects, name: str) -> bool:
        return any(
            event.get("reason") in reasons
            and event["involvedObject"]["name"].startswith(name)
            and by in (event.get("reportingComponent") or "") + str((event.get("source") or {}).get("component") or "")
            for event in objects["events"]
        )

    return look


def with_pod(symptom: Callable[[Objects, str], bool]) -> Callable[[Objects, str], bool]:
    """The same, once there is a pod that suffers from it: claims are made before the graphs."""
    return lambda objects, name: symptom(objects, name) and bool(pods_of(objects, name))


@dataclass
class Case:
    """One fault: how a graph comes to suffer from it, how it shows, and what must be said about it."""

    reason: str
    make: Callable[[str], Json]
    symptom: Callable[[Objects, str], bool]
    words: str = ""
    crash: list[str] = field(default_factory=list)
    pull: str = ""


REFUSED = told("FailedScheduling", by="karpenter")
NO_INSTANCE = told("InsufficientCapacityError", by="karpenter")
CASES: dict[str, Case] = {
    "f-notfound": Case(
        "image_not_found", light, waits_as("ErrImagePull", "ImagePullBackOff"), "not found", pull="x: not found"
    ),
    "f-auth": Case(
        "image_forbidden", light, waits_as("ErrImagePull", "ImagePullBackOff"), "401", pull="failed to authorize: 401"
    ),
    "f-throttled": Case(
        "image_pull",
        light,
        waits_as("ErrImagePull", "ImagePullBackOff"),
        "toomanyrequests",
        pull="toomanyrequests: wait",
    ),
    "f-secret": Case(
        "container_config",
        lambda name: light(name, hf_token_secret="no-such-secret"),  # a name
        waits_as("CreateContainerConfigError"),
        "no-such-secret",
    ),
    "f-oom": Case(
        "gpu_memory",
        light,
        ended,
        "CUDA out of memory",
        crash=["INFO loading", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"],
    ),
    "f-gated": Case(
        "gated_model",
        light,
        ended,
        "gated",
        crash=["huggingface_hub.errors.GatedRepoError: 403 Client Error.", "Cannot access gated repo"],
    ),
    "f-token": Case(
        "model_forbidden",
        light,
        ended,
        "401",
        crash=["requests.HTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/api/models/x"],
    ),
    # No fault is injected here: the engine itself refuses the flag.
    "f-flag": Case(
        "bad_argument", lambda name: light(name, arguments={"connector": "nixl"}), ended, "unrecognized arguments"
    ),
    "f-boom": Case("crash", light, ended, "last line of its log: boom", crash=["boom"]),
    "f-probe": Case("probe_failing", hanging, told("Killing"), "its startup probe fails"),
    "f-cpu": Case("no_instance_type", lambda name: gpu(name, cpu="900"), REFUSED, "no instance type"),
    "f-nopool": Case(
        "pool_missing", lambda name: gpu(name, "p5-gpu-karpenter"), told("FailedScheduling"), "p5-gpu-karpenter"
    ),
    "f-taint": Case("taint_not_tolerated", intolerant, REFUSED, "did not tolerate"),
    "f-limit": Case("pool_limit", lambda name: gpu(name, "small"), REFUSED, "limit"),
    "f-capacity": Case(
        "no_capacity", lambda name: gpu(name, "dry"), lambda objects, _: NO_INSTANCE(objects, "dry-"), "nsufficient"
    ),
    "f-quota": Case(
        "quota", lambda name: gpu(name, "short"), lambda objects, _: NO_INSTANCE(objects, "short-"), "VcpuLimitExceeded"
    ),
    "f-noclaim": Case("volume_claim_missing", mounting, told("FailedScheduling"), "f-noclaim does not exist"),
    "f-class": Case(
        "storage_class_missing",
        mounting,
        with_pod(told("ProvisioningFailed")),
        'storageclass.storage.k8s.io "none-such"',
    ),
    "f-driver": Case("no_provisioner", mounting, with_pod(told("ExternalProvisioning")), "efs.csi.aws.com"),
    "f-zone": Case("volume_wrong_zone", mounting, told("FailedScheduling"), "in another zone"),
    "f-denied": Case("pod_denied", light, told("FailedCreate"), "no such pods here"),
}


@dataclass
class Seen:
    """When each fault was visible and recognised (seconds of one clock), and how the wait ended."""

    visible: dict[str, float]
    recognised: dict[str, float]
    lines: list[str]
    outcomes: dict[str, Outcome]


class Follower(Waiter):
    """A wait that remembers when it first found what."""

    first: dict[tuple[str, str], float]

    def _find(self, view: Any) -> list[Any]:
        found = super()._find(view)
        learned = [self._learn(entry, view) for entry in found]
        for entry in learned:
            self.first.setdefault((view.name, entry.reason), time.monotonic())
        return found


@pytest.fixture(scope="module")
def seen(stage: Stage) -> Iterator[Seen]:
    """Break everything at once and follow it until all is recognised."""
    prepare(stage)
    stage.apply(*(case.make(name) for name, case in CASES.items()))
    lines: list[str] = []
    request = Request(NAMESPACE, tuple(CASES), TIMEOUT_SECONDS, patience=TIMEOUT_SECONDS)
    waiter = Follower(stage.client, request, lambda text, _kind: lines.append(text))
    waiter.first = {}
    outcomes: dict[str, Outcome] = {}
    thread = threading.Thread(target=lambda: outcomes.update(waiter.run()), daemon=True)
    thread.start()
    visible: dict[str, float] = {}
    limit = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < limit:
        objects = look(stage)
        now = time.monotonic()
        for name, case in CASES.items():
            if name not in visible and case.symptom(objects, name):
                visible[name] = now
        if all((name, case.reason) in waiter.first and name in visible for name, case in CASES.items()):
            break
        if all(name in visible and now - visible[name] > 2 * LIMIT_SECONDS for name in CASES):
            break
        time.sleep(0.3)
    recognised = {name: moment for (name, reason), moment in list(waiter.first.items()) if CASES[name].reason == reason}
    yield Seen(visible, recognised, lines, outcomes)
    stage.heal()
    stage.kubectl("delete", "dgd", *CASES, "--wait=false")
    stage.kubectl("delete", "pvc", "--all", "--wait=false")
    stage.kubectl("delete", "nodepool", "small", "dry", "short", "--wait=false")
    stage.kubectl("delete", "validatingadmissionpolicybindings,validatingadmissionpolicies", "f-denied")


def prepare(stage: Stage) -> None:
    """Inject the faults, and make the pools, claims and policies that some of them need."""
    for name, case in CASES.items():
        pod = f"{name}-{WORKER.lower()}-*"
        if case.crash:
            stage.break_pods({"kind": "crash", "pod": pod, "lines": case.crash})
        if case.pull:
            stage.break_pods({"kind": "image-pull", "pod": pod, "message": case.pull})
    stage.break_aws({"kind": "no_capacity", "instance_types": ["g6.*"]})
    vcpu = "You have requested more vCPU capacity than your current vCPU limit of 0 allows"
    stage.break_aws({"kind": "no_capacity", "instance_types": ["g6e.*"], "code": "VcpuLimitExceeded", "message": vcpu})
    driver: Json = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "efs"},
        "provisioner": "efs.csi.aws.com",
    }
    stage.apply(
        pool("small", ["g5"], gpus=0),
        pool("dry", ["g6"]),
        pool("short", ["g6e"]),
        driver,
        far_volume("f-zone"),
        claim("f-zone", "far"),
        claim("f-class", "none-such"),
        claim("f-driver", "efs"),
        *policy("f-denied"),
    )
    # A policy is in force a moment after it was made.
    forbidden = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "f-denied-"},
        "spec": {"containers": [{"name": "main", "image": PRETENDED}]},
    }
    wait(lambda: "no such pods" in stage.kubectl("create", "--dry-run=server", "-f", "-", data=forbidden, check=False))


def look(stage: Stage) -> Objects:
    """Look at the cluster without the code under test."""
    found: dict[str, list[Json]] = {}
    paths = {
        "pods": [snapshot.PODS.path(NAMESPACE)],
        "events": [snapshot.EVENTS.path(NAMESPACE), "/api/v1/namespaces/default/events"],
    }
    for kind, listed in paths.items():
        found[kind] = [item for path in listed for item in stage.client.get(path)["items"]]
    return found


@pytest.mark.parametrize("name", CASES)
def test_recognised_within_ten_seconds(seen: Seen, name: str) -> None:
    case = CASES[name]
    said = [line for line in seen.lines if f"] {name} " in line]
    assert name in seen.visible, f"the fault never showed; said: {said}"
    assert name in seen.recognised, f"{case.reason} was never found; said: {said}"
    assert seen.recognised[name] - seen.visible[name] <= LIMIT_SECONDS
    assert any(case.reason in line and case.words in line for line in said), said
