# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Find the Dynamo operator and say how it does."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._kube.client import Client
from .finding import Finding, Grace
from .snapshot import DEPLOYMENTS, Json, name_of

# The chart calls it <release>-dynamo-operator-controller-manager in every version.
_NAME = "dynamo-operator-controller-manager"

# An operator answers within a tenth of a second; one that has said nothing for this long is looked at.
SILENCE_SECONDS = 2.0


def find(client: Client) -> list[Json]:
    """Return the operator's Deployments in all namespaces."""
    return [entry for entry in client.items(DEPLOYMENTS) if name_of(entry).endswith(_NAME)]


def describe(deployment: t.Mapping[str, t.Any]) -> Json:
    """Return namespace, name, readiness and version (the manager's image tag) of an operator."""
    status = deployment.get("status") or {}
    containers = deployment["spec"]["template"]["spec"].get("containers") or []
    manager = next(
        (entry for entry in containers if entry.get("name") == "manager"), containers[0] if containers else {}
    )
    return {
        "namespace": str(deployment["metadata"].get("namespace") or ""),
        "name": name_of(deployment),
        "ready": int(status.get("availableReplicas") or 0) > 0,
        "version": str(manager.get("image") or "").rsplit("/", 1)[-1].partition("@")[0].partition(":")[2],
    }


def explain(client: Client, finding: Finding) -> Finding:
    """Add to "the operator is silent" why it is."""
    found = [describe(entry) for entry in find(client)]
    if not found:
        return replace(
            finding,
            reason="operator_absent",
            message=f"{finding.message}: no operator is installed in this cluster",
            remedy="Install the platform: ansible-playbook install.yml --tags dynamo_platform",
        )
    first = found[0]
    where = f"{first['namespace']}/{first['name']}"
    if not any(entry["ready"] for entry in found):
        return replace(
            finding,
            reason="operator_down",
            message=f"{finding.message}: its Deployment {where} has no available pod",
            remedy=f"kubectl -n {first['namespace']} describe deployment {first['name']}",
        )
    return replace(
        finding,
        message=f"{finding.message}, although {where} is available (it may be bound to another namespace)",
        remedy=f"kubectl -n {first['namespace']} logs deployment/{first['name']} --tail=50",
        # One that is there may just be busy with other graphs.
        grace=Grace.PATIENCE,
    )
