# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The loop that asks a cluster until all wanted objects are ready, or until waiting longer cannot help."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, replace

from .._kube.client import KubeError
from . import jobs, predicates
from .predicates import Object, Verdict

# Seconds between two rounds of questions; a round costs one small GET for each object that is not ready yet.
INTERVAL = 0.5
# Seconds that a doubtful state (an image that does not come) may last before it counts as fatal.
PATIENCE = 60.0
REFUSALS = frozenset({401, 403})

WORKLOADS: dict[str, t.Callable[[Object], Verdict]] = {
    "Deployment": predicates.deployment,
    "StatefulSet": predicates.stateful_set,
    "DaemonSet": predicates.daemon_set,
    "Job": jobs.job,
}
WEBHOOKS = {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}


@dataclass(frozen=True)
class Target:
    """One object to wait for, or all that `label_selector` matches.

    `condition` is used for kinds that no rule of their own decides.
    """

    api_version: str
    kind: str
    name: str = ""
    namespace: str = ""
    condition: str = ""
    label_selector: str = ""

    def __str__(self) -> str:
        """Name the object as a person would."""
        name = self.name or self.label_selector
        return f"{self.kind} {self.namespace}/{name}" if self.namespace else f"{self.kind} {name}"


class Cluster(t.Protocol):
    """What the loop asks of a cluster."""

    def get(self, target: Target) -> Object | None:
        """Return the object, or None while it (or its kind) does not exist."""

    def matching(self, target: Target) -> t.Sequence[Object]:
        """List the objects that the target's label selector matches; none while the kind does not exist."""

    def endpoint_slices(self, target: Target) -> t.Sequence[Object]:
        """List the EndpointSlices of a Service."""

    def pods(self, namespace: str, labels: t.Mapping[str, str]) -> t.Sequence[Object]:
        """List the pods that carry these labels."""


class Stopwatch(t.Protocol):
    """The two things that the loop needs of time."""

    def now(self) -> float:
        """Seconds that only grow."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Clock:
    """The real time."""

    def now(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def judge(cluster: Cluster, target: Target) -> Verdict:
    """Look once at one object, or at all that a label selector matches (there must be one)."""
    if not target.label_selector:
        obj = cluster.get(target)
        return Verdict(False, "it does not exist") if obj is None else _look(cluster, target, obj)
    found = cluster.matching(target)
    for obj in found:
        name = obj["metadata"]["name"]
        verdict = _look(cluster, replace(target, name=name), obj)
        if not verdict.ready:
            return replace(verdict, reason=f"{name}: {verdict.reason}")
    return predicates.READY if found else Verdict(False, "there is none")


def _look(cluster: Cluster, target: Target, obj: Object) -> Verdict:
    if target.kind in WORKLOADS:
        verdict = WORKLOADS[target.kind](obj)
        if verdict.ready or verdict.fatal:
            return verdict
        # Only labels: a selector with expressions would need its own parser, and no chart of ours has one.
        labels = obj["spec"]["selector"].get("matchLabels") or {}
        found = predicates.pods(cluster.pods(target.namespace, labels)) if labels else None
        if found is None:
            return verdict
        return Verdict(False, f"{verdict.reason}; {found.reason}", found.fatal, found.doubtful)
    if target.kind in WEBHOOKS:
        return predicates.webhook_configuration(obj)
    if target.kind == "CustomResourceDefinition":
        return predicates.custom_resource_definition(obj)
    if target.kind == "Application" and target.api_version.startswith("argoproj.io/"):
        return predicates.application(obj)
    if target.kind == "Service":
        return predicates.service(cluster.endpoint_slices(target))
    return predicates.by_condition(obj, target.condition or "Ready")


@dataclass
class Outcome:
    """How the wait ended: what is known of each target, in the order given."""

    verdicts: dict[Target, Verdict]
    seconds: float

    @property
    def missing(self) -> dict[Target, Verdict]:
        """The targets that are not ready."""
        return {target: verdict for target, verdict in self.verdicts.items() if not verdict.ready}


def wait(cluster: Cluster, targets: t.Sequence[Target], timeout: float, clock: Stopwatch | None = None) -> Outcome:
    """Ask until all targets are ready at the same time, one cannot become it, or `timeout` seconds have passed.

    An API server that does not answer is a reason like another; it only ends the wait by the time-out. Raises KubeError
    when it refuses us (401, 403): asking again would not help.
    """
    clock = clock or Clock()
    start = clock.now()
    doubtful_since: dict[Target, float] = {}
    while True:
        verdicts = {target: _judge(cluster, target) for target in targets}
        now = clock.now()
        for target, verdict in verdicts.items():
            if verdict.doubtful and not verdict.ready:
                doubtful_since.setdefault(target, now)
            else:
                doubtful_since.pop(target, None)
        outcome = Outcome(verdicts, now - start)
        if not outcome.missing or any(verdict.fatal for verdict in verdicts.values()):
            return outcome
        if any(now - since >= PATIENCE for since in doubtful_since.values()) or now - start >= timeout:
            return outcome
        clock.sleep(min(INTERVAL, max(0.0, timeout - (now - start))))


def _judge(cluster: Cluster, target: Target) -> Verdict:
    try:
        return judge(cluster, target)
    except KubeError as error:
        if error.status in REFUSALS:
            raise
        return Verdict(False, str(error))
