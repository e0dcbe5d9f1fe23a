# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Turn a graph definition into a DynamoGraphDeployment for one Dynamo version. Pure: no files, no cluster."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .. import _version
from . import adapters, efa, scaling, selection, shapes, sources
from .overrides import Overrides
from .program import Choice, engine_environment, gpus_of, is_engine, nodes_of, program
from .rules import Rules
from .scaling import by_component

Json = dict[str, t.Any]

EXAMPLE_LABEL = "ai-on-eks.dynamo/example"
MANAGED_LABEL = "app.kubernetes.io/managed-by"
MANAGER = "ai_on_eks.dynamo"


def to_graph(definition: t.Mapping[str, t.Any], version: str, namespace: str, overrides: Overrides) -> Json:
    """Return one DynamoGraphDeployment.

    `definition` has passed definition.check, `version` is a Dynamo version (with or without v). Raises
    UnknownVersionError for a version without rules, DefinitionError for a combination that the version does not offer.
    """
    rules = Rules(version)
    name = overrides.name or str(definition["name"])
    model = overrides.model or str(definition.get("model", ""))
    entries = definition["components"]
    whole = Whole(
        definition=definition,
        rules=rules,
        overrides=overrides,
        labels={MANAGED_LABEL: MANAGER, EXAMPLE_LABEL: name},
        chosen=Choice(
            graph=name,
            runtime=str(definition["runtime"]),
            model=model,
            source=sources.read(definition, overrides) if model else sources.Source("hub"),
            adapters=adapters.chosen(definition, overrides, rules),
            kv=any(other.get("router_mode") == "kv" for other in entries),
            rules=rules,
            overrides=overrides,
        ),
        replicas=by_component(overrides.replicas, entries, name, "replicas"),
        scaling=scaling.chosen(entries, overrides, name, rules),
        alone=_alone(namespace, name) if model and rules["finds_by_prefix"] else {},
    )
    graph = shapes.Graph(
        name=name,
        namespace=namespace,
        labels=whole.labels,
        annotations={
            "ai-on-eks.dynamo/definition": str(definition["name"]),
            "ai-on-eks.dynamo/version": str(rules.version),
            **({"ai-on-eks.dynamo/model": model} if model else {}),
        },
        framework=str(definition["runtime"]),
        dynamo_namespace=name if rules["sets_dynamo_namespace"] else "",
        components=[_component(entry, whole) for entry in entries],
    )
    return shapes.SHAPES[rules["api_version"]](graph)


@dataclass(frozen=True)
class Whole:
    """What is the same for all components of a graph."""

    definition: t.Mapping[str, t.Any]
    rules: Rules
    overrides: Overrides
    labels: dict[str, str]
    chosen: Choice
    replicas: t.Mapping[str, int]
    scaling: t.Mapping[str, t.Mapping[str, int]]
    alone: t.Mapping[str, str]
    """Variables that keep the graph's workers and those of other graphs apart."""


def _alone(namespace: str, name: str) -> dict[str, str]:
    """Return the variables that name the graph's Dynamo namespace in a way that no other graph's begins with."""
    chosen = f"{namespace}-{name}_"
    return {"DYN_NAMESPACE": chosen, "DYN_NAMESPACE_PREFIX": chosen}


def _component(entry: t.Mapping[str, t.Any], whole: Whole) -> shapes.Component:
    overrides, rules, chosen, name = whole.overrides, whole.rules, whole.chosen, str(entry["name"])
    gpus = gpus_of(entry, overrides)
    gpu_pools = {
        selection.pool_of(other, whole.definition, 1, overrides)
        for other in whole.definition["components"]
        if gpus_of(other, overrides)
    }
    where = selection.select(entry, whole.definition, gpus, overrides, gpu_pools, chosen.graph)
    interfaces = selection.efa_of(entry, overrides) if gpus else 0
    beside = not gpus and bool(where.tolerations)
    image = _image(entry, chosen, efa.tag_of(rules, chosen.runtime) if interfaces else "", beside)
    probes = {kind: _probe(spec) for kind, spec in entry.get("probes", {}).items()}
    if not probes and rules["writes_probes"]:
        probes = _version_probes(str(entry["role"]))
    command, arguments, directory = program(entry, chosen)
    mounted = bool(chosen.model) and "script" not in entry
    return shapes.Component(
        name=name,
        role=str(entry["role"]),
        names_half=bool(rules["names_halves"]),
        # An autoscaler's number is not ours to set back with every run.
        replicas=None if name in whole.scaling else whole.replicas.get(name, int(entry.get("replicas", 1))),
        nodes=nodes_of(entry, overrides),
        image=image,
        version_override=_version_override(image, rules),
        command=command,
        arguments=arguments,
        directory=directory,
        environment={
            **{
                key: value
                for key, value in whole.alone.items()
                if key == "DYN_NAMESPACE" or entry["role"] == "frontend"
            },
            **(sources.environment(chosen.source) if mounted else {}),
            **entry.get("environment", {}),
            **engine_environment(entry, chosen),
            **overrides.environment,
        },
        secrets=[overrides.hf_token_secret] if overrides.hf_token_secret and chosen.model else [],
        resources={key: str(entry["resources"][key]) for key in ("cpu", "memory")},
        gpus=gpus,
        extended=efa.resources(interfaces, overrides.efa_huge_pages) if interfaces else {},
        probes=probes,
        labels={**whole.labels, **where.labels},
        node_selector=where.node_selector,
        tolerations=where.tolerations,
        pull_secrets=list(overrides.image_pull_secrets),
        pod={
            "affinity": where.affinity,
            "topologySpreadConstraints": where.spread,
            "volumes": sources.volumes(chosen.source) if mounted else [],
        },
        container={
            "volumeMounts": sources.mounts(chosen.source, bool(rules["reads_cache_only"])) if mounted else [],
            "securityContext": efa.SECURITY if interfaces else {},
        },
        model_ref=chosen.model if chosen.adapters and is_engine(entry) else "",
        scaling=scaling.wish(whole.scaling.get(name), rules),
    )


def _image(entry: t.Mapping[str, t.Any], chosen: Choice, suffix: str, beside: bool) -> str:
    """Return a component's image. A frontend beside the engines takes theirs, which is on that node anyway."""
    rules, overrides = chosen.rules, chosen.overrides
    small = rules["frontend_image"] if entry.get("image") == "frontend" and not beside else ""
    name = small or rules[f"runtime_image.{chosen.runtime}"]
    given = overrides.images.get(str(entry["name"]), "")
    return given or f"{overrides.registry}/{name}:{overrides.image_tag or rules.version.tag + suffix}"


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
