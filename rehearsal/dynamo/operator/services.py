# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""One service of a v1alpha1 graph and one component of a v1beta1 graph, converted into each other."""

from __future__ import annotations

import copy
from typing import Any

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator import consts as c

_SAME = ("replicas", "minAvailable", "globalDynamoNamespace", "multinode", "modelRef", "runtimeVersionOverride")
_SAME_FREEFORM = ("topologyConstraint", "eppConfig")
_TYPES = {"frontend", "worker", "prefill", "decode", "planner", "epp"}
_RESOURCE_NAMES = {"gpu": "nvidia.com/gpu", "cpu": "cpu", "memory": "memory"}
_SERVICE_PROBES = ("livenessProbe", "readinessProbe")


def _resources_up(resources: Json) -> Json:
    result: Json = {}
    for section in ("requests", "limits"):
        values: Json = resources.get(section) or {}
        gpu_name = values.get("gpuType") or _RESOURCE_NAMES["gpu"]
        flat = {_RESOURCE_NAMES[key]: values[key] for key in ("cpu", "memory") if values.get(key)}
        if values.get("gpu"):
            flat[gpu_name] = values["gpu"]
        flat |= values.get("custom") or {}
        if flat:
            result[section] = flat
    if resources.get("claims"):
        result["claims"] = resources["claims"]
    return result


def _resources_down(resources: Json) -> Json:
    names = {value: key for key, value in _RESOURCE_NAMES.items()}
    result: Json = {}
    for section in ("requests", "limits"):
        values: Json = resources.get(section) or {}
        flat: Json = {names[name]: str(value) for name, value in values.items() if name in names}
        custom = {name: str(value) for name, value in values.items() if name not in names}
        if custom:
            flat["custom"] = custom
        if flat:
            result[section] = flat
    if resources.get("claims"):
        result["claims"] = resources["claims"]
    return result


def _component_type(service: Json) -> str:
    kind, sub = service.get("componentType", ""), service.get("subComponentType", "")
    if kind == "worker" and sub in ("prefill", "decode"):
        return str(sub)
    # Up to 0.4.0 the frontend was called main.
    return "frontend" if kind == "main" else kind if kind in _TYPES else ""


def _main_up(service: Json, pod: Json) -> Json:
    main: Json = {**(pod.pop("mainContainer", None) or {}), "name": c.MAIN_CONTAINER}
    resources = _resources_up(service.get("resources") or {})
    own = main.pop("resources", None) or {}
    if resources or own:
        main["resources"] = {key: {**resources.get(key, {}), **own.get(key, {})} for key in {*resources, *own}}
        claims = resources.get("claims") or own.get("claims")
        if claims:
            main["resources"]["claims"] = claims
    env = list(service.get("envs") or [])
    if env:
        names = {item["name"] for item in main.get("env") or []}
        main["env"] = [item for item in env if item["name"] not in names] + (main.get("env") or [])
    if service.get("envFromSecret"):
        main["envFrom"] = [*(main.get("envFrom") or []), {"secretRef": {"name": service["envFromSecret"]}}]
    for probe in _SERVICE_PROBES:
        if probe in service:
            main[probe] = service[probe]
    return main


def _mounts_up(service: Json, main: Json, pod: Json, result: Json) -> None:
    for mount in service.get("volumeMounts") or []:
        claim = mount["name"]
        if mount.get("useAsCompilationCache"):
            result["compilationCache"] = {"pvcName": claim}
            if mount.get("mountPoint"):
                result["compilationCache"]["mountPath"] = mount["mountPoint"]
            continue
        main["volumeMounts"] = [
            *(main.get("volumeMounts") or []),
            {"name": claim, "mountPath": mount.get("mountPoint", "")},
        ]
        volumes = pod.get("volumes") or []
        if not any(volume["name"] == claim for volume in volumes):
            pod["volumes"] = [*volumes, {"name": claim, "persistentVolumeClaim": {"claimName": claim}}]


def component_from_service(name: str, service: Json) -> Json:
    """Convert a v1alpha1 service to a v1beta1 component; what has no place there is dropped."""
    service = copy.deepcopy(service)
    result: Json = {"name": name}
    kind = _component_type(service)
    if kind:
        result["type"] = kind
    result |= {key: service[key] for key in (*_SAME, *_SAME_FREEFORM) if key in service}
    if (service.get("scalingAdapter") or {}).get("enabled"):
        result["scalingAdapter"] = {}
    shared = service.get("sharedMemory") or {}
    if shared.get("disabled"):
        result["sharedMemorySize"] = "0"
    elif "size" in shared:
        result["sharedMemorySize"] = shared["size"]

    pod: Json = service.get("extraPodSpec") or {}
    main = _main_up(service, pod)
    _mounts_up(service, main, pod, result)
    pod["containers"] = [main, *(pod.get("containers") or [])]
    extra: Json = service.get("extraPodMetadata") or {}
    metadata: Json = {}
    for key in ("labels", "annotations"):
        merged = {**(service.get(key) or {}), **(extra.get(key) or {})}
        if merged:
            metadata[key] = merged
    result["podTemplate"] = {**({"metadata": metadata} if metadata else {}), "spec": pod}
    return result


def _main_down(main: Json, result: Json) -> Json:
    kept = {key: value for key, value in main.items() if key != "name"}
    resources = _resources_down(kept.pop("resources", None) or {})
    if resources:
        result["resources"] = resources
    if kept.get("env"):
        result["envs"] = kept.pop("env")
    secrets: list[Any] = kept.get("envFrom") or []
    if len(secrets) == 1 and set(secrets[0]) == {"secretRef"} and set(secrets[0]["secretRef"]) == {"name"}:
        result["envFromSecret"] = kept.pop("envFrom")[0]["secretRef"]["name"]
    for probe in _SERVICE_PROBES:
        if probe in kept:
            result[probe] = kept.pop(probe)
    return kept


def service_from_component(component: Json) -> Json:
    """Convert a v1beta1 component to a v1alpha1 service; what has no place there is dropped."""
    component = copy.deepcopy(component)
    result: Json = {key: component[key] for key in (*_SAME, *_SAME_FREEFORM) if key in component}
    kind = component.get("type")
    if kind in ("prefill", "decode"):
        result |= {"componentType": "worker", "subComponentType": kind}
    elif kind:
        result["componentType"] = kind
    if "scalingAdapter" in component:
        result["scalingAdapter"] = {"enabled": True}
    if "sharedMemorySize" in component:
        size = component["sharedMemorySize"]
        result["sharedMemory"] = {"disabled": True} if str(size) == "0" else {"size": size}
    cache = component.get("compilationCache")
    if cache:
        mount: Json = {"name": cache["pvcName"], "useAsCompilationCache": True}
        if cache.get("mountPath"):
            mount["mountPoint"] = cache["mountPath"]
        result["volumeMounts"] = [mount]
    template: Json = component.get("podTemplate") or {}
    metadata = {
        key: value for key, value in (template.get("metadata") or {}).items() if key in ("labels", "annotations")
    }
    if metadata:
        result["extraPodMetadata"] = metadata
    pod: Json = template.get("spec") or {}
    containers = pod.pop("containers", None) or []
    main = next((item for item in containers if item.get("name") == c.MAIN_CONTAINER), None)
    others = [item for item in containers if item.get("name") != c.MAIN_CONTAINER]
    if others:
        pod["containers"] = others
    if main is not None:
        kept = _main_down(main, result)
        if kept:
            pod["mainContainer"] = kept
    if pod:
        result["extraPodSpec"] = pod
    return result
