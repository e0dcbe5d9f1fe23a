# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A pod's status as a kubelet writes it, built from what its containers are doing. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
_OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


def waiting(reason: str, message: str = "") -> Json:
    """Return a waiting state."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def running(started_at: str) -> Json:
    """Return a running state."""
    return {"running": {"startedAt": started_at}}


def terminated(
    exit_code: int, started_at: str, finished_at: str, *, reason: str = "", message: str = "", container_id: str = ""
) -> Json:
    """Return a terminated state; the reason defaults to Completed or Error."""
    return {
        "terminated": {
            "exitCode": exit_code,
            "reason": reason or ("Completed" if exit_code == 0 else "Error"),
            **({"message": message} if message else {}),
            "startedAt": started_at,
            "finishedAt": finished_at,
            **({"containerID": container_id} if container_id else {}),
        }
    }


@dataclass
class ContainerState:
    """What is known about one container."""

    name: str
    image: str
    state: Json = field(default_factory=lambda: waiting("ContainerCreating"))
    last_state: Json = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    started: bool = False
    container_id: str = ""
    sidecar: bool = False  # an init container with restartPolicy Always

    @property
    def is_running(self) -> bool:
        """Tell whether its process runs."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """The exit code of a terminated container."""
        end = self.state.get("terminated")
        return int(end["exitCode"]) if end else None

    def to_json(self) -> Json:
        """Return its entry of containerStatuses."""
        digest = hashlib.sha256(self.image.encode()).hexdigest()
        pulled = self.is_running or bool(self.container_id)
        return {
            "name": self.name,
            "image": self.image,
            "imageID": f"{self.image.partition('@')[0]}@sha256:{digest}" if pulled else "",
            "state": self.state,
            "lastState": self.last_state,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            **({"containerID": self.container_id} if self.container_id else {}),
        }


def phase(spec: Json, init: Sequence[ContainerState], main: Sequence[ContainerState]) -> str:
    """Return the pod's phase, by the rules of the kubelet's getPhase."""
    policy = spec.get("restartPolicy", "Always")
    pending_init = False
    for container in init:
        code = container.exit_code
        if container.sidecar:
            pending_init = pending_init or not (container.started or code is not None)
        elif code is None:
            pending_init = True
        elif code != 0:
            if policy == "Never":
                return "Failed"
            pending_init = True
    codes = [container.exit_code for container in main]
    if pending_init and not any(container.is_running for container in main):
        return "Pending"
    if any(container.is_running for container in main):
        return "Running"
    if any(code is None and not container.last_state for code, container in zip(codes, main, strict=True)):
        return "Pending"
    if any(code is None for code in codes) or policy == "Always":
        return "Running"
    if all(code == 0 for code in codes):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def initialized(init: Iterable[ContainerState]) -> bool:
    """Tell whether all init containers have done their work."""
    return all(container.started if container.sidecar else container.exit_code == 0 for container in init)


def _condition(kind: str, ok: bool, reason: str, message: str, previous: Json | None, now: str) -> Json:
    status = "True" if ok else "False"
    changed = now if previous is None or previous.get("status") != status else previous["lastTransitionTime"]
    entry: Json = {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": changed}
    if not ok or reason == "PodCompleted":
        entry["reason"] = reason
        if message:
            entry["message"] = message
    return entry


def conditions(
    pod: Json, current: str, init: Sequence[ContainerState], main: Sequence[ContainerState], now: str
) -> list[Json]:
    """Return the pod's conditions; those of others (PodScheduled, DisruptionTarget …) are kept as they are."""
    known = {entry["type"]: entry for entry in (pod.get("status") or {}).get("conditions") or []}
    kept = [entry for kind, entry in known.items() if kind not in _OWN_CONDITIONS]
    done = current in ("Succeeded", "Failed")
    completed = current == "Succeeded"
    unready = [container.name for container in main if not container.ready]
    uninitialized = [
        container.name
        for container in init
        if not (container.started if container.sidecar else container.exit_code == 0)
    ]
    all_ready = not unready and not done
    ready_reason = "PodCompleted" if completed else ("PodFailed" if done else "ContainersNotReady")
    ready_message = "" if done else f"containers with unready status: [{' '.join(unready)}]"
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or []]
    open_gates = [gate for gate in gates if (known.get(gate) or {}).get("status") != "True"]
    pod_ready, pod_reason, pod_message = all_ready, ready_reason, ready_message
    if all_ready and open_gates:
        pod_ready, pod_reason = False, "ReadinessGatesNotReady"
        pod_message = "; ".join(
            f'corresponding condition of pod readiness gate "{gate}" does not exist.' for gate in open_gates
        )
    sandbox = any(container.container_id for container in [*init, *main]) and not done
    rows = [
        ("PodReadyToStartContainers", sandbox, "", ""),
        (
            "Initialized",
            not uninitialized,
            "PodCompleted" if completed else "ContainersNotInitialized",
            "" if completed else f"containers with incomplete status: [{' '.join(uninitialized)}]",
        ),
        ("Ready", pod_ready, pod_reason, pod_message),
        ("ContainersReady", all_ready, ready_reason, ready_message),
    ]
    own = [_condition(kind, ok, reason, message, known.get(kind), now) for kind, ok, reason, message in rows]
    for entry in own:
        if not entry.get("reason", "x"):
            del entry["reason"]
    return [*kept, *own]


def build(
    pod: Json,
    init: Sequence[ContainerState],
    main: Sequence[ContainerState],
    *,
    pod_ip: str,
    host_ip: str,
    started_at: str,
    now: str,
) -> Json:
    """Return the whole status of a pod."""
    current = phase(pod["spec"], init, main)
    status: Json = {
        "phase": current,
        "observedGeneration": pod["metadata"].get("generation"),
        "conditions": conditions(pod, current, init, main, now),
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "startTime": started_at,
        "containerStatuses": [container.to_json() for container in main],
    }
    if init:
        status["initContainerStatuses"] = [container.to_json() for container in init]
    if pod_ip:
        status["podIP"] = pod_ip
        status["podIPs"] = [{"ip": pod_ip}]
    if status["observedGeneration"] is None:
        del status["observedGeneration"]
    return status
