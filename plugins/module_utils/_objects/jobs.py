# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""When a Job is done, and when it will not be. Pure."""

from __future__ import annotations

from .predicates import READY, Object, Verdict


def job(obj: Object) -> Verdict:
    """It has completed. A Job that has failed stays so."""
    status = obj.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or [] if c.get("status") == "True"}
    failed = conditions.get("Failed") or conditions.get("FailureTarget")
    if failed:
        words = ": ".join(str(failed[key]) for key in ("reason", "message") if failed.get(key))
        return Verdict(False, f"it failed ({words})", fatal=True)
    if "Complete" in conditions:
        return READY
    counts = f"{int(status.get('active') or 0)} pods run, {int(status.get('failed') or 0)} have failed"
    return Verdict(False, f"it is not done yet ({counts})")
