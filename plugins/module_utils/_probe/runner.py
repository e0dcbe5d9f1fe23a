# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Run the checks that a caller chose, one after the other, and sum up."""

from __future__ import annotations

import time
import typing as t
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone

from .checks import CHECKS
from .session import Failed, Session, Skipped, Spec

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Result:
    """Outcome of one check. `evidence` shows what was seen, `reason` says why it failed or was skipped."""

    name: str
    label: str
    required: bool
    result: str
    evidence: str = ""
    reason: str = ""
    seconds: float = 0.0
    details: dict[str, t.Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """Everything a probe found out."""

    target: str
    model: str
    started: str
    seconds: float
    results: list[Result]
    answer: str = ""
    models: list[str] = field(default_factory=list)
    requests: list[dict[str, t.Any]] = field(default_factory=list)
    transcript: list[dict[str, t.Any]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True when no check failed and at least one was really made."""
        names = [result.result for result in self.results]
        return FAILED not in names and PASSED in names

    def verdict(self) -> str:
        """The outcome in one sentence, with the first reason and the number of others."""
        failed = [result for result in self.results if result.result == FAILED]
        if not failed:
            return f"{len(self.results)} checks, none failed" if self.passed else "every check was skipped"
        more = f" (and {len(failed) - 1} more: {', '.join(r.label for r in failed[1:])})" if len(failed) > 1 else ""
        return f"{failed[0].label}: {failed[0].reason}{more}"


def planned(specs: list[Spec], target: str, model: str) -> Outcome:
    """What a run would do: an outcome whose checks are all skipped."""
    results = [
        Result(
            spec.name, spec.label, spec.required, SKIPPED, reason=f"check mode: would send {CHECKS[spec.name].sends}"
        )
        for spec in specs
    ]
    return Outcome(target, model, now(), 0.0, results)


def now() -> str:
    """The time in UTC, as RFC 3339 writes it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def run(session: Session, specs: list[Spec]) -> Outcome:
    """Run the checks in their order. Never raises for what an endpoint does."""
    started, began = now(), time.monotonic()
    results: list[Result] = []
    failed: set[str] = set()
    unreachable = ""
    for spec in specs:
        check = CHECKS[spec.name]
        needed = [name for name in check.needs if name in failed]
        if unreachable and check.endpoint:
            result = untried(spec, f"nothing answered the check {unreachable}")
        elif needed:
            result = untried(spec, f"the check {needed[0]} failed")
        else:
            result, lost = run_one(session, spec)
            unreachable = spec.name if lost else unreachable
        if result.result == FAILED:
            failed.add(spec.name)
        results.append(result)
    return Outcome(
        target=session.client.target.name,
        model=session.model,
        started=started,
        seconds=round(time.monotonic() - began, 3),
        results=results,
        answer=session.answer,
        models=session.models,
        requests=[asdict(record) for record in session.records],
        transcript=session.transcript,
    )


def untried(spec: Spec, why: str) -> Result:
    """A check that has no sense any more."""
    return Result(spec.name, spec.label, spec.required, SKIPPED, reason=f"not tried: {why}")


def run_one(session: Session, spec: Spec) -> tuple[Result, bool]:
    """Run one check; the second value tells whether nothing answers at all."""
    began, first = time.monotonic(), len(session.records)
    session.details = {}
    session.progress.begin(spec.label)
    result, lost = Result(spec.name, spec.label, spec.required, PASSED), False
    try:
        result.evidence = CHECKS[spec.name].run(session, spec)
    except Skipped as skip:
        result.result = FAILED if spec.required else SKIPPED
        result.reason = f"required, but {skip}" if spec.required else str(skip)
    except Failed as failure:
        result.result, result.reason, lost = FAILED, str(failure), failure.unreachable
        if failure.answer is not None:
            result.evidence = failure.answer.summary()
    result.seconds = round(time.monotonic() - began, 3)
    result.details, session.details = session.details, {}
    for record in session.records[first:]:
        record.check = spec.label
    session.progress.end(spec.label, result.result, result.seconds, result.reason or result.evidence)
    return result, lost
