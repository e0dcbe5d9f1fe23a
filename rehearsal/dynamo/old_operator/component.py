# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a DynamoComponentDeployment turns into: a Deployment, and for a frontend a Service; more when asked for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearsal.dynamo.kube import Json, Resource
from rehearsal.dynamo.old_operator import defaults
from rehearsal.dynamo.old_operator.names import AUTOSCALER, COMPONENT, INGRESS
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.component import registry_host
from rehearsal.dynamo.operator.graph import owner_reference
from rehearsal.nodes import quantity

_GRACE_SECONDS = 60
_SHARED_MEMORY = "512Mi"
_CPU_PERCENT = 80


@dataclass(frozen=True)
class Surroundings:
    """What the operator's flags and the namespace add to a component."""

    infrastructure: Mapping[str, str] = field(default_factory=dict)
    registry_secrets: Mapping[str, list[str]] = field(default_factory=dict)
    ingress_class: str = ""
    ingress_tls_secret: str = ""
    ingress_suffix: str = ""


def component_type(component: Json) -> str:
    """Return frontend, worker, planner or whatever else is written."""
    return str(component["spec"].get("componentType") or "")


def labels(component: Json) -> dict[str, str]:
    """Labels of the Deployment, its pods and the Service, and the Service's selector."""
    metadata, kind = component["metadata"], component_type(component)
    found = {c.L_COMPONENT: metadata["labels"][c.L_COMPONENT]}
    if kind:
        found[c.L_COMPONENT_TYPE] = kind
    found[c.L_NAMESPACE] = metadata["labels"][c.L_NAMESPACE]
    if (metadata.get("annotations") or {}).get(c.A_ENABLE_METRICS) != "false":
        found[c.L_METRICS] = "true"
    found[c.L_SELECTOR] = metadata["name"]
    return {**found, **((component["spec"].get("extraPodMetadata") or {}).get("labels") or {})}


def resources(component: Json) -> Json:
    """Resources in Kubernetes' words; a request for GPUs is dropped, the limit counts."""
    given = component["spec"].get("resources") or {}
    result: Json = {}
    for section in ("requests", "limits"):
        values = given.get(section) or {}
        flat = {key: values[key] for key in ("cpu", "memory") if values.get(key)}
        if section == "limits" and values.get("gpu"):
            flat["nvidia.com/gpu"] = values["gpu"]
        flat |= values.get("custom") or {}
        if flat:
            result[section] = flat
    return result


def shared_memory(limits: Mapping[str, str]) -> str:
    """Size of /dev/shm: a quarter of the memory limit, or a little when there is none."""
    if "memory" not in limits:
        return _SHARED_MEMORY
    size = int(quantity.parse(limits["memory"])) // 4
    for unit, factor in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def _environment(component: Json, own: list[Json], infrastructure: Mapping[str, str]) -> list[Json]:
    """The component's variables, then the operator's over them, sorted by name."""
    metadata = component["metadata"]
    injected = defaults.environment(
        component_type(component),
        graph=next((owner["name"] for owner in metadata.get("ownerReferences") or []), ""),
        kubernetes_namespace=metadata["namespace"],
        runtime_namespace=metadata["labels"][c.L_NAMESPACE],
    )
    merged: dict[str, Json] = {entry["name"]: entry for entry in component["spec"].get("envs") or []}
    merged |= {entry["name"]: entry for entry in own}
    merged |= {name: {"name": name, "value": value} for name, value in {**injected, **infrastructure}.items()}
    return [merged[name] for name in sorted(merged)]


def _main(component: Json, surroundings: Surroundings) -> Json:
    spec, kind = component["spec"], component_type(component)
    given = copy.deepcopy((spec.get("extraPodSpec") or {}).get("mainContainer") or {})
    main: Json = {**given, "name": c.MAIN_CONTAINER}
    command, args = defaults.command(kind)
    main["command"] = given.get("command") or command
    main["args"] = given.get("args") or args
    main["resources"] = resources(component) or given.get("resources") or {}
    main["env"] = _environment(component, given.get("env") or [], surroundings.infrastructure)
    if spec.get("envFromSecret"):
        main["envFrom"] = [*(given.get("envFrom") or []), {"secretRef": {"name": spec["envFromSecret"]}}]
    ports = defaults.ports(kind)
    if ports:
        names = {port["name"] for port in ports}
        main["ports"] = [*ports, *(port for port in given.get("ports") or [] if port.get("name") not in names)]
    main |= {name: probe for name, probe in defaults.probes(kind).items() if name not in given}
    main |= {name: spec[name] for name in ("livenessProbe", "readinessProbe") if name in spec}
    return main


def _volumes(component: Json, main: Json) -> list[Json]:
    size = shared_memory((main.get("resources") or {}).get("limits") or {})
    found: list[Json] = [{"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": size}}]
    mounts = [*(main.get("volumeMounts") or []), {"name": "shared-memory", "mountPath": "/dev/shm"}]  # noqa: S108
    claim = component["spec"].get("pvc") or {}
    if claim.get("name"):
        found.append({"name": claim["name"], "persistentVolumeClaim": {"claimName": claim["name"]}})
        mounts.append({"name": claim["name"], "mountPath": claim.get("mountPoint") or "/mnt"})
    main["volumeMounts"] = mounts
    return found


