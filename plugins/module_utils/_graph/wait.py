# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Wait until graphs are ready (or gone), by watch, and give up early on what cannot heal."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from .._kube.client import Client, KubeError
from .._kube.watch import Change, Watcher
from . import ask, crashes, findings, images, operator, phases, report, snapshot
from .finding import Finding, Grace, Patience
from .status import GraphView, judge

# Reading everything once takes a second; a cluster that has not answered by then is not there.
FIRST_ANSWER_SECONDS = 30.0
HEARTBEAT_SECONDS = 30.0
LOG_LINES = 20
_OPTIONAL_KINDS = ("NodePool", "NodeClaim", "PersistentVolumeClaim")

Say = t.Callable[[str, str], None]
"""Takes a line of progress and its kind: change, problem or done."""


@dataclass(frozen=True)
class Request:
    """What to wait for. Times are seconds."""

    namespace: str
    names: tuple[str, ...]
    timeout: float
    gone: bool = False
    """Wait for the end of the graphs instead of for their readiness."""
    patience: float = 120.0
    """How long a problem that may heal by itself is put up with."""
    limits: t.Mapping[str, float] = field(default_factory=lambda: dict(phases.DEFAULTS))
    """Seconds for one pod in one phase; 0, or none named, is no limit."""
    asks: t.Mapping[str, ask.Ask] = field(default_factory=dict)
    """How to ask a graph that is ready. Without one, ready is enough."""


@dataclass
class Outcome:
    """What became of one graph."""

    view: GraphView
    why: str = ""
    """Empty while undecided; then ready, gone, failed or timeout."""
    finding: Finding | None = None
    log: list[str] = field(default_factory=list)
    seconds: float = 0.0
    spent: t.Mapping[str, float] = field(default_factory=dict)
    """Seconds by phase."""
    answer: ask.Answer | None = None
    limit: str = ""
    """Which time was up, for a time-out: words such as `900 s for the phase pull`."""

    def decided(self) -> bool:
        """Say whether it is over for this graph."""
        return bool(self.why)

    @property
    def good(self) -> bool:
        """Say whether the graph is what was waited for."""
        return self.why in ("ready", "gone")


