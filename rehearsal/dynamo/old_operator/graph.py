# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a DynamoGraphDeployment turns into: one DynamoComponentDeployment per service."""

from __future__ import annotations

import copy

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.old_operator.names import COMPONENT, GRAPH
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.graph import owner_reference


class GraphError(ValueError):
    """A graph that no components can be made of."""


def services(graph: Json) -> dict[str, Json]:
    """Return the graph's services by name, in the order written."""
    return dict(graph.get("spec", {}).get("services") or {})


def normalised(graph: Json) -> Json:
    """Return the graph as the operator writes it back: finalizer set, every main container with name and resources."""
    result = copy.deepcopy(graph)
    finalizers = result["metadata"].setdefault("finalizers", [])
    if c.FINALIZER not in finalizers:
        finalizers.append(c.FINALIZER)
    for service in services(result).values():
        main = (service.get("extraPodSpec") or {}).get("mainContainer")
        if main is not None:
            main.setdefault("name", "")
            main.setdefault("resources", {})
    return result


def runtime_namespace(graph: Json) -> str:
    """Return the namespace inside the Dynamo runtime, which all services have to agree on.

    Raises:
        GraphError: when they do not.
    """
    found = ""
    for name, service in services(graph).items():
        given = str(service.get("dynamoNamespace") or "")
        if found and given and given != found:
            raise GraphError(
                "failed to generate the DynamoComponentsDeployments: failed to get the graph dynamo namespace: "
                f"namespace mismatch for component {name}: graph uses namespace {found} but component specifies {given}"
            )
        found = found or given
    return found or f"dynamo-{graph['metadata']['name']}"


def child_name(graph: Json, service: str) -> str:
    """Name of a service's component deployment and of everything below it."""
    return f"{graph['metadata']['name']}-{service.lower()}"


def _spec(graph: Json, name: str, service: Json, namespace: str) -> Json:
    spec = copy.deepcopy(service)
    # lost on the way at this age
    spec.pop("labels", None)
    spec.pop("annotations", None)
    spec |= {"serviceName": name, "dynamoNamespace": namespace}
    common = graph["spec"].get("envs") or []
    if common:
        own = spec.get("envs") or []
        names = {entry["name"] for entry in own}
        spec["envs"] = [entry for entry in common if entry["name"] not in names] + own
    if graph["spec"].get("backendFramework"):
        spec["backendFramework"] = graph["spec"]["backendFramework"]
    if spec.get("componentType") == "frontend" and "ingress" not in spec:
        spec["ingress"] = {"host": graph["metadata"]["name"]}
    return spec


def render_components(graph: Json) -> list[Json]:
    """Return the component deployments.

    Raises:
        GraphError: when the services disagree about the namespace.
    """
    meta, namespace = graph["metadata"], runtime_namespace(graph)
    metrics = (meta.get("annotations") or {}).get(c.A_ENABLE_METRICS)
    return [
        {
            "apiVersion": COMPONENT.api_version,
            "kind": COMPONENT.kind,
            "metadata": {
                "name": child_name(graph, name),
                "namespace": meta["namespace"],
                "labels": {c.L_COMPONENT: name, c.L_NAMESPACE: namespace},
                "annotations": {c.A_ENABLE_METRICS: metrics} if metrics else {},
                "ownerReferences": [owner_reference(graph, GRAPH)],
            },
            "spec": _spec(graph, name, service, namespace),
        }
        for name, service in services(graph).items()
    ]
