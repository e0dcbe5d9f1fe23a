# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Turn a graph definition into a DynamoGraphDeployment for one Dynamo version. Pure: no files, no cluster."""

from __future__ import annotations

import json
import shlex
import typing as t

from .. import _version
from . import shapes
from .definition import DefinitionError
from .overrides import Overrides
from .rules import Rules

Json = dict[str, t.Any]

EXAMPLE_LABEL = "ai-on-eks.dynamo/example"
MANAGED_LABEL = "app.kubernetes.io/managed-by"
MANAGER = "ai_on_eks.dynamo"
CONFIG_VARIABLE = "DYNAMO_ENGINE_CONFIG"
_CONFIG_FLAG = "--extra-engine-args"
_GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def to_graph(definition: t.Mapping[str, t.Any], version: str, namespace: str, overrides: Overrides) -> Json:
    """Return one DynamoGraphDeployment.

    `definition` has passed definition.check, `version` is a Dynamo version (with or without v). Raises
    UnknownVersionError for a version without rules, DefinitionError for a combination that the version does not offer.
    """
    rules = Rules(version)
    name = overrides.name or str(definition["name"])
    labels = {MANAGED_LABEL: MANAGER, EXAMPLE_LABEL: name}
    model = overrides.model or str(definition.get("model", ""))
    graph = shapes.Graph(
        name=name,
        namespace=namespace,
        labels=labels,
        annotations={
            "ai-on-eks.dynamo/definition": str(definition["name"]),
            "ai-on-eks.dynamo/version": str(rules.version),
            **({"ai-on-eks.dynamo/model": model} if model else {}),
        },
        framework=str(definition["runtime"]),
        dynamo_namespace=name if rules["sets_dynamo_namespace"] else "",
        components=[
            _component(entry, definition, model, rules, overrides, labels) for entry in definition["components"]
        ],
    )
    unknown = ", ".join(sorted(set(overrides.replicas) - {component.name for component in graph.components}))
    if unknown:
        known = ", ".join(component.name for component in graph.components)
        raise DefinitionError(f"Failed to set replicas of {unknown}: no such component. The graph {name} has {known}.")
    return shapes.SHAPES[rules["api_version"]](graph)


def _component(
    entry: t.Mapping[str, t.Any],
    definition: t.Mapping[str, t.Any],
    model: str,
    rules: Rules,
    overrides: Overrides,
    labels: dict[str, str],
) -> shapes.Component:
    runtime = str(definition["runtime"])
    gpus = int(entry["resources"].get("gpu", 0))
    image = _image(entry, runtime, rules, overrides)
    pool = (
        overrides.node_pool
        if gpus and overrides.node_pool
        else entry.get("node_pool") or definition.get("node_pool", "")
    )
    probes = {kind: _probe(spec) for kind, spec in entry.get("probes", {}).items()}
    if not probes and rules["writes_probes"]:
        probes = _version_probes(str(entry["role"]))
    kv = any(other.get("router_mode") == "kv" for other in definition["components"])
    command, arguments, directory = _program(entry, runtime, model, gpus, kv, rules)
    return shapes.Component(
        name=str(entry["name"]),
        role=str(entry["role"]),
        names_half=bool(rules["names_halves"]),
        replicas=int(overrides.replicas.get(str(entry["name"]), entry.get("replicas", 1))),
        image=image,
        version_override=_version_override(image, rules),
        command=command,
        arguments=arguments,
        directory=directory,
        environment={**entry.get("environment", {}), **_engine_config(entry, gpus, rules), **overrides.environment},
        secrets=[overrides.hf_token_secret] if overrides.hf_token_secret and model else [],
        resources={key: str(entry["resources"][key]) for key in ("cpu", "memory")},
        gpus=gpus,
        probes=probes,
        labels=labels,
        node_selector={"karpenter.sh/nodepool": str(pool)} if pool else {},
        tolerations=[_GPU_TOLERATION] if gpus else [],
        pull_secrets=list(overrides.image_pull_secrets),
    )


def _image(entry: t.Mapping[str, t.Any], runtime: str, rules: Rules, overrides: Overrides) -> str:
    small = rules["frontend_image"] if entry.get("image") == "frontend" else ""
    name = small or rules[f"runtime_image.{runtime}"]
    chosen = overrides.images.get(str(entry["name"]), "")
    return chosen or f"{overrides.registry}/{name}:{overrides.image_tag or rules.version.tag}"


