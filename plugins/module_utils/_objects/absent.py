# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The loop that deletes objects and watches until they, and what their finalizers guard, are gone."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._kube.client import KubeError
from .predicates import Object
from .wait import REFUSALS, Clock, Stopwatch

# Seconds between two looks; a look costs one LIST for each selector that is not empty yet.
INTERVAL = 0.5


@dataclass(frozen=True)
class Selector:
    """Which objects of one kind. An empty name means all that the namespace and labels allow."""

    api_version: str
    kind: str
    namespace: str = ""
    name: str = ""
    label_selector: str = ""


class Cluster(t.Protocol):
    """What the loop asks of a cluster."""

    def select(self, selector: Selector) -> t.Sequence[Object]:
        """List the objects that match; none when the kind is not installed."""

    def delete(self, selector: Selector, obj: Object, propagation: str) -> None:
        """Ask for the deletion of one object; it may be gone already."""


@dataclass
class Result:
    """How it ended."""

    deleted: list[str] = field(default_factory=list)
    remaining: list[dict[str, t.Any]] = field(default_factory=list)
    seconds: float = 0.0
    problem: str = ""


def title(selector: Selector, obj: Object) -> str:
    """Name an object as a person would: Kind namespace/name."""
    meta = obj.get("metadata") or {}
    namespace = meta.get("namespace")
    return selector.kind + " " + (f"{namespace}/" if namespace else "") + str(meta.get("name", ""))


def remainder(selector: Selector, obj: Object) -> dict[str, t.Any]:
    """What is known of an object that does not go: who holds it."""
    meta = obj.get("metadata") or {}
    conditions = (obj.get("status") or {}).get("conditions") or []
    messages = [c.get("message", "") for c in conditions if c.get("status") == "False" and c.get("message")]
    return {
        "kind": selector.kind,
        "namespace": meta.get("namespace", ""),
        "name": meta.get("name", ""),
        "deleting_since": meta.get("deletionTimestamp", ""),
        "finalizers": list(meta.get("finalizers") or []),
        "message": "; ".join(messages),
    }


def find(cluster: Cluster, selectors: t.Sequence[Selector]) -> list[tuple[Selector, Object]]:
    """All objects that are still there."""
    return [(selector, obj) for selector in selectors for obj in cluster.select(selector)]


def remove(
    cluster: Cluster,
    selectors: t.Sequence[Selector],
    timeout: float,
    delete: bool = True,
    propagation: str = "Background",
    clock: Stopwatch | None = None,
) -> Result:
    """Delete what matches and look until nothing is left, or until `timeout` seconds have passed.

    Objects that appear again (made by a controller that is still alive) are deleted again. An API server that does not
    answer for a moment is asked again; if it stays silent the result says so. Raises KubeError when it refuses us.
    """
    clock = clock or Clock()
    start = clock.now()
    result = Result()
    asked: set[str] = set()
    while True:
        try:
            left = find(cluster, selectors)
            result.problem = ""
            for selector, obj in left:
                meta = obj.get("metadata") or {}
                if delete and not meta.get("deletionTimestamp"):
                    cluster.delete(selector, obj, propagation)
                    if str(meta.get("uid")) not in asked:
                        asked.add(str(meta.get("uid")))
                        result.deleted.append(title(selector, obj))
            result.remaining = [remainder(selector, obj) for selector, obj in left]
        except KubeError as error:
            if error.status in REFUSALS:
                raise
            result.problem = str(error)
        result.seconds = clock.now() - start
        if (not result.remaining and not result.problem) or result.seconds >= timeout:
            return result
        clock.sleep(min(INTERVAL, max(0.0, timeout - result.seconds)))


def explain(result: Result, hint: str) -> str:
    """Say what is left and who holds it."""
    if result.problem:
        return f"Failed to remove objects: {result.problem}. {hint}"
    lines = []
    for item in result.remaining[:10]:
        where = f"{item['namespace']}/" if item["namespace"] else ""
        held = f"held by {', '.join(item['finalizers'])}" if item["finalizers"] else "no finalizer holds it"
        message = f" ({item['message']})" if item["message"] else ""
        lines.append(f"{item['kind']} {where}{item['name']}: {held}{message}")
    more = f" and {len(result.remaining) - 10} more" if len(result.remaining) > 10 else ""
    return (
        f"Failed to remove {len(result.remaining)} objects ({result.seconds:.0f} s): {'; '.join(lines)}{more}. {hint}"
    )
