# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Check data against the part of JSON Schema that our schema files use, without a further dependency."""

from __future__ import annotations

import re
import typing as t

Schema = t.Mapping[str, t.Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_KNOWN = frozenset(
    [
        *("$schema", "$ref", "$defs", "title", "description", "type", "enum"),
        *("pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"),
        *("items", "properties", "required", "additionalProperties", "propertyNames"),
    ]
)


def problems(value: object, schema: Schema, root: Schema | None = None, where: str = "") -> list[str]:
    """Return one line for every way in which `value` breaks `schema`; [] when it fits.

    Each line begins with the path of the value, for example components[1].resources.gpu. A keyword that this function
    does not know raises KeyError: a rule that is silently not checked would be worse.
    """
    root = root or schema
    if "$ref" in schema:
        return problems(value, _resolve(schema["$ref"], root), root, where)
    unknown = set(schema) - _KNOWN
    if unknown:
        raise KeyError(f"schema keyword not supported: {', '.join(sorted(unknown))}")
    label = where or "the definition"
    if "type" in schema and not _is(value, schema["type"]):
        return [f"{label} must be {_either(schema['type'])}, not {_shown(value)}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{label} must be one of {', '.join(map(str, schema['enum']))}; got {value!r}"]
    if isinstance(value, str):
        return _string(value, schema, label)
    if isinstance(value, bool):
        return []
    if isinstance(value, (int, float)):
        return _number(value, schema, label)
    if isinstance(value, (list, tuple)):
        return _array(value, schema, root, where, label)
    if isinstance(value, dict):
        return _object(value, schema, root, where, label)
    return []


def _resolve(reference: str, root: Schema) -> Schema:
    found: t.Any = root
    for part in reference.lstrip("#/").split("/"):
        found = found[part]
    return t.cast(Schema, found)


def _is(value: object, wanted: str | list[str]) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):  # in Python a bool is an int too
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _either(wanted: str | list[str]) -> str:
    return wanted if isinstance(wanted, str) else " or ".join(wanted)


def _shown(value: object) -> str:
    text = repr(value)
    return "empty" if value is None else text if len(text) <= 60 else f"{text[:57]}..."


def _string(value: str, schema: Schema, label: str) -> list[str]:
    found = []
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{label} must match {schema['pattern']}; got {value!r}")
    if len(value) < schema.get("minLength", 0):
        found.append(f"{label} must not be empty")
    if len(value) > schema.get("maxLength", len(value)):
        found.append(f"{label} must have at most {schema['maxLength']} characters; got {len(value)}")
    return found


def _number(value: float, schema: Schema, label: str) -> list[str]:
    if value < schema.get("minimum", value):
        return [f"{label} must be at least {schema['minimum']}; got {value}"]
    if value > schema.get("maximum", value):
        return [f"{label} must be at most {schema['maximum']}; got {value}"]
    return []


def _array(value: t.Sequence[object], schema: Schema, root: Schema, where: str, label: str) -> list[str]:
    found = []
    if len(value) < schema.get("minItems", 0):
        found.append(f"{label} must have at least {schema['minItems']} item(s); got {len(value)}")
    if len(value) > schema.get("maxItems", len(value)):
        found.append(f"{label} must have at most {schema['maxItems']} items; got {len(value)}")
    for index, item in enumerate(value):
        found += problems(item, schema.get("items", {}), root, f"{where}[{index}]")
    return found


def _object(value: dict[t.Any, t.Any], schema: Schema, root: Schema, where: str, label: str) -> list[str]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    found = [f"{label} lacks {key!r}" for key in schema.get("required", []) if key not in value]
    for key, entry in value.items():
        path = f"{where}.{key}" if where else str(key)
        found += problems(key, schema.get("propertyNames", {}), root, f"the key {key!r} of {label}")
        if key in properties:
            found += problems(entry, properties[key], root, path)
        elif others is False:
            found.append(f"{path} is unknown. Known here: {', '.join(sorted(properties))}")
        elif isinstance(others, dict):
            found += problems(entry, others, root, path)
    return found
