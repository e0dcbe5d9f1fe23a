# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Callback: what each stage of a playbook took, as a table and as a JSON file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ledger
type: aggregate
short_description: Says what each stage of a playbook took and changed
version_added: 1.0.0
description:
  - Keeps a ledger of a playbook run with one line per stage. A stage is a role as the play composes it, or the play
    itself for tasks that belong to no role; a role that includes another role pays for it.
  - Every moment of the run belongs to exactly one stage, so the seconds of the stages add up to the run's.
  - Prints a table at the end and writes the same as JSON when a file is named. With a stdout callback that writes JSON
    the table goes to standard error, so the output stays parseable.
  - Only names, counts and seconds are kept. Names of plays are taken from the source, never rendered, so no secret can
    appear in them.
options:
  file:
    description:
      - Where to write the ledger as JSON. The folder is made when it is missing. Nothing is written without it.
      - "The keys are: C(playbook), C(started) (UTC), C(seconds), C(check_mode), C(ok), C(changed), C(failed) and
        C(stages), a list of C(name), C(seconds), C(tasks), C(changed) and C(failed). C(ok), C(changed) and C(failed)
        count task results of all hosts; C(failed) counts unreachable hosts too, but neither ignored nor rescued
        failures."
    type: path
    env:
      - name: AI_ON_EKS_LEDGER_FILE
    ini:
      - section: callback_ledger
        key: file
  table:
    description: Whether to print the table at the end of the run.
    type: bool
    default: true
    env:
      - name: AI_ON_EKS_LEDGER_TABLE
    ini:
      - section: callback_ledger
        key: table
requirements:
  - Enabling in the configuration, for example C(callbacks_enabled = ai_on_eks.dynamo.ledger) in C(ansible.cfg).
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
"""

EXAMPLES = r"""
example: >
  Keep the ledger of an installation:
    AI_ON_EKS_LEDGER_FILE=ledger.json ansible-playbook install.yml
