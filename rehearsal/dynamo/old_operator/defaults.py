# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Ports, probes and environment that this age gives to each type of component."""

from __future__ import annotations

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator import consts as c

_HEALTHY = r"""curl -s http://localhost:${DYNAMO_PORT}/health | jq -e ".status == \"healthy\"" """.strip()


def ports(kind: str) -> list[Json]:
    """Container ports of a component type (none but for frontends and workers)."""
    table = {"frontend": ("http", c.PORT_HTTP), "worker": ("system", c.PORT_SYSTEM)}
    return [{"name": table[kind][0], "containerPort": table[kind][1], "protocol": "TCP"}] if kind in table else []


def _probe(handler: Json, period: int, timeout: int, failures: int, delay: int = 0) -> Json:
    numbers = {"periodSeconds": period, "timeoutSeconds": timeout, "failureThreshold": failures}
    return {**handler, **numbers, **({"initialDelaySeconds": delay} if delay else {})}


def _get(path: str, port: str) -> Json:
    return {"httpGet": {"path": path, "port": port}}


def probes(kind: str) -> dict[str, Json]:
    """Probes of a component type: a frontend is ready after a minute at the earliest, a worker has ten to start."""
    if kind == "frontend":
        numbers = {"period": 60, "timeout": 30, "failures": 10, "delay": 60}
        return {
            "livenessProbe": _probe(_get("/health", "http"), **numbers),
            "readinessProbe": _probe({"exec": {"command": ["/bin/sh", "-c", _HEALTHY]}}, **numbers),
        }
    if kind == "worker":
        return {
            "livenessProbe": _probe(_get("/live", "system"), 5, 30, 1),
            "readinessProbe": _probe(_get("/health", "system"), 10, 30, 60),
            "startupProbe": _probe(_get("/live", "system"), 10, 5, 60),
        }
    return {}


def command(kind: str) -> tuple[list[str], list[str]]:
    """Return the (command, args) of a component that gives none."""
    if kind == "frontend":
        return ["python3"], ["-m", "dynamo.frontend"]
    return ["/bin/sh", "-c"], []


def environment(kind: str, *, graph: str, kubernetes_namespace: str, runtime_namespace: str) -> dict[str, str]:
    """Variables of a component type; a component's own values for these names are lost."""
    variables = {
        "DYN_NAMESPACE": runtime_namespace,
        "DYN_PARENT_DGD_K8S_NAME": graph,
        "DYN_PARENT_DGD_K8S_NAMESPACE": kubernetes_namespace,
    }
    if kind == "frontend":
        variables |= {"DYNAMO_PORT": str(c.PORT_HTTP), "DYN_HTTP_PORT": str(c.PORT_HTTP)}
    if kind == "worker":
        variables |= {
            "DYN_SYSTEM_ENABLED": "true",
            "DYN_SYSTEM_PORT": str(c.PORT_SYSTEM),
            "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS": '["generate"]',
        }
    return variables
