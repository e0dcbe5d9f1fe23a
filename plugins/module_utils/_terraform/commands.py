# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Terraform's commands in one directory: run, followed, and their failures explained."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

from . import locks, program
from .diagnostics import TerraformError, explain, explain_init
from .progress import Progress, clock
from .runner import POLL_SECONDS, Completed, Runner, monotonic

PLAN_FILE = "stack.tfplan"
APPLY_LOG = "apply.log.jsonl"
_REINIT = re.compile(
    r"Required plugins are not installed|Inconsistent dependency lock file|Backend initialization required"
    r"|Module not installed|Could not load plugin|run \"?(?:terraform|tofu) init",
    flags=re.IGNORECASE,
)


@dataclass(frozen=True)
class Settings:
    """How the commands run.

    Attributes:
        binary: program, by name or path.
        parallelism: resources at the same time.
        lock_timeout: how long to wait for another run, as Terraform writes durations.
        progress_interval: seconds of silence after which a line is said.
    """

    binary: str = "terraform"
    parallelism: int = 10
    lock_timeout: str = "5m"
    progress_interval: float = 10.0


class Commands:
    """Runs Terraform (or OpenTofu).

    Args:
        settings: how.
        root: the directory of the root module; may be set anew.
        environment: of the program.
        say: gets the progress lines.
    """

    def __init__(
        self, settings: Settings, root: Path, environment: t.Mapping[str, str], say: t.Callable[[str], None]
    ) -> None:
        self.runner = Runner(settings.binary, root, environment)
        self._settings = settings
        self._environment = environment
        self._say = say
        self._said_interrupts = 0
        # Where the state is, for messages.
        self.place = str(root)

    @property
    def root(self) -> Path:
        """Where Terraform runs."""
        return self.runner.directory

    @root.setter
    def root(self, root: Path) -> None:
        self.runner.directory = root

    def stamp(self) -> list[t.Any]:
        """Return what tells this program from another one, or from itself after an upgrade."""
        found = Path(self.runner.binary).stat()
        return [self.runner.binary, found.st_mtime_ns, found.st_size]

    def identify(self) -> program.Program:
        """Return product and version of the program.

        Raises:
            TerraformError: it is neither Terraform nor OpenTofu, or too old.
        """
        done = self.runner.run("version")
        return program.identify(
            self._settings.binary, done.stdout if done.returncode == 0 else done.stdout + done.stderr
        )

    def plan(self, destroy: bool = False) -> tuple[Progress, bool]:
        """Make a plan and keep it; return what it says, and whether it changes anything.

        Raises:
            TerraformError: it failed or was interrupted.
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
            self.init()
            progress = Progress()
            done = self._stream(arguments, "plan", progress)
        self._check(done, "plan the destruction of" if destroy else "plan", progress)
        return progress, done.returncode == 2

    def apply(self, changes: t.Iterable[t.Mapping[str, t.Any]], destroy: bool = False) -> None:
        """Carry out the plan, which has these changes.

        Raises:
            TerraformError: it failed or was interrupted; what was made until then is in the state.
        """
        progress = Progress()
        for change in changes:
            progress.planned[change["address"]] = dict(change)
        action = "destroy" if destroy else "apply"
        done = self._stream(["apply", *self._common(), PLAN_FILE], action, progress, lines=True)
        (self.root / PLAN_FILE).unlink(missing_ok=True)
        self._check(done, action, progress)

    def shown(self) -> dict[str, t.Any]:
        """Return the plan as Terraform's JSON.

        Raises:
            TerraformError: it cannot be read.
        """
        shown: dict[str, t.Any] = json.loads(self.run("read the plan", "show", "-json", "-no-color", PLAN_FILE).stdout)
        return shown

    def init(self, move: bool = False) -> None:
        """Get providers and modules; with `move` the state moves from the backend of the last init to the new one.

        Raises:
            TerraformError: it failed or was interrupted.
        """
        how = ["-migrate-state", "-force-copy"] if move else []
        start = last = monotonic()

        def on_tick() -> None:
            nonlocal last
            now = monotonic()
            if now - last + POLL_SECONDS >= self._settings.progress_interval:
                self._say(f"  [{clock(now - start)}] Terraform is getting ready (downloading its providers)")
                last = now

        done = self.runner.run("init", "-input=false", "-no-color", *how, on_tick=on_tick)
        self._stop_if_interrupted()
        if done.returncode != 0:
            text = done.stderr + done.stdout
            message = explain_init(text, str(self.root), self._environment.get("TF_CLI_CONFIG_FILE", ""))
            if locks.is_lock_error(text):
                message = f"Failed to move the state: {self._lock(text)}"
            raise TerraformError(message, cmd="terraform init", rc=done.returncode, stderr=done.stderr)

    def run(self, action: str, *arguments: str) -> Completed:
        """Run a short command.

        Raises:
            TerraformError: it failed or was interrupted; the message begins with `action`.
        """
        done = self.runner.run(*arguments)
        self._stop_if_interrupted()
        if done.returncode != 0:
            text = done.stderr or done.stdout
            locked = locks.is_lock_error(text)
            raise TerraformError(
                f"Failed to {action} the stack: {self._lock(text)}" if locked else explain(action, [], text),
                cmd=" ".join((Path(self.runner.binary).name, *arguments)),
                rc=done.returncode,
                stderr=done.stderr,
            )
        return done

    def _common(self) -> list[str]:
        return [
            "-json",
            "-input=false",
            f"-parallelism={self._settings.parallelism}",
            f"-lock-timeout={self._settings.lock_timeout}",
        ]

    def _stream(self, arguments: t.Sequence[str], name: str, progress: Progress, lines: bool = False) -> Completed:
        start = last_line = monotonic()

        def on_tick() -> None:
            nonlocal last_line
            now = monotonic()
            if self.runner.interrupts > self._said_interrupts:
                self._said_interrupts = self.runner.interrupts
                self._say(self._about_interrupt(progress))
                last_line = now
                return
            due = now - last_line + POLL_SECONDS >= self._settings.progress_interval
            # Several resources that end within a second share a line.
            if lines and progress.finished and (due or now - last_line >= 1.0):
                self._say(progress.take_line(now - start))
                last_line = now
            elif due:
                self._say(progress.heartbeat(now - start) if lines else self._planning(progress, now - start))
                last_line = now

        log = self.root / f"{name}.log.jsonl"
        done = self.runner.stream(arguments, log, lambda event: progress.feed(event, monotonic() - start), on_tick)
        if lines and progress.finished:
            self._say(progress.take_line(monotonic() - start))
        return done

    def _planning(self, progress: Progress, seconds: float) -> str:
        """Return a line for a plan that takes its time: it reads what is there, or waits for another run."""
        head = f"  [{clock(seconds)}] Terraform"
        if progress.refreshed or progress.planned:
            return f"{head} is planning, {progress.refreshed} resources read"
        others = [item for item in locks.running(self.root, self.runner.binary) if item.pid != self.runner.pid]
        if others:
            return (
                f"{head} waits up to {self._settings.lock_timeout} for another run to end "
                f"(process {others[0].pid}, {others[0].command})"
            )
        return f"{head} is planning"

    def _about_interrupt(self, progress: Progress) -> str:
        now = ", ".join(address for address, _action in progress.active)
        what = f"ends what it is at ({now})" if now else "ends"
        more = "" if self.runner.interrupts == 1 else " A further interrupt does not hasten that."
        who = f"Terraform (process {self.runner.pid})"
        return f"  Interrupted: {who} begins nothing new, {what} and saves its state.{more}"

    def _stop_if_interrupted(self, progress: Progress | None = None) -> None:
        if not self.runner.interrupted:
            return
        done, total = (progress.done, progress.total) if progress else (0, 0)
        how_far = f" after {done} of {total} steps" if total else ""
        raise TerraformError(
            f"Interrupted: Terraform stopped in good order{how_far}, and its state in {self.place} is saved. "
            "Run the playbook again to go on from there.",
            progress.diagnostics if progress else (),
            changed=done > 0,
        )

    def _check(self, done: Completed, action: str, progress: Progress) -> None:
        self._stop_if_interrupted(progress)
        errors = [item for item in progress.diagnostics if item.get("severity") == "error"]
        if done.returncode in (0, 2) and not errors:
            return
        text = _text_of(progress, done)
        if locks.is_lock_error(text):
            message = f"Failed to {action} the stack: {self._lock(text)}"
        elif done.returncode < 0:
            message = (
                f"Failed to {action} the stack: Terraform was killed (signal {-done.returncode}) after "
                f"{progress.done} of {progress.total} steps. Run the playbook again: it takes over what was being made."
            )
        else:
            message = explain(action, progress.diagnostics, done.stderr or done.stdout)
        raise TerraformError(message, errors, changed=progress.done > 0, rc=done.returncode, stderr=done.stderr)

    def _lock(self, text: str) -> str:
        binary = self.runner.binary
        return locks.explain(locks.read(text), locks.running(self.root, binary), str(self.root), binary)


def _text_of(progress: Progress, done: Completed) -> str:
    return "\n".join(
        [
            done.stdout,
            done.stderr,
            *(f"{item.get('summary', '')}\n{item.get('detail', '')}" for item in progress.diagnostics),
        ]
    )
