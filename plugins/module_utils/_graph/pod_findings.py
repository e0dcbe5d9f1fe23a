# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Why a pod does not become ready: placement, image, configuration, crash, probe. Pure."""

from __future__ import annotations

import re

from . import placement
from .finding import Finding, Grace
from .pods import ready
from .snapshot import Json, Snapshot, deleting, name_of

_IMAGE_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_CONFIG_REASONS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError")
_IMAGE_HOPELESS = (
    ("image_not_found", r"not found|manifest unknown|does not exist|NotFound|InvalidImageName|couldn't parse image"),
    ("image_forbidden", r"unauthorized|denied|forbidden|authentication required|401|403"),
)
_KILLED = re.compile(r"Container (?P<container>\S+) failed (?P<probe>startup|liveness) probe")
# Events that tell that a pod's volumes are mounted, and more.
_BEYOND_MOUNTING = ("Pulling", "Pulled", "Created", "Started")
# A container that crashed this often has shown that it does not recover.
CRASH_LIMIT = 3


def find(snapshot: Snapshot, pod: Json, namespace: str) -> list[Finding]:
    """Return what is wrong with a pod, [] when it is ready, going away, or simply on its way."""
    if ready(pod) or deleting(pod):
        return []
    status = pod.get("status") or {}
    for group in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(group) or []:
            found = _container(snapshot, pod, container, namespace)
            if found:
                return [found]
    if not (pod.get("spec") or {}).get("nodeName"):
        return placement.find(snapshot, pod, namespace)
    return _slow(snapshot, pod, namespace)


def _container(snapshot: Snapshot, pod: Json, container: Json, namespace: str) -> Finding | None:
    state = container.get("state") or {}
    waiting = state.get("waiting") or {}
    reason = str(waiting.get("reason") or "")
    if reason in _IMAGE_REASONS:
        return _image(snapshot, pod, container, waiting, namespace)
    if reason in _CONFIG_REASONS:
        return Finding(
            "container_config",
            f"Pod/{name_of(pod)}",
            f"{reason}: {waiting.get('message') or 'no details'}",
            f"Create what is missing, or correct the definition: kubectl -n {namespace} describe pod {name_of(pod)}",
            Grace.SOON,
        )
    last = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
    if last and not container.get("ready"):
        probe = _killing_probe(snapshot, pod, container)
        if probe:
            return _killed(snapshot, pod, container, probe, namespace)
        if int(last.get("exitCode") or 0) != 0:
            return _crash(pod, container, last, namespace)
    return None


def _killing_probe(snapshot: Snapshot, pod: Json, container: Json) -> str:
    """Return which probe had the container restarted: startup, liveness, or "" for none."""
    for event in reversed(snapshot.events_about("Pod", name_of(pod))):
        if event.get("reason") == "Killing":
            match = _KILLED.match(str(event.get("message") or ""))
            return match["probe"] if match and match["container"] == container.get("name") else ""
    return ""


def _killed(snapshot: Snapshot, pod: Json, container: Json, probe: str, namespace: str) -> Finding:
    """Say that the kubelet restarts a container because of a probe, and what the probe saw."""
    seen = [
        str(event.get("message") or "")
        for event in snapshot.events_about("Pod", name_of(pod))
        if event.get("reason") == "Unhealthy" and str(event.get("message") or "").lower().startswith(probe)
    ]
    name, restarts = str(container.get("name")), int(container.get("restartCount") or 0)
    remedy = (
        "Give it more time (probes.startup of the component in the definition)"
        if probe == "startup"
        else "It hangs, or answers too slowly for probes.liveness of the component in the definition"
    )
    return Finding(
        "probe_failing",
        f"Pod/{name_of(pod)}",
        f"container {name} is restarted because its {probe} probe fails ({restarts} restarts)"
        + (f": {seen[-1]}" if seen else ""),
        f"{remedy}; what it wrote: kubectl -n {namespace} logs {name_of(pod)} -c {name} --previous",
        Grace.NONE if restarts >= CRASH_LIMIT else Grace.TIMEOUT,
        (name_of(pod), name, "terminated" not in (container.get("state") or {})),
    )


