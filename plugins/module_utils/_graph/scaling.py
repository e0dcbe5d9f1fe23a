# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""How many replicas components have: fixed numbers, or an autoscaler's. Pure."""

from __future__ import annotations

import typing as t

from .definition import DefinitionError
from .overrides import Overrides
from .rules import Rules

Json = dict[str, t.Any]
Entries = t.Sequence[t.Mapping[str, t.Any]]
T = t.TypeVar("T")


def by_component(given: t.Mapping[str, T], entries: Entries, graph: str, what: str) -> dict[str, T]:
    """Return values by component from values by component or role; DefinitionError for a name that is neither."""
    found: dict[str, T] = {}
    unknown = []
    for key, value in given.items():
        names = [str(entry["name"]) for entry in entries if key in (entry["name"], entry["role"])]
        found.update(dict.fromkeys(names, value))
        unknown += [] if names else [key]
    if unknown:
        known = ", ".join(f"{entry['name']} ({entry['role']})" for entry in entries)
        raise DefinitionError(
            f"Failed to set {what} of {', '.join(sorted(unknown))}: no such component. The graph {graph} has {known}."
        )
    return found


def chosen(entries: Entries, overrides: Overrides, graph: str, rules: Rules) -> dict[str, t.Mapping[str, int]]:
    """Return the ranges of replicas by component; DefinitionError where the version cannot, or two say a number."""
    found = by_component(overrides.scaling, entries, graph, "scaling")
    if found and not rules["scaling"]:
        raise DefinitionError(
            f"Failed to scale {', '.join(found)}: Dynamo {rules.version} has no autoscaling of graphs any more that an "
            "HorizontalPodAutoscaler of its operator would do, and not yet the scaling adapter of 0.8. Set replicas."
        )
    twice = sorted(set(found) & set(by_component(overrides.replicas, entries, graph, "replicas")))
    if twice:
        raise DefinitionError(
            f"Failed to set replicas of {', '.join(twice)}: scaling of the same component is given. Give one of them."
        )
    return found


def wish(limits: t.Mapping[str, int] | None, rules: Rules) -> Json:
    """Return what a component of the graph says about autoscaling; {} without it."""
    if not limits:
        return {}
    if rules["scaling"] == "operator":
        return {"autoscaling": {"enabled": True, "minReplicas": limits["min"], "maxReplicas": limits["max"]}}
    return {"scalingAdapter": {} if rules["api_version"].endswith("v1beta1") else {"enabled": True}}
