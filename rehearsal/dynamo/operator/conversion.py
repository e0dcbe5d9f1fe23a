# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversion between v1alpha1 and v1beta1, as the conversion webhook answers it.

What a version cannot hold travels in an annotation with the whole spec of the other version. It is believed as long
as converting it again gives the spec at hand; after an edit in the other version only the parts that still agree are
taken from it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.services import component_from_service, service_from_component

A_HUB_SPEC = "nvidia.com/v1beta1-spec"
_SAME = (
    "annotations",
    "labels",
    "priorityClassName",
    "backendFramework",
    "restart",
    "topologyConstraint",
    "experimental",
)

Convert = Callable[[Json], Json]


class ConversionError(ValueError):
    """The API server asked for a conversion that does not exist."""


def _graph_up(spec: Json) -> Json:
    result: Json = {key: spec[key] for key in _SAME if key in spec}
    if "envs" in spec:
        result["env"] = spec["envs"]
    if "services" in spec:
        services = spec["services"]
        result["components"] = [component_from_service(name, services[name]) for name in sorted(services)]
    return result


def _graph_down(spec: Json) -> Json:
    result: Json = {key: spec[key] for key in _SAME if key in spec}
    if "env" in spec:
        result["envs"] = spec["env"]
    if "components" in spec:
        result["services"] = {item["name"]: service_from_component(item) for item in spec["components"]}
    return result


def _component_up(spec: Json) -> Json:
    service = {key: value for key, value in spec.items() if key not in ("backendFramework", "serviceName")}
    result = component_from_service(str(spec.get("serviceName", "")), service)
    if not result["name"]:
        del result["name"]
    if "backendFramework" in spec:
        result["backendFramework"] = spec["backendFramework"]
    return result


def _component_down(spec: Json) -> Json:
    result = service_from_component(spec)
    if "name" in spec:
        result["serviceName"] = spec["name"]
    if "backendFramework" in spec:
        result["backendFramework"] = spec["backendFramework"]
    return result


def _adapter(spec: Json, source: str, target: str) -> Json:
    result = copy.deepcopy(spec)
    reference = result.get("dgdRef") or {}
    if source in reference:
        reference[target] = reference.pop(source)
    return result


def _request(spec: Json) -> Json:
    return {key: spec[key] for key in ("model", "backend", "autoApply") if key in spec}


_SPECS: dict[str, tuple[Convert, Convert, str]] = {
    c.GRAPH.kind: (_graph_up, _graph_down, c.A_GRAPH_SPEC),
    c.COMPONENT.kind: (_component_up, _component_down, c.A_COMPONENT_SPEC),
    c.ADAPTER.kind: (
        lambda spec: _adapter(spec, "serviceName", "componentName"),
        lambda spec: _adapter(spec, "componentName", "serviceName"),
        "",
    ),
    c.REQUEST.kind: (_request, _request, c.A_REQUEST_SPEC),
}
# Where a status keeps its per-component entries: kind to (v1alpha1 key, v1beta1 key, map of entries or one entry).
_STATUS: dict[str, tuple[str, str, bool]] = {
    c.GRAPH.kind: ("services", "components", True),
    c.COMPONENT.kind: ("service", "component", False),
}


def _status(kind: str, status: Json, target: str) -> Json:
    if kind not in _STATUS:
        return status
    old_key, new_key, mapped = _STATUS[kind]
    source, wanted = (new_key, old_key) if target == c.OLD_VERSION else (old_key, new_key)
    result = {key: value for key, value in status.items() if key != source}
    if source not in status:
        return result

    def entry(item: Json) -> Json:
        plain = {key: value for key, value in item.items() if key != "componentName"}
        if target == c.OLD_VERSION and plain.get("componentNames"):
            plain["componentName"] = plain["componentNames"][0]
        return plain

    value = status[source]
    result[wanted] = {name: entry(item) for name, item in value.items()} if mapped else entry(value)
    return result