def _image(snapshot: Snapshot, pod: Json, container: Json, waiting: Json, namespace: str) -> Finding:
    image = str(container.get("image") or "")
    pulls = [
        str(event.get("message") or "")
        for event in snapshot.events_about("Pod", name_of(pod))
        if event.get("reason") == "Failed" and "pull" in str(event.get("message") or "")
    ]
    # "Back-off pulling image" alone says nothing; the event of the failed pull does.
    message = max([str(waiting.get("message") or ""), *pulls[-1:]], key=len)
    text = f"{waiting.get('reason')} {message}"
    for reason, pattern in _IMAGE_HOPELESS:
        if re.search(pattern, text):
            remedy = (
                f"Check the image's name and tag: {image}"
                if reason == "image_not_found"
                else f"Give credentials for {image.split('/', 1)[0]} (dynamo_example_image_pull_secrets)"
            )
            return Finding(reason, f"Pod/{name_of(pod)}", f"{image} cannot be pulled: {message}", remedy, Grace.NONE)
    return Finding(
        "image_pull",
        f"Pod/{name_of(pod)}",
        f"{image} cannot be pulled (the kubelet goes on trying): {message}",
        f"kubectl -n {namespace} describe pod {name_of(pod)}",
        Grace.PATIENCE,
    )


def _crash(pod: Json, container: Json, last: Json, namespace: str) -> Finding:
    name, restarts = str(container.get("name")), int(container.get("restartCount") or 0)
    state = container.get("state") or {}
    previous = "terminated" not in state
    if "running" in state:
        # It has been started again and may yet succeed; loading a model takes longer than any patience with crashes.
        grace = Grace.PATIENCE if restarts >= CRASH_LIMIT else Grace.TIMEOUT
    else:
        grace = Grace.NONE if restarts >= CRASH_LIMIT else Grace.PATIENCE
    flag = " --previous" if previous else ""
    if last.get("reason") == "OOMKilled":
        return Finding(
            "out_of_memory",
            f"Pod/{name_of(pod)}",
            f"container {name} was killed for using more memory than its limit ({restarts} restarts)",
            "Raise the component's resources.memory in the definition",
            Grace.NONE if restarts else grace,
            (name_of(pod), name, previous),
        )
    return Finding(
        "crash",
        f"Pod/{name_of(pod)}",
        f"container {name} ended with exit code {last.get('exitCode')} ({restarts} restarts)",
        f"kubectl -n {namespace} logs {name_of(pod)} -c {name}{flag}",
        grace,
        (name_of(pod), name, previous),
    )


def _started(pod: Json) -> bool:
    """Say whether all containers run and have passed their startup probes."""
    containers = (pod.get("status") or {}).get("containerStatuses") or []
    return bool(containers) and all(entry.get("started") for entry in containers)


def _slow(snapshot: Snapshot, pod: Json, namespace: str) -> list[Finding]:
    """Report a pod that has a node and no fault yet: only of interest when the time is up."""
    events = snapshot.events_about("Pod", name_of(pod))
    mounted = any(event.get("reason") in _BEYOND_MOUNTING for event in events)
    unhealthy = [event for event in events if event.get("reason") == "Unhealthy"]
    unmounted = [event for event in events if event.get("reason") in ("FailedMount", "FailedAttachVolume")]
    grace = Grace.TIMEOUT
    remedy = f"kubectl -n {namespace} logs {name_of(pod)}, or wait longer (dynamo_example_timeouts)"
    if unhealthy:
        # Until its startup probe has passed once, a container is starting, and its probes cannot but fail.
        reason = "probe_failing" if _started(pod) else "starting"
        message = str(unhealthy[-1].get("message") or "")
    elif unmounted and not mounted:
        reason, message, grace = "volume_not_mounted", str(unmounted[-1].get("message") or ""), Grace.PATIENCE
        remedy = (
            f"kubectl -n {namespace} describe pod {name_of(pod)}; EFS needs a mount target in the node's zone, EBS a "
            "volume that no other node has"
        )
    elif events and events[-1].get("reason") == "Pulling":
        reason, message = "image_pulling", str(events[-1].get("message") or "")
        remedy = "Wait; large images take minutes (dynamo_example_timeouts, karpenter_gpu_node_classes.fast_image_pull)"
    else:
        reason, message = "not_ready", f"the pod is {str((pod.get('status') or {}).get('phase') or 'Pending').lower()}"
    container = next(iter((pod.get("spec") or {}).get("containers") or [{"name": "main"}]))
    return [
        Finding(
            reason,
            f"Pod/{name_of(pod)}",
            f"{message} (node {pod['spec']['nodeName']})",
            remedy,
            grace,
            (name_of(pod), str(container["name"]), False),
        )
    ]
