# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Read a graph definition: schema first, then the rules that a schema cannot say."""

from __future__ import annotations

import typing as t

from .schema import Schema, problems

# A worker's DynamoComponentDeployment is called <graph>-<component>-<8 hex>; its name becomes a label value.
_LABEL_LENGTH = 63
_HASH_LENGTH = 9
# As in the schema.
MODEL = r"^([A-Za-z0-9][-A-Za-z0-9._]*(/[A-Za-z0-9][-A-Za-z0-9._]*)?)?$"


class DefinitionError(ValueError):
    """A definition or an override that cannot be used; the message names file, key and remedy."""


def check(definition: object, schema: Schema, source: str = "") -> dict[str, t.Any]:
    """Return the definition when it is usable, else raise DefinitionError with all its faults.

    `source` is the file (or variable) it came from, for the message.
    """
    origin = source or "the graph definition"
    found = faults(definition, schema)
    if found or not isinstance(definition, dict):
        listed = "; ".join(found)
        raise DefinitionError(f"Failed to read {origin}: {listed}. Correct it and run again.")
    return definition


def faults(definition: object, schema: Schema) -> list[str]:
    """Return everything that is wrong with a definition; most lines begin with the path of the value."""
    found = problems(definition, schema)
    return found if found or not isinstance(definition, dict) else _beyond_schema(definition)


def _beyond_schema(definition: t.Mapping[str, t.Any]) -> list[str]:
    found = []
    components = definition["components"]
    names = [str(component["name"]).lower() for component in components]
    found += [f"components: the name {name!r} is used twice" for name in sorted(set(names)) if names.count(name) > 1]
    frontends = [index for index, component in enumerate(components) if component["role"] == "frontend"]
    if len(frontends) != 1:
        found.append(f"components: exactly one must have the role frontend; got {len(frontends)}")
    for index in frontends:
        if components[index]["name"] != "Frontend":
            found.append(
                f"components[{index}].name must be Frontend for the role frontend (the operator names the graph's "
                f"Service after it); got {components[index]['name']!r}"
            )
    roles = {component["role"] for component in components}
    if ("prefill" in roles) != ("decode" in roles):
        there, missing = ("prefill", "decode") if "prefill" in roles else ("decode", "prefill")
        found.append(f"components: a graph with the role {there} needs one with the role {missing} as well")
    if (definition.get("architecture") == "disaggregated") != ("prefill" in roles):
        found.append("architecture must be disaggregated exactly when there are components for prefill and decode")
    for index, component in enumerate(components):
        found += _component(definition, component, f"components[{index}]")
    return found + _proof(definition)


def _component(definition: t.Mapping[str, t.Any], component: t.Mapping[str, t.Any], where: str) -> list[str]:
    found = []
    longest = len(definition["name"]) + 1 + len(component["name"]) + _HASH_LENGTH
    if longest > _LABEL_LENGTH:
        found.append(
            f"{where}.name makes a label of {longest} characters together with the graph's name; Kubernetes allows "
            f"{_LABEL_LENGTH}: shorten one of them"
        )
    engine = component["role"] != "frontend" and "script" not in component
    if engine and not definition.get("model"):
        found.append(f"{where} runs the engine {definition['runtime']}, which needs 'model'")
    if engine and not component["resources"].get("gpu"):
        found.append(f"{where} runs the engine {definition['runtime']}, which needs resources.gpu >= 1")
    if "router_mode" in component and component["role"] != "frontend":
        found.append(f"{where}.router_mode is for the frontend only")
    if not engine and int(component.get("nodes", 1)) > 1:
        found.append(f"{where}.nodes is for engines only")
    if component["resources"].get("efa") and not component["resources"].get("gpu"):
        found.append(f"{where}.resources.efa is for components with GPUs only")
    if "engine_config" in component and definition["runtime"] != "trtllm":
        found.append(f"{where}.engine_config is for the runtime trtllm only; use arguments for {definition['runtime']}")
    if "script" in component and component.get("arguments"):
        found.append(f"{where} has a script and arguments; the scripts take none")
    for name, probe in component.get("probes", {}).items():
        if ("exec" in probe) == ("path" in probe):
            found.append(f"{where}.probes.{name} needs either exec or path")
    return found


def _proof(definition: t.Mapping[str, t.Any]) -> list[str]:
    proof = definition["proof"]
    names = [component["name"] for component in definition["components"]]
    if proof["kind"] == "openai":
        missing = [] if definition.get("model") else ["proof.kind openai needs 'model'"]
        missing += [] if proof.get("checks") else ["proof.kind openai needs proof.checks"]
        for index, check in enumerate(proof.get("checks") or []):
            wanted = [] if isinstance(check, str) else check.get("components") or []
            missing += [
                f"proof.checks[{index}].components must be of {', '.join(names)}; got {name!r}"
                for name in wanted
                if name not in names
            ]
        return missing
    found = [f"proof.kind log needs proof.{key}" for key in ("component", "pattern") if not proof.get(key)]
    if proof.get("component") and proof["component"] not in names:
        found.append(f"proof.component must be one of {', '.join(names)}; got {proof['component']!r}")
    return found
