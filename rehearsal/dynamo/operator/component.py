# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a DynamoComponentDeployment turns into: one Deployment and one Service."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator import defaults
from rehearsal.dynamo.operator.graph import main_container, owner_reference

_GRACE_SECONDS = 60
_SHARED_MEMORY = "8Gi"
_COMPILATION_CACHE = {"vllm": "/root/.cache/vllm"}


@dataclass(frozen=True)
class Settings:
    """What the operator's configuration and the namespace add to a component."""

    infrastructure: dict[str, str] = field(default_factory=dict)
    """Extra environment (ETCD_ENDPOINTS, NATS_SERVER ...), empty unless configured."""
    registry_secrets: dict[str, list[str]] = field(default_factory=dict)
    """Registry host to names of the pull secrets in the component's namespace."""


def registry_host(image: str) -> str:
    """Host part of an image reference; `docker.io` when it has none."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def component_type(component: Json) -> str:
    """Return frontend, worker, prefill, decode, planner, epp or nothing."""
    return str(component["spec"].get("type") or "")


def _environment(component: Json, own: list[Json], settings: Settings) -> list[Json]:
    """Injected variables under the user's, sorted by name as the real operator writes them."""
    labels = component["metadata"]["labels"]
    injected = defaults.environment(
        component_type(component),
        graph_name=labels[c.L_GRAPH],
        kubernetes_namespace=component["metadata"]["namespace"],
        runtime_namespace=labels[c.L_NAMESPACE],
        worker_hash=labels.get(c.L_WORKER_HASH, ""),
    )
    injected |= {name: {"value": value} for name, value in settings.infrastructure.items()}
    mode = (component["metadata"].get("annotations") or {}).get(c.A_DISCOVERY_MODE)
    if mode:
        injected["DYN_KUBE_DISCOVERY_MODE"] = {"value": mode}
        injected["CONTAINER_NAME"] = {"value": c.MAIN_CONTAINER}
    merged: dict[str, Json] = {name: {"name": name, **value} for name, value in injected.items()}
    merged |= {entry["name"]: entry for entry in own}
    return [merged[name] for name in sorted(merged)]


def _add_named(items: list[Json], extra: list[Json]) -> list[Json]:
    names = {item.get("name") for item in items}
    return [*items, *(item for item in extra if item["name"] not in names)]


def _main(component: Json, settings: Settings) -> Json:
    main = main_container(component["spec"])
    kind = component_type(component)
    if kind == "frontend" and not main.get("command") and not main.get("args"):
        main |= {"command": ["python3"], "args": ["-m", "dynamo.frontend"]}
    main["name"] = c.MAIN_CONTAINER
    main["env"] = _environment(component, main.get("env") or [], settings)
    ports = _add_named(main.get("ports") or [], defaults.ports(kind))
    if ports:
        main["ports"] = ports
    for name, probe in defaults.probes(kind).items():
        main.setdefault(name, probe)
    return main


def _shared_memory(component: Json, main: Json) -> list[Json]:
    """Mount /dev/shm into the main container, unless it is switched off or mounted by the user."""
    size = str(component["spec"].get("sharedMemorySize", _SHARED_MEMORY))
    mounts = main.get("volumeMounts") or []
    if size == "0" or any(mount["mountPath"] == "/dev/shm" for mount in mounts):  # noqa: S108 - the pod's, not ours
        return []
    main["volumeMounts"] = [*mounts, {"name": "shared-memory", "mountPath": "/dev/shm"}]  # noqa: S108
    return [{"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": size}}]


def _compilation_cache(component: Json, main: Json) -> list[Json]:
    cache = component["spec"].get("compilationCache")
    if not cache:
        return []
    path = cache.get("mountPath") or _COMPILATION_CACHE.get(component["spec"].get("backendFramework", ""))
    if not path:
        return []
    claim = cache["pvcName"]
    main["volumeMounts"] = [*(main.get("volumeMounts") or []), {"name": claim, "mountPath": path}]
    return [{"name": claim, "persistentVolumeClaim": {"claimName": claim}}]


