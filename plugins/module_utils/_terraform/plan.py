# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a plan says, from `terraform show -json PLAN`: before and after for Ansible's diff, and the drift."""

from __future__ import annotations

import json
import re
import typing as t

UNKNOWN = "(known after apply)"
SENSITIVE = "(sensitive)"
REPLACED = "(replaced)"
# A created policy of 3000 characters says less than its length; a changed one is shown line by line.
_LONG = 200
_NOTHING: tuple[t.Any, ...] = (None, [], {}, "")


def diff_of(plan: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return {"before": {address: attributes}, "after": {...}} and headers for them.

    Only resources that change are in it, and of those only what a reader needs: of updated and replaced ones the
    attributes that change, of new ones those whose values are known
    (without the tags that the provider gives to all). Sensitive values are never in it.
    """
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    for resource in plan.get("resource_changes") or []:
        change = resource.get("change") or {}
        actions = set(change.get("actions") or [])
        if not actions or actions & {"no-op", "read"}:
            if change.get("importing"):
                after[resource.get("address", "")] = {"(taken over)": change["importing"].get("id", "")}
            continue
        old, new = _sides(change)
        if actions == {"update"}:
            old, new = _changed(old, new)
        elif actions == {"create"}:
            own = _readable((change.get("after") or {}).get("tags"))
            new = {key: _shortened(value) for key, value in {**new, "tags": own}.items() if value not in (UNKNOWN, {})}
        elif actions == {"create", "delete"}:
            old, new = _changed(old, {key: value for key, value in new.items() if value != UNKNOWN or old.get(key)})
            causes = {str(path[0]) for path in change.get("replace_paths") or [] if path}
            kept = causes | {key for key in new if new[key] != UNKNOWN}
            old = {key: _shortened(value) for key, value in old.items() if key in kept}
            new = {key: _shortened(value) for key, value in new.items() if key in kept}
            new[REPLACED] = f"because of {', '.join(sorted(causes))}" if causes else "because it was never complete"
        address = resource.get("address", "")
        if "create" not in actions or "delete" in actions:
            before[address] = {key: _shortened(value) for key, value in old.items()} if actions == {"delete"} else old
        if "delete" not in actions or "create" in actions:
            after[address] = new
    return {
        "before": before,
        "after": after,
        "before_header": "as Terraform knows it",
        "after_header": "as planned",
    }


def drift_of(plan: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return what was changed or deleted by something else than Terraform, as [{address, action, attributes, undone}].

    AWS changes attributes of its own accord (a status, a patch of the platform), and a security group lists the rules
    that have a resource of their own: an attribute counts only when the configuration sets it. `undone` tells whether
    this plan puts it back as it was.
    """
    set_by = _configured(plan.get("configuration") or {})
    planned = {
        resource.get("address")
        for resource in plan.get("resource_changes") or []
        if set((resource.get("change") or {}).get("actions") or []) - {"no-op", "read"}
    }
    found = []
    for resource in plan.get("resource_drift") or []:
        address, change = str(resource.get("address", "")), resource.get("change") or {}
        deleted = change.get("actions") == ["delete"]
        old, new = change.get("before") or {}, change.get("after") or {}
        ours = set_by.get(_without_index(address), {})
        attributes = sorted(
            key
            for key, expression in ours.items()
            if _comparable(_part(old.get(key), expression)) != _comparable(_part(new.get(key), expression))
        )
        if deleted or attributes:
            found.append(
                {
                    "address": address,
                    "action": "delete" if deleted else "update",
                    "attributes": [] if deleted else attributes,
                    "undone": address in planned,
                }
            )
    return found


def _configured(configuration: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Return the attributes and blocks that the configuration sets, by address without indices."""

    def of(module: t.Mapping[str, t.Any], prefix: str) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
        for resource in module.get("resources") or []:
            # The provider's default tags are in tags_all only.
            yield prefix + str(resource.get("address", "")), {**(resource.get("expressions") or {}), "tags_all": {}}
        for name, call in (module.get("module_calls") or {}).items():
            yield from of(call.get("module") or {}, f"{prefix}module.{name}.")

    return dict(of(configuration.get("root_module") or {}, ""))


def _part(value: t.Any, expression: t.Any) -> t.Any:
    """Return what of a value the configuration sets: of a block only the attributes that are written in it."""
    if not isinstance(value, list) or not isinstance(expression, list):
        return value
    written = {key: inner for block in expression if isinstance(block, dict) for key, inner in block.items()}
    return [
        {key: _comparable(_part(item.get(key), inner)) for key, inner in sorted(written.items())}
        if isinstance(item, dict)
        else item
        for item in value
    ]


def _without_index(address: str) -> str:
    return re.sub(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]', "", address)


def _sides(change: t.Mapping[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    old = _masked(change.get("before"), change.get("before_sensitive"))
    new = _with_unknown(_masked(change.get("after"), change.get("after_sensitive")), change.get("after_unknown"))
    return _readable(old), _readable(new)


def _changed(old: dict[str, t.Any], new: dict[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    keys = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    # A change of a secret is seen only by its being there.
    return (
        {key: _parsed(value) for key, value in old.items() if key in keys},
        {key: _parsed(value) for key, value in new.items() if key in keys},
    )


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


def _readable(value: t.Any) -> dict[str, t.Any]:
    """Return the attributes without empty ones; tags once, with the provider's own."""
    if not isinstance(value, dict):
        return {}
    kept = {key: item for key, item in value.items() if item not in _NOTHING}
    if isinstance(kept.get("tags_all"), dict):
        kept["tags"] = kept.pop("tags_all")
    return kept


def _comparable(value: t.Any) -> t.Any:
    """Return the value so that empty and absent are the same, and so are two spellings of one JSON document."""
    parsed = _parsed(value)
    return None if parsed in _NOTHING else parsed


def _parsed(value: t.Any) -> t.Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _shortened(value: t.Any) -> t.Any:
    if isinstance(value, str) and len(value) > _LONG:
        kind = "JSON" if isinstance(_parsed(value), (dict, list)) else "text"
        return f"({kind} of {len(value)} characters)"
    return value
