# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What is said of a resource that could not be removed: AWS's words, who holds it, what to do next. Pure functions."""

from __future__ import annotations

import typing as t

from .finder import Leftover
from .kind import Json
from .order import Step, describe, holders

# What to do, by what AWS's code or message holds; the first that fits counts.
_PERMISSIONS = (
    "Attach the document cleanup-sweep of docs/iam/installer-policy.json, or look for what else denies it "
    "(a policy of the vault, the bucket or the organization)."
)
_HINTS: tuple[tuple[str, str], ...] = (
    ("AccessDenied", _PERMISSIONS),
    ("UnauthorizedOperation", _PERMISSIONS),
    ("TerminationProtection", "Switch its termination protection off, and run again."),
    ("disableApiTermination", "Switch its termination protection off, and run again."),
    ("deletion protection", "Switch its deletion protection off, and run again."),
    ("deletionProtection", "Switch its deletion protection off, and run again."),
    ("DependencyViolation", "Remove what holds it where its owner lives, and run again."),
    ("ResourceInUse", "Remove what uses it, and run again."),
    ("InUse", "Remove what uses it, and run again."),
    ("DeleteConflict", "Detach it from what uses it, and run again."),
    ("ObjectLock", "Its objects are locked until their time is over; run again then."),
)
_DEFAULT = "Look it up in the console, and run again."


def of_step(step: Step, error: BaseException | None, code: str, others: t.Sequence[Leftover]) -> Json:
    """Return what blocks a resource.

    Args:
        step: what was to be done with it.
        error: AWS's last refusal, if there was one.
        code: its code.
        others: everything else that is there, foreign resources included.
    """
    one = step.what
    held_by = [other for other in holders(one, others) if not other.owned]
    held_by += [other for other in holders(one, others) if other.owned and not other.pending]
    if error is not None:
        reason, hint = str(error), _hint(f"{code} {error}")
        if hint == _PERMISSIONS:
            held_by = []
    elif step.waits_for:
        held_by = list(step.waits_for)
        reason, hint = f"it goes after {_some(step.waits_for)}", "Clear these first, and run again."
    else:
        reason, hint = "it is in use", "Remove what uses it, and run again."
    return entry(one, reason, code, _some(held_by), hint)


def unfinished(one: Leftover, seconds: float) -> Json:
    """Return what is said of a resource that AWS has not finished removing in time."""
    reason = f"AWS has been deleting it, and has not finished within {seconds:.0f} seconds"
    return entry(one, reason, "", "", "Run again in some minutes.")


def entry(one: Leftover, reason: str, code: str, owner: str, hint: str) -> Json:
    """Return an entry of the module's result."""
    return {
        "kind": one.kind,
        "id": one.id,
        "name": one.name,
        "parent": one.parent,
        "monthly_usd": one.monthly_usd,
        "reason": reason,
        "code": code,
        "owner": owner,
        "hint": hint,
    }


def sentence(blocked: Json) -> str:
    """Return an entry in words."""
    held = f" Held by {blocked['owner']}." if blocked["owner"] else ""
    return f"{blocked['kind']} {blocked['id']}: {str(blocked['reason']).rstrip('.')}.{held} {blocked['hint']}"


def _hint(text: str) -> str:
    return next((hint for word, hint in _HINTS if word.lower() in text.lower()), _DEFAULT)


def _some(found: t.Sequence[Leftover], most: int = 3) -> str:
    shown = ", ".join(describe(one) for one in found[:most])
    return shown + (f" and {len(found) - most} more" if len(found) > most else "")
