# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a check says: whether it matters, what is the case, and what to do."""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.aws import AwsError, hint

OK, INFO, WARNING, ERROR = "ok", "info", "warning", "error"
LEVELS = (OK, INFO, WARNING, ERROR)


@dataclasses.dataclass(frozen=True)
class Finding:
    """One result of one check.

    Attributes:
        name: the check, a word for eks_infra_preflight_ignore.
        level: ok, info, warning (goes on, but costs or will fail later) or error (would fail).
        message: what is the case.
        next: what to do about it; empty for ok only.
    """

    name: str
    level: str
    message: str
    next: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it for a module's result."""
        return dataclasses.asdict(self)


def not_checked(name: str, failed: t.Sequence[tuple[str, AwsError, t.Sequence[str]]]) -> list[Finding]:
    """Say that something could not be looked at; that never stops a run.

    Args:
        name: the check.
        failed: what was asked for, why that failed, and the permissions that it needs.
    """
    denied = [(what, actions) for what, error, actions in failed if error.denied]
    findings = []
    if denied:
        actions = ", ".join(dict.fromkeys(action for _what, group in denied for action in group))
        findings.append(
            Finding(
                name,
                WARNING,
                f"Not checked: {', '.join(what for what, _actions in denied)}. The principal may not {actions}.",
                "Allow that (docs/iam/installer-policy.json, document preflight), or check by hand.",
            )
        )
    for what, error, _actions in failed:
        if not error.denied:
            findings.append(Finding(name, WARNING, f"Not checked: {what}. {cause(error)}.", hint(error.code)))
    return findings


def cause(error: AwsError) -> str:
    """Return why a call failed, without what to do and without a full stop."""
    text, advice = str(error), hint(error.code)
    return (text[: -len(advice)] if text.endswith(advice) else text).rstrip(" .")


def softened(findings: t.Iterable[Finding], ignored: t.Collection[str]) -> list[Finding]:
    """Return findings, the worst first, with errors that are to be ignored as warnings."""
    found = [
        dataclasses.replace(finding, level=WARNING) if finding.level == ERROR and finding.name in ignored else finding
        for finding in findings
    ]
    return sorted(found, key=lambda finding: -LEVELS.index(finding.level))
