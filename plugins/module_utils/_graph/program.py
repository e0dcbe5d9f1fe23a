# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The command line of a component: script, frontend or engine. Pure."""

from __future__ import annotations

import json
import shlex
import typing as t
from dataclasses import dataclass

from . import adapters, efa
from .overrides import Overrides
from .rules import Rules
from .selection import efa_of
from .sources import Source

CONFIG_VARIABLE = "DYNAMO_ENGINE_CONFIG"
_CONFIG_FLAG = "--extra-engine-args"
_SERVED = "served-model-name"
_TRANSFER = "kv-transfer-config"

Entry = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Choice:
    """What was chosen for the whole graph.

    Attributes:
        graph: the graph's name.
        runtime: vllm, sglang or trtllm.
        model: Hugging Face id, or the name that it is served by; "" for a graph without one.
        source: where it comes from.
        adapters: LoRA adapters, source by name.
        kv: whether the frontend routes by what the workers have cached.
        rules: the rules of the Dynamo version.
        overrides: the user's changes.
    """

    graph: str
    runtime: str
    model: str
    source: Source
    adapters: t.Mapping[str, str]
    kv: bool
    rules: Rules
    overrides: Overrides


def is_engine(entry: Entry) -> bool:
    """Tell whether a component runs an inference engine."""
    return entry["role"] != "frontend" and "script" not in entry


def gpus_of(entry: Entry, overrides: Overrides) -> int:
    """Return the GPUs of one replica of a component on each of its nodes."""
    asked = int(entry["resources"].get("gpu", 0))
    return overrides.tensor_parallel or asked if is_engine(entry) else asked


def nodes_of(entry: Entry, overrides: Overrides) -> int:
    """Return the nodes of one replica of a component."""
    return overrides.nodes or int(entry.get("nodes", 1)) if is_engine(entry) else 1


def degree_of(entry: Entry, overrides: Overrides) -> int:
    """Return over how many GPUs an engine divides its model."""
    return max(gpus_of(entry, overrides), 1) * nodes_of(entry, overrides)


def program(entry: Entry, chosen: Choice) -> tuple[list[str], list[str], str]:
    """Return command, arguments and working directory ("" = the image's own)."""
    if "script" in entry:
        directory = chosen.rules[f"script_directory.{entry['script']['example']}"]
        return ["python3"], [str(entry["script"]["file"])], str(directory)
    if entry["role"] == "frontend":
        mode = entry.get("router_mode", "round-robin")
        arguments = {"http-port": 8000, **({"router-mode": mode} if mode != "round-robin" else {})}
        return ["python3"], ["-m", "dynamo.frontend", *_flags({**arguments, **entry.get("arguments", {})})], ""
    module = str(chosen.rules[f"module.{chosen.runtime}.{entry['role']}"])
    words = ["-m", module, *_flags(_engine(entry, chosen))]
    if "engine_config" not in entry:
        return ["python3"], words, ""
    # The engine reads it from a file only; through the environment the graph stays one object.
    write = f'file=$(mktemp) && printf %s "${CONFIG_VARIABLE}" > "$file"'
    run = f'exec python3 {shlex.join(words)} {_CONFIG_FLAG} "$file"'
    return ["/bin/sh"], ["-c", f"{write} && {run}"], ""


def engine_environment(entry: Entry, chosen: Choice) -> dict[str, str]:
    """Return what an engine is told by environment variables."""
    if not is_engine(entry):
        return {}
    overrides = chosen.overrides
    namespace = str(chosen.rules[f"namespace_variable.{chosen.runtime}"])
    interfaces = efa_of(entry, overrides)
    return {
        **({namespace: chosen.graph} if namespace else {}),
        **(adapters.ENVIRONMENT if chosen.adapters else {}),
        **(efa.environment(chosen.runtime, str(entry["role"]), overrides.efa_huge_pages) if interfaces else {}),
        **_config(entry, chosen),
    }


def _config(entry: Entry, chosen: Choice) -> dict[str, str]:
    """Return the environment variable that carries the engine's configuration file, if it has one."""
    if "engine_config" not in entry:
        return {}
    half = {} if entry["role"] == "worker" else chosen.rules[f"config.{chosen.runtime}.{entry['role']}"]
    length = {"max_seq_len": chosen.overrides.max_model_len} if chosen.overrides.max_model_len else {}
    degree = {"tensor_parallel_size": degree_of(entry, chosen.overrides)}
    return {CONFIG_VARIABLE: json.dumps({**half, **entry["engine_config"], **length, **degree}, sort_keys=True)}


def _engine(entry: Entry, chosen: Choice) -> dict[str, t.Any]:
    """Return an engine's arguments. The definition wins over what the version needs, the user over both."""
    runtime, rules, overrides = chosen.runtime, chosen.rules, chosen.overrides
    degree, in_file, role = degree_of(entry, overrides), "engine_config" in entry, str(entry["role"])
    arguments = _model(chosen)
    for key, value in rules[f"endpoints.{runtime}"].get(role, {}).items():
        arguments[key] = str(value).format(namespace=chosen.graph)
    if degree > 1 and not in_file:
        arguments[str(rules[f"tensor_parallel_argument.{runtime}"])] = degree
    if role != "worker":
        arguments.update(rules[f"arguments.{runtime}.{role}"])
    if chosen.kv and role != "decode":
        arguments.update(rules[f"kv_events.{runtime}"])
    if chosen.adapters:
        arguments.update(rules[f"lora.{runtime}"])
    arguments.update(entry.get("arguments", {}))
    if efa_of(entry, overrides) and _TRANSFER in arguments:
        arguments[_TRANSFER] = efa.transfer_config(str(arguments[_TRANSFER]))
    if overrides.max_model_len and not in_file:
        arguments[str(rules[f"length_argument.{runtime}"])] = overrides.max_model_len
    return {**arguments, **overrides.arguments}


def _model(chosen: Choice) -> dict[str, t.Any]:
    """Return the arguments that name the model: by its id, or by its folder and the name to serve it by."""
    names = list(chosen.rules[f"model_arguments.{chosen.runtime}"])
    where = {names[0]: chosen.source.path or chosen.model}
    return {**dict.fromkeys([*names, *([_SERVED] if chosen.source.path else [])], chosen.model), **where}


def _flags(arguments: t.Mapping[str, t.Any]) -> list[str]:
    """Write {"model": "x", "flag": True, "off": False} as ["--model", "x", "--flag"]."""
    found: list[str] = []
    for key, value in arguments.items():
        if value is True:
            found.append(f"--{key}")
        elif value is not False:
            found += [f"--{key}", str(value)]
    return found
