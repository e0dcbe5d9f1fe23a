# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Evaluation of IAM policy documents: pure functions, no backend.

Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

#: The resource of an action whose resources the gateway does not derive: any Resource element matches it.
ANY_RESOURCE = "?"
#: The resource of an action that has no resource-level permissions: only a Resource element "*" matches it.
NO_RESOURCE = "*"

Document = Mapping[str, Any]
Keys = Mapping[str, list[str]]


class Decision(Enum):
    """What one set of policies says about a request."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True)
class Request:
    """One permission that a call needs.

    Attributes:
        action: for example ``ec2:CreateVpc``.
        resource: an ARN, ANY_RESOURCE or NO_RESOURCE.
        keys: condition keys (lower case) and their values; a key that is absent is absent for ``Null`` too.
    """

    action: str
    resource: str
    keys: Keys = field(default_factory=dict)


def evaluate(documents: Iterable[Document], request: Request) -> Decision:
    """Decide about one permission: an explicit deny wins, then any allow, else no."""
    allowed = False
    for document in documents:
        for statement in as_list(document.get("Statement")):
            if not statement_applies(statement, request):
                continue
            if statement.get("Effect") == "Deny":
                return Decision.EXPLICIT_DENY
            allowed = True
    return Decision.ALLOW if allowed else Decision.IMPLICIT_DENY


def trusts(document: Document, action: str, kind: str, principals: Iterable[str], keys: Keys | None = None) -> bool:
    """Whether a role's trust policy lets a principal assume it.

    Args:
        document: the trust policy.
        action: ``sts:AssumeRole`` or ``sts:TagSession``.
        kind: ``Service``, ``AWS`` or ``Federated``.
        principals: the names by which the caller may be listed (for AWS: its ARN and its account's).
        keys: condition keys of the request.
    """
    names = list(principals)
    allowed = False
    for statement in as_list(document.get("Statement")):
        listed = statement.get("Principal", {})
        values = ["*"] if listed == "*" else as_list(listed.get(kind)) if isinstance(listed, Mapping) else []
        if not any(value == "*" or value in names for value in values):
            continue
        if not _matches_action(statement, action) or not conditions_hold(statement.get("Condition", {}), keys or {}):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = True
    return allowed


def denies(document: Document, request: Request, principals: Iterable[str]) -> bool:
    """Whether a resource's own policy denies a request to a principal (the names by which it may be listed)."""
    names = ["*", *principals]
    for statement in as_list(document.get("Statement")):
        listed = statement.get("Principal", {})
        values = as_list(listed.get("AWS")) if isinstance(listed, Mapping) else as_list(listed)
        if statement.get("Effect") == "Deny" and set(values) & set(names) and statement_applies(statement, request):
            return True
    return False


def statement_applies(statement: Mapping[str, Any], request: Request) -> bool:
    """Whether a statement speaks about a request at all."""
    return (
        _matches_action(statement, request.action)
        and _matches_resource(statement, request)
        and conditions_hold(statement.get("Condition", {}), request.keys)
    )


def _matches_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(like(pattern.lower(), action.lower()) for pattern in as_list(statement["NotAction"]))
    return any(like(pattern.lower(), action.lower()) for pattern in as_list(statement.get("Action")))


def _matches_resource(statement: Mapping[str, Any], request: Request) -> bool:
    if "NotResource" in statement:
        if request.resource == ANY_RESOURCE:
            # A deny of "everything but X" must not hit a call whose resource is unknown; an allow may.
            return bool(statement.get("Effect") == "Allow")
        patterns = as_list(statement["NotResource"])
        return not any(like(_with_variables(pattern, request.keys), request.resource) for pattern in patterns)
    if "Resource" not in statement:
        return True
    if request.resource == ANY_RESOURCE:
        patterns = as_list(statement["Resource"])
        return bool(statement.get("Effect") == "Allow") or "*" in patterns
    return any(
        like(_with_variables(pattern, request.keys), request.resource) for pattern in as_list(statement["Resource"])
    )


def as_list(value: Any) -> list[Any]:
    """IAM lets a single value stand where a list may."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def like(pattern: str, value: str) -> bool:
    """Match with IAM's wildcards (``*`` and ``?``)."""
    return _compiled(pattern).match(value) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern) + r"\Z", re.DOTALL)


def _with_variables(pattern: str, keys: Keys) -> str:
    """Put policy variables such as ``${aws:PrincipalTag/Team}`` in; an unknown one matches nothing."""

    def replace(match: re.Match[str]) -> str:
        values = keys.get(match[1].split(",")[0].strip().lower())
        return values[0] if values else "\0"

    return re.sub(r"\$\{([^}]+)\}", replace, pattern)


def conditions_hold(conditions: Mapping[str, Mapping[str, Any]], keys: Keys) -> bool:
    """Whether every condition of a statement holds.

    Raises:
        ValueError: An operator that IAM does not have.
    """
    return all(
        _condition_holds(operator, key.lower(), [str(value) for value in as_list(expected)], keys)
        for operator, tests in conditions.items()
        for key, expected in tests.items()
    )


def _condition_holds(operator: str, key: str, expected: list[str], keys: Keys) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    actual = keys.get(key)
    if name == "Null":
        return (actual is None) == (expected[0].lower() == "true")
    if actual is None:
        # Without the key: ForAllValues and IfExists hold, negated operators hold, all others fail.
        return if_exists or quantifier == "ForAllValues" or _is_negated(name)
    wanted = [_with_variables(value, keys) for value in expected]
    matches = [_value_matches(name, value, wanted) for value in actual]
    if quantifier == "ForAllValues":
        return all(matches)
    if quantifier == "ForAnyValue" or not _is_negated(name):
        return any(matches)
    return all(matches)


def _is_negated(name: str) -> bool:
    return "Not" in name


def _value_matches(name: str, actual: str, expected: list[str]) -> bool:
    if name in {"StringEquals", "ArnEquals", "ArnLike", "StringLike"}:
        wildcards = name != "StringEquals"
        return any(like(value, actual) if wildcards else value == actual for value in expected)
    if name in {"StringNotEquals", "ArnNotEquals", "ArnNotLike", "StringNotLike"}:
        return not _value_matches(name.replace("Not", ""), actual, expected)
    if name == "StringEqualsIgnoreCase":
        return actual.lower() in [value.lower() for value in expected]
    if name == "StringNotEqualsIgnoreCase":
        return actual.lower() not in [value.lower() for value in expected]
    if name == "Bool":
        return actual.lower() == expected[0].lower()
    if name.startswith("Numeric"):
        return _compare(name.removeprefix("Numeric"), float(actual), [float(value) for value in expected])
    if name.startswith("Date"):
        return _compare(name.removeprefix("Date"), actual, expected)
    if name in {"IpAddress", "NotIpAddress"}:
        address = ipaddress.ip_address(actual)
        inside = any(address in ipaddress.ip_network(value, strict=False) for value in expected)
        return inside == (name == "IpAddress")
    raise ValueError(f"IAM has no condition operator {name}")


def _compare(relation: str, actual: Any, expected: list[Any]) -> bool:
    tests = {
        "Equals": lambda value: actual == value,
        "NotEquals": lambda value: actual != value,
        "LessThan": lambda value: actual < value,
        "LessThanEquals": lambda value: actual <= value,
        "GreaterThan": lambda value: actual > value,
        "GreaterThanEquals": lambda value: actual >= value,
    }
    if relation not in tests:
        raise ValueError(f"IAM has no comparison {relation}")
    return any(tests[relation](value) for value in expected)
