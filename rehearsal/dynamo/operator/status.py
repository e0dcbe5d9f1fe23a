# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Status of graphs and component deployments, from what the cluster reports."""

from __future__ import annotations

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.graph import child_name, given_namespace, is_worker, runtime_namespace

PENDING = "pending"
SUCCESSFUL = "successful"
FAILED = "failed"
REASON_READY = "all_resources_are_ready"
REASON_NOT_READY = "some_resources_are_not_ready"
REASON_ROLLING = "rolling_update_in_progress"
REASON_FAILED = "failed_to_reconcile_the_resources"
REASON_NO_ORCHESTRATOR = "no_multinode_orchestrator_available"


def condition(conditions: list[Json], kind: str) -> Json:
    """Return the condition of a type, or an empty dict."""
    return next((item for item in conditions if item.get("type") == kind), {})


def with_condition(
    conditions: list[Json], kind: str, state: str, reason: str, message: str, generation: int, now: str
) -> list[Json]:
    """Set one condition; its transition time moves only when its status does."""
    old = condition(conditions, kind)
    new: Json = {
        "type": kind,
        "status": state,
        "reason": reason,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": old["lastTransitionTime"] if old.get("status") == state else now,
    }
    if any(item.get("type") == kind for item in conditions):
        return [new if item.get("type") == kind else item for item in conditions]
    return [*conditions, new]


def deployment_ready(deployment: Json | None) -> bool:
    """All wanted pods run the current template and are available; zero wanted pods count as ready."""
    if deployment is None:
        return False
    status = deployment.get("status") or {}
    wanted = int(deployment["spec"].get("replicas", 1))
    current = int(status.get("observedGeneration", 0)) >= int(deployment["metadata"].get("generation", 0))
    counts = min(int(status.get("updatedReplicas", 0)), int(status.get("availableReplicas", 0)))
    available = condition(status.get("conditions") or [], "Available").get("status") == "True"
    return current and counts >= wanted and available


def replica_counts(deployment: Json | None) -> dict[str, int]:
    """Return the four counts of a Deployment's status; `replicas` is what it has, not what it wants."""
    status = (deployment or {}).get("status") or {}
    keys = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {key: int(status.get(key, 0)) for key in keys}


def component_status(component: Json, deployment: Json | None, error: str, now: str) -> Json:
    """Status of a component deployment.

    Args:
        component: the DynamoComponentDeployment.
        deployment: its Deployment, if there is one.
        error: why its children could not be made, or "".
        now: RFC 3339 time for transitions.
    """
    generation = int(component["metadata"]["generation"])
    conditions: list[Json] = list((component.get("status") or {}).get("conditions") or [])
    ready = not error and deployment_ready(deployment)
    if error:
        available = ("False", "Reconciling", f"Failed to reconcile DynamoComponentDeployment: {error}")
    elif ready:
        available = ("True", "DeploymentReady", "Deployment is ready")
    else:
        available = ("False", "DeploymentNotReady", "Deployment is not ready")
    if ready:
        whole = ("True", "ComponentReady", "DynamoComponent is ready")
    else:
        whole = ("False", "ComponentNotReady", "DynamoComponent is not ready")
    conditions = with_condition(conditions, "Available", *available, generation, now)
    conditions = with_condition(conditions, "DynamoComponentReady", *whole, generation, now)
    name = component["metadata"]["name"]
    return {
        "observedGeneration": generation,
        "conditions": conditions,
        "podSelector": {c.L_SELECTOR: name},
        "component": {"componentKind": "Deployment", "componentNames": [name], **replica_counts(deployment)},
    }


def starting_conditions(component: Json, now: str) -> list[Json]:
    """Conditions of a component deployment that nobody has looked at yet."""
    generation = int(component["metadata"]["generation"])
    conditions: list[Json] = []
    for kind in ("Available", "DynamoComponentReady"):
        message = f"Starting to reconcile {c.COMPONENT.kind}"
        conditions = with_condition(conditions, kind, "Unknown", "Reconciling", message, generation, now)
    return conditions


def not_ready_reason(component: Json | None, name: str) -> str:
    """Why a component deployment does not count as ready; empty when it does."""
    if component is None:
        return f"{name}: resource not found"
    generation = int(component["metadata"]["generation"])
    status = component.get("status") or {}
    observed = int(status.get("observedGeneration", 0))
    if observed < generation:
        return f"{name}: spec not yet processed: generation={generation}, observedGeneration={observed}"
    if condition(status.get("conditions") or [], "Available").get("status") != "True":
        return f"{name}: Component deployment not ready - Available condition not true"
    return ""


def component_entry(graph: Json, component: Json, generation_hash: str, children: list[Json]) -> Json:
    """Return the graph's status entry of one component, counted over all its generations.

    Args:
        graph: the DynamoGraphDeployment.
        component: the component within it.
        generation_hash: the wanted worker hash.
        children: the component deployments made for this component, newest generation first.
    """
    namespace = given_namespace(graph, component) or runtime_namespace(graph)
    if is_worker(component):
        namespace = f"{namespace}-{generation_hash}"
    entry: Json = {
        "componentKind": "Deployment",
        "componentNames": [child["metadata"]["name"] for child in children]
        or [child_name(graph, component, generation_hash)],
        "runtimeNamespace": namespace,
    }
    for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"):
        entry[key] = sum(int(((child.get("status") or {}).get("component") or {}).get(key, 0)) for child in children)
    return entry


def graph_status(graph: Json, *, state: str, reason: str, message: str, now: str) -> Json:
    """Return the graph's status with its Ready condition set; other fields are kept."""
    old: Json = dict(graph.get("status") or {})
    generation = int(graph["metadata"]["generation"])
    ready = "True" if state == SUCCESSFUL else "False"
    conditions = with_condition(list(old.get("conditions") or []), "Ready", ready, reason, message, generation, now)
    return {**old, "observedGeneration": generation, "state": state, "conditions": conditions}


def summary(reasons: list[str], *, rolling: bool) -> tuple[str, str, str]:
    """State, reason and message of a graph whose children could all be made."""
    if rolling:
        return PENDING, REASON_ROLLING, "Rolling update in progress"
    missing = [reason for reason in reasons if reason]
    if missing:
        return PENDING, REASON_NOT_READY, f"Resources not ready: {'; '.join(missing)}"
    return SUCCESSFUL, REASON_READY, "All resources are ready"
