# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Why a pod has no node: what the scheduler, Karpenter, its NodePools and NodeClaims, and volumes say. Pure."""

from __future__ import annotations

import re

from . import karpenter, volumes
from .finding import Finding, Grace
from .snapshot import Json, Snapshot, event_time, name_of
from .status import condition_of

POOL_LABEL = "karpenter.sh/nodepool"

# What a cloud answers when it makes no instance -> (reason, what to do). First match wins.
_CLOUD_REFUSALS = (
    (
        r"VcpuLimitExceeded|MaxSpotInstanceCountExceeded|InstanceLimitExceeded|vCPU limit",
        "quota",
        "Ask for a higher vCPU quota of that instance family (AWS Service Quotas), or choose another pool",
    ),
    (
        r"UnauthorizedOperation|AccessDenied|not authorized",
        "karpenter_forbidden",
        "Karpenter's IAM role lacks a permission: install.yml --tags eks_infra repairs it",
    ),
    (
        r"[Ii]nsufficient ?[Cc]apacity|UnfulfillableCapacity|no capacity|all requested instance types were unavailable",
        "no_capacity",
        "Choose another pool, zone or instance family, or wait for capacity",
    ),
)
# Karpenter's reasons for not even trying -> (reason, remedy, can waiting help).
_POOL_REFUSALS = (
    (
        r"exceeds? limits|limits? exceeded|all available instance types exceed",
        "pool_limit",
        "Raise the limits of the NodePool (karpenter_gpu_pools), or remove another graph",
        Grace.SOON,
    ),
    (
        r"did not tolerate",
        "taint_not_tolerated",
        "The component lacks a toleration for the pool's taints; give it GPUs, or another pool",
        Grace.SOON,
    ),
    (
        r"no instance type|not enough resources|has no instance types",
        "no_instance_type",
        "No instance type of the pool is big enough: lower the component's resources, or choose another pool",
        Grace.SOON,
    ),
    (
        r"incompatible|no nodepools? found",
        "pool_incompatible",
        "The component's node selection fits no NodePool: kubectl get nodepools -o yaml",
        Grace.SOON,
    ),
)


def find(snapshot: Snapshot, pod: Json, namespace: str) -> list[Finding]:
    """Return why a pod without a node has none; [] while a node is simply on its way."""
    subject = f"Pod/{name_of(pod)}"
    selector = (pod.get("spec") or {}).get("nodeSelector") or {}
    pool = str(selector.get(POOL_LABEL) or "")
    pools = [name_of(entry) for entry in snapshot.every("NodePool")]
    if pool and pool not in pools and not snapshot.absent("NodePool"):
        known = f"NodePools are {', '.join(pools)}" if pools else "there is no NodePool at all"
        return [
            Finding(
                "pool_missing",
                subject,
                f"it asks for the NodePool {pool}, which does not exist; {known}",
                "Make the pool (install.yml --tags karpenter_gpu), or choose another (dynamo_example_node_pool)",
                Grace.SOON,
            )
        ]
    volume = volumes.find(snapshot, pod, namespace)
    if volume is not None:
        return [volume]
    condition = condition_of(pod, "PodScheduled")
    return _karpenter(snapshot, pod, pool, subject) or _scheduler(snapshot, subject, condition, pool, namespace)


def _karpenter(snapshot: Snapshot, pod: Json, pool: str, subject: str) -> list[Finding]:
    """Say what Karpenter answers: why the cloud gave no instance, or why it did not ask for one."""
    for claim, text in _claim_problems(snapshot, pool):
        for pattern, reason, remedy in _CLOUD_REFUSALS:
            if re.search(pattern, text):
                return [Finding(reason, subject, f"{claim}: {text}", remedy, Grace.PATIENCE)]
    events = snapshot.events_about("Pod", name_of(pod))
    heard = [event for event in events if _component(event) == "karpenter"]
    if not heard or heard[-1].get("reason") != "FailedScheduling":
        return []
    text = karpenter.relevant(str(heard[-1].get("message") or ""), pool)
    for pattern, reason, remedy, grace in _POOL_REFUSALS:
        if re.search(pattern, text):
            return [Finding(reason, subject, text, remedy, grace)]
    return [
        Finding("unschedulable", subject, text, "kubectl -n karpenter logs deploy/karpenter --tail=50", Grace.PATIENCE)
    ]


