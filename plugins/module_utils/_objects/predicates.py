# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""When an object is ready, and why it is not: pure functions of the object as the API serves it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

# Waiting reasons that only a change of the object can end.
HOPELESS = frozenset({"InvalidImageName", "ErrImageNeverPull"})
# Waiting reasons that can pass (a slow registry, a secret that comes late), but seldom do.
DOUBTFUL = frozenset({"ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError", "CreateContainerError"})
# So many restarts prove that the container does not only wait for a neighbour.
CRASHES = 3
PARTS = 2
# So many parts of an Application are named, of those that are not as they should be.
_SAID = 4

Object = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Verdict:
    """What an object's state means. `fatal`: waiting longer cannot help. `doubtful`: it only helps for a while."""

    ready: bool
    reason: str = ""
    fatal: bool = False
    doubtful: bool = False


READY = Verdict(True)


def _not_yet(reason: str) -> Verdict:
    return Verdict(False, reason)


def _spec(obj: Object) -> Object:
    return t.cast(Object, obj.get("spec") or {})


def _status(obj: Object) -> Object:
    return t.cast(Object, obj.get("status") or {})


def _is_observed(obj: Object, seen: t.Any) -> bool:
    """Whether a controller that reports the generation it saw has seen the newest one."""
    return seen is None or int(seen) >= int(obj.get("metadata", {}).get("generation") or 0)


def deployment(obj: Object) -> Verdict:
    """All replicas are of the newest template, and available but for the allowed disruption (condition Available)."""
    status, wanted = _status(obj), _spec(obj).get("replicas", 1)
    if not _is_observed(obj, status.get("observedGeneration", 0)):
        return _not_yet("its newest version was not seen by the controller yet")
    updated = status.get("updatedReplicas", 0)
    if updated < wanted:
        return _not_yet(f"{updated} of {wanted} replicas are of the newest version")
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    if conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded":
        return Verdict(False, f"it makes no progress: {conditions['Progressing'].get('message', '')}", fatal=True)
    if wanted and conditions.get("Available", {}).get("status") != "True":
        return _not_yet(f"{status.get('availableReplicas', 0)} of {wanted} replicas are available")
    return READY


def stateful_set(obj: Object) -> Verdict:
    """All replicas are ready and of the newest revision."""
    status, wanted = _status(obj), _spec(obj).get("replicas", 1)
    if not _is_observed(obj, status.get("observedGeneration", 0)):
        return _not_yet("its newest version was not seen by the controller yet")
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted or updated < wanted:
        return _not_yet(f"{min(ready, updated)} of {wanted} replicas are ready")
    return READY


def daemon_set(obj: Object) -> Verdict:
    """A pod of the newest template is ready on every node that should have one (there may be none)."""
    status = _status(obj)
    if not _is_observed(obj, status.get("observedGeneration", 0)):
        return _not_yet("its newest version was not seen by the controller yet")
    wanted = status.get("desiredNumberScheduled", 0)
    ready = min(status.get("numberReady", 0), status.get("updatedNumberScheduled", 0))
    return READY if ready >= wanted else _not_yet(f"it is ready on {ready} of {wanted} nodes")


def webhook_configuration(obj: Object) -> Verdict:
    """Every webhook that is served from inside the cluster has the CA that the API server must trust."""
    bare = [
        str(webhook.get("name"))
        for webhook in obj.get("webhooks") or []
        if "service" in (webhook.get("clientConfig") or {}) and not webhook["clientConfig"].get("caBundle")
    ]
    return _not_yet(f"there is no caBundle for {', '.join(bare)}") if bare else READY


def custom_resource_definition(obj: Object) -> Verdict:
    """The kind is served, and a conversion webhook inside the cluster has the CA that the API server must trust."""
    established = by_condition(obj, "Established")
    if not established.ready:
        return established
    client = ((_spec(obj).get("conversion") or {}).get("webhook") or {}).get("clientConfig") or {}
    if "service" in client and not client.get("caBundle"):
        return _not_yet("there is no caBundle for its conversion webhook")
    return READY


def service(slices: t.Sequence[Object]) -> Verdict:
    """At least one endpoint of the Service is ready. An endpoint without a condition counts as ready (API contract)."""
    for endpoints in slices:
        for endpoint in endpoints.get("endpoints") or []:
            if (endpoint.get("conditions") or {}).get("ready") in {True, None}:
                return READY
    return _not_yet("it has no ready endpoint")


def by_condition(obj: Object, wanted: str) -> Verdict:
    """Condition `wanted` is True, for the newest generation where the controller says which one it saw."""
    status = _status(obj)
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    found = conditions.get(wanted)
    if found is None:
        return _not_yet(f"it has no condition {wanted} yet")
    if not _is_observed(obj, found.get("observedGeneration", status.get("observedGeneration"))):
        return _not_yet("its newest version was not seen by the controller yet")
    if found.get("status") == "True":
        return READY
    # The wanted condition often only sums up; the others say what is missing.
    details = [c for c in conditions.values() if c.get("status") == "False" and c["type"] != wanted] or [found]
    return _not_yet("; ".join(_say(condition) for condition in details))


