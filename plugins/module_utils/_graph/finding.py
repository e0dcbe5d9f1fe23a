# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One thing that is wrong, how it is reported, and how long it may last before waiting is pointless."""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass


class Grace(enum.IntEnum):
    """How long to go on waiting with a finding. The order is the order of importance."""

    NONE = 0
    """Cannot heal: give up at once."""
    SOON = 1
    """Heals within seconds or not at all (a retry of a controller)."""
    OPERATOR = 2
    """An operator that starts or elects a leader may need this long."""
    PATIENCE = 3
    """May heal without us (capacity, a registry that throttles): the caller's patience."""
    TIMEOUT = 4
    """Ordinary progress, worth mentioning only when the time is up."""


GRACE_SECONDS: dict[Grace, float] = {Grace.NONE: 0.0, Grace.SOON: 10.0, Grace.OPERATOR: 30.0}
"""Fixed spans; PATIENCE is the caller's and TIMEOUT has none."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    `reason` is a word for programs, `subject` is Kind/name, `message` the cause in the cluster's own words, `remedy`
    the next command or step. `log` names (pod, container, previous) where more is to be learned.
    """

    reason: str
    subject: str
    message: str
    remedy: str
    grace: Grace
    log: tuple[str, str, bool] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes it the same finding as a moment ago, although its message may have changed."""
        return (self.reason, self.subject)

    def as_dict(self) -> dict[str, t.Any]:
        """Return the public form."""
        return {"reason": self.reason, "subject": self.subject, "message": self.message, "next": self.remedy}


class Patience:
    """Remember since when each finding holds, and tell which has lasted too long."""

    def __init__(self, seconds: float) -> None:
        self._spans = {**GRACE_SECONDS, Grace.PATIENCE: seconds}
        self._since: dict[tuple[str, str], float] = {}

    def exhausted(self, found: t.Sequence[Finding], now: float) -> tuple[Finding | None, float | None]:
        """Return the first finding that has lasted too long, and when (same clock as `now`) the next one will have."""
        self._since = {finding.key: self._since.get(finding.key, now) for finding in found}
        coming = None
        for finding in found:
            span = self._spans.get(finding.grace)
            if span is None:
                continue
            ends = self._since[finding.key] + span
            if ends <= now:
                return finding, None
            coming = ends if coming is None else min(coming, ends)
        return None, coming
