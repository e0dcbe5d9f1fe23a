# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Which pod, and which of its ports, a connection to a Service or a pod means. Pure: objects in, names out."""

from __future__ import annotations

from .client import Json


class ForwardError(ConnectionError):
    """A forwarded connection that cannot be made or broke.

    `permanent` is true when trying again cannot help: forbidden, no such Service, no such port.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


def ready(pod: Json) -> bool:
    """Tell whether a pod may get traffic: Ready, and not on its way out."""
    conditions = pod.get("status", {}).get("conditions") or []
    is_ready = any(entry.get("type") == "Ready" and entry.get("status") == "True" for entry in conditions)
    return is_ready and not pod["metadata"].get("deletionTimestamp")


def selector_of(service: Json) -> str:
    """Return the label selector of a Service as a query. Raises ForwardError when it selects nothing."""
    selector = service.get("spec", {}).get("selector") or {}
    if not selector:
        name = service["metadata"]["name"]
        raise ForwardError(
            f"Failed to forward to service {name}: it has no selector, so it names no pods. Name a pod instead.",
            permanent=True,
        )
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def choose(service: Json, pods: list[Json], failed: list[str]) -> Json:
    """Pick a ready pod, one that has not failed if there is one, else the one that failed longest ago.

    Raises ForwardError with the names and states of the pods that are there but not ready.
    """
    usable = sorted((pod for pod in pods if ready(pod)), key=lambda pod: str(pod["metadata"]["name"]))
    if not usable:
        name = service["metadata"]["name"]
        there = ", ".join(f"{pod['metadata']['name']} ({state_of(pod)})" for pod in pods) or "none"
        raise ForwardError(
            f"Failed to forward to service {name}: no ready pod behind it. Pods that it selects: {there}."
        )
    return min(
        usable, key=lambda pod: failed.index(pod["metadata"]["name"]) if pod["metadata"]["name"] in failed else -1
    )


def state_of(pod: Json) -> str:
    """Say in one word or two why a pod is not ready."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status", {})
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return str(waiting["reason"])
    phase = str(status.get("phase") or "Unknown")
    return "not ready" if phase == "Running" else phase


def service_port(service: Json, wanted: str, pod: Json) -> int:
    """Translate a Service port (number, name, "" = the only or the http one) to the pod's. Raises ForwardError."""
    name = service["metadata"]["name"]
    ports = service.get("spec", {}).get("ports") or []
    known = ", ".join(f"{entry.get('name') or '-'}:{entry['port']}" for entry in ports) or "none"
    found = [entry for entry in ports if wanted in (str(entry["port"]), entry.get("name"))] if wanted else ports
    if len(found) > 1:
        found = [entry for entry in found if entry.get("name") == "http"]
    if len(found) != 1:
        what = f"has no port {wanted}" if wanted else "has no port, or several and none called http"
        raise ForwardError(f"Failed to forward to service {name}: it {what}. Ports: {known}.", permanent=True)
    target = found[0].get("targetPort") or found[0]["port"]
    return target if isinstance(target, int) else pod_port(pod, str(target))


def pod_port(pod: Json, wanted: str) -> int:
    """Translate a container port (number, name, "" = the only or the http one) to a number. Raises ForwardError."""
    if wanted.isdigit():
        return int(wanted)
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
    found = [port for port in ports if port.get("name") == (wanted or "http")]
    if not found and not wanted and len(ports) == 1:
        found = ports
    if not found:
        known = ", ".join(f"{port.get('name') or '-'}:{port['containerPort']}" for port in ports) or "none"
        raise ForwardError(
            f"Failed to forward to pod {pod['metadata']['name']}: it has no port "
            f"{wanted or 'called http'}. Ports: {known}.",
            permanent=True,
        )
    return int(found[0]["containerPort"])
