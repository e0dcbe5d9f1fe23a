# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Check a document against a JSON schema, as far as function parameters and answer formats use schemas. Pure.

Knows type, enum, const, properties, required, additionalProperties, items, anyOf, and the limits of numbers, texts
and lists. `unknown` tells which other keywords a schema has, so that nobody thinks they were checked.
"""

from __future__ import annotations

import json
import re
import typing as t

Schema = dict[str, t.Any]
TYPES: dict[str, t.Callable[[t.Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
}
LIMITS: dict[str, tuple[type[t.Any] | tuple[type[t.Any], ...], t.Callable[[t.Any, t.Any], bool]]] = {
    "minimum": ((int, float), lambda value, limit: value >= limit),
    "maximum": ((int, float), lambda value, limit: value <= limit),
    "minLength": (str, lambda value, limit: len(value) >= limit),
    "maxLength": (str, lambda value, limit: len(value) <= limit),
    "minItems": (list, lambda value, limit: len(value) >= limit),
    "maxItems": (list, lambda value, limit: len(value) <= limit),
    "pattern": (str, lambda value, limit: re.search(limit, value) is not None),
}
KNOWN = {
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "anyOf", "title", "description",
    "default", *LIMITS,
}  # fmt: skip


def faults(value: t.Any, schema: Schema, place: str = "$") -> list[str]:
    """What is wrong with a value, one sentence each; empty when it fits."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds] if kinds else []
    if kinds and not any(TYPES[kind](value) for kind in kinds if kind in TYPES):
        return [f"{place} is {shown(value)}, not {' or '.join(map(str, kinds))}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{place} is {shown(value)}, not one of {shown(schema['enum'])}"]
    if "const" in schema and value != schema["const"]:
        return [f"{place} is {shown(value)}, not {shown(schema['const'])}"]
    if schema.get("anyOf") and all(faults(value, option, place) for option in schema["anyOf"]):
        return [f"{place} fits none of the alternatives"]
    found = [
        f"{place} is {shown(value)}, against {name} {shown(schema[name])}"
        for name, (kind, fits) in LIMITS.items()
        if name in schema and isinstance(value, kind) and not isinstance(value, bool) and not fits(value, schema[name])
    ]
    if isinstance(value, dict):
        found += _object(value, schema, place)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        found += [
            fault for index, entry in enumerate(value) for fault in faults(entry, schema["items"], f"{place}[{index}]")
        ]
    return found


def _object(value: dict[str, t.Any], schema: Schema, place: str) -> list[str]:
    known = schema.get("properties") or {}
    found = [f"{place}.{name} is missing" for name in schema.get("required") or [] if name not in value]
    others = schema.get("additionalProperties", True)
    for name, entry in value.items():
        if name in known:
            found += faults(entry, known[name], f"{place}.{name}")
        elif others is False:
            found.append(f"{place}.{name} is not in the schema")
        elif isinstance(others, dict):
            found += faults(entry, others, f"{place}.{name}")
    return found


def unknown(schema: t.Any) -> set[str]:
    """Keywords that `faults` does not look at."""
    if not isinstance(schema, dict):
        return set()
    inner = [*(schema.get("properties") or {}).values(), schema.get("items"), *(schema.get("anyOf") or [])]
    return (set(schema) - KNOWN).union(*(unknown(entry) for entry in inner))


def shown(value: t.Any) -> str:
    """A value as short JSON."""
    text = json.dumps(value, default=str)
    return text[:80] + ("…" if len(text) > 80 else "")
