# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Faults on request.

A fault is an object with ``kind`` and what belongs to it:

``throttle``      ``action`` (pattern such as ``ec2:*``), ``count`` (calls to refuse; absent: until deleted)
``fail``          ``action``, ``code``, ``message``, ``status`` (400), ``count``
``no_capacity``   ``instance_types``, ``zones``, ``capacity_types`` (lists of patterns; absent: all), ``count``; a fleet
                  says ``code`` and ``message`` (absent: EC2's own for missing capacity), e.g. ``VcpuLimitExceeded``
"""

from __future__ import annotations

import threading
from typing import Any

from rehearsal.aws.errors import AwsError
from rehearsal.aws.policy import as_list, like
from rehearsal.aws.wire import Call

MEMBERS = {
    "throttle": {"action"},
    "fail": {"action", "code"},
    "no_capacity": set(),
}
OPTIONAL = {"id", "kind", "count", "code", "message", "status", "instance_types", "zones", "capacity_types"}


class Faults:
    """The faults that are set; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, dict[str, Any]] = {}
        self._next = 1

    def add(self, fault: Any) -> dict[str, Any]:
        """Set a fault and return it with its id.

        Raises:
            ValueError: It is none of the kinds above, or a member is missing or unknown.
        """
        if not isinstance(fault, dict) or fault.get("kind") not in MEMBERS:
            raise ValueError(f"a fault needs a kind: one of {', '.join(MEMBERS)}")
        required = MEMBERS[fault["kind"]]
        missing, unknown = required - set(fault), set(fault) - required - OPTIONAL
        if missing or unknown:
            raise ValueError(
                f"a fault of kind {fault['kind']} "
                + (f"needs {', '.join(sorted(missing))}" if missing else f"has no {', '.join(sorted(unknown))}")
            )
        with self._lock:
            kept = {**fault, "id": str(fault.get("id") or f"f-{self._next}"), "hits": 0}
            self._next += 1
            self._faults[kept["id"]] = kept
            return dict(kept)

    def remove(self, fault_id: str | None = None) -> int:
        """Take one fault away, or all; returns how many there were."""
        with self._lock:
            found = [fault_id] if fault_id in self._faults else []
            ids = list(self._faults) if fault_id is None else found
            for key in ids:
                del self._faults[str(key)]
            return len(ids)

    def report(self) -> list[dict[str, Any]]:
        """The faults that are set, with how often each struck."""
        with self._lock:
            return [dict(fault) for fault in self._faults.values()]

    def strike(self, call: Call) -> None:
        """Fail a call when a ``throttle`` or ``fail`` fault is set for its operation.

        Raises:
            AwsError: The fault.
        """
        with self._lock:
            for fault in self._faults.values():
                if fault["kind"] == "no_capacity" or not like(fault["action"], call.operation) or _spent(fault):
                    continue
                fault["hits"] += 1
                raise _throttled(call) if fault["kind"] == "throttle" else _failed(fault)

    def lacks_capacity(self, instance_type: str, zone: str, capacity_type: str) -> dict[str, Any] | None:
        """The fault by which EC2 has none of these instances in this zone now; None when it has some."""
        with self._lock:
            for fault in self._faults.values():
                if fault["kind"] != "no_capacity" or _spent(fault):
                    continue
                wanted = (("instance_types", instance_type), ("zones", zone), ("capacity_types", capacity_type))
                if all(
                    member not in fault or any(like(pattern, value) for pattern in as_list(fault[member]))
                    for member, value in wanted
                ):
                    fault["hits"] += 1
                    return dict(fault)
        return None


def _spent(fault: dict[str, Any]) -> bool:
    return "count" in fault and fault["hits"] >= int(fault["count"])


def _throttled(call: Call) -> AwsError:
    if call.service == "ec2":
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    if call.service == "s3":
        return AwsError("SlowDown", "Please reduce your request rate.", 503)
    code = "Throttling" if call.protocol == "query" else "ThrottlingException"
    return AwsError(code, "Rate exceeded", 400 if call.protocol in {"query", "json"} else 429)


def _failed(fault: dict[str, Any]) -> AwsError:
    code = str(fault["code"])
    return AwsError(code, str(fault.get("message", f"Failed as asked for: {code}.")), int(fault.get("status", 400)))