def _pod_template(component: Json, surroundings: Surroundings) -> Json:
    spec: Json = copy.deepcopy(component["spec"].get("extraPodSpec") or {})
    spec.pop("mainContainer", None)
    main = _main(component, surroundings)
    spec["volumes"] = [*_volumes(component, main), *(spec.get("volumes") or [])]
    spec["containers"] = [main, *(spec.get("containers") or [])]
    spec.setdefault("serviceAccountName", c.PLANNER_ACCOUNT if component_type(component) == "planner" else "default")
    spec.setdefault("terminationGracePeriodSeconds", _GRACE_SECONDS)
    spec.setdefault("restartPolicy", "Always")
    known = [
        {"name": name} for name in surroundings.registry_secrets.get(registry_host(str(main.get("image") or "")), [])
    ]
    given = spec.get("imagePullSecrets") or []
    pull = [*given, *(secret for secret in known if secret not in given)]
    if pull:
        spec["imagePullSecrets"] = pull
    annotations = (component["spec"].get("extraPodMetadata") or {}).get("annotations") or {}
    return {"metadata": {"labels": labels(component), "annotations": dict(annotations)}, "spec": spec}


def _metadata(component: Json) -> Json:
    extra = (component["spec"].get("extraPodMetadata") or {}).get("annotations") or {}
    return {
        "name": component["metadata"]["name"],
        "namespace": component["metadata"]["namespace"],
        "labels": labels(component),
        "annotations": dict(extra),
        "ownerReferences": [owner_reference(component, COMPONENT)],
    }


def _is_multinode(component: Json) -> bool:
    return int((component["spec"].get("multinode") or {}).get("nodeCount", 1)) > 1


def render_deployment(component: Json, surroundings: Surroundings) -> Json:
    """Return the component's Deployment; one pod for a component of several nodes, which nobody here can spread."""
    replicas = component["spec"].get("replicas")
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(component),
        "spec": {
            "replicas": 1 if replicas is None or _is_multinode(component) else int(replicas),
            "progressDeadlineSeconds": 600,
            "selector": {"matchLabels": {c.L_SELECTOR: component["metadata"]["name"]}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": _pod_template(component, surroundings),
        },
    }


def _service(component: Json) -> Json:
    port = {"name": "http", "port": c.PORT_HTTP, "protocol": "TCP", "targetPort": "http"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(component),
        "spec": {"type": "ClusterIP", "selector": labels(component), "ports": [port]},
    }


def _claim(component: Json) -> Json | None:
    claim = component["spec"].get("pvc") or {}
    if not (claim.get("create") and claim.get("name")):
        return None
    spec: Json = {
        "accessModes": [claim.get("volumeAccessMode") or "ReadWriteOnce"],
        "resources": {"requests": {"storage": claim.get("size") or "1Gi"}},
    }
    if claim.get("storageClass"):
        spec["storageClassName"] = claim["storageClass"]
    metadata = {**_metadata(component), "name": claim["name"]}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def _autoscaler(component: Json) -> Json | None:
    wish = component["spec"].get("autoscaling") or {}
    if not wish.get("enabled"):
        return None
    target = {"type": "Utilization", "averageUtilization": _CPU_PERCENT}
    spec: Json = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": component["metadata"]["name"]},
        "minReplicas": int(wish.get("minReplicas") or 1),
        "maxReplicas": int(wish.get("maxReplicas") or 1),
        "metrics": wish.get("metrics") or [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    return {
        "apiVersion": AUTOSCALER.api_version,
        "kind": AUTOSCALER.kind,
        "metadata": _metadata(component),
        "spec": spec,
    }


def _ingress(component: Json, surroundings: Surroundings) -> Json | None:
    wish = component["spec"].get("ingress") or {}
    if not wish.get("enabled"):
        return None
    name = component["metadata"]["name"]
    suffix = wish.get("hostSuffix") or surroundings.ingress_suffix or "local"
    host = f"{wish.get('hostPrefix') or ''}{wish.get('host') or name}.{suffix}"
    backend = {"service": {"name": name, "port": {"number": c.PORT_HTTP}}}
    spec: Json = {
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    }
    ingress_class = wish.get("ingressControllerClassName") or surroundings.ingress_class
    if ingress_class:
        spec["ingressClassName"] = ingress_class
    if surroundings.ingress_tls_secret and surroundings.ingress_class:
        spec["tls"] = [{"hosts": [host], "secretName": surroundings.ingress_tls_secret}]
    return {"apiVersion": INGRESS.api_version, "kind": INGRESS.kind, "metadata": _metadata(component), "spec": spec}


def render_children(component: Json, surroundings: Surroundings) -> list[tuple[Resource, Json]]:
    """Return everything but the Deployment, in the order in which it is made."""
    wanted = [
        (c.CLAIM, _claim(component)),
        (AUTOSCALER, _autoscaler(component)),
        (c.SERVICE, _service(component) if component_type(component) == "frontend" else None),
        (INGRESS, _ingress(component, surroundings)),
    ]
    return [(resource, item) for resource, item in wanted if item is not None]


def is_spread(component: Json) -> bool:
    """Tell whether the component asks for several nodes, in which case its Deployment is not looked at."""
    return _is_multinode(component)