def _reconcile_saved(saved: Json, current: Json, back: Convert, fresh: Json) -> Json:
    """Return the saved spec where it still agrees with `current`, service by service, else the fresh conversion."""
    current, again = _with_old_defaults(current), _with_old_defaults(back(saved))
    if again == current:
        return saved
    for mine, theirs in (("services", "components"), ("components", "services")):
        if mine in saved and mine in fresh:
            return _mix(saved, current, again, fresh, mine, theirs)
    return fresh


def _entries(spec: Json, key: str) -> dict[str, Any]:
    value = spec.get(key) or {}
    return value if isinstance(value, dict) else {item["name"]: item for item in value}


def _mix(saved: Json, current: Json, again: Json, fresh: Json, mine: str, theirs: str) -> Json:
    now, then = _entries(current, theirs), _entries(again, theirs)
    kept, made = _entries(saved, mine), _entries(fresh, mine)
    order = [*(name for name in kept if name in made), *(name for name in made if name not in kept)]
    merged = {name: kept[name] if name in kept and now[name] == then.get(name) else made[name] for name in order}
    return {**fresh, mine: merged if isinstance(fresh[mine], dict) else list(merged.values())}


def _without_old_defaults(spec: Json) -> Json:
    """Take away again what `_with_old_defaults` adds, so that a saved spec does not grow by being read."""
    result = copy.deepcopy(spec)
    for service in [*(result.get("services") or {}).values(), result]:
        main = (service.get("extraPodSpec") or {}).get("mainContainer") if isinstance(service, dict) else None
        if isinstance(main, dict):
            for key, empty in (("name", ""), ("resources", {})):
                if main.get(key) == empty:
                    del main[key]
    return result


def _with_old_defaults(spec: Json) -> Json:
    """Return a v1alpha1 spec as reading it back shows it: main containers carry an empty name and resources."""
    result = copy.deepcopy(spec)
    for service in [*(result.get("services") or {}).values(), result]:
        main = (service.get("extraPodSpec") or {}).get("mainContainer") if isinstance(service, dict) else None
        if isinstance(main, dict):
            main.setdefault("name", "")
            main.setdefault("resources", {})
    return result


def convert(source: Json, api_version: str) -> Json:
    """Convert one object to `api_version`.

    Raises:
        ConversionError: the kind or one of the versions is unknown.
    """
    kind = source.get("kind", "")
    versions = {f"{c.GROUP}/{c.OLD_VERSION}", f"{c.GROUP}/{c.VERSION}"}
    if kind not in _SPECS or not {source.get("apiVersion"), api_version} <= versions:
        raise ConversionError(f"no conversion of {kind} from {source.get('apiVersion')} to {api_version}")
    result = copy.deepcopy(source)
    result["apiVersion"] = api_version
    if source["apiVersion"] == api_version:
        return result
    up, down, annotation = _SPECS[kind]
    version = api_version.partition("/")[2]
    forward, back = (up, down) if version == c.VERSION else (down, up)
    # Read what was saved for the target, save the source for the way back.
    read, write = (A_HUB_SPEC, annotation) if version == c.VERSION else (annotation, A_HUB_SPEC)
    spec: Json = source.get("spec") or {}
    fresh = forward(spec)
    if annotation:
        annotations: dict[str, str] = dict(result["metadata"].get("annotations") or {})
        saved = annotations.pop(read, None)
        if saved:
            fresh = _reconcile_saved(json.loads(saved), spec, back, fresh)
        if _with_old_defaults(back(fresh)) != _with_old_defaults(spec):
            saved_now = spec if version == c.OLD_VERSION else _without_old_defaults(spec)
            annotations[write] = json.dumps(saved_now, sort_keys=True, separators=(",", ":"))
        else:
            annotations.pop(write, None)
        if annotations:
            result["metadata"]["annotations"] = annotations
        else:
            result["metadata"].pop("annotations", None)
    if version == c.OLD_VERSION:
        fresh = _with_old_defaults(fresh)
    if "spec" in source:
        result["spec"] = fresh
    if "status" in source:
        result["status"] = _status(kind, source["status"], version)
    return result