def _claim_problems(snapshot: Snapshot, pool: str) -> list[tuple[str, str]]:
    """Return (what, text) for NodeClaims of the pool that could not be launched, the newest first.

    Karpenter deletes a NodeClaim that the cloud refused and tries another, so the events outlive their object. They are
    matched by the pool's name, with which every NodeClaim's name begins.
    """
    found = []
    for claim in snapshot.every("NodeClaim"):
        launched = condition_of(claim, "Launched")
        mine = not pool or (claim["metadata"].get("labels") or {}).get(POOL_LABEL) == pool
        if mine and launched.get("status") in ("False", "Unknown") and launched.get("message"):
            found.append((f"NodeClaim {name_of(claim)}", f"{launched.get('reason')}: {launched['message']}"))
    events = [
        event
        for event in snapshot.every("Event")
        if event.get("involvedObject", {}).get("kind") == "NodeClaim"
        and event.get("type") == "Warning"
        and str(event["involvedObject"].get("name", "")).startswith(f"{pool}-" if pool else "")
    ]
    launched_since = _last_launch(snapshot, pool)
    for event in sorted(events, key=event_time, reverse=True):
        if event_time(event) > launched_since:
            text = f"{event.get('reason')}: {event.get('message')}"
            found.append((f"NodeClaim {event['involvedObject'].get('name')}", text))
    return found


def _last_launch(snapshot: Snapshot, pool: str) -> str:
    """Return when the pool last got an instance; refusals before that are history."""
    times = [
        str(condition_of(claim, "Launched").get("lastTransitionTime") or "")
        for claim in snapshot.every("NodeClaim")
        if condition_of(claim, "Launched").get("status") == "True"
        and (not pool or (claim["metadata"].get("labels") or {}).get(POOL_LABEL) == pool)
    ]
    return max(times, default="")


def _scheduler(snapshot: Snapshot, subject: str, condition: Json, pool: str, namespace: str) -> list[Finding]:
    """Say what the scheduler says, unless Karpenter is at work on a node."""
    if condition.get("reason") != "Unschedulable":
        return []
    coming = [
        claim
        for claim in snapshot.every("NodeClaim")
        if condition_of(claim, "Ready").get("status") != "True"
        and (not pool or (claim["metadata"].get("labels") or {}).get(POOL_LABEL) == pool)
    ]
    if coming:
        launched = condition_of(coming[0], "Launched").get("status") == "True"
        kind = (coming[0]["metadata"].get("labels") or {}).get("node.kubernetes.io/instance-type", "an instance")
        phase = f"{kind} has been launched and has not joined" if launched else "an instance is being asked for"
        return [
            Finding(
                "node_coming",
                subject,
                f"{phase} (NodeClaim {name_of(coming[0])})",
                f"kubectl describe nodeclaim {name_of(coming[0])}",
                Grace.TIMEOUT,
            )
        ]
    return [
        Finding(
            "unschedulable",
            subject,
            _shortened(str(condition.get("message") or "")),
            f"kubectl -n {namespace} describe pod {subject.partition('/')[2]}",
            Grace.PATIENCE,
        )
    ]


def _shortened(message: str) -> str:
    """Return what the scheduler says without its thoughts about preemption, which help nobody here."""
    return re.split(r"\.? (?:no new claims to deallocate, )?preemption: ", message)[0].rstrip(". ")


def _component(event: Json) -> str:
    return str(event.get("reportingComponent") or (event.get("source") or {}).get("component") or "")
