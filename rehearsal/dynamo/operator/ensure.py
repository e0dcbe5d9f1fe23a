# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Bring one object into its wanted shape, and put drift back."""

from __future__ import annotations

import copy
from typing import Any

from rehearsal.dynamo.kube import Client, Json, Resource
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.graph import canonical_hash

_BODY = ("spec", "rules", "subjects", "roleRef")


def covers(actual: Any, wanted: Any) -> bool:
    """Tell whether `actual` holds everything that `wanted` says (the API server adds defaults)."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(covers(actual.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(covers(one, other) for one, other in zip(actual, wanted, strict=True))
        )
    return bool(actual == wanted)


def stamped(wanted: Json, generation: int) -> Json:
    """Return the object with the annotations that say what was applied last."""
    result = copy.deepcopy(wanted)
    body = {key: wanted[key] for key in _BODY if key in wanted}
    result["metadata"].setdefault("annotations", {})
    result["metadata"]["annotations"] |= {
        c.A_LAST_HASH: canonical_hash(body),
        c.A_LAST_GENERATION: str(generation),
    }
    return result


def drifted(actual: Json, wanted: Json) -> bool:
    """Tell whether somebody changed the object, or something else is wanted now.

    `wanted` must be stamped. An object with a generation has drifted when its generation is not the one that the last
    application left; one without (a Service) is compared field by field.
    """
    meta, want = actual["metadata"], wanted["metadata"]
    annotations = meta.get("annotations") or {}
    if annotations.get(c.A_LAST_HASH) != want["annotations"][c.A_LAST_HASH]:
        return True
    if not covers(meta.get("labels") or {}, want.get("labels") or {}):
        return True
    if not covers(annotations, {k: v for k, v in want["annotations"].items() if k != c.A_LAST_GENERATION}):
        return True
    if "generation" in meta:
        return str(meta["generation"]) != annotations.get(c.A_LAST_GENERATION)
    return not all(covers(actual.get(key), wanted[key]) for key in _BODY if key in wanted)


def _replacement(actual: Json, wanted: Json) -> Json:
    """The living object with the wanted body; foreign labels and annotations stay, the status too."""
    result = copy.deepcopy(actual)
    meta = result["metadata"]
    for key in ("labels", "annotations"):
        meta[key] = {**(meta.get(key) or {}), **(wanted["metadata"].get(key) or {})}
    if wanted["metadata"].get("ownerReferences"):
        meta["ownerReferences"] = wanted["metadata"]["ownerReferences"]
    for key in _BODY:
        if key in wanted:
            result[key] = copy.deepcopy(wanted[key])
    if actual.get("kind") == "Service":
        # Allocated once and immutable.
        for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if key in actual["spec"]:
                result["spec"].setdefault(key, actual["spec"][key])
    return result


def ensure(client: Client, resource: Resource, wanted: Json) -> tuple[Json, str]:
    """Create or correct an object; returns it and `created`, `updated` or nothing.

    Raises:
        KubeError: the API server refused it.
    """
    meta = wanted["metadata"]
    actual = client.get(resource, meta.get("namespace"), meta["name"])
    if actual is None:
        return client.create(resource, meta.get("namespace"), stamped(wanted, 1)), "created"
    generation = int(actual["metadata"].get("generation", 0))
    if not drifted(actual, stamped(wanted, generation)):
        return actual, ""
    changed = client.replace(resource, _replacement({"kind": resource.kind, **actual}, stamped(wanted, generation + 1)))
    after = changed["metadata"].get("generation", 0)
    if "generation" in changed["metadata"] and after != generation + 1:
        # Only labels or annotations differed, so the generation stayed.
        note = {"metadata": {"annotations": {c.A_LAST_GENERATION: str(after)}}}
        changed = client.merge(resource, meta.get("namespace"), meta["name"], note)
    return changed, "updated"


def ensure_exists(client: Client, resource: Resource, wanted: Json) -> bool:
    """Create an object unless there is one; tells whether it was made."""
    meta = wanted["metadata"]
    if client.get(resource, meta.get("namespace"), meta["name"]) is not None:
        return False
    client.create(resource, meta.get("namespace"), wanted)
    return True
