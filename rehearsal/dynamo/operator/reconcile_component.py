# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Reconcile one DynamoComponentDeployment: its Deployment, its Service, its status."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from rehearsal.dynamo.kube import Client, Json, KubeError
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator import status
from rehearsal.dynamo.operator.component import Settings, render_deployment, render_service
from rehearsal.dynamo.operator.ensure import ensure
from rehearsal.dynamo.operator.events import Events

_PULL_SECRET = "kubernetes.io/dockerconfigjson"  # noqa: S105 - a type, not a secret


def registry_secrets(secrets: list[Json]) -> dict[str, list[str]]:
    """Map registry hosts to the pull secrets that know them."""
    found: dict[str, list[str]] = {}
    for secret in sorted(secrets, key=lambda item: str(item["metadata"]["name"])):
        if secret.get("type") != _PULL_SECRET:
            continue
        try:
            config = json.loads(base64.b64decode((secret.get("data") or {}).get(".dockerconfigjson", "")))
        except ValueError:
            continue
        for registry in (config.get("auths") or {}) if isinstance(config, dict) else {}:
            host = registry.removeprefix("https://").removeprefix("http://").partition("/")[0]
            host = "docker.io" if host == "index.docker.io" else host
            found.setdefault(host, []).append(secret["metadata"]["name"])
    return found


def reconcile(
    client: Client, events: Events, infrastructure: dict[str, str], now: Callable[[], str], namespace: str, name: str
) -> None:
    """Bring one component deployment's children and status up to date.

    Raises:
        KubeError: the API server refused something; the caller tries again later.
    """
    component = client.get(c.COMPONENT, namespace, name)
    if component is None:
        return
    meta = component["metadata"]
    if meta.get("deletionTimestamp"):
        if c.FINALIZER in (meta.get("finalizers") or []):
            left = [item for item in meta["finalizers"] if item != c.FINALIZER]
            client.merge(c.COMPONENT, namespace, name, {"metadata": {"finalizers": left}})
        return
    if c.FINALIZER not in (meta.get("finalizers") or []):
        note = {"metadata": {"finalizers": [*(meta.get("finalizers") or []), c.FINALIZER]}}
        component = client.merge(c.COMPONENT, namespace, name, note)
    if not (component.get("status") or {}).get("conditions"):
        first = {"status": {"conditions": status.starting_conditions(component, now())}}
        component = client.merge(c.COMPONENT, namespace, name, first, "status")

    secrets = registry_secrets(client.list(c.SECRET, namespace)["items"])
    settings = Settings(infrastructure=infrastructure, registry_secrets=secrets)
    deployment: Json | None = None
    error: KubeError | None = None
    try:
        service, did = ensure(client, c.SERVICE, render_service(component))
        events.told(component, did, "Service", service["metadata"]["name"])
        deployment, did = ensure(client, c.DEPLOYMENT, render_deployment(component, settings))
        events.told(component, did, "Deployment", deployment["metadata"]["name"])
    except KubeError as caught:
        error = caught
    message = f"create or update deployment: {error}" if error else ""
    fresh = status.component_status(component, deployment, message, now())
    if fresh != component.get("status"):
        client.merge(c.COMPONENT, namespace, name, {"status": fresh}, "status")
    if error:
        events.failed(component, f"Failed to reconcile DynamoComponentDeployment: {message}")
        raise error
