# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The journey that `rehearse` makes: its stages as data, and what each must have left behind. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rehearsal.report import table

CLUSTER = "rehearsal"


@dataclass(frozen=True)
class Stage:
    """One playbook run.

    Attributes:
        arguments: after `ansible-playbook -i inventories/rehearsal`.
        unchanged: whether the run must change nothing.
        examples: what is deployed while it runs.
    """

    name: str
    arguments: tuple[str, ...]
    unchanged: bool = False
    examples: tuple[str, ...] = ()


def stages(examples: Sequence[str], profile: str = "", update: bool = False, at_once: int = 0) -> list[Stage]:
    """Return the whole way: install, use, prove idempotence, remove, clean up.

    `profile` is the product's (guide or current; "" = the inventory's); `update` deploys a second time with a shorter
    context, which replaces every engine, before the smoke test. Not more than `at_once` examples are there at the same
    time (0 = all): each group is deployed, tested and removed before the next one.
    """
    size = at_once or len(examples)
    groups = [tuple(examples[start : start + size]) for start in range(0, len(examples), size)]
    listed = [Stage("install", ("install.yml",))]
    for group in groups:
        listed += _use(group, update)
        if group is groups[-1]:
            listed += [
                Stage("status", ("status.yml", "-e", "drift=true"), unchanged=True),
                Stage("install again", ("install.yml",), unchanged=True),
            ]
        listed.append(Stage("remove", ("remove.yml", "-e", f"example={','.join(group)}")))
    listed.append(Stage("cleanup", ("cleanup.yml", "-e", f"confirm={CLUSTER}")))
    more = ("-e", f"profile={profile}") if profile else ()
    return [replace(stage, arguments=(*stage.arguments, *more)) for stage in listed]


def _use(group: tuple[str, ...], update: bool) -> list[Stage]:
    """Return how a group of examples is used."""
    chosen = f"example={','.join(group)}"
    updates = [Stage("update", ("deploy.yml", "-e", chosen, "-e", "max_model_len=4096"))] if update else []
    return [
        Stage("deploy", ("deploy.yml", "-e", chosen)),
        *updates,
        Stage("smoketest", ("smoketest.yml",), examples=group),
    ]


@dataclass
class Outcome:
    """What a stage took and whether it was as it must be."""

    name: str
    seconds: float = 0.0
    changed: int | None = None
    deviations: list[str] = field(default_factory=list)


def judge(stage: Stage, seconds: float, code: int, ledger: Mapping[str, Any] | None) -> Outcome:
    """Return a stage's outcome from the playbook's exit code and its ledger."""
    outcome = Outcome(stage.name, seconds)
    if code != 0:
        outcome.deviations.append(f"exit code {code}")
    if ledger is None:
        outcome.deviations.append("no ledger was written")
        return outcome
    outcome.changed = int(ledger["changed"])
    if stage.unchanged and outcome.changed:
        guilty = [str(part["name"]) for part in ledger.get("stages", []) if part.get("changed")]
        outcome.deviations.append(f"changed={outcome.changed}, must be 0 ({', '.join(guilty)})")
    return outcome


def judge_smoke_reports(reports: Mapping[str, Mapping[str, Any]], examples: Sequence[str]) -> list[str]:
    """Return what is wrong with the smoke test's reports, by example."""
    wrong = []
    for example in examples:
        report = reports.get(example)
        if report is None:
            wrong.append(f"{example}: the smoke test wrote no report")
        elif not report.get("passed"):
            failed = [
                f"{check.get('name')} ({check.get('reason') or check.get('evidence')})"
                for check in report.get("checks", [])
                if check.get("result") == "failed"
            ]
            wrong.append(f"{example}: {', '.join(failed) or 'not passed'}")
    return wrong


def answers(reports: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what each graph answered in a chat, by example."""
    return {name: str(report["answer"]) for name, report in sorted(reports.items()) if report.get("answer")}


def node_claims(items: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return a row for each NodeClaim: name, pool, instance type, capacity type, zone, node."""
    rows = []
    for item in items:
        labels = item.get("metadata", {}).get("labels", {})
        rows.append(
            [
                str(item.get("metadata", {}).get("name", "")),
                str(labels.get("karpenter.sh/nodepool", "")),
                str(labels.get("node.kubernetes.io/instance-type", "")),
                str(labels.get("karpenter.sh/capacity-type", "")),
                str(labels.get("topology.kubernetes.io/zone", "")),
                str(item.get("status", {}).get("nodeName", "")),
            ]
        )
    return sorted(rows)


def judge_inventory(inventory: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for each kind of resource that is still in the account."""
    return [f"{kind} left in the account: {', '.join(ids)}" for kind, ids in sorted(inventory.items()) if ids]


def page(
    outcomes: Sequence[Outcome],
    said: Mapping[str, str],
    claims: Sequence[Sequence[str]],
    leftovers: int | None,
    deviations: Sequence[str],
) -> str:
    """Return the report: table of stages, answers, NodeClaims, leftovers, and every deviation."""
    rows = [
        [
            outcome.name,
            f"{outcome.seconds:.1f}",
            "-" if outcome.changed is None else str(outcome.changed),
            "; ".join(outcome.deviations) or "ok",
        ]
        for outcome in outcomes
    ]
    rows.append(["total", f"{sum(outcome.seconds for outcome in outcomes):.1f}", "", ""])
    lines = [table(["stage", "seconds", "changed", "result"], rows, right=(1, 2)), ""]
    lines += [f"{name} answered: {text}" for name, text in said.items()]
    header = ["NodeClaim", "pool", "instance type", "capacity", "zone", "node"]
    lines += ["", table(header, [list(row) for row in claims])] if claims else []
    lines += ["", f"leftovers: {'not counted' if leftovers is None else leftovers}"]
    lines += ["", "Deviations:", *[f"  {text}" for text in deviations]] if deviations else ["", "As it must be."]
    return "\n".join(lines)
