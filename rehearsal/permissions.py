# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The published policy beside what the installing user needed: what is allowed and was never used, what was denied.

A permission counts as used when the embedded AWS evaluated it for a call, so also what AWS checks on behalf of calls
(`ec2:RunInstances` for a node group). Conditions are not looked at here: they decided when the call was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rehearsal.aws.bootstrap import INSTALLER
from rehearsal.aws.policy import ANY_RESOURCE, as_list, like
from rehearsal.report import table

_WANTED = re.compile(r"not authorized to perform: (\S+)")


@dataclass(frozen=True)
class Permission:
    """One action of one statement."""

    document: str
    statement: str
    action: str


@dataclass(frozen=True)
class Denial:
    """A permission that was missing."""

    action: str
    message: str


@dataclass(frozen=True)
class Comparison:
    """What a policy allows against what was needed."""

    used: list[Permission]
    unused: list[Permission]
    denied: list[Denial]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def compare(policies: Mapping[str, Any], calls: Mapping[str, Any], user: str = INSTALLER) -> Comparison:
    """Compare policies with a call log.

    Args:
        policies: policy documents by name.
        calls: the report of `/rehearsal/calls`.
        user: the IAM user that holds the policies.
    """
    granted: Mapping[str, list[str]] = {}
    for principal, actions in calls.get("granted", {}).items():
        if principal.endswith(f":user/{user}"):
            granted = actions
    used: list[Permission] = []
    unused: list[Permission] = []
    for permission, statement in _permissions(policies):
        found = any(
            like(permission.action.lower(), action.lower()) and _covers(statement, resources)
            for action, resources in granted.items()
        )
        (used if found else unused).append(permission)
    denied = {
        Denial(_missing(entry), str(entry["message"]))
        for entry in calls.get("denials", [])
        if str(entry["principal"]).endswith(f":user/{user}")
    }
    return Comparison(used, unused, sorted(denied, key=lambda denial: (denial.action, denial.message)))


def _permissions(policies: Mapping[str, Any]) -> Iterator[tuple[Permission, Mapping[str, Any]]]:
    for name, document in sorted(policies.items()):
        for statement in as_list(document["Statement"]):
            for action in as_list(statement.get("Action")):
                yield Permission(name, str(statement.get("Sid", "")), action), statement


def _covers(statement: Mapping[str, Any], resources: list[str]) -> bool:
    patterns = as_list(statement.get("Resource"))
    return any(one == ANY_RESOURCE or like(pattern, one) for one in resources for pattern in patterns)


def _missing(entry: Mapping[str, Any]) -> str:
    found = _WANTED.search(str(entry["message"]))
    return found[1] if found else str(entry["action"])


def page(found: Comparison) -> str:
    """Return a report for a person."""
    lines = [f"The policy has {len(found.used) + len(found.unused)} permissions; {len(found.used)} of them were used."]
    if found.unused:
        rows = [[one.document, one.statement, one.action] for one in found.unused]
        lines += ["", "Allowed, and never needed so far:", table(["policy", "statement", "action"], rows)]
    if found.denied:
        lines += ["", "Denied:", *[f"  {denial.action}: {denial.message}" for denial in found.denied]]
    return "\n".join(lines)
