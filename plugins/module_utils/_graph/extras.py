# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What is applied beside a graph: adapters, autoscalers, the entrance from outside. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields

from . import adapters, exposure, gateway, scaling
from .definition import DefinitionError
from .overrides import Overrides
from .rules import Rules

Json = dict[str, t.Any]

PART_LABEL = "ai-on-eks.dynamo/part"
PARTS = ("adapters", "scaling", "exposure")
_AUTOSCALERS = ("hpa", "keda")


@dataclass(frozen=True)
class Options:
    """What is asked for beside graphs."""

    namespace: str
    version: str
    exposure: t.Mapping[str, t.Any]
    gateway_image: str = ""
    gateway_pool: str = ""
    autoscaler: str = "hpa"
    """hpa or keda."""
    scaling_target: int = 0
    """For hpa per cent of the requested CPU, for keda requests in flight for each replica; 0 for 70 and 16."""
    prometheus: str = ""
    """Address that KEDA asks."""


def options(given: t.Mapping[str, t.Any]) -> Options:
    """Make Options of a plain dict; raise DefinitionError for what is unknown or unusable."""
    known = {entry.name for entry in fields(Options)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise DefinitionError(f"Failed to read what is asked for beside the graph: {', '.join(unknown)} unknown.")
    found = Options(**{**given, "scaling_target": int(given.get("scaling_target") or 0)})
    if found.autoscaler not in _AUTOSCALERS:
        raise DefinitionError(
            f"Failed to scale the graph: autoscaler must be one of {', '.join(_AUTOSCALERS)}; got {found.autoscaler!r}."
        )
    return found


def objects(definition: t.Mapping[str, t.Any], overrides: Overrides, chosen: Options) -> dict[str, list[Json]]:
    """Return the objects of each part that a graph has, [] for a part that it has not."""
    rules = Rules(chosen.version)
    name = overrides.name or str(definition["name"])
    model = overrides.model or str(definition.get("model", ""))
    labels = {"app.kubernetes.io/managed-by": "ai_on_eks.dynamo", "ai-on-eks.dynamo/example": name}

    def part(key: str) -> Json:
        return {**labels, PART_LABEL: key}

    entrance = exposure.read(chosen.exposure)
    found: dict[str, list[Json]] = {key: [] for key in PARTS}
    loaded = adapters.chosen(definition, overrides, rules)
    if loaded:
        found["adapters"] = adapters.objects(name, chosen.namespace, model, loaded, part("adapters"))
    ranges = scaling.chosen(definition["components"], overrides, name, rules)
    if ranges:
        found["scaling"] = _autoscalers(name, ranges, rules, chosen, part("scaling"))
    # A graph without a model has nothing that clients could ask.
    if entrance and model:
        found["exposure"] = gateway.objects(
            name, chosen.namespace, entrance, part("exposure"), chosen.gateway_image, chosen.gateway_pool
        )
    return found


def _autoscalers(
    graph: str, ranges: t.Mapping[str, t.Mapping[str, int]], rules: Rules, chosen: Options, labels: Json
) -> list[Json]:
    if rules["scaling"] == "operator":
        if chosen.autoscaler == "keda":
            raise DefinitionError(
                f"Failed to scale the graph {graph} with KEDA: Dynamo {rules.version} has an "
                "HorizontalPodAutoscaler of its operator only. Use autoscaler hpa, or Dynamo 0.8 and newer."
            )
        return []
    if chosen.autoscaler == "keda" and not chosen.prometheus:
        raise DefinitionError(
            f"Failed to scale the graph {graph} with KEDA: it asks Prometheus how busy the graph is, and there is no "
            "address of it. Set dynamo_example_prometheus."
        )
    make = _scaled_object if chosen.autoscaler == "keda" else _hpa
    return [make(graph, component, limits, rules, chosen, labels) for component, limits in ranges.items()]


def _target(graph: str, component: str, rules: Rules) -> Json:
    kind = "DynamoGraphDeploymentScalingAdapter"
    return {"apiVersion": rules["api_version"], "kind": kind, "name": f"{graph}-{component.lower()}"}


def _metadata(graph: str, component: str, chosen: Options, labels: Json) -> Json:
    return {"name": f"{graph}-{component.lower()}", "namespace": chosen.namespace, "labels": dict(labels)}


def _hpa(graph: str, component: str, limits: t.Mapping[str, int], rules: Rules, chosen: Options, labels: Json) -> Json:
    usage = {"type": "Utilization", "averageUtilization": chosen.scaling_target or 70}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(graph, component, chosen, labels),
        "spec": {
            "scaleTargetRef": _target(graph, component, rules),
            "minReplicas": limits["min"],
            "maxReplicas": limits["max"],
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": usage}}],
            # A worker takes minutes to load its model: going down at once would cost that again and again.
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}},
        },
    }


def _scaled_object(
    graph: str, component: str, limits: t.Mapping[str, int], rules: Rules, chosen: Options, labels: Json
) -> Json:
    pods = f'namespace="{chosen.namespace}",pod=~"{graph}-frontend-.+"'
    trigger = {
        "serverAddress": chosen.prometheus,
        "query": f"sum({rules['busy_metric']}{{{pods}}})",
        "threshold": str(chosen.scaling_target or 16),
    }
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": _metadata(graph, component, chosen, labels),
        "spec": {
            "scaleTargetRef": _target(graph, component, rules),
            "minReplicaCount": limits["min"],
            "maxReplicaCount": limits["max"],
            "cooldownPeriod": 600,
            "triggers": [{"type": "prometheus", "metadata": trigger}],
        },
    }