class Waiter:
    """One wait for some graphs of one namespace."""

    def __init__(
        self, client: Client, request: Request, say: Say, clock: t.Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._request = request
        self._say = say
        self._clock = clock
        self._snapshot = snapshot.Snapshot()
        self._patience = {name: Patience(request.patience) for name in request.names}
        self._phases = {name: phases.PhaseClock(request.limits) for name in request.names}
        self._asker = ask.Asker(request.asks)
        self._sizes: dict[str, int] = {}
        self._looked: set[str] = set()
        self._silent: dict[str, tuple[float, Finding]] = {}
        self._explained_silence: set[str] = set()
        self._learned: dict[tuple[str, str, str], tuple[Finding, list[str]]] = {}
        self._causes: dict[str, Finding] = {}
        self._lines: dict[str, str] = {}
        self._trouble: KubeError | None = None

    def run(self) -> dict[str, Outcome]:
        """Wait and return the outcome of every graph. KubeError when the cluster does not answer or refuses."""
        started = self._clock()
        version = served_version(self._client)
        sources = snapshot.sources(version, self._request.namespace)
        outcomes = {name: Outcome(GraphView(name, exists=False)) for name in self._request.names}
        heartbeat = started + HEARTBEAT_SECONDS
        wake = started
        with Watcher(self._client, sources) as watcher:
            while True:
                for change in watcher.changes(wake - self._clock()):
                    self._take(change)
                now = self._clock()
                if self._snapshot.complete(sources):
                    wake = self._evaluate(outcomes, started, now)
                    if all(outcome.why for outcome in outcomes.values()):
                        return outcomes
                else:
                    wake = now + 1.0
                    if now - started >= FIRST_ANSWER_SECONDS:
                        raise self._trouble or KubeError(
                            f"Failed to read the graphs from {self._client.server}: no answer within "
                            f"{int(now - started)} s. Check that the API server is reachable from here."
                        )
                if now >= heartbeat:
                    heartbeat = now + HEARTBEAT_SECONDS
                    self._repeat(outcomes, now - started)
                wake = min(wake, heartbeat, *([now + ask.LOOK_SECONDS] if self._asker.busy else []))

    def _take(self, change: Change) -> None:
        if change.kind != "FAIL":
            self._trouble = None
            self._snapshot.apply(change)
            return
        error = change.error or KubeError("unknown")
        optional = change.source.resource.kind in _OPTIONAL_KINDS or change.source.namespace != self._request.namespace
        if error.status in (401, 403):
            if not optional:
                raise error
            # Only explanations get poorer without these.
            self._snapshot.apply(Change(change.source, "ABSENT"))
            self._say(f"{change.source.resource.plural} may not be read; diagnoses will lack them", "problem")
        elif str(error) != str(self._trouble or ""):
            self._trouble = error
            self._say(str(error), "problem")

    def _evaluate(self, outcomes: dict[str, Outcome], started: float, now: float) -> float:
        """Judge every undecided graph; return when to look again although nothing changed."""
        wake = started + self._request.timeout
        for name, outcome in outcomes.items():
            if outcome.decided():
                continue
            outcome.seconds = now - started
            if self._request.gone:
                found = self._leaving(name, outcome)
                coming = None
            else:
                found, coming = self._arriving(name, outcome, now)
            if outcome.decided():
                continue
            hopeless, later = self._patience[name].exhausted(found, now)
            outcome.finding = hopeless or outcome.finding or next(iter(found), None)
            if hopeless is not None:
                self._decide(outcome, "failed")
            elif outcome.limit:
                self._decide(outcome, "timeout")
            elif now >= started + self._request.timeout and not self._asker.asked(name):
                # Who has been asked has a time of its own to answer.
                outcome.limit = f"{self._request.timeout:.0f} s"
                self._decide(outcome, "timeout")
            wake = min([wake, *(moment for moment in (coming, later) if moment is not None)])
        return wake if wake > now else now + 1.0

    def _arriving(self, name: str, outcome: Outcome, now: float) -> tuple[list[Finding], float | None]:
        """Judge a graph that should become ready; return what is wrong, and when a phase will have lasted too long."""
        outcome.finding = None
        outcome.view = view = judge(self._snapshot, name)
        clock = self._phases[name]
        outcome.spent = clock.spent
        found = [self._learn(entry, view) for entry in self._find(view)]
        if not any(entry.reason == "operator_silent" for entry in found):
            self._silent.pop(name, None)
            self._explained_silence.discard(name)
        found = [self._explained(name, entry, now) for entry in found]
        found.sort(key=lambda finding: finding.grace.value)
        if view.ready and self._asker.wanted(name):
            self._asker.ask(name)
        if self._asker.asked(name) and view.ready:
            clock.answering(now)
            overdue, coming = None, None
        else:
            overdue, coming = clock.look(view.pods, now)
        if name in self._silent:
            coming = min(coming or now + operator.SILENCE_SECONDS, now + operator.SILENCE_SECONDS)
        answer = self._asker.answer(name)
        if view.ready and (answer is not None or not self._asker.wanted(name)):
            clock.close(now)
            outcome.answer = answer
            if answer is None or answer.passed:
                outcome.why = "ready"
            else:
                outcome.finding = ask.finding(name, self._request.namespace, answer)
                self._decide(outcome, "failed")
                return found, None
        self._measure(view)
        text = report.line(view, found, self._sizes, asked=self._asker.wanted(name) and not outcome.why)
        self._tell(name, text, outcome.seconds, "done" if outcome.why else "change")
        if overdue is not None:
            outcome.limit = f"{overdue.limit:.0f} s for the phase {overdue.phase}"
            mine = [entry for entry in found if entry.subject == f"Pod/{overdue.pod}"]
            outcome.finding = next(iter([*mine, *found]), None)
        return found, coming

    def _measure(self, view: GraphView) -> None:
        """Learn the sizes of images that are being pulled: from pulls that ended, and once from the nodes."""
        pulled = {pod.image for pod in view.pods if pod.phase == "pull" and pod.image}
        if not pulled - set(self._sizes):
            return
        self._sizes.update(images.sizes_from_events(self._snapshot.every("Event")))
        unknown = pulled - set(self._sizes) - self._looked
        if unknown:
            self._looked |= unknown
            try:
                self._sizes.update(images.sizes_from_nodes(self._client.items(snapshot.NODES)))
            except KubeError:
                return  # only the lines of progress get poorer

    def _explained(self, name: str, finding: Finding, now: float) -> Finding:
        """Say why the operator is silent, once it has been silent for more than a moment."""
        if finding.reason != "operator_silent":
            return finding
        since, better = self._silent.setdefault(name, (now, finding))
        if now - since >= operator.SILENCE_SECONDS:
            better = operator.explain(self._client, finding)
            self._silent[name] = (now, better)
            self._explained_silence.add(name)
        return better

    def _find(self, view: GraphView) -> list[Finding]:
        return findings.find(self._snapshot, view, self._request.namespace)

    def _leaving(self, name: str, outcome: Outcome) -> list[Finding]:
        """Judge a graph that should go away."""
        outcome.view = judge(self._snapshot, name)
        left = {kind: len(entries) for kind, entries in self._snapshot.members(name).items() if entries}
        if not left and not outcome.view.exists:
            outcome.why = "gone"
            self._tell(name, f"{name} is gone", outcome.seconds, "done")
            return []
        parts = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in left.items())
        state = "is being deleted" if outcome.view.exists else "is deleted"
        self._tell(name, f"{name} {state}; still there: {parts or 'itself'}", outcome.seconds, "change")
        return findings.find_leftover(self._snapshot, name, self._request.namespace)

    def _decide(self, outcome: Outcome, why: str) -> None:
        """Close a graph that did not get there, with everything that can be learned about the cause."""
        outcome.why = why
        finding = outcome.finding
        if finding is None:
            return
        if finding.reason == "operator_silent" and outcome.view.name not in self._explained_silence:
            finding = operator.explain(self._client, finding)
        if finding.log and not outcome.log:
            outcome.log = self._learned.get(_id(finding), (finding, []))[1]
            outcome.log = outcome.log or self._log(finding) or []
        outcome.finding = finding
        self._say(f"{outcome.view.name}: {finding.reason} at {finding.subject}: {finding.message}", "problem")

    def _learn(self, finding: Finding, view: GraphView) -> Finding:
        """Read the log behind a crash once, and name the cause when it is a known one."""
        if finding.reason != "crash" or finding.log is None:
            return finding
        if finding.subject in self._causes:
            return self._causes[finding.subject]
        if _id(finding) not in self._learned:
            lines = self._log(finding)
            if lines is None:
                return finding
            known = crashes.recognise(lines)
            better = finding
            if known is not None:
                cause, shown = known
                model = _model(self._snapshot, view.name)
                remedy = cause.remedy.format(model=model or "the model", namespace=self._request.namespace)
                grace = Grace.NONE if cause.hopeless else finding.grace
                better = Finding(cause.reason, finding.subject, shown, remedy, grace, finding.log)
                # The next start will fail in the same way; its log need not be read again.
                self._causes[finding.subject] = better
            elif lines:
                better = findings.explain(finding, f"{finding.message}; last line of its log: {lines[-1].strip()}")
            self._learned[_id(finding)] = self._learned[_id(better)] = (better, lines)
        return self._learned[_id(finding)][0]

    def _log(self, finding: Finding) -> list[str] | None:
        """Return the end of the log behind a finding; None when it could not be read this time, which ends no wait."""
        try:
            return self._client.log(self._request.namespace, *_log_arguments(finding))
        except KubeError:
            return None

    def _tell(self, name: str, text: str, seconds: float, kind: str) -> None:
        if self._lines.get(name) != text:
            self._lines[name] = text
            self._say(f"[{seconds:4.0f}s] {text}", kind)

    def _repeat(self, outcomes: dict[str, Outcome], seconds: float) -> None:
        for name, outcome in outcomes.items():
            if not outcome.why and name in self._lines:
                self._say(f"[{seconds:4.0f}s] {self._lines[name]}", "change")


