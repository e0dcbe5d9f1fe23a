# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Turn a graph definition into a DynamoGraphDeployment for one Dynamo version. Pure: no files, no cluster."""

from __future__ import annotations

import typing as t

from .. import _version
from . import shapes
from .definition import DefinitionError
from .overrides import Overrides
from .program import Choice, engine_environment, gpus_of, program
from .rules import Rules

Json = dict[str, t.Any]

EXAMPLE_LABEL = "ai-on-eks.dynamo/example"
MANAGED_LABEL = "app.kubernetes.io/managed-by"
MANAGER = "ai_on_eks.dynamo"
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
    kv = any(other.get("router_mode") == "kv" for other in definition["components"])
    chosen = Choice(labels[EXAMPLE_LABEL], runtime, model, kv, rules, overrides)
    gpus = gpus_of(entry, overrides)
    image = _image(entry, runtime, rules, overrides)
    pool = (
        overrides.node_pool
        if gpus and overrides.node_pool
        else entry.get("node_pool") or definition.get("node_pool", "")
    )
    probes = {kind: _probe(spec) for kind, spec in entry.get("probes", {}).items()}
    if not probes and rules["writes_probes"]:
        probes = _version_probes(str(entry["role"]))
    command, arguments, directory = program(entry, chosen)
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
        environment={**entry.get("environment", {}), **engine_environment(entry, chosen), **overrides.environment},
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
