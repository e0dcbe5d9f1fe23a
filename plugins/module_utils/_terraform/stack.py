# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One stack: prepared, planned, applied, destroyed, read."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from . import workdir
from .diagnostics import TerraformError, explain, explain_init
from .plan import diff_of, drift_of
from .progress import Progress
from .runner import Completed, Runner, monotonic

PLAN_FILE = "stack.tfplan"
_REINIT = re.compile(
    r"Required plugins are not installed|Inconsistent dependency lock file|Backend initialization required"
    r"|Module not installed|Could not load plugin|run \"?terraform init",
    flags=re.IGNORECASE,
)


@dataclass(frozen=True)
class Options:
    """Options of a stack, as the module documents them."""

    work_dir: Path
    source: Path | None = None
    root_module: str | None = None
    variables: t.Mapping[str, t.Any] = field(default_factory=dict)
    variables_files: tuple[Path, ...] = ()
    backend: t.Mapping[str, t.Any] = field(default_factory=dict)
    binary: str = "terraform"
    parallelism: int = 10
    lock_timeout: str = "5m"
    progress_interval: float = 10.0
    protect: tuple[str, ...] = ()


@dataclass
class Planned:
    """A plan: what would change, and Ansible's diff of it when asked for."""

    changed: bool
    summary: dict[str, t.Any]
    diff: dict[str, t.Any] = field(default_factory=dict)