"""

import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase

OWN_COLLECTION = "ai_on_eks.dynamo."
JSON_CALLBACKS = ("json", "jsonl")


@dataclass
class Stage:
    """What one stage took: wall-clock seconds, and counts of task results over all hosts."""

    name: str
    seconds: float = 0.0
    tasks: int = 0
    changed: int = 0
    failed: int = 0


@dataclass
class Ledger:
    """The books of one run. Knows nothing of Ansible: stages are names, results are (task id, host, outcome)."""

    clock: Callable[[], float] = time.monotonic
    stages: dict[str, Stage] = field(default_factory=dict)
    began: float = 0.0
    _current: str = ""
    _since: float = 0.0
    _owed: float = 0.0
    _failures: dict[str, list[Stage]] = field(default_factory=dict)
    _owner: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self._since = self.clock()

    def enter(self, stage: str, task_id: str = "") -> None:
        """Close the running interval and give the time from now on to *stage*."""
        self._settle()
        self._current = stage
        self._stage(stage)
        if task_id:
            self._owner[task_id] = stage

    def record(self, task_id: str, host: str, *, changed: bool = False, failed: bool = False) -> None:
        """Book one result that is not a skip. Results of tasks that were never announced go to the running stage."""
        stage = self._stage(self._owner.get(task_id, self._current))
        stage.tasks += 1
        stage.changed += changed
        if failed:
            stage.failed += 1
            self._failures.setdefault(host, []).append(stage)

    def close(self, failures: dict[str, int]) -> list[Stage]:
        """End the run; *failures* are the real ones per host, so that a rescued failure is not booked as one.

        A callback sees a failure before the play rescues it. A host's run ends with its real failure, so its last
        ones count.
        """
        self._settle()
        for host, stages in self._failures.items():
            for stage in stages[: max(0, len(stages) - failures.get(host, 0))]:
                stage.failed -= 1
        self._failures.clear()
        return list(self.stages.values())

    def seconds(self) -> float:
        """Seconds since the run began."""
        return self.clock() - self.began

    def _settle(self) -> None:
        now = self.clock()
        elapsed, self._since = now - self._since + self._owed, now
        if self._current:
            self._stage(self._current).seconds += elapsed
            self._owed = 0.0
        else:
            self._owed = elapsed

    def _stage(self, name: str) -> Stage:
        return self.stages.setdefault(name, Stage(name))


def table(stages: list[Stage], seconds: float) -> list[str]:
    """Lay the stages out as lines of text, with the share of the whole time that each one took."""
    width = max([len("total"), *(len(stage.name) for stage in stages)])
    lines = [f"{'stage':<{width}}  {'seconds':>9}  {'share':>5}  {'tasks':>6}  {'changed':>7}  {'failed':>6}"]
    sums = {key: sum(getattr(stage, key) for stage in stages) for key in ("tasks", "changed", "failed")}
    for stage in [*stages, Stage("total", seconds, **sums)]:
        share = f"{stage.seconds / seconds:.0%}" if seconds > 0 else "-"
        counts = f"{stage.tasks:>6}  {stage.changed:>7}  {stage.failed:>6}"
        lines.append(f"{stage.name:<{width}}  {stage.seconds:>9.1f}  {share:>5}  {counts}")
    return lines


def stage_of(task: Any) -> str:
    """Name the outermost role that *task* runs in; "" when it runs in none."""
    name = ""
    node = task
    while node is not None:
        role = getattr(node, "_role", None)
        if role is not None:
            name = role.get_name()
        node = getattr(node, "_parent", None)
    return name[len(OWN_COLLECTION) :] if name.startswith(OWN_COLLECTION) else name


def play_name(play: Any) -> str:
    """Name of a play as its author wrote it: a rendered name could hold the value of any variable."""
    source = play.get_ds()
    name = source.get("name") if isinstance(source, dict) else None
    return str(name) if name else "play"


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write *document* so that a reader sees the old file or the whole new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=2)
            stream.write("\n")
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Feeds Ansible's events into a Ledger and shows the result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "ai_on_eks.dynamo.ledger"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._ledger = Ledger()
        self._started = datetime.now(timezone.utc)
        self._playbook = ""
        self._play = "play"

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Begin the books."""
        self._ledger = Ledger()
        self._started = datetime.now(timezone.utc)
        self._playbook = Path(str(getattr(playbook, "_file_name", "") or "")).name

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Remember the play: it is the stage of the tasks outside roles."""
        self._play = play_name(play)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        """Give the time from now on to the task's stage."""
        self._enter(task)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Give the time from now on to the handler's stage."""
        self._enter(task)

    def v2_runner_on_ok(self, result: Any) -> None:
        """Book a result that is fine."""
        self._record(result, changed=bool(result.is_changed()))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Book a failure, unless the play ignores it."""
        self._record(result, changed=bool(result.is_changed()), failed=not ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Book a host that could not be reached as a failure."""
        self._record(result, failed=True)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Close the books, print the table and write the file."""
        hosts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        failures = {host: counts["failures"] + counts["unreachable"] for host, counts in hosts.items()}
        stages = self._ledger.close(failures)
        seconds = sum(stage.seconds for stage in stages) if stages else self._ledger.seconds()
        check_mode = bool(context.CLIARGS.get("check", False))
        if stages and self.get_option("table"):
            self._show(stages, seconds, check_mode)
        path = self.get_option("file")
        if path:
            document = {
                "playbook": self._playbook,
                "started": self._started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "seconds": round(seconds, 3),
                "check_mode": check_mode,
                "ok": sum(counts["ok"] for counts in hosts.values()),
                "changed": sum(counts["changed"] for counts in hosts.values()),
                "failed": sum(failures.values()),
                "stages": [{**asdict(stage), "seconds": round(stage.seconds, 3)} for stage in stages],
            }
            try:
                write_json(Path(path), document)
            except OSError as error:
                # The run itself is over and its result stands: a full disk here must not turn it into a failure.
                self._display.warning(f"Failed to write the ledger {path}: {error.strerror}. Name another file.")

    def _enter(self, task: Any) -> None:
        self._ledger.enter(stage_of(task) or self._play, task._uuid)

    def _record(self, result: Any, *, changed: bool = False, failed: bool = False) -> None:
        self._ledger.record(result.task._uuid, result.host.get_name(), changed=changed, failed=failed)

    def _show(self, stages: list[Stage], seconds: float, check_mode: bool) -> None:
        to_stderr = str(C.DEFAULT_STDOUT_CALLBACK).rsplit(".", 1)[-1] in JSON_CALLBACKS
        title = "LEDGER (check mode: nothing was changed)" if check_mode else "LEDGER"
        lines = table(stages, seconds)
        if to_stderr:
            self._display.display("\n".join([title, *lines]), stderr=True)
            return
        self._display.banner(title)
        for line, stage in zip(lines, [None, *stages, None]):
            self._display.display(line, color=C.COLOR_ERROR if stage is not None and stage.failed else None)
