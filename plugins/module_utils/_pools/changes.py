# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Changes to a list of named entries, without writing the list again. Pure."""

from __future__ import annotations

import difflib
import typing as t

Entry = t.Mapping[str, t.Any]
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class ChangeError(ValueError):
    """A change cannot be made; the message says why."""


def checked(entries: object, changes: object) -> tuple[t.Sequence[Entry], t.Mapping[str, t.Any]]:
    """Return entries and changes when they are what they must be.

    Raises:
        ChangeError: they are not.
    """
    if not isinstance(entries, t.Sequence) or isinstance(entries, (str, bytes)):
        raise ChangeError(f"Failed to change entries: they are {type(entries).__name__}. Write a list.")
    if any(not isinstance(entry, t.Mapping) or "name" not in entry for entry in entries):
        raise ChangeError("Failed to change entries: one has no name. Write dicts with a name.")
    if changes is not None and not isinstance(changes, t.Mapping):
        raise ChangeError(f"Failed to change entries: changes are {type(changes).__name__}. Write names and keys.")
    return entries, changes or {}


def changed(entries: t.Sequence[Entry], changes: t.Mapping[str, t.Any], required: t.Sequence[str]) -> list[Entry]:
    """Return the entries with changes: by name, keys of an entry, a whole new entry, or `enabled: false`.

    Dicts are merged one level deep, so that one limit or label can be changed alone; anything else is replaced.

    Args:
        entries: dicts with a name.
        changes: name to keys.
        required: keys that a new entry must have.

    Raises:
        ChangeError: a change is no dict, or names an entry that is not there and is none of its own.
    """
    left = {str(name): _keys(name, keys) for name, keys in changes.items()}
    found: list[Entry] = []
    for entry in entries:
        keys = left.pop(str(entry["name"]), {})
        if _enabled(entry["name"], {**entry, **keys}):
            found.append({**entry, **{key: _merged(entry.get(key), value) for key, value in keys.items()}})
    for name, keys in left.items():
        missing = [key for key in required if key not in keys]
        if missing and _enabled(name, keys):
            raise ChangeError(_unknown(name, missing, [str(entry["name"]) for entry in entries]))
        if not missing and _enabled(name, keys):
            found.append({"name": name, **keys})
    return [{key: value for key, value in entry.items() if key != "enabled"} for entry in found]


def disabled(entries: t.Sequence[Entry], changes: t.Mapping[str, t.Any]) -> list[str]:
    """Return the names that are switched off."""
    own = {str(entry["name"]): entry for entry in entries}
    names = dict.fromkeys([*own, *(str(name) for name in changes)])
    return [name for name in names if not _enabled(name, {**own.get(name, {}), **_keys(name, changes.get(name, {}))})]


def _keys(name: t.Any, keys: t.Any) -> dict[str, t.Any]:
    if not isinstance(keys, t.Mapping):
        raise ChangeError(f"Failed to change {name}: its changes are {keys!r}. Write keys and values.")
    return dict(keys)


def _enabled(name: t.Any, entry: Entry) -> bool:
    word = str(entry.get("enabled", True)).lower()
    if word not in (*_TRUE, *_FALSE):
        raise ChangeError(f"Failed to change {name}: enabled is {entry['enabled']!r}. Write true or false.")
    return word in _TRUE


def _merged(old: t.Any, new: t.Any) -> t.Any:
    return {**old, **new} if isinstance(old, t.Mapping) and isinstance(new, t.Mapping) else new


def _unknown(name: str, missing: t.Sequence[str], names: t.Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return (
        f"Failed to change {name}: there is none of that name ({', '.join(names)}).{meant} "
        f"To add it, say {', '.join(missing)} too."
    )