def served_version(client: Client) -> str:
    """Return the API version in which to read graphs: v1beta1 where it is served.

    v1alpha1 reads go through the operator's conversion webhook on newer clusters and fail while the operator is down.
    """
    group = client.find(f"/apis/{snapshot.GROUP}")
    served = [str(entry["version"]) for entry in (group or {}).get("versions") or []]
    for version in ("v1beta1", "v1alpha1"):
        if version in served and client.find(f"/apis/{snapshot.GROUP}/{version}") is not None:
            resources = client.get(f"/apis/{snapshot.GROUP}/{version}").get("resources") or []
            if any(entry.get("name") == "dynamographdeployments" for entry in resources):
                return version
    raise KubeError(
        f"Failed to find graphs on {client.server}: the kind {snapshot.GRAPH} is not installed. "
        "Install the platform first: ansible-playbook install.yml --tags dynamo_platform",
        404,
    )


def _id(finding: Finding) -> tuple[str, str, str]:
    return (*finding.key, finding.message)


def _log_arguments(finding: Finding) -> tuple[str, str, int, bool]:
    pod, container, previous = finding.log or ("", "", False)
    return pod, container, LOG_LINES, previous


def _model(known: snapshot.Snapshot, name: str) -> str:
    graph = known.graph(name) or {"metadata": {}}
    return str((graph["metadata"].get("annotations") or {}).get("ai-on-eks.dynamo/model") or "")
