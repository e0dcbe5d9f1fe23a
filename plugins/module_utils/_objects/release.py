# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Doing a dead controller's part: remove what it would have removed, prove it gone, then take its finalizer off."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cluster.aws import AwsError
from .._kube.client import KubeError
from . import guards
from .absent import Selector, title
from .predicates import Object

# Seconds between two looks at what stands behind: some of them cost calls to AWS.
INTERVAL = 2.0
# Seconds without a ready pod after which a controller counts as dead: a pod that is only replaced is back by then, or
# soon enough, because nothing is lost by doing its part.
DEAD = 5.0
# Seconds that a dead controller's objects are still waited for while nothing moves: longer would not help.
STALLED = 5.0


class Cluster(guards.World, t.Protocol):
    """What is asked of a cluster, and done to it."""

    def delete(self, selector: Selector, obj: Object, propagation: str) -> None:
        """Ask for the deletion of one object; it may be gone already."""

    def unguard(self, selector: Selector, obj: Object, keep: t.Sequence[str]) -> bool:
        """Leave an object with these finalizers alone; false when it changed since it was read."""


@dataclass
class Releaser:
    """Looks behind objects that do not go.

    Attributes:
        cluster: the cluster and what can be seen of AWS.
        after: seconds that a living controller has.
        released: what was taken off, for the report.
        behind: what is still there, by the object's title.
    """

    cluster: Cluster
    after: float
    released: list[dict[str, t.Any]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    behind: dict[str, list[str]] = field(default_factory=dict)
    _next: float = 0.0
    _dead_since: dict[str, float] = field(default_factory=dict)
    _seen: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _still_since: float | None = None
    _asked: set[str] = field(default_factory=set)

    def step(self, left: t.Sequence[tuple[Selector, Object]], now: float) -> bool:
        """Look once, when it is time; return whether waiting longer would help."""
        if now < self._next:
            return True
        self._next = now + INTERVAL
        before = (len(self.released), len(self.removed), dict(self.behind))
        self.behind = {}
        going = [(selector, obj, self._is_dead(obj, now)) for selector, obj in left if _is_going(obj)]
        moving = [self._settle(selector, obj) for selector, obj, dead in going if dead or now >= self.after]
        hopeless = len(going) == len(left) and all(dead for _selector, _obj, dead in going) and not any(moving)
        if not hopeless or before != (len(self.released), len(self.removed), self.behind):
            self._still_since = None
            return True
        self._still_since = now if self._still_since is None else self._still_since
        return now - self._still_since < STALLED

    def _is_dead(self, obj: Object, now: float) -> bool:
        """Tell whether nobody is there who would take an object's finalizers off."""
        pods = {guards.owner_of(name).pods for name in obj["metadata"].get("finalizers") or []}
        return bool(pods) and all(bool(labels) and self._is_away(labels, now) for labels in pods)

    def _is_away(self, labels: str, now: float) -> bool:
        if self._seen.get(labels, (-1.0, False))[0] != now:
            found = self.cluster.select(Selector("v1", "Pod", label_selector=labels))
            self._seen[labels] = (now, any(_is_ready(pod) for pod in found))
        if self._seen[labels][1]:
            self._dead_since.pop(labels, None)
            return False
        return now - self._dead_since.setdefault(labels, now) >= DEAD

    def _settle(self, selector: Selector, obj: Object) -> bool:
        """Remove what can be removed behind an object; with nothing left behind it, release it. True: it moves."""
        name, finalizers = title(selector, obj), list(obj["metadata"].get("finalizers") or [])
        guard = guards.guard_of(selector)
        ours = guards.known(guard, finalizers) if guard else []
        if guard is None or not ours:
            return not finalizers
        try:
            things = guard.behind(self.cluster, obj)
        except AwsError as error:
            self.behind[name] = [f"nobody could look: {error}"]
            return False
        if things:
            self.behind[name] = [thing.what for thing in things]
            # Each of them, not only as far as the first that moves.
            moves = [self._remove(thing) for thing in things]
            return any(moves)
        if not self.cluster.unguard(selector, obj, [item for item in finalizers if item not in ours]):
            return True
        self.released.append(
            {"object": name, "finalizers": ours, "proof": PROOFS.get(selector.kind, "nothing is left")}
        )
        return True

    def _remove(self, thing: guards.Thing) -> bool:
        if thing.selector is None or thing.obj is None or not thing.removable:
            return thing.going
        if thing.going:
            # Held by a finalizer of its own, whose controller may be the same dead one.
            return self._settle(thing.selector, thing.obj)
        uid = str(thing.obj["metadata"].get("uid"))
        self.cluster.delete(thing.selector, thing.obj, "Background")
        if uid not in self._asked:
            self._asked.add(uid)
            self.removed.append(thing.what)
        return True


# What was seen before a finalizer was taken off, by kind.
PROOFS = {
    "NodeClaim": "EC2 has no instance of it that is not terminated",
    "Node": "its instance is terminated",
    "NodePool": "it has no NodeClaim",
    "EC2NodeClass": "it has no NodeClaim and EC2 no instance of it",
    "DynamoGraphDeployment": "no component, Deployment, Service or pod of it is left",
    "DynamoComponentDeployment": "no Deployment, Service or pod of it is left",
    "DynamoGraphDeploymentRequest": "no graph or Job of it is left",
    "Application": "none of its resources is left",
    "ApplicationSet": "none of its Applications is left",
    "Service": "it has no load balancer",
    "Ingress": "it has no load balancer",
    "Gateway": "it has no load balancer",
    "PersistentVolume": "its storage is gone, or is to be kept",
    "PersistentVolumeClaim": "no pod uses it and its storage is gone",
}


def _is_going(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(row.get("type") == "Ready" and row.get("status") == "True" for row in conditions)


def refused(error: KubeError) -> str:
    """Say why the API server did not do what it was asked; a webhook without its server is the usual reason."""
    text = str(error)
    if "failed calling webhook" in text:
        return (
            f"{text}. The server behind that webhook is away: bring it back, or delete its webhook configuration "
            "(kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations)"
        )
    return text
