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
# Seconds between two lines that say what is waited for.
PROGRESS = 10.0


@dataclass(frozen=True)
class Selector:
    """Which objects of one kind. An empty name means all that the namespace and labels allow."""

    api_version: str
    kind: str
    namespace: str = ""
    name: str = ""
    label_selector: str = ""
    field_selector: str = ""
    annotations: t.Mapping[str, str] = field(default_factory=dict)


class Cluster(t.Protocol):
    """What the loop asks of a cluster."""

    def select(self, selector: Selector) -> t.Sequence[Object]:
        """List the objects that match; none when the kind is not installed."""

    def delete(self, selector: Selector, obj: Object, propagation: str) -> None:
        """Ask for the deletion of one object; it may be gone already."""


class Helper(t.Protocol):
    """Who does the part of controllers that are dead."""

    @property
    def released(self) -> t.Sequence[t.Mapping[str, t.Any]]:
        """Objects whose finalizers it took off, and why it could."""

    @property
    def removed(self) -> t.Sequence[str]:
        """What it deleted behind them."""

    @property
    def behind(self) -> t.Mapping[str, t.Sequence[str]]:
        """What still stands behind objects, by their titles."""

    def step(self, left: t.Sequence[tuple[Selector, Object]], now: float) -> bool:
        """Look once, when it is time; return whether waiting longer would help."""


@dataclass
class Result:
    """How it ended."""

    deleted: list[str] = field(default_factory=list)
    released: list[dict[str, t.Any]] = field(default_factory=list)
    remaining: list[dict[str, t.Any]] = field(default_factory=list)
    seconds: float = 0.0
    problem: str = ""


def title(selector: Selector, obj: Object) -> str:
    """Name an object as a person would: Kind namespace/name."""
    meta = obj.get("metadata") or {}
    namespace = meta.get("namespace")
    return selector.kind + " " + (f"{namespace}/" if namespace else "") + str(meta.get("name", ""))


def remainder(selector: Selector, obj: Object, refusal: str = "", behind: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """What is known of an object that does not go: who holds it, and what for."""
    meta = obj.get("metadata") or {}
    conditions = (obj.get("status") or {}).get("conditions") or []
    # A Node's conditions are false when all is well.
    bad = [c for c in conditions if c.get("status") == "False" and selector.kind != "Node"]
    messages = [c["message"] for c in bad if c.get("message")]
    return {
        "kind": selector.kind,
        "namespace": meta.get("namespace", ""),
        "name": meta.get("name", ""),
        "deleting_since": meta.get("deletionTimestamp", ""),
        "finalizers": list(meta.get("finalizers") or []),
        "behind": list(behind),
        "message": "; ".join([*([refusal] if refusal else []), *messages]),
    }


def find(cluster: Cluster, selectors: t.Sequence[Selector]) -> list[tuple[Selector, Object]]:
    """All objects that are still there."""
    return [(selector, obj) for selector in selectors for obj in cluster.select(selector)]


@dataclass
class Removal:
    """The loop's options, and what it has done so far."""

    cluster: Cluster
    delete: bool = True
    propagation: str = "Background"
    helper: Helper | None = None
    say: t.Callable[[str], None] = lambda _line: None
    result: Result = field(default_factory=Result)
    _asked: set[str] = field(default_factory=set)
    _told: float = 0.0

    def look(self, selectors: t.Sequence[Selector], elapsed: float) -> bool:
        """Look once and ask for what is still to be asked; return whether waiting longer would help."""
        result = self.result
        left = find(self.cluster, selectors)
        refusals = {title(*pair): self._ask(*pair) for pair in left} if self.delete else {}
        hope = self.helper.step(left, elapsed) if self.helper and left else True
        behind = self.helper.behind if self.helper else {}
        result.remaining = [
            remainder(selector, obj, refusals.get(title(selector, obj), ""), behind.get(title(selector, obj), ()))
            for selector, obj in left
        ]
        result.problem = ""
        self._take_over()
        if left and elapsed - self._told >= PROGRESS:
            self._told = elapsed
            names = ", ".join(title(*pair) for pair in left[:3])
            self.say(f"waiting for {len(left)}: {names}{' ...' if len(left) > 3 else ''} ({elapsed:.0f} s)")
        return hope

    def _ask(self, selector: Selector, obj: Object) -> str:
        """Ask for a deletion that nobody asked for yet; return why it was refused."""
        meta = obj.get("metadata") or {}
        if meta.get("deletionTimestamp"):
            return ""
        try:
            self.cluster.delete(selector, obj, self.propagation)
        except KubeError as error:
            if error.status in (0, *REFUSALS):
                raise
            return str(error)
        if str(meta.get("uid")) not in self._asked:
            self._asked.add(str(meta.get("uid")))
            self.result.deleted.append(title(selector, obj))
        return ""

    def _take_over(self) -> None:
        if self.helper is None:
            return
        for row in list(self.helper.released)[len(self.result.released) :]:
            self.result.released.append(dict(row))
            self.say(f"{row['object']}: took off {', '.join(row['finalizers'])}, because {row['proof']}")
        for name in self.helper.removed:
            if name not in self.result.deleted:
                self.result.deleted.append(name)
                self.say(f"{name}: deleted, which its controller does not do any more")


def remove(
    cluster: Cluster,
    selectors: t.Sequence[Selector],
    timeout: float,
    clock: Stopwatch | None = None,
    **options: t.Any,
) -> Result:
    """Delete what matches and look until nothing is left, or until `timeout` seconds have passed.

    Objects that appear again (made by a controller that is still alive) are deleted again. An API server that does not
    answer for a moment is asked again; if it stays silent the result says so. A deletion that is refused does not keep
    the others. The options are those of `Removal`. Raises KubeError when the API server refuses us altogether.
    """
    clock = clock or Clock()
    start = clock.now()
    removal = Removal(cluster, **options)
    result = removal.result
    while True:
        hope = True
        try:
            hope = removal.look(selectors, clock.now() - start)
        except KubeError as error:
            if error.status in REFUSALS:
                raise
            result.problem = str(error)
        result.seconds = clock.now() - start
        if (not result.remaining and not result.problem) or result.seconds >= timeout or not hope:
            return result
        clock.sleep(min(INTERVAL, max(0.0, timeout - result.seconds)))


def blocker(item: t.Mapping[str, t.Any]) -> str:
    """Say of one object what holds it, whose that is, and what stands behind it."""
    name = f"{item['kind']} " + (f"{item['namespace']}/" if item["namespace"] else "") + item["name"]
    held = f"held by {', '.join(item['finalizers'])}" if item["finalizers"] else "no finalizer holds it"
    behind = f", behind it: {', '.join(item['behind'])}" if item.get("behind") else ""
    message = f" ({item['message']})" if item["message"] else ""
    return f"{name}: {held}{behind}{message}"


def explain(result: Result, hint: str) -> str:
    """Say what is left and who holds it."""
    if result.problem:
        return f"Failed to remove objects: {result.problem}. {hint}"
    lines = [blocker(item) for item in result.remaining[:10]]
    more = f" and {len(result.remaining) - 10} more" if len(result.remaining) > 10 else ""
    return (
        f"Failed to remove {len(result.remaining)} objects ({result.seconds:.0f} s): {'; '.join(lines)}{more}. {hint}"
    )
