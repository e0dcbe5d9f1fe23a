# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Workspaces of Amazon Managed Grafana, as far as a leftover scan sees them; moto has none."""

from __future__ import annotations

import uuid
from typing import Any

from rehearsal.aws.account import now
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

#: Region -> id -> workspace.
WORKSPACES: dict[str, dict[str, dict[str, Any]]] = {}


@operation("grafana", "CreateWorkspace")
def create_workspace(context: Context) -> Result:
    """Make a workspace; it is active at once."""
    params, key = context.params, f"g-{uuid.uuid4().hex[:10]}"
    workspace = {
        "id": key,
        "name": params.get("workspaceName", ""),
        "status": "ACTIVE",
        "created": now(),
        "modified": now(),
        "endpoint": f"{key}.grafana-workspace.{context.region}.amazonaws.com",
        "grafanaVersion": params.get("grafanaVersion", "10.4"),
        "authentication": {"providers": params["authenticationProviders"]},
        "tags": dict(params.get("tags") or {}),
    }
    WORKSPACES.setdefault(context.region, {})[key] = workspace
    return {"workspace": {**workspace, "dataSources": []}}


@operation("grafana", "ListWorkspaces")
def list_workspaces(context: Context) -> Result:
    """List the workspaces."""
    return {"workspaces": list(WORKSPACES.get(context.region, {}).values())}


@operation("grafana", "DeleteWorkspace")
def delete_workspace(context: Context) -> Result:
    """Delete a workspace."""
    key = context.params["workspaceId"]
    workspace = WORKSPACES.get(context.region, {}).pop(key, None)
    if workspace is None:
        raise AwsError("ResourceNotFoundException", f"Workspace {key} does not exist.", 404)
    return {"workspace": {**workspace, "status": "DELETING", "dataSources": []}}