def _say(condition: Object) -> str:
    parts = [str(condition[key]) for key in ("reason", "message") if condition.get(key)]
    if len(parts) == PARTS and parts[0] == parts[1]:
        parts.pop()
    return f"{condition['type']} is {condition.get('status')}" + (f" ({': '.join(parts)})" if parts else "")


# What makes a source of an Application the one that was compared.
_SOURCE_KEYS = ("repoURL", "chart", "path", "targetRevision", "helm")


def application(obj: Object) -> Verdict:
    """Argo CD has compared the newest source, found nothing out of sync, and all that it made is healthy."""
    status, source = _status(obj), _spec(obj).get("source") or {}
    sync, health = status.get("sync") or {}, status.get("health") or {}
    errors = [
        f"{row.get('type')}: {row.get('message', '')}"
        for row in status.get("conditions") or []
        if str(row.get("type")).endswith("Error")
    ]
    if errors:
        return Verdict(False, "; ".join(errors), doubtful=True)
    seen = (sync.get("comparedTo") or {}).get("source") or {}
    if any(seen.get(key) != source.get(key) for key in _SOURCE_KEYS):
        return _not_yet("Argo CD has not compared its newest source yet")
    operation = status.get("operationState") or {}
    if operation.get("phase") in {"Error", "Failed"}:
        return Verdict(False, f"its last sync failed: {operation.get('message', '')}", doubtful=True)
    if operation.get("phase") == "Running":
        return _not_yet(f"it is being synced: {operation.get('message', '')}")
    if sync.get("status") != "Synced":
        return _not_yet(f"it is {sync.get('status') or 'not compared yet'}{_resources(status, _is_out_of_sync)}")
    if health.get("status") != "Healthy":
        said = f" ({health['message']})" if health.get("message") else ""
        return _not_yet(f"it is {health.get('status') or 'of unknown health'}{said}{_resources(status, _is_unhealthy)}")
    return READY


def _is_out_of_sync(resource: Object) -> str:
    return str(resource.get("status") or "") if resource.get("status") not in {None, "", "Synced"} else ""


def _is_unhealthy(resource: Object) -> str:
    health = resource.get("health") or {}
    if health.get("status") in {None, "", "Healthy"}:
        return ""
    return f"{health['status']}: {health['message']}" if health.get("message") else str(health["status"])


def _resources(status: Object, problem: t.Callable[[Object], str]) -> str:
    found = [
        f"{row.get('kind')} {row['namespace']}/{row.get('name')}"
        if row.get("namespace")
        else f"{row.get('kind')} {row.get('name')}"
        for row in status.get("resources") or []
        if problem(row)
    ]
    whys = [problem(row) for row in status.get("resources") or [] if problem(row)]
    said = [f"{name} is {why}" for name, why in zip(found, whys)]
    more = f" and {len(said) - _SAID} more" if len(said) > _SAID else ""
    return f": {', '.join(said[:_SAID])}{more}" if said else ""


def pods(found: t.Sequence[Object]) -> Verdict | None:
    """Why the pods of a workload do not get ready; only those of its newest template count. None: nothing to say."""
    newest = sorted(found, key=lambda pod: str(pod["metadata"].get("creationTimestamp") or ""))[-1:]
    revision = _revision(newest[0]) if newest else ""
    worst: Verdict | None = None
    for pod in found:
        verdict = _pod(pod) if _revision(pod) == revision else None
        if verdict and (worst is None or (verdict.fatal, verdict.doubtful) > (worst.fatal, worst.doubtful)):
            worst = verdict
    return worst


def _revision(pod: Object) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("pod-template-hash") or labels.get("controller-revision-hash") or "")


def _pod(pod: Object) -> Verdict | None:
    name, status = pod["metadata"]["name"], _status(pod)
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason, restarts = waiting.get("reason", ""), int(container.get("restartCount") or 0)
        text = f"pod {name}, container {container.get('name')}: {reason}"
        if waiting.get("message"):
            text += f" ({waiting['message']})"
        if reason == "CrashLoopBackOff":
            code = ((container.get("lastState") or {}).get("terminated") or {}).get("exitCode")
            return Verdict(False, f"{text}, {restarts} restarts, exit code {code}", fatal=restarts >= CRASHES)
        if reason in HOPELESS or reason in DOUBTFUL:
            return Verdict(False, text, fatal=reason in HOPELESS, doubtful=True)
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition.get("status") == "False":
            return _not_yet(f"pod {name} is not scheduled: {condition.get('message') or condition.get('reason', '')}")
    return None
