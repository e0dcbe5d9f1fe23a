# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Configuration of the operator: the file its chart writes, its arguments and its environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_SERVICE_ACCOUNT_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class ConfigError(ValueError):
    """The configuration cannot be used; the message says which part of it."""


@dataclass(frozen=True)
class Config:
    """Everything the operator needs to know."""

    version: str
    namespace: str
    """The operator's own namespace."""
    watch_namespace: str | None
    """The only namespace to look after, or None for all."""
    webhook_port: int
    health_port: int
    metrics_port: int
    webhook_secret: str
    webhook_service: str
    manage_certificate: bool
    """False when somebody else (cert-manager, a user) fills the webhook's Secret and the CA bundles."""
    leader_election: bool
    lease_name: str
    lease_namespace: str
    planner_role: str
    user: str
    """User name that the API server knows the operator by."""
    infrastructure: dict[str, str] = field(default_factory=dict)
    """Environment for every component, from the infrastructure section."""


def local_port(container_port: int, environment: Mapping[str, str]) -> int:
    """Port to listen on for a container port: the one the process runner chose, else the port itself."""
    chosen = json.loads(environment.get("REHEARSAL_PORTS") or "{}")
    return int(chosen.get(str(container_port), container_port))


def _infrastructure(section: Mapping[str, Any]) -> dict[str, str]:
    names = {
        "natsAddress": "NATS_SERVER",
        "etcdAddress": "ETCD_ENDPOINTS",
        "modelExpressURL": "MODEL_EXPRESS_URL",
        "prometheusEndpoint": "PROMETHEUS_ENDPOINT",
    }
    return {variable: str(section[key]) for key, variable in names.items() if section.get(key)}


def own_namespace(environment: Mapping[str, str]) -> str:
    """Return the operator's namespace: POD_NAMESPACE, else the mounted ServiceAccount's."""
    if environment.get("POD_NAMESPACE"):
        return environment["POD_NAMESPACE"]
    if _SERVICE_ACCOUNT_NAMESPACE.exists():
        return _SERVICE_ACCOUNT_NAMESPACE.read_text(encoding="utf-8").strip()
    raise ConfigError(
        "Failed to find the operator's namespace: POD_NAMESPACE is not set. Set it from metadata.namespace."
    )


def load(path: Path, version: str, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the chart's OperatorConfiguration.

    Raises:
        ConfigError: the file is missing or is no OperatorConfiguration, or asks for what this stand-in does not carry.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Failed to read {path}: {error.strerror}. Mount the operator's ConfigMap there.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"Failed to read {path}: {error}") from error
    if not isinstance(document, dict) or document.get("kind") != "OperatorConfiguration":
        raise ConfigError(f"Failed to read {path}: it is no OperatorConfiguration.")
    server, leader = document.get("server") or {}, document.get("leaderElection") or {}
    webhook, rbac = server.get("webhook") or {}, document.get("rbac") or {}
    for name, section in (document.get("orchestrators") or {}).items():
        if section.get("enabled"):
            raise ConfigError(f"Failed to enable orchestrator {name}: it is not carried here. Set it to false.")
    backend = (document.get("discovery") or {}).get("backend") or "kubernetes"
    if backend != "kubernetes":
        raise ConfigError(f"Failed to set the discovery backend to {backend}: only kubernetes is carried here.")
    namespace = own_namespace(environment)
    service = webhook.get("serviceName") or ""
    account = environment.get("POD_SERVICE_ACCOUNT") or f"{service.removesuffix('-webhook-service')}-controller-manager"
    return Config(
        version=version,
        namespace=namespace,
        user=f"system:serviceaccount:{namespace}:{account}",
        watch_namespace=(document.get("namespace") or {}).get("restricted") or None,
        webhook_port=local_port(int(webhook.get("port", 9443)), environment),
        health_port=local_port(int((server.get("healthProbe") or {}).get("port", 8081)), environment),
        metrics_port=local_port(int((server.get("metrics") or {}).get("port", 8443)), environment),
        webhook_secret=webhook.get("secretName") or "webhook-server-cert",
        webhook_service=service,
        manage_certificate=webhook.get("certProvisionMode", "auto") == "auto",
        leader_election=bool(leader.get("enabled", True)),
        lease_name=leader.get("id") or "dynamo.nvidia.com",
        lease_namespace=leader.get("namespace") or "kube-system",
        planner_role=rbac.get("plannerClusterRoleName") or "",
        infrastructure=_infrastructure(document.get("infrastructure") or {}),
    )
