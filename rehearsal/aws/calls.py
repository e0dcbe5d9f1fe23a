# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The call log: how often each principal called each operation, what that took, and what it was refused."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from rehearsal.aws.account import now

KEPT_DENIALS = 500
KEPT_RESOURCES = 50


class CallLog:
    """Counts of calls; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._errors: Counter[tuple[str, str, str]] = Counter()
        self._denials: list[dict[str, str]] = []
        self._unimplemented: Counter[str] = Counter()
        self._granted: dict[str, dict[str, set[str]]] = {}

    def granted(self, principal: str, permissions: Iterable[tuple[str, str]]) -> None:
        """Keep the permissions (action and resource) that calls took; of many resources of an action, some."""
        with self._lock:
            actions = self._granted.setdefault(principal, {})
            for action, resource in permissions:
                resources = actions.setdefault(action, set())
                if len(resources) < KEPT_RESOURCES:
                    resources.add(resource)

    def called(self, principal: str, operation: str) -> None:
        """Count a call that was authenticated."""
        with self._lock:
            self._counts[(principal, operation)] += 1

    def failed(self, principal: str, operation: str, code: str) -> None:
        """Count an error answer."""
        with self._lock:
            self._errors[(principal, operation, code)] += 1

    def denied(self, principal: str, operation: str, message: str) -> None:
        """Keep a refusal word for word."""
        with self._lock:
            self._denials.append(
                {"time": now().isoformat(), "principal": principal, "action": operation, "message": message}
            )
            del self._denials[:-KEPT_DENIALS]

    def unimplemented(self, operation: str) -> None:
        """Count a call that nobody implements."""
        with self._lock:
            self._unimplemented[operation] += 1

    def report(self) -> dict[str, Any]:
        """Everything so far, as JSON-ready data."""
        with self._lock:
            principals: dict[str, dict[str, int]] = {}
            for (principal, operation), count in sorted(self._counts.items()):
                principals.setdefault(principal, {})[operation] = count
            return {
                "principals": principals,
                "granted": {
                    principal: {action: sorted(resources) for action, resources in sorted(actions.items())}
                    for principal, actions in sorted(self._granted.items())
                },
                "errors": [
                    {"principal": principal, "action": operation, "code": code, "count": count}
                    for (principal, operation, code), count in sorted(self._errors.items())
                ],
                "denials": list(self._denials),
                "unimplemented": dict(sorted(self._unimplemented.items())),
            }

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts.clear()
            self._errors.clear()
            self._denials.clear()
            self._unimplemented.clear()
            self._granted.clear()
