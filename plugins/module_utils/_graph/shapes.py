# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The two shapes of a DynamoGraphDeployment: v1alpha1 (a map of services) and v1beta1 (a list of components)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Json = dict[str, t.Any]

# Frontends find workers, and Services find frontends, by endpoints; a pod that leaves is taken out of them at once, but
# who uses them learns of it a moment later. Until then it still answers, so that no request fails during an update.
LEAVING_SECONDS = 5


@dataclass(frozen=True)
class Component:
    """One component with every choice made; only the spelling is left."""

    name: str
    role: str
    names_half: bool
    replicas: int | None
    nodes: int
    image: str
    version_override: str
    command: list[str]
    arguments: list[str]
    directory: str
    environment: t.Mapping[str, str]
    secrets: list[str]
    resources: t.Mapping[str, str]
    gpus: int
    extended: t.Mapping[str, str]
    """Further resources of Kubernetes' extended kind."""
    probes: t.Mapping[str, Json]
    labels: t.Mapping[str, str]
    node_selector: t.Mapping[str, str]
    tolerations: list[dict[str, str]]
    pull_secrets: list[str]
    pod: t.Mapping[str, t.Any]
    """Further keys of the pod's specification."""
    container: t.Mapping[str, t.Any]
    """Further keys of the main container."""
    model_ref: str
    scaling: t.Mapping[str, t.Any]
    """What is said about autoscaling: {} or one key, by API version (see scaling.wish)."""


@dataclass(frozen=True)
class Graph:
    """One graph with every choice made."""

    name: str
    namespace: str
    labels: t.Mapping[str, str]
    annotations: t.Mapping[str, str]
    framework: str
    dynamo_namespace: str
    components: list[Component]


def _full(entries: Json) -> Json:
    """Drop what is empty; 0 and False stay."""
    return {key: value for key, value in entries.items() if value not in (None, "", {}, [])}


def _object(graph: Graph, version: str, spec: Json) -> Json:
    return {
        "apiVersion": version,
        "kind": "DynamoGraphDeployment",
        "metadata": {
            "name": graph.name,
            "namespace": graph.namespace,
            "labels": dict(graph.labels),
            "annotations": dict(graph.annotations),
        },
        "spec": spec,
    }


def _environment(component: Component) -> list[Json]:
    return [{"name": name, "value": value} for name, value in component.environment.items()]


def _pod(component: Component) -> Json:
    return {
        "nodeSelector": dict(component.node_selector),
        "tolerations": [dict(toleration) for toleration in component.tolerations],
        "imagePullSecrets": [{"name": name} for name in component.pull_secrets],
        **component.pod,
    }


def _several(component: Component) -> Json:
    """Return what components of both shapes spell alike."""
    return {
        "multinode": {"nodeCount": component.nodes} if component.nodes > 1 else {},
        "modelRef": {"name": component.model_ref} if component.model_ref else {},
    }


def v1alpha1(graph: Graph) -> Json:
    """Write services as a map, GPUs as resources.gpu, the start-up probe on the container and the others beside it."""
    services = {component.name: _service(component, graph.dynamo_namespace) for component in graph.components}
    return _object(graph, "nvidia.com/v1alpha1", {"backendFramework": graph.framework, "services": services})


def _service(component: Component, dynamo_namespace: str) -> Json:
    halves = component.role in ("prefill", "decode")
    resources: Json = {**component.resources, **({"gpu": str(component.gpus)} if component.gpus else {})}
    if component.extended:
        resources["custom"] = dict(component.extended)
    container = {
        "image": component.image,
        "command": component.command,
        "args": component.arguments,
        "workingDir": component.directory,
        "startupProbe": component.probes.get("startup"),
        **component.container,
    }
    return _full(
        {
            "componentType": "worker" if halves else component.role,
            "subComponentType": component.role if halves and component.names_half else "",
            "dynamoNamespace": dynamo_namespace,
            "replicas": component.replicas,
            "resources": {"requests": resources, "limits": dict(resources)},
            "envs": _environment(component),
            # v1alpha1 takes one secret per service.
            "envFromSecret": component.secrets[0] if component.secrets else "",
            "livenessProbe": component.probes.get("liveness"),
            "readinessProbe": component.probes.get("readiness"),
            "extraPodMetadata": {"labels": dict(component.labels)},
            "extraPodSpec": _full({**_pod(component), "mainContainer": _full(container)}),
            **_several(component),
            **component.scaling,
        }
    )


def v1beta1(graph: Graph) -> Json:
    """Write components as a list, each with an ordinary pod template whose container is called main."""
    components = [_entry(component) for component in graph.components]
    return _object(graph, "nvidia.com/v1beta1", {"backendFramework": graph.framework, "components": components})


def _entry(component: Component) -> Json:
    gpus = {"nvidia.com/gpu": str(component.gpus)} if component.gpus else {}
    resources = {**component.resources, **gpus, **component.extended}
    container = {
        "name": "main",
        "image": component.image,
        "command": component.command,
        "args": component.arguments,
        "workingDir": component.directory,
        "env": _environment(component),
        "envFrom": [{"secretRef": {"name": name}} for name in component.secrets],
        "resources": {"requests": resources, "limits": dict(resources)},
        "livenessProbe": component.probes.get("liveness"),
        "readinessProbe": component.probes.get("readiness"),
        "startupProbe": component.probes.get("startup"),
        "lifecycle": {"preStop": {"sleep": {"seconds": LEAVING_SECONDS}}},
        **component.container,
    }
    entry = _full(
        {
            "name": component.name,
            "type": component.role,
            "replicas": component.replicas,
            "runtimeVersionOverride": component.version_override,
            "podTemplate": {
                "metadata": {"labels": dict(component.labels)},
                "spec": _full({**_pod(component), "containers": [_full(container)]}),
            },
            **_several(component),
        }
    )
    # An empty scalingAdapter says yes.
    return {**entry, **component.scaling}


SHAPES: dict[str, t.Callable[[Graph], Json]] = {"nvidia.com/v1alpha1": v1alpha1, "nvidia.com/v1beta1": v1beta1}
