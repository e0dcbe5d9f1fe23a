# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The way from one release of the platform to another, and what it does to the graphs that are there. Pure."""

from __future__ import annotations

import json
import re
import typing as t

from .. import _version
from .ledger import CHANGES, ONE_WAY, RELEASES, WINDOW, Change

Json = dict[str, t.Any]
Object = t.Mapping[str, t.Any]

DEFINITION = "ai-on-eks.dynamo/definition"
SOURCE = "ai-on-eks.dynamo/source"
VERSION = "ai-on-eks.dynamo/version"
HASH = "nvidia.com/current-worker-hash"
OPERATOR = "nvidia.com/dynamo-operator-origin-version"
_OURS = re.compile(r"^(?P<image>nvcr\.io/nvidia/ai-dynamo/[a-z0-9-]+):(?P<tag>[^@]+)$")
_TAG = re.compile(r"^v?(\d+\.\d+\.\d+)")


def path(installed: str, wanted: str) -> list[str]:
    """Return the releases to install one after the other, the last of them `wanted`; [] when there is nothing to do.

    Raises UpgradeError for a way back, VersionError for what is no version.
    """
    old, new = _version.parse(installed), _version.parse(wanted)
    if str(old) == str(new):
        return []
    if new < old:
        raise UpgradeError(way_back(old, new))
    distance = _version.behind(old, new)
    if distance is None or distance <= 1:
        return [str(new)]
    between = [parsed for parsed in map(_version.parse, RELEASES) if minor(old) < minor(parsed) < minor(new)]
    return [*map(str, between), str(new)]


class UpgradeError(ValueError):
    """A way that cannot be gone; the message says why and what to do."""


def minor(version: _version.Version) -> tuple[int, int]:
    """Return the minor release of a version."""
    return (version.major, version.minor)


def way_back(old: _version.Version, new: _version.Version) -> str:
    """Say why an older release is not installed over a newer one."""
    barrier = crossed(old=new, new=old)
    why = ONE_WAY[barrier[-1]] if barrier else "a release does not undo what a newer one made of graphs"
    return (
        f"Failed to install Dynamo {new} over {old}: {why}. Set dynamo_version to {old} or newer; for an older one "
        "remove the graphs and the platform first (docs/platform.md)."
    )


def crossed(old: _version.Version, new: _version.Version) -> list[str]:
    """Return the one-way borders between two releases, in their order."""
    return [border for border in ONE_WAY if old < _version.parse(border) <= new]


def is_reversible(old: str, new: str) -> bool:
    """Tell whether a step that failed can be taken back."""
    return bool(old) and not crossed(_version.parse(old), _version.parse(new))


def changes(old: _version.Version, new: _version.Version) -> list[Change]:
    """Return what changed between two releases, in their order."""
    return [change for change in CHANGES if old < _version.parse(change.since) <= new]


def _services(graph: Object) -> list[Json]:
    spec = graph.get("spec") or {}
    return list(spec.get("components") or (spec.get("services") or {}).values())


def _images(service: Object) -> list[str]:
    old = ((service.get("extraPodSpec") or {}).get("mainContainer") or {}).get("image")
    pod = (service.get("podTemplate") or {}).get("spec") or {}
    main = [entry.get("image") for entry in pod.get("containers") or [] if entry.get("name") == "main"]
    return [str(image) for image in [old, *main] if image]


def _gpus(service: Object) -> int:
    limits = (service.get("resources") or {}).get("limits") or {}
    pod = (service.get("podTemplate") or {}).get("spec") or {}
    for entry in pod.get("containers") or []:
        if entry.get("name") == "main":
            limits = (entry.get("resources") or {}).get("limits") or {}
    amount = str(limits.get("gpu") or limits.get("nvidia.com/gpu") or 0)
    nodes = int((service.get("multinode") or {}).get("nodeCount") or 1)
    replicas = service.get("replicas")
    return int(amount) * nodes * (1 if replicas is None else int(replicas)) if amount.isdigit() else 0


def runtime(graph: Object) -> _version.Version | None:
    """Return the oldest release among a graph's runtimes; None when its images do not tell."""
    annotations = graph["metadata"].get("annotations") or {}
    found = []
    for text in [annotations.get(VERSION) or "", *(i.rpartition(":")[2] for s in _services(graph) for i in _images(s))]:
        match = _TAG.match(str(text))
        if match:
            found.append(_version.parse(match[1]))
    return min(found, key=lambda version: version.key) if found else None


