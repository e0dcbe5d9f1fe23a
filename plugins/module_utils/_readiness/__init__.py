# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether a cluster that something else made has what Dynamo needs, and what an adoption would add."""

from __future__ import annotations

from .findings import PARTS, Wish, judge
from .inside import look_inside
from .survey import survey

__all__ = ["PARTS", "Wish", "judge", "look_inside", "survey"]
