# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Status of this age: no observedGeneration, every transition time new with every look."""

from __future__ import annotations

import random

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator.status import (
    FAILED,
    PENDING,
    REASON_FAILED,
    REASON_NOT_READY,
    REASON_READY,
    SUCCESSFUL,
    condition,
    deployment_ready,
)

_SHUFFLE = random.Random()  # noqa: S311 - the order of names in a message, which nobody may rely on


def is_available(component: Json) -> bool:
    """Tell whether a component deployment counts as ready for its graph."""
    conditions = (component.get("status") or {}).get("conditions") or []
    return bool(condition(conditions, "Available").get("status") == "True")


def graph_status(state: str, reason: str, message: str, now: str) -> Json:
    """Return the whole status of a graph."""
    ready = "True" if state == SUCCESSFUL else "False"
    row = {"type": "Ready", "status": ready, "reason": reason, "message": message, "lastTransitionTime": now}
    return {"state": state, "conditions": [row]}


def of_components(components: list[Json], now: str) -> Json:
    """Return the status of a graph whose component deployments are these."""
    missing = [item["metadata"]["name"] for item in components if not is_available(item)]
    if not missing:
        return graph_status(SUCCESSFUL, REASON_READY, "All resources are ready", now)
    _SHUFFLE.shuffle(missing)
    message = f"{len(missing)} resources not ready: [{' '.join(missing)}]"
    return graph_status(PENDING, REASON_NOT_READY, message, now)


def failure(message: str, now: str) -> Json:
    """Return the status of a graph that could not be reconciled."""
    return graph_status(FAILED, REASON_FAILED, message, now)


def starting(now: str) -> list[Json]:
    """Conditions of a component deployment that nobody has looked at yet; the second never changes again."""
    message = "Starting to reconcile DynamoComponentDeployment"
    rows = [{"type": kind, "status": "Unknown"} for kind in ("Available", "DynamoComponentReady")]
    return [{**row, "reason": "Reconciling", "message": message, "lastTransitionTime": now} for row in rows]


def component_conditions(conditions: list[Json], available: tuple[str, str, str], now: str) -> list[Json]:
    """Set Available; its transition time moves only when its status does."""
    state, reason, message = available
    old = condition(conditions, "Available")
    when = old["lastTransitionTime"] if old.get("status") == state else now
    new = {"type": "Available", "status": state, "reason": reason, "message": message, "lastTransitionTime": when}
    return [new if row["type"] == "Available" else row for row in conditions]


def available(deployment: Json | None, error: str, *, spread: bool) -> tuple[str, str, str]:
    """Return status, reason and message of Available."""
    if error:
        return "False", "Reconciling", f"Failed to reconcile DynamoComponentDeployment: {error}"
    if spread:
        # it is LeaderWorkerSets that are counted, and there are none that could be unready
        return "True", "AllLeaderWorkerSetsReady", "All LeaderWorkerSets are ready"
    if deployment_ready(deployment):
        return "True", "DeploymentReady", "Deployment is ready"
    return "False", "DeploymentNotReady", "Deployment is not ready"
