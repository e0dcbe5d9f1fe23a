# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The before and after of a plan, for Ansible's diff."""

from __future__ import annotations

import typing as t

UNKNOWN = "(known after apply)"
SENSITIVE = "(sensitive)"


def diff_of(plan: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Return {"before": {address: attributes}, "after": {...}} of `terraform show -json PLAN`.

    Only resources that change are in it, and of those that are updated only the attributes that do. Sensitive values
    are never in it.
    """
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    for resource in plan.get("resource_changes") or []:
        change = resource.get("change") or {}
        actions = change.get("actions") or []
        if actions in (["no-op"], ["read"], []):
            continue
        old = _masked(change.get("before"), change.get("before_sensitive"))
        new = _with_unknown(_masked(change.get("after"), change.get("after_sensitive")), change.get("after_unknown"))
        if actions == ["update"] and isinstance(old, dict) and isinstance(new, dict):
            changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
            old = {key: value for key, value in old.items() if key in changed}
            new = {key: value for key, value in new.items() if key in changed}
        address = resource.get("address", "")
        if old is not None:
            before[address] = _without_empty(old)
        if new is not None:
            after[address] = _without_empty(new)
    return {"before": before, "after": after}


def _masked(value: t.Any, sensitive: t.Any) -> t.Any:
    """Return the value with everything that `sensitive` marks (true, or the same shape with true in it) masked."""
    if sensitive is True:
        return SENSITIVE if value is not None else None
    if isinstance(value, dict) and isinstance(sensitive, dict):
        return {key: _masked(item, sensitive.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        marks = [*sensitive, *([None] * (len(value) - len(sensitive)))]
        return [_masked(item, mark) for item, mark in zip(value, marks)]
    return value


def _with_unknown(value: t.Any, unknown: t.Any) -> t.Any:
    if not isinstance(value, dict) or not isinstance(unknown, dict):
        return value
    return {**value, **{key: UNKNOWN for key, mark in unknown.items() if mark is True}}


def _without_empty(value: t.Any) -> t.Any:
    return (
        {key: item for key, item in value.items() if item not in (None, [], {}, "")}
        if isinstance(value, dict)
        else value
    )