def _pull_secrets(component: Json, containers: list[Json], own: list[Json], settings: Settings) -> list[Json]:
    annotations = component["metadata"].get("annotations") or {}
    if annotations.get(c.A_NO_PULL_SECRETS) == "true":
        return own
    hosts = [registry_host(container.get("image", "")) for container in containers]
    found = [{"name": name} for host in hosts for name in settings.registry_secrets.get(host, [])]
    unique = {item["name"]: item for item in found}
    return _add_named(own, list(unique.values()))


def pod_labels(component: Json) -> dict[str, str]:
    """Labels of the component's pods."""
    metadata = component["metadata"]
    labels: dict[str, str] = dict(metadata["labels"])
    kind = component_type(component)
    if kind:
        labels[c.L_COMPONENT_TYPE] = kind
    labels[c.L_DISCOVERY_BACKEND] = "kubernetes"
    labels[c.L_DISCOVERY_ENABLED] = "true"
    labels[c.L_SELECTOR] = metadata["name"]
    if (metadata.get("annotations") or {}).get(c.A_ENABLE_METRICS) != "false":
        labels[c.L_METRICS] = "true"
    own = ((component["spec"].get("podTemplate") or {}).get("metadata") or {}).get("labels") or {}
    return {**labels, **own, c.L_SELECTOR: metadata["name"]}


def _pod_template(component: Json, settings: Settings) -> Json:
    template = copy.deepcopy(component["spec"].get("podTemplate") or {})
    spec: dict[str, Any] = template.get("spec") or {}
    main = _main(component, settings)
    volumes = [*_shared_memory(component, main), *_compilation_cache(component, main)]
    others = [item for item in spec.get("containers") or [] if item.get("name") != c.MAIN_CONTAINER]
    spec["containers"] = [main, *others]
    if volumes:
        spec["volumes"] = _add_named(spec.get("volumes") or [], volumes)
    pull = _pull_secrets(component, spec["containers"], spec.get("imagePullSecrets") or [], settings)
    if pull:
        spec["imagePullSecrets"] = pull
    account = f"{component['metadata']['labels'][c.L_GRAPH]}-k8s-service-discovery"
    if component_type(component) == "planner":
        account = c.PLANNER_ACCOUNT
    spec.setdefault("serviceAccountName", account)
    spec.setdefault("terminationGracePeriodSeconds", _GRACE_SECONDS)
    spec.setdefault("restartPolicy", "Always")
    spec["securityContext"] = {"fsGroup": 1000, **(spec.get("securityContext") or {})}
    metadata: Json = {"labels": pod_labels(component)}
    annotations = (template.get("metadata") or {}).get("annotations")
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": spec}


def _metadata(component: Json) -> Json:
    return {
        "name": component["metadata"]["name"],
        "namespace": component["metadata"]["namespace"],
        "labels": dict(component["metadata"]["labels"]),
        "annotations": {},
        "ownerReferences": [owner_reference(component, c.COMPONENT)],
    }


def render_deployment(component: Json, settings: Settings) -> Json:
    """Return the component's Deployment."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(component),
        "spec": {
            "replicas": int(component["spec"].get("replicas", 1)),
            "progressDeadlineSeconds": 600,
            "selector": {"matchLabels": {c.L_SELECTOR: component["metadata"]["name"]}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": _pod_template(component, settings),
        },
    }


def render_service(component: Json) -> Json:
    """Return the component's Service.

    Its selector leaves the worker hash out, so both generations answer during a rolling update. The discovery labels
    reach the EndpointSlices, which is where the runtime looks.
    """
    labels = pod_labels(component)
    selector = {key: labels[key] for key in (c.L_COMPONENT, c.L_COMPONENT_TYPE, c.L_NAMESPACE) if key in labels}
    frontend = component_type(component) == "frontend"
    name, port = ("http", c.PORT_HTTP) if frontend else ("system", c.PORT_SYSTEM)
    metadata = _metadata(component)
    metadata["labels"] |= {c.L_DISCOVERY_BACKEND: "kubernetes", c.L_DISCOVERY_ENABLED: "true"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "type": "ClusterIP",
            "selector": selector,
            "ports": [{"name": name, "port": port, "protocol": "TCP", "targetPort": name}],
        },
    }
