# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""JSON schema of a chart's values, derived from its defaults: a key that the chart does not know is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
# Parts of Kubernetes objects: whatever the API server takes.
_FREE_FORM = frozenset(
    {
        "affinity",
        "annotations",
        "containerSecurityContext",
        "externalLabels",
        "labels",
        "nodeSelector",
        "podAnnotations",
        "podLabels",
        "resources",
        "securityContext",
        "podSecurityContext",
    }
)
# What Helm itself puts into a sub-chart's values.
_EVERYWHERE: Json = {"global": {"type": "object"}, "enabled": {"type": "boolean"}}


def _leaf(value: Any) -> Json:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"type": "integer"}
    if isinstance(value, float):
        return {"type": "number"}
    if isinstance(value, list):
        return {"type": "array"}
    return {"type": "string"}


def _node(key: str, path: str, value: Any, overrides: Mapping[str, Json]) -> Json:
    if path in overrides:
        return dict(overrides[path])
    if isinstance(value, dict):
        if not value or key in _FREE_FORM:
            return {"type": "object"}
        return _object(path, value, overrides)
    return _leaf(value)


def _object(path: str, values: Json, overrides: Mapping[str, Json]) -> Json:
    prefix = f"{path}." if path else ""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _node(key, f"{prefix}{key}", value, overrides) for key, value in values.items()},
    }


def derive(values: Json, overrides: Mapping[str, Json]) -> Json:
    """Return the schema of a chart.

    Args:
        values: the chart's defaults; every key that may be set is among them.
        overrides: dotted path to the schema that takes the place of the derived one.

    Raises:
        KeyError: an override names a path that the defaults do not have.
    """
    for path in overrides:
        node: Any = values
        for part in path.split("."):
            if not isinstance(node, dict) or part not in node:
                raise KeyError(f"schema override {path!r}: no such key among the defaults")
            node = node[part]
    root = _object("", values, overrides)
    root["properties"] = {**_EVERYWHERE, **root["properties"]}
    return {"$schema": "http://json-schema.org/draft-07/schema#", **root}
