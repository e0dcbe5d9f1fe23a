# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What stands between a graph and ready: findings, each with its cause and what to do next. Pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace

from . import pod_findings
from .finding import Finding, Grace
from .snapshot import COMPONENT, GRAPH, Snapshot, event_time, name_of
from .status import GraphView, condition_of

# Why the API server makes no pod -> (reason, what to do). First match wins.
_REFUSALS = (
    (
        r"admission webhook .* denied|ValidatingAdmissionPolicy .* denied|violates PodSecurity",
        "pod_denied",
        "A policy of this cluster forbids the pod: change the definition, or the policy",
    ),
    (
        r"failed calling webhook",
        "webhook_unreachable",
        "A webhook of this cluster does not answer, and nothing can be made until it does: "
        "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    ),
    (
        r"exceeded quota|must specify .* for: ",
        "namespace_quota",
        "The namespace's ResourceQuota is used up: raise it, or remove another graph (kubectl get resourcequota -A)",
    ),
    (
        r"serviceaccount .* not found|error looking up service account",
        "service_account_missing",
        "Make the ServiceAccount that the message names",
    ),
    (r"", "pod_refused", "Correct what the message names"),
)
_NEVER_HEALS = ("no_multinode_orchestrator_available",)
_RECONCILE_WORDS = ("Failed to reconcile", "failed to reconcile")


def find(snapshot: Snapshot, view: GraphView, namespace: str) -> list[Finding]:
    """Return all findings about a graph that is not ready, the most telling first."""
    if view.ready:
        return []
    if not view.exists:
        return [
            Finding(
                "graph_missing",
                f"{GRAPH}/{view.name}",
                f"there is no {GRAPH} {view.name} in the namespace {namespace}",
                f"Apply it: ansible-playbook deploy.yml -e example={view.name}",
                Grace.SOON,
            )
        ]
    if view.state == "deleting":
        return [_deleting(view, namespace)]
    members = snapshot.members(view.name)
    found = [finding for pod in members["Pod"] for finding in pod_findings.find(snapshot, pod, namespace)]
    found += _refused(snapshot, members, namespace)
    found += _operator(snapshot, view, namespace)
    return sorted(found, key=lambda finding: finding.grace.value)


def _deleting(view: GraphView, namespace: str) -> Finding:
    return Finding(
        "graph_deleting",
        f"{GRAPH}/{view.name}",
        "the graph is being deleted",
        f"Wait until it is gone (kubectl -n {namespace} get dgd {view.name}), then deploy it again",
        Grace.SOON,
    )


def _operator(snapshot: Snapshot, view: GraphView, namespace: str) -> list[Finding]:
    """Say what the operator reports, or that it reports nothing."""
    subject = f"{GRAPH}/{view.name}"
    if view.unseen:
        return [
            Finding(
                "operator_silent",
                subject,
                "no Dynamo operator has dealt with the graph as it is now",
                "Look at the operator: kubectl get deployments -A | grep dynamo-operator; "
                "install or repair it with install.yml --tags dynamo_platform",
                Grace.OPERATOR,
            )
        ]
    found = []
    if view.state == "failed":
        found.append(
            Finding(
                view.reason or "failed",
                subject,
                view.message or "the operator reports the state failed without a message",
                f"kubectl -n {namespace} describe dgd {view.name}",
                Grace.NONE if view.reason in _NEVER_HEALS else Grace.SOON,
            )
        )
    for component in snapshot.owned(COMPONENT, GRAPH, view.name):
        message = str(condition_of(component, "Available").get("message") or "")
        if any(word in message for word in _RECONCILE_WORDS):
            found.append(
                Finding(
                    "component_refused",
                    f"{COMPONENT}/{name_of(component)}",
                    message,
                    f"Correct the component in the definition; details: kubectl -n {namespace} describe dcd "
                    f"{name_of(component)}",
                    Grace.SOON,
                )
            )
    return found


def _refused(snapshot: Snapshot, members: t.Mapping[str, list[t.Any]], namespace: str) -> list[Finding]:
    """Say why a Deployment gets no pods: quota, a webhook, a missing service account."""
    found = []
    for replica_set in members["ReplicaSet"]:
        wanted = int((replica_set.get("spec") or {}).get("replicas") or 0)
        condition = condition_of(replica_set, "ReplicaFailure")
        if wanted and condition.get("status") == "True":
            events = snapshot.events_about("ReplicaSet", name_of(replica_set))
            refusals = [event for event in events if event.get("reason") == "FailedCreate"]
            message = str(refusals[-1].get("message") if refusals else condition.get("message") or "")
            reason, remedy = next(
                (reason, remedy) for pattern, reason, remedy in _REFUSALS if re.search(pattern, message)
            )
            look = f"kubectl -n {namespace} describe rs {name_of(replica_set)}"
            found.append(
                Finding(reason, f"ReplicaSet/{name_of(replica_set)}", message, f"{remedy}; {look}", Grace.SOON)
            )
    return found


def find_leftover(snapshot: Snapshot, name: str, namespace: str) -> list[Finding]:
    """Say what keeps a deleted graph from going away."""
    graph = snapshot.graph(name)
    members = snapshot.members(name)
    if graph is not None:
        return [
            Finding(
                "finalizer_stuck",
                f"{GRAPH}/{name}",
                "the graph waits for the operator to finish its deletion",
                "The operator has to run while graphs are deleted: kubectl get deployments -A | grep dynamo-operator",
                Grace.TIMEOUT,
            )
        ]
    stuck = [entry for entry in members[COMPONENT] if entry["metadata"].get("finalizers")]
    if stuck:
        return [
            Finding(
                "finalizer_stuck",
                f"{COMPONENT}/{name_of(stuck[0])}",
                "the component waits for the operator to finish its deletion",
                "Operators before 1.0 need Dynamo's etcd for that: "
                f"kubectl -n {namespace} get pods -l app.kubernetes.io/name=etcd",
                Grace.TIMEOUT,
            )
        ]
    return []


def latest_event(snapshot: Snapshot, kind: str, name: str) -> str:
    """Return the newest warning about an object, "" when there is none."""
    warnings = [event for event in snapshot.events_about(kind, name) if event.get("type") == "Warning"]
    return str(max(warnings, key=event_time).get("message") or "") if warnings else ""


def explain(finding: Finding, message: str, remedy: str = "") -> Finding:
    """Return the finding with what was learned after it was made (a log, the operator's own state)."""
    return replace(finding, message=message, remedy=remedy or finding.remedy)