class Stack:
    """Terraform's commands on one work directory.

    `say` gets the progress lines.
    """

    def __init__(self, options: Options, environment: t.Mapping[str, str], say: t.Callable[[str], None]) -> None:
        self.options = options
        self._say = say
        self._environment = environment
        self._root = workdir.root_of(options.work_dir)
        self._runner = Runner(options.binary, self._root, environment)
        self._synced: workdir.Synced | None = None

    def interrupt(self) -> None:
        """Let the running command end in good order; nothing new is started."""
        self._runner.interrupt()

    def prepare(self) -> None:
        """Bring the work directory up to date, and initialise it when that is due.

        Raises:
            TerraformError: the files cannot be copied, or init failed.
        """
        options = self.options
        keep_inputs = options.source is None and not options.variables and not options.variables_files
        try:
            inputs = None if keep_inputs else workdir.inputs_of(options.variables_files, options.variables)
            self._synced = workdir.sync(
                options.source, options.work_dir, inputs, options.backend, options.binary, options.root_module
            )
        except (OSError, ValueError) as exc:
            raise TerraformError(
                f"Failed to prepare the work directory {options.work_dir}: {exc}. Check the paths and permissions."
            ) from exc
        self._root = self._runner.directory = self._synced.root
        if self._synced.needs_init:
            self._init()

    def plan(self, destroy: bool = False, with_diff: bool = False) -> Planned:
        """Plan and keep the plan for `apply`.

        Raises:
            TerraformError: the plan failed, or would take something that is protected.
        """
        arguments = [
            "plan",
            f"-out={PLAN_FILE}",
            "-detailed-exitcode",
            *(["-destroy"] if destroy else []),
            *self._common(),
        ]
        progress = Progress()
        done = self._stream(arguments, "plan", progress)
        if done.returncode == 1 and _REINIT.search(_text_of(progress, done)):
            self._init()
            progress = Progress()
            done = self._stream(arguments, "plan", progress)
        self._check(done, "plan the destruction of" if destroy else "plan", progress)
        changed = done.returncode == 2
        summary: dict[str, t.Any] = {**progress.counts(), "changes": list(progress.planned.values())}
        if not destroy:
            self._guard(progress)
        diff = {}
        summary["drift"] = []
        if progress.drifted or (with_diff and changed):
            shown = json.loads(self._run("read the plan", "show", "-json", "-no-color", PLAN_FILE).stdout)
            summary["drift"] = drift_of(shown)
            diff = diff_of(shown) if with_diff and changed else {}
        return Planned(changed=changed, summary=summary, diff=diff)

    def apply(self, planned: Planned, destroy: bool = False) -> None:
        """Carry out the plan, with progress lines.

        Raises:
            TerraformError: it failed or was interrupted; what was made until then is in the state.
        """
        progress = Progress()
        for change in planned.summary["changes"]:
            progress.planned[change["address"]] = dict(change)
        action = "destroy" if destroy else "apply"
        done = self._stream(["apply", *self._common(), PLAN_FILE], action, progress, lines=True)
        (self._root / PLAN_FILE).unlink(missing_ok=True)
        self._check(done, action, progress)

    def outputs(self) -> dict[str, t.Any]:
        """Return the outputs without those that are sensitive; nothing is refreshed.

        Raises:
            TerraformError: the state cannot be read.
        """
        done = self._run("read the outputs", "output", "-json", "-no-color")
        return {
            name: item.get("value")
            for name, item in sorted(json.loads(done.stdout).items())
            if not item.get("sensitive")
        }

    def resources(self) -> list[str]:
        """Return the addresses of the resources in the state, data sources left out."""
        done = self._runner.run("state", "list")
        if done.returncode != 0:
            if "No state file was found" in done.stderr:
                return []
            raise TerraformError(
                explain("list the resources of", [], done.stderr), cmd="terraform state list", rc=done.returncode
            )
        return [line for line in done.stdout.splitlines() if line and not re.search(r"(^|\.)data\.", line)]

    def _common(self) -> list[str]:
        return [
            "-json",
            "-input=false",
            f"-parallelism={self.options.parallelism}",
            f"-lock-timeout={self.options.lock_timeout}",
        ]

    def _init(self) -> None:
        synced = self._synced
        move = ["-migrate-state", "-force-copy"] if synced is not None and synced.backend_changed else []
        done = self._runner.run("init", "-input=false", "-no-color", *move)
        if done.returncode != 0:
            raise TerraformError(
                explain_init(
                    done.stderr + done.stdout,
                    str(self._root),
                    self._environment.get("TF_CLI_CONFIG_FILE", ""),
                ),
                cmd="terraform init",
                rc=done.returncode,
                stderr=done.stderr,
            )
        if synced is not None:
            workdir.mark_initialised(self.options.work_dir, synced)

    def _stream(self, arguments: t.Sequence[str], name: str, progress: Progress, lines: bool = False) -> Completed:
        start = monotonic()
        last_line = start

        def on_tick() -> None:
            nonlocal last_line
            now = monotonic()
            # Several resources that end within a second share a line.
            if lines and progress.finished and now - last_line >= 1.0:
                self._say(progress.take_line(now - start))
                last_line = now
            elif now - last_line >= self.options.progress_interval:
                self._say(
                    progress.heartbeat(now - start)
                    if lines
                    else f"  [{int(now - start):>4} s] Terraform is planning, {progress.refreshed} resources read"
                )
                last_line = now

        log = self._root / f"{name}.log.jsonl"
        done = self._runner.stream(arguments, log, lambda event: progress.feed(event, monotonic() - start), on_tick)
        if lines and progress.finished:
            self._say(progress.take_line(monotonic() - start))
        return done

    def _check(self, done: Completed, action: str, progress: Progress) -> None:
        if self._runner.interrupted:
            raise TerraformError(
                f"Interrupted: Terraform stopped in good order after {progress.done} of {progress.total} steps, "
                f"and its state in {self._root} is saved. "
                "Run the playbook again to go on from there.",
                progress.diagnostics,
                changed=progress.done > 0,
            )
        if done.returncode in (0, 2) and not any(item.get("severity") == "error" for item in progress.diagnostics):
            return
        raise TerraformError(
            explain(action, progress.diagnostics, done.stderr or done.stdout),
            [item for item in progress.diagnostics if item.get("severity") == "error"],
            changed=progress.done > 0,
            rc=done.returncode,
            stderr=done.stderr,
        )

    def _guard(self, progress: Progress) -> None:
        """Refuse to take what is protected. A tainted resource never was complete: nothing is lost with it."""
        lost = [
            change["address"]
            for change in progress.planned.values()
            if change["action"] in {"delete", "replace"}
            and change["reason"] != "tainted"
            and any(change["address"].startswith(prefix) for prefix in self.options.protect)
        ]
        if lost:
            raise TerraformError(
                f"Failed to apply the stack: the plan would destroy {', '.join(lost)} and everything in it. "
                "Undo the change of the variable behind it (see it with --check --diff), or allow it explicitly."
            )

    def _run(self, action: str, *arguments: str) -> Completed:
        done = self._runner.run(*arguments)
        if done.returncode != 0:
            raise TerraformError(
                explain(action, [], done.stderr or done.stdout),
                cmd=" ".join(("terraform", *arguments)),
                rc=done.returncode,
                stderr=done.stderr,
            )
        return done


def _text_of(progress: Progress, done: Completed) -> str:
    return " ".join(
        [
            done.stdout,
            done.stderr,
            *(f"{item.get('summary', '')} {item.get('detail', '')}" for item in progress.diagnostics),
        ]
    )