def _version_override(image: str, rules: Rules) -> str:
    """Return the version to state where the image's tag does not say one."""
    if not rules["needs_version_of_image"]:
        return ""
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    if "@" not in image:
        try:
            _version.parse(tag)
        except _version.VersionError:
            return rules.version.tag
        return ""
    return rules.version.tag


def _program(
    entry: t.Mapping[str, t.Any], runtime: str, model: str, gpus: int, kv: bool, rules: Rules
) -> tuple[list[str], list[str], str]:
    """Return command, arguments and working directory ("" = the image's own)."""
    if "script" in entry:
        return ["python3"], [str(entry["script"]["file"])], str(rules[f"script_directory.{entry['script']['example']}"])
    if entry["role"] == "frontend":
        mode = entry.get("router_mode", "round-robin")
        chosen = {"http-port": 8000, **({"router-mode": mode} if mode != "round-robin" else {})}
        return ["python3"], ["-m", "dynamo.frontend", *_flags({**chosen, **entry.get("arguments", {})})], ""
    words = [
        "-m",
        str(rules[f"module.{runtime}.{entry['role']}"]),
        *_flags(_engine(entry, runtime, model, gpus, kv, rules)),
    ]
    if "engine_config" not in entry:
        return ["python3"], words, ""
    # The engine reads it from a file only; through the environment the graph stays one object.
    write = f'file=$(mktemp) && printf %s "${CONFIG_VARIABLE}" > "$file"'
    run = f'exec python3 {shlex.join(words)} {_CONFIG_FLAG} "$file"'
    return ["/bin/sh"], ["-c", f"{write} && {run}"], ""


def _engine(
    entry: t.Mapping[str, t.Any], runtime: str, model: str, gpus: int, kv: bool, rules: Rules
) -> dict[str, t.Any]:
    """Return the engine's arguments; what the definition says wins over what the version needs."""
    chosen: dict[str, t.Any] = dict.fromkeys(rules[f"model_arguments.{runtime}"], model)
    if gpus > 1 and "engine_config" not in entry:
        chosen[str(rules[f"tensor_parallel_argument.{runtime}"])] = gpus
    if entry["role"] != "worker":
        chosen.update(rules[f"arguments.{runtime}.{entry['role']}"])
    if kv and entry["role"] != "decode":
        chosen.update(rules[f"kv_events.{runtime}"])
    return {**chosen, **entry.get("arguments", {})}


def _engine_config(entry: t.Mapping[str, t.Any], gpus: int, rules: Rules) -> dict[str, str]:
    """Return the environment variable that carries the engine's configuration, if it has one."""
    if "engine_config" not in entry:
        return {}
    half = {} if entry["role"] == "worker" else rules[f"config.trtllm.{entry['role']}"]
    config = {**half, **entry["engine_config"], "tensor_parallel_size": max(gpus, 1)}
    return {CONFIG_VARIABLE: json.dumps(config, sort_keys=True)}


def _flags(arguments: t.Mapping[str, t.Any]) -> list[str]:
    """Write {"model": "x", "flag": True, "off": False} as ["--model", "x", "--flag"]."""
    found: list[str] = []
    for key, value in arguments.items():
        if value is True:
            found.append(f"--{key}")
        elif value is not False:
            found += [f"--{key}", str(value)]
    return found


def _probe(spec: t.Mapping[str, t.Any]) -> Json:
    """Write one probe of a definition in Kubernetes' words."""
    if "exec" in spec:
        how: Json = {"exec": {"command": list(spec["exec"])}}
    else:
        how = {"httpGet": {"path": spec["path"], "port": spec.get("port", "http")}}
    words = {
        "delay": "initialDelaySeconds",
        "period": "periodSeconds",
        "timeout": "timeoutSeconds",
        "failures": "failureThreshold",
    }
    return {**how, **{word: int(spec[key]) for key, word in words.items() if key in spec}}


def _version_probes(role: str) -> dict[str, Json]:
    """Return probes for operators whose own are not good enough: ready means serving, a start may take an hour."""
    port = "http" if role == "frontend" else "system"
    return {
        "liveness": _probe({"path": "/live", "port": port, "period": 10, "timeout": 5, "failures": 3}),
        "readiness": _probe({"path": "/health", "port": port, "period": 5, "timeout": 5, "failures": 3}),
        "startup": _probe({"path": "/live", "port": port, "period": 5, "timeout": 5, "failures": 720}),
    }
