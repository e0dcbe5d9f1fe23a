# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Ports, probes and environment that the operator gives to each type of component."""

from __future__ import annotations

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator import consts as c

_SYSTEM_TYPES = c.WORKER_TYPES | {"planner"}


def ports(kind: str) -> list[Json]:
    """Container ports of a component type (none for untyped ones)."""
    table = {"frontend": [("http", c.PORT_HTTP)], "planner": [("metrics", c.PORT_PLANNER), ("system", c.PORT_SYSTEM)]}
    worker = [("system", c.PORT_SYSTEM), ("nixl", c.PORT_NIXL)]
    found = worker if kind in c.WORKER_TYPES else table.get(kind, [])
    return [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in found]


def _get(path: str, port: str, *, period: int, timeout: int, failures: int, delay: int = 0) -> Json:
    probe: Json = {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "failureThreshold": failures,
    }
    if delay:
        probe["initialDelaySeconds"] = delay
    return probe


def probes(kind: str) -> dict[str, Json]:
    """Probes of a component type; a worker may take two hours to load its model."""
    if kind == "frontend":
        return {
            "livenessProbe": _get("/live", "http", delay=15, period=10, timeout=1, failures=3),
            "readinessProbe": _get("/health", "http", delay=10, period=10, timeout=3, failures=3),
        }
    if kind in _SYSTEM_TYPES:
        return {
            "livenessProbe": _get("/live", "system", period=5, timeout=4, failures=1),
            "readinessProbe": _get("/health", "system", period=10, timeout=4, failures=3),
            "startupProbe": _get("/live", "system", period=10, timeout=5, failures=720),
        }
    return {}


def _field(path: str) -> Json:
    return {"valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def environment(
    kind: str, *, graph_name: str, kubernetes_namespace: str, runtime_namespace: str, worker_hash: str
) -> dict[str, Json]:
    """Variables of a component type: name to `{value}` or `{valueFrom}`."""
    variables: dict[str, Json] = {
        "DYN_COMPONENT": {"value": kind} if kind else {},
        "DYN_DISCOVERY_BACKEND": {"value": "kubernetes"},
        "DYN_NAMESPACE": {"value": runtime_namespace},
        "DYN_PARENT_DGD_K8S_NAME": {"value": graph_name},
        "DYN_PARENT_DGD_K8S_NAMESPACE": {"value": kubernetes_namespace},
        "POD_NAME": _field("metadata.name"),
        "POD_NAMESPACE": _field("metadata.namespace"),
        "POD_UID": _field("metadata.uid"),
    }
    if kind == "frontend":
        variables |= {
            "DYNAMO_PORT": {"value": str(c.PORT_HTTP)},
            "DYN_HTTP_PORT": {"value": str(c.PORT_HTTP)},
            "DYN_NAMESPACE_PREFIX": {"value": runtime_namespace},
        }
    if kind in c.WORKER_TYPES:
        variables |= {
            "DYN_NAMESPACE_WORKER_SUFFIX": {"value": worker_hash},
            "DYN_SYSTEM_ENABLED": {"value": "true"},
            "DYN_SYSTEM_PORT": {"value": str(c.PORT_SYSTEM)},
            "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS": {"value": '["generate"]'},
            "DYN_HEALTH_CHECK_ENABLED": {"value": "false"},
            "DYN_FORWARDPASS_METRIC_PORT": {"value": str(c.PORT_FORWARD_PASS)},
            "NIXL_TELEMETRY_ENABLE": {"value": "n"},
            "NIXL_TELEMETRY_EXPORTER": {"value": "prometheus"},
            "NIXL_TELEMETRY_PROMETHEUS_PORT": {"value": str(c.PORT_NIXL)},
        }
    if kind == "planner":
        variables["PLANNER_PROMETHEUS_PORT"] = {"value": str(c.PORT_PLANNER)}
    return variables
