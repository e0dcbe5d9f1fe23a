# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a running Terraform is doing, from the events of its JSON output. No input, no output, no clock of its own."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

_DOING = {"create": "creating", "update": "changing", "delete": "deleting", "read": "reading", "replace": "replacing"}
_DONE = {"create": "created", "update": "changed", "delete": "deleted", "read": "read"}
_SHOWN = 3
# A replacement is a deletion and a creation; an import is noted in the state at once.
_STEPS = {"replace": 2, "import": 0}


@dataclass
class Progress:
    """State of one run.

    Attributes:
        planned: planned changes by address: {"address", "action", "reason"}; reads are not among them.
        done: number of changes applied.
        active: what is being done now: (address, action) to the second of its start.
        diagnostics: all diagnostics.
        outputs: outputs of an apply, as Terraform writes them.
        refreshed: number of resources whose real state was read.
        drifted: number of resources that are not as Terraform left them.
    """

    planned: dict[str, dict[str, str]] = field(default_factory=dict)
    done: int = 0
    active: dict[tuple[str, str], float] = field(default_factory=dict)
    diagnostics: list[dict[str, t.Any]] = field(default_factory=list)
    outputs: dict[str, t.Any] = field(default_factory=dict)
    output_changes: int = 0
    refreshed: int = 0
    drifted: int = 0
    finished: list[tuple[str, str, float]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def feed(self, event: t.Mapping[str, t.Any], now: float) -> None:
        """Take one event. `now` is in seconds since the start of the run."""
        kind = event.get("type")
        hook = event.get("hook") or {}
        address = (hook.get("resource") or {}).get("addr", "")
        if kind == "planned_change":
            change = event.get("change") or {}
            address = (change.get("resource") or {}).get("addr", "")
            action = change.get("action")
            if change.get("importing") and action in {"noop", "no-op"}:
                action = "import"
            if action not in {"read", "noop", "no-op", None}:
                self.planned[address] = {"address": address, "action": action, "reason": change.get("reason", "")}
        elif kind == "outputs":
            self.outputs = dict(event.get("outputs") or {})
            self.output_changes = sum(1 for item in self.outputs.values() if item.get("action") not in {None, "noop"})
        elif kind == "refresh_complete":
            self.refreshed += 1
        elif kind == "resource_drift":
            self.drifted += 1
        elif kind == "diagnostic":
            self.diagnostics.append(dict(event.get("diagnostic") or {}))
        elif kind == "apply_start" and hook.get("action") != "read":
            self.active[(address, str(hook.get("action", "")))] = now
        elif kind in {"apply_complete", "apply_errored"}:
            action = str(hook.get("action", ""))
            since = self.active.pop((address, action), now)
            if kind == "apply_errored":
                self.failed.append(address)
            elif action != "read":
                self.done += 1
                self.finished.append((address, action, now - since))

    @property
    def total(self) -> int:
        """Number of steps."""
        return sum(_STEPS.get(change["action"], 1) for change in self.planned.values())

    def counts(self) -> dict[str, int]:
        """Return how many resources are added, changed and destroyed."""
        actions = [change["action"] for change in self.planned.values()]
        return {
            "add": sum(action in {"create", "replace"} for action in actions),
            "change": actions.count("update"),
            "destroy": sum(action in {"delete", "replace"} for action in actions),
            "import": actions.count("import"),
        }

    def take_line(self, now: float) -> str:
        """Return a line about what was finished since the last call, an empty string when nothing was."""
        if not self.finished:
            return ""
        items, self.finished = self.finished, []
        shown = ", ".join(f"{address} ({duration(took)})" for address, _action, took in items[:_SHOWN])
        more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
        verbs = {_DONE.get(action, action) for _address, action, _took in items}
        return f"{self._head(now)} {'/'.join(sorted(verbs))} {shown}{more}"

    def heartbeat(self, now: float) -> str:
        """Return a line about what is being made now and for how long."""
        if not self.active:
            return f"{self._head(now)} waiting for Terraform"
        items = sorted(self.active.items(), key=lambda item: item[1])
        shown = ", ".join(
            f"{_DOING.get(action, action)} {address} for {duration(now - since)}"
            for (address, action), since in items[:_SHOWN]
        )
        more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
        return f"{self._head(now)} {shown}{more}"

    def _head(self, now: float) -> str:
        width = len(str(self.total))
        return f"  [{clock(now)}] {self.done:>{width}}/{self.total}"


def clock(seconds: float) -> str:
    """Return minutes and seconds since the start."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:>2}:{rest:02}"


def duration(seconds: float) -> str:
    """Return how long something took or takes."""
    return f"{int(seconds)} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"