def judge(graph: Object, old: _version.Version, new: _version.Version, examples: t.Sequence[str] = ()) -> Json | None:
    """Say what an upgrade of the operator from `old` to `new` does to one graph; None when it does nothing to it.

    The result names the graph and holds `reasons` (sentences without full stop), `doubles` (whether its workers would
    run twice), its `gpus`, and `how` it can be made again: render (from its definition), retag (as it stands, with the
    new release's images) or refuse.
    """
    annotations = graph["metadata"].get("annotations") or {}
    between = changes(old, new)
    text = json.dumps(graph.get("spec") or {})
    reasons, doubles = [], False
    hashed = any(str(key).startswith(HASH) for key in annotations)
    if any(change.name == "worker_hash" for change in between) and not hashed:
        doubles = True
        reasons.append(next(change.text for change in between if change.name == "worker_hash"))
    release = runtime(graph)
    distance = _version.behind(release, new) if release is not None else None
    if distance is not None and distance > WINDOW:
        reasons.append(
            f"its runtime {release} is {distance} minor releases behind {new}, and the operator looks after {WINDOW}"
        )
    if (
        release is None
        and any(change.name == "image_tags" for change in between)
        and "runtimeVersionOverride" not in text
    ):
        reasons.append(next(change.text for change in between if change.name == "image_tags"))
    if not reasons:
        return None
    stale = [change for change in between if change.pattern is not None and change.pattern.search(text)]
    reasons += [change.text for change in stale]
    # graphs of older releases of this collection name their example, and nothing else of what they were made from
    if annotations.get(SOURCE) or annotations.get(DEFINITION) in examples:
        how = "render"
    elif all(change.carried for change in stale) and release is not None and _all_public(graph):
        how = "retag"
    else:
        how = "refuse"
    return {
        "name": str(graph["metadata"]["name"]),
        "namespace": str(graph["metadata"].get("namespace") or ""),
        "version": str(release or ""),
        "gpus": sum(_gpus(service) for service in _services(graph)),
        "doubles": doubles,
        "how": how,
        "reasons": reasons,
    }


def _all_public(graph: Object) -> bool:
    images = [image for service in _services(graph) for image in _images(service)]
    return bool(images) and all(_OURS.match(image) for image in images)


def plan(installed: str, wanted: str, graphs: t.Sequence[Object], examples: t.Sequence[str] = ()) -> Json:
    """Return the way to a release: `steps`, whether `consent` is needed, `changes` and the `graphs` that notice.

    Raises UpgradeError for a way back.
    """
    if not installed:
        return {"installed": "", "wanted": wanted, "steps": [wanted], "consent": False, "changes": [], "graphs": []}
    steps = path(installed, wanted)
    old, new = _version.parse(installed), _version.parse(wanted)
    judged = [verdict for verdict in (judge(graph, old, new, examples) for graph in graphs) if verdict] if steps else []
    return {
        "installed": str(old),
        "wanted": str(new),
        "steps": steps,
        "consent": bool(steps) and minor(old) != minor(new),
        "changes": [f"{change.since}: {change.text}" for change in changes(old, new)] if steps else [],
        "graphs": judged,
    }


def describe(way: Object) -> list[str]:
    """Say a plan in lines for a person."""
    lines = []
    if way["consent"]:
        lines.append(f"From Dynamo {way['installed']} to {way['wanted']}: {', then '.join(way['steps'])}.")
        lines += [f"  {line}" for line in way["changes"]]
    for graph in way["graphs"]:
        gpus = f", {graph['gpus']} GPUs" if graph["gpus"] else ""
        twice = " (its workers would hold them twice)" if graph["doubles"] and graph["gpus"] else ""
        lines.append(
            f"Graph {graph['namespace']}/{graph['name']}{gpus}{twice}: {'; '.join(graph['reasons'])}. "
            + _FATES[graph["how"]]
        )
    return lines


_FATES = {
    "render": "It goes before the first step, and is written again from its definition after the last.",
    "retag": "It goes before the first step, and comes back as it is, with the new release's images, after the last.",
    "refuse": "It was not made by this collection, and cannot be carried over as it is.",
}


def carry(graph: Object, version: str) -> Json:
    """Return a graph as it can be applied again: without what the cluster added, with the images of `version`."""
    meta = graph["metadata"]
    tag = _version.parse(version).tag
    annotations = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if not key.startswith("nvidia.com/") and key != "kubectl.kubernetes.io/last-applied-configuration"
    }
    kept = {key: meta[key] for key in ("name", "namespace", "labels") if meta.get(key)}
    spec = json.loads(json.dumps(graph["spec"]))
    return {
        "apiVersion": graph["apiVersion"],
        "kind": graph["kind"],
        "metadata": {**kept, **({"annotations": annotations} if annotations else {})},
        "spec": _retagged(spec, tag),
    }


def _retagged(value: t.Any, tag: str) -> t.Any:
    if isinstance(value, dict):
        return {key: _retagged(entry, tag) for key, entry in value.items()}
    if isinstance(value, list):
        return [_retagged(entry, tag) for entry in value]
    match = _OURS.match(value) if isinstance(value, str) else None
    return f"{match['image']}:{tag}" if match else value
