# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Run the checks that a caller chose, one after the other, and sum up."""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone

from .checks import CHECKS, DEFAULT_CHECKS
from .session import Failed, Session, Skipped, Spec

KINDS: dict[str, type[t.Any]] = {"required": bool, "max_tokens": int}
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Result:
    """Outcome of one check. `evidence` shows what was seen, `reason` says why it failed or was skipped."""

    name: str
    result: str
    evidence: str = ""
    seconds: float = 0.0
    reason: str = ""


@dataclass
class Outcome:
    """Everything a probe found out."""

    target: str
    model: str
    started: str
    seconds: float
    results: list[Result]
    answer: str
    models: list[str]
    requests: list[dict[str, t.Any]]

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
        more = f" (and {len(failed) - 1} more: {', '.join(r.name for r in failed[1:])})" if len(failed) > 1 else ""
        return f"{failed[0].name}: {failed[0].reason}{more}"


def parse_checks(wanted: t.Sequence[t.Any] | None) -> list[Spec]:
    """Make specs of names and of dicts with a name and parameters. Raises ValueError that says what there is."""
    known = {entry.name: entry for entry in fields(Spec)}
    found = []
    for place, entry in enumerate(DEFAULT_CHECKS if wanted is None else wanted):
        given = {"name": entry} if isinstance(entry, str) else entry
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            raise ValueError(f"checks[{place}] must be a name, or a dict with a name; got: {entry!r}")
        name = given["name"]
        if name not in CHECKS:
            raise ValueError(f"checks[{place}] is {name!r}, which is no check. There are: {', '.join(CHECKS)}.")
        for key, value in given.items():
            if key not in known:
                raise ValueError(f"checks[{place}] ({name}) has no parameter {key!r}. There are: {', '.join(known)}.")
            kind = KINDS.get(key, str)
            if not isinstance(value, kind) or (kind is int and (isinstance(value, bool) or value < 1)):
                raise ValueError(f"checks[{place}] ({name}): {key} must be a {kind.__name__}; got: {value!r}")
        spec = Spec(**{str(key): value for key, value in given.items()})
        if name == "log":
            if not (spec.selector and spec.pattern):
                raise ValueError(f"checks[{place}] (log) needs a selector and a pattern.")
            try:
                re.compile(spec.pattern)
            except re.error as error:
                raise ValueError(f"checks[{place}] (log): pattern is no regular expression: {error}") from error
        found.append(spec)
    if not found:
        raise ValueError(f"checks is empty. There are: {', '.join(CHECKS)}.")
    return found


def planned(specs: list[Spec], target: str, model: str) -> Outcome:
    """What a run would do: an outcome whose checks are all skipped."""
    results = [Result(spec.name, SKIPPED, reason=f"check mode: would send {CHECKS[spec.name].sends}") for spec in specs]
    return Outcome(target, model, now(), 0.0, results, answer="", models=[], requests=[])


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
        needed = [name for name in CHECKS[spec.name].needs if name in failed]
        if unreachable and spec.name != "log":
            result = Result(spec.name, SKIPPED, reason=f"not tried: nothing answered the check {unreachable}")
        elif needed:
            result = Result(spec.name, SKIPPED, reason=f"not tried: the check {needed[0]} failed")
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
    )


def run_one(session: Session, spec: Spec) -> tuple[Result, bool]:
    """Run one check; the second value tells whether nothing answers at all."""
    began = time.monotonic()
    result, lost = Result(spec.name, PASSED), False
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
    return result, lost
