# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What an earlier apply left unfinished, from the log of its events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Journal:
    """Creations of the last apply that did not come to their end.

    Attributes:
        lost: begun and never reported again: Terraform was killed. The thing may exist, the state does not know it.
        failed: reported as failed, for example because the wait was interrupted. The state has it, tainted.
    """

    lost: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


def read(log: Path) -> Journal:
    """Return what the log of an apply says; an empty journal without a log."""
    begun: set[str] = set()
    failed: set[str] = set()
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return Journal()
    for line in lines:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:  # the last line of a killed run
            continue
        kind = event.get("type") if isinstance(event, dict) else None
        if kind not in {"apply_start", "apply_complete", "apply_errored"}:
            continue
        hook = event.get("hook") or {}
        address = str((hook.get("resource") or {}).get("addr", ""))
        if kind == "apply_start" and hook.get("action") == "create":
            begun.add(address)
        elif kind == "apply_errored" and address in begun:
            failed.add(address)
            begun.discard(address)
        elif kind == "apply_complete":
            begun.discard(address)
    return Journal(frozenset(begun), frozenset(failed))
