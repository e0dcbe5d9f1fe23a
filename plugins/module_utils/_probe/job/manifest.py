# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The Job as an object of Kubernetes, and what its state means. Pure."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

Json = dict[str, t.Any]
CONTAINER = "load"
FOLDER = "/work"
LABEL = "app.kubernetes.io/name"
NAME = "load-job"
# When nothing removes the Job after all, Kubernetes does.
KEPT = 600
# A pull that fails is tried again; these words mean that it was, or that it never will work.
HOPELESS = ("ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError")


@dataclass(frozen=True)
class Inside:
    """How an endpoint is reached inside its cluster, and which pods are behind it."""

    url: str
    labels: t.Mapping[str, str]


@dataclass(frozen=True)
class State:
    """Where a Job is: `waiting`, `running`, `succeeded` or `failed`; `message` says what about it."""

    phase: str
    message: str = ""


def job(name: str, source: str, config: Json, options: t.Mapping[str, t.Any], near: t.Mapping[str, str]) -> Json:
    """The Job. `source`: text of the wrapper; `near`: labels of the pods in whose zone it is best."""
    labels = {LABEL: NAME, "app.kubernetes.io/managed-by": "ai_on_eks.dynamo", "ai-on-eks.dynamo/load-job": name}
    locked: Json = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    container: Json = {
        "name": CONTAINER,
        "image": options["image"],
        "command": ["python3", "-u", "-c", source],
        "env": [
            {"name": "LOAD_JOB", "value": json.dumps(config)},
            {"name": "LOAD_JOB_FOLDER", "value": FOLDER},
            {"name": "TMPDIR", "value": FOLDER},
        ],
        "resources": options["resources"],
        "securityContext": locked,
        "volumeMounts": [{"name": "work", "mountPath": FOLDER}],
    }
    spec: Json = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "work", "emptyDir": {}}],
    }
    if options["node_selector"]:
        spec["nodeSelector"] = {str(key): str(value) for key, value in options["node_selector"].items()}
    if near:
        term = {"labelSelector": {"matchLabels": dict(near)}, "topologyKey": "topology.kubernetes.io/zone"}
        preferred = [{"weight": 100, "podAffinityTerm": term}]
        spec["affinity"] = {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(options["timeout"]),
            "ttlSecondsAfterFinished": KEPT,
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def judge(found: Json, pods: t.Sequence[Json], warnings: t.Sequence[str] = ()) -> State:
    """State of a Job, from it, its pods and the messages of its own warnings."""
    conditions = {entry["type"]: entry for entry in (found.get("status") or {}).get("conditions") or []}
    if (conditions.get("Complete") or {}).get("status") == "True":
        return State("succeeded")
    seen = [pod_state(pod) for pod in pods]
    failed = next((state for state in seen if state.phase == "failed"), None)
    end = conditions.get("Failed") or {}
    if failed or end.get("status") == "True":
        message = failed.message if failed else str(end.get("message") or end.get("reason") or "it failed")
        return State("failed", message)
    if seen:
        return seen[0]
    return State("waiting", warnings[-1] if warnings else "no pod yet")


def pod_state(pod: Json) -> State:
    """State of the Job's pod."""
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or []:
        state = container.get("state") or {}
        over = state.get("terminated")
        if over and over.get("reason") == "OOMKilled":
            return State("failed", "the pod was killed for lack of memory: raise resources.limits.memory")
        if over and over.get("exitCode"):
            return State("failed", f"the pod ended with {over['exitCode']} ({over.get('reason') or 'Error'})")
        waiting = state.get("waiting") or {}
        reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
        if reason in HOPELESS:
            return State("failed", f"{reason}: {message}" if message else reason)
        if reason:
            return State("waiting", f"{reason}: {message}" if message else reason)
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return State("waiting", f"not scheduled: {condition.get('message') or condition.get('reason')}")
    if status.get("phase") == "Failed":
        return State("failed", str(status.get("message") or status.get("reason") or "the pod failed"))
    return State("running" if status.get("phase") == "Running" else "waiting", "")
