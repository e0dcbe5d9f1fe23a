# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The checks, as one table in the order in which they make sense."""

from __future__ import annotations

from . import counting, features, job, loading, log, proofs, refusals, served, text, watched, workers
from .check import Check, Option

__all__ = ["CHECKS", "DEFAULT_CHECKS", "Check", "Option"]

CHECKS: dict[str, Check] = {
    **served.CHECKS,
    **text.CHECKS,
    **features.CHECKS,
    **refusals.CHECKS,
    **counting.CHECKS,
    **proofs.CHECKS,
    **workers.CHECKS,
    **watched.CHECKS,
    **log.CHECKS,
    **loading.CHECKS,
    **job.CHECKS,
}
DEFAULT_CHECKS = [name for name, check in CHECKS.items() if check.default]
