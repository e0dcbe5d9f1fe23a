# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What is removed next, what waits for what, and who stands in the way. Pure functions.

A resource is removed when nothing of the cluster's is left of the kinds that must go before it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .asking import search
from .finder import Leftover
from .kinds import BY_NAME

# What AWS deletes after days; nothing waits for it.
LATER = ("kms_key", "secret")
# Set by Terraform where delete_data_on_destroy is false: it outlives the state that says so.
KEEP_DATA = ("KeepData", "true")
# What keys are named by where something is encrypted.
_KEY_FIELDS = ("KmsKeyId", "kmsKeyId", "KMSKeyId", "EncryptionKeyArn")


@dataclasses.dataclass(frozen=True)
class Step:
    """What a round does with one resource.

    Attributes:
        what: the resource.
        waits_for: what must be gone before; nothing means that it is removed now.
        ready: whether it is in a state in which AWS removes it.
    """

    what: Leftover
    waits_for: tuple[Leftover, ...] = ()
    ready: bool = True

    @property
    def now(self) -> bool:
        """Whether it is removed in this round."""
        return self.ready and not self.waits_for


def is_going(one: Leftover) -> bool:
    """Tell whether AWS is removing a resource already."""
    removal = BY_NAME[one.kind].removal
    return one.pending or bool(removal and search(removal.going, one.item))


def kept_keys(kept: t.Iterable[Leftover]) -> set[str]:
    """Return ids of keys without which something that is kept could not be read."""
    found = {str(one.item.get(field) or "").rpartition("/")[2] for one in kept for field in _KEY_FIELDS}
    return found - {""}


def holds_data(one: Leftover) -> bool:
    """Tell whether a resource is marked as holding data that no cleanup may delete."""
    key, value = KEEP_DATA
    return one.tags.get(key) == value


def split_kept(found: t.Iterable[Leftover], keep: t.Collection[str]) -> tuple[list[Leftover], list[Leftover]]:
    """Divide what is the cluster's into what goes and what is kept: by kind, by its mark, and the keys of both."""
    everything = list(found)
    kept = [one for one in everything if one.kind in keep or holds_data(one)]
    keys = kept_keys(kept)
    kept += [
        one
        for one in everything
        if one not in kept
        and (
            (one.kind == "kms_key" and one.id in keys)
            or (one.kind == "kms_alias" and one.item.get("TargetKeyId") in keys)
        )
    ]
    staying = {one.key for one in kept}
    return [one for one in everything if one.key not in staying], kept


def plan(found: t.Sequence[Leftover]) -> list[Step]:
    """Return what a round does with each resource that is not yet going, in the order of their kinds."""
    holding: dict[str, list[Leftover]] = {}
    for one in found:
        if one.kind not in LATER or not one.pending:
            holding.setdefault(one.kind, []).append(one)
    parents = {(one.kind, one.id) for one in found}
    steps = []
    for one in sorted((one for one in found if not is_going(one)), key=lambda one: ORDER[one.kind]):
        kind = BY_NAME[one.kind]
        if kind.removal is None:
            continue
        before = [other for name in kind.removal.after for other in holding.get(name, [])]
        if kind.removal.with_parent and (kind.parent[0], one.parent) in parents:
            before += [other for other in holding[kind.parent[0]] if other.id == one.parent]
        ready = not kind.removal.ready or bool(search(kind.removal.ready, one.item))
        steps.append(Step(one, tuple(before), ready))
    return steps


def order() -> list[str]:
    """Return all kinds that can be removed, each after those that must go before it."""
    found: list[str] = []
    removable = {name: kind.removal for name, kind in BY_NAME.items() if kind.removal}
    while len(found) < len(removable):
        ready = [name for name, removal in removable.items() if name not in found and set(removal.after) <= set(found)]
        if not ready:
            raise ValueError("kinds wait for each other: " + ", ".join(sorted(set(removable) - set(found))))
        found += ready
    return found


ORDER = {name: index for index, name in enumerate(order())}


def holders(one: Leftover, others: t.Iterable[Leftover]) -> list[Leftover]:
    """Return which of the others name a resource in what AWS says of them: they may be why it cannot go."""
    names = {one.id, one.id.rpartition("/")[2], one.id.rpartition(":")[2]}
    return [other for other in others if other.key != one.key and names & _words(other.item)]


def _words(item: t.Any) -> set[str]:
    if isinstance(item, dict):
        return set().union(*(_words(value) for value in item.values())) if item else set()
    if isinstance(item, (list, tuple)):
        return set().union(*(_words(value) for value in item)) if item else set()
    return {item} if isinstance(item, str) else set()


def describe(one: Leftover) -> str:
    """Return a resource in words, with what says whose it is."""
    about = one.name or str(one.item.get("Description") or one.item.get("GroupName") or "")
    return f"{one.kind} {one.id}" + (f" ({about})" if about else "") + (f" [{one.reason}]" if not one.owned else "")
