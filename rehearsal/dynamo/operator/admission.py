# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the operator's webhooks refuse, warn about and fill in; messages as the real ones say them."""

from __future__ import annotations

import json
import re
from typing import Any

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.graph import components, main_container, old_spec, replicas, runtime_namespace

_SEMVER = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_VERSION_REQUIRED = "is required when the specified main container image has no parseable semantic-version tag"
_NO_INFERENCE_POOL = (
    "cannot deploy EPP component: InferencePool API group (inference.networking.k8s.io) is not available in the "
    "cluster; install the Gateway API Inference Extension before deploying EPP components"
)
_ADAPTER_OWNS = (
    "cannot be modified directly when scaling adapter is enabled; scale or update the related "
    "DynamoGraphDeploymentScalingAdapter instead"
)


def has_version_tag(image: str) -> bool:
    """Tell whether an image's tag is a semantic version; a digest alone is none."""
    name = image.partition("@")[0]
    _, colon, tag = name.rpartition(":")
    return bool(colon) and "/" not in tag and _SEMVER.fullmatch(tag) is not None


def _required(path: str, text: str) -> str:
    return f"{path}: Required value: {text}"


def _forbidden(path: str, text: str) -> str:
    return f"{path}: Forbidden: {text}"


def _invalid(path: str, value: Any, text: str) -> str:
    return f"{path}: Invalid value: {json.dumps(value)}: {text}"


def _main_index(component: Json) -> int:
    containers = (component.get("podTemplate") or {}).get("spec", {}).get("containers") or []
    return next((index for index, item in enumerate(containers) if item.get("name") == c.MAIN_CONTAINER), -1)


def _image_errors(component: Json, path: str, *, old_version: bool) -> list[str]:
    image = str(main_container(component).get("image") or "")
    if not image:
        if old_version:
            return [_required(f"{path}.extraPodSpec.mainContainer.image", "is required")]
        index = _main_index(component)
        where = f"{path}.podTemplate.spec.containers" + (f"[{index}].image" if index >= 0 else "")
        return [_required(where, "is required")]
    if not component.get("runtimeVersionOverride") and not has_version_tag(image):
        return [_required(f"{path}.runtimeVersionOverride", _VERSION_REQUIRED)]
    return []


def _component_errors(component: Json, path: str, *, old_version: bool) -> list[str]:
    errors: list[str] = []
    if component.get("minAvailable") is not None:
        text = "is currently supported only for Grove-backed DynamoGraphDeployment components"
        errors.append(_forbidden(f"{path}.minAvailable", text))
    size = str(component.get("sharedMemorySize", ""))
    if size.startswith("-"):
        errors.append(_invalid(f"{path}.sharedMemorySize", size, "must be non-negative"))
    if component.get("type") == "epp":
        errors.append(_forbidden(f"{path}.type", _NO_INFERENCE_POOL))
    return errors + _image_errors(component, path, old_version=old_version)


def _paths(graph: Json, *, old_version: bool) -> list[tuple[Json, str]]:
    return [
        (item, f"spec.services[{item['name']}]" if old_version else f"spec.components[{index}]")
        for index, item in enumerate(components(graph))
    ]


def graph_errors(graph: Json, *, old_version: bool) -> list[str]:
    """Everything wrong with a graph on its own.

    Args:
        graph: the v1beta1 object.
        old_version: the user wrote v1alpha1, so paths are said in its words.
    """
    if not components(graph):
        field = "services" if old_version else "components"
        return [_required(f"spec.{field}", "must have at least one component")]
    return [
        error
        for component, path in _paths(graph, old_version=old_version)
        for error in _component_errors(component, path, old_version=old_version)
    ]


def _is_multinode(component: Json) -> bool:
    return int((component.get("multinode") or {}).get("nodeCount", 1)) > 1


def update_errors(old: Json, new: Json, *, by_operator: bool, old_version: bool) -> list[str]:
    """Changes that a living graph does not take.

    Args:
        old: the graph as stored (v1beta1).
        new: the graph as wanted.
        by_operator: the request comes from the operator itself, which may set replicas that an adapter owns.
        old_version: see `graph_errors`.
    """
    errors: list[str] = []
    root = "spec.services" if old_version else "spec.components"
    before = {item["name"]: item for item in components(old)}
    after = {item["name"] for item in components(new)}
    added, removed = sorted(after - set(before)), sorted(set(before) - after)
    changes = []
    if added:
        changes.append(f"components added: [{' '.join(added)}]")
    if removed:
        changes.append(f"components removed: [{' '.join(removed)}]")
    if changes:
        text = f"component topology is immutable and cannot be modified after creation: {', '.join(changes)}"
        errors.append(_forbidden(root, text))
    backend = new["spec"].get("backendFramework")
    if backend != old["spec"].get("backendFramework"):
        errors.append(
            _invalid("spec.backendFramework", backend or "", "is immutable and cannot be changed after creation")
        )
    for component, path in _paths(new, old_version=old_version):
        previous = before.get(component["name"])
        if previous is None:
            continue
        owned = "scalingAdapter" in component or "scalingAdapter" in previous
        if owned and not by_operator and replicas(component) != replicas(previous):
            errors.append(_forbidden(f"{path}.replicas", _ADAPTER_OWNS))
        if _is_multinode(component) != _is_multinode(previous):
            text = "cannot change node topology between single-node and multi-node after creation"
            errors.append(_invalid(f"{path}.multinode", component.get("multinode"), text))
    return errors


def graph_warnings(graph: Json, *, old_version: bool) -> list[str]:
    """Return what a v1alpha1 graph says and nobody heeds."""
    if not old_version:
        return []
    warnings: list[str] = []
    for name, service in sorted((old_spec(graph).get("services") or {}).items()):
        path = f"spec.services[{name}]"
        given = service.get("dynamoNamespace")
        if given:
            warnings.append(
                f'{path}.dynamoNamespace is deprecated and ignored. Value "{given}" will be replaced with '
                f'"{runtime_namespace(graph)}"'
            )
        if service.get("autoscaling"):
            warnings.append(
                f"{path}.autoscaling is deprecated and ignored. Use DynamoGraphDeploymentScalingAdapter with HPA, "
                "KEDA, or Planner for autoscaling instead."
            )
    return warnings


def component_errors(component: Json) -> list[str]:
    """Everything wrong with a component deployment; a version tag is asked for on the graph only."""
    size = str(component["spec"].get("sharedMemorySize", ""))
    return [_invalid("spec.sharedMemorySize", size, "must be non-negative")] if size.startswith("-") else []


def graph_defaults(graph: Json, operation: str, operator_version: str) -> list[Json]:
    """JSON patch that admission puts on a graph: which operator it was made under."""
    annotations = graph["metadata"].get("annotations")
    if operation != "CREATE" or (annotations or {}).get(c.A_ORIGIN):
        return []
    pointer = f"/metadata/annotations/{c.A_ORIGIN.replace('/', '~1')}"
    patch: list[Json] = [] if annotations else [{"op": "add", "path": "/metadata/annotations", "value": {}}]
    return [*patch, {"op": "add", "path": pointer, "value": operator_version}]


def joined(errors: list[str]) -> str:
    """One message for several errors, as Kubernetes aggregates them."""
    return errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
