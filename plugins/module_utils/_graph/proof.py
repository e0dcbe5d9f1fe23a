# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Turn the proof of a definition into checks of a graph as it is deployed: pods, replicas, version. Pure."""

from __future__ import annotations

import typing as t

from .._version import Version, VersionError, parse
from .snapshot import EXAMPLE_LABEL, Json

GRAPH_LABEL = "nvidia.com/dynamo-graph-deployment-name"
COMPONENT_LABEL = "nvidia.com/dynamo-component"
METRICS_LABEL = "nvidia.com/metrics-enabled=true"
# Checks that count workers; with one of them there is nothing to show.
GROUPS = ("spread", "prefix_affinity")
# What a check of a proof may say beside its options.
WORDS = ("name", "required", "since", "components", "options")
# Every check that an endpoint can bear, for graphs of which nothing more is known.
ANY = ("live", "health", "models", "ready", "chat", "chat_stream", "completions", "errors", "metrics", "worker_ids")


def checks(proof: t.Mapping[str, t.Any], graph: t.Mapping[str, t.Any]) -> list[Json]:
    """Checks of openai_probe that prove `graph`, an entry of graph_info.

    `proof` is the definition's; an empty one (a definition that is not at hand) means every check of an endpoint.
    """
    if proof.get("kind") == "log":
        selector = select(graph, [str(proof["component"])])
        return [{"name": "log", "selector": selector, "pattern": proof["pattern"]}]
    return [
        check({"name": entry} if isinstance(entry, str) else entry, graph)
        for entry in proof.get("checks") or any_of(graph)
    ]


def any_of(graph: t.Mapping[str, t.Any]) -> list[Json]:
    """Checks for a graph whose definition is not at hand."""
    workers = [entry["name"] for entry in graph.get("components") or [] if entry["name"] != "Frontend"]
    found: list[Json] = [{"name": name} for name in ANY]
    return [*found, {"name": "worker_metrics", "components": workers}] if workers else found


def check(entry: t.Mapping[str, t.Any], graph: t.Mapping[str, t.Any]) -> Json:
    """One check of a proof as the module takes it."""
    name, components = str(entry["name"]), [str(part) for part in entry.get("components") or []]
    found: Json = {"name": name, **(entry.get("options") or {})}
    required = bool(entry.get("required")) and since(str(entry.get("since") or ""), str(graph.get("version") or ""))
    if name in GROUPS and components:
        found["workers"] = sum(replicas(graph, component) for component in components)
        # A graph that was scaled down to one replica has nothing to choose between.
        required = required and found["workers"] > 1
    elif components:
        found["selector"] = select(graph, components)
    return {**found, "required": True} if required else found


def since(first: str, version: str) -> bool:
    """Tell whether a version is `first` or newer; one that cannot be read promises nothing."""
    if not first:
        return True
    try:
        wanted: Version = parse(first)
        return wanted <= parse(version)
    except VersionError:
        return False


def replicas(graph: t.Mapping[str, t.Any], component: str) -> int:
    """Replicas that a component of a graph is to have."""
    found = [entry for entry in graph.get("components") or [] if str(entry["name"]).lower() == component.lower()]
    return int(found[0]["replicas"]) if found else 0


def select(graph: t.Mapping[str, t.Any], components: t.Sequence[str]) -> str:
    """Label selector of the pods of some components."""
    return f"{whole(graph)},{COMPONENT_LABEL} in ({','.join(components)})"


def whole(graph: t.Mapping[str, t.Any]) -> str:
    """Label selector of all pods of a graph; one that this collection did not make has the operator's labels alone."""
    return f"{EXAMPLE_LABEL if graph.get('managed', True) else GRAPH_LABEL}={graph['name']}"


def watched(graph: t.Mapping[str, t.Any]) -> str:
    """Label selector of the pods of a graph that have metrics."""
    return f"{whole(graph)},{METRICS_LABEL}"
