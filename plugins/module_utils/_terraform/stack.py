# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One stack: prepared, planned, applied, destroyed, read."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from .._cluster.aws import Aws
from . import backend as backends
from . import journal, recovery, state, workdir
from .commands import APPLY_LOG, Commands, Settings
from .diagnostics import TerraformError
from .plan import diff_of, drift_of
from .progress import Progress
from .resume import Resume, imports_file


@dataclass(frozen=True)
class Options:
    """Options of a stack, as the module documents them."""

    work_dir: Path
    source: Path | None = None
    root_module: str | None = None
    variables: t.Mapping[str, t.Any] = field(default_factory=dict)
    variables_files: tuple[Path, ...] = ()
    backend: t.Mapping[str, t.Any] | None = None
    binary: str = "terraform"
    parallelism: int = 10
    lock_timeout: str = "5m"
    progress_interval: float = 10.0
    protect: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


@dataclass
class Planned:
    """A plan: what would change, and Ansible's diff of it when asked for."""

    changed: bool
    summary: dict[str, t.Any]
    diff: dict[str, t.Any] = field(default_factory=dict)


class Stack:
    """Terraform's commands on one work directory.

    Args:
        options: what is wanted.
        environment: of the programs that are run.
        say: gets the progress lines.
        change: false in check mode: neither the state nor AWS is touched.
        aws: makes the clients of a region.
    """

    def __init__(
        self,
        options: Options,
        environment: t.Mapping[str, str],
        say: t.Callable[[str], None],
        change: bool = True,
        aws: t.Callable[[str], Aws] = Aws,
    ) -> None:
        self.options = options
        self.change = change
        # What was done, or in check mode would be done, beside the plan.
        self.also: list[str] = []
        self.backend: dict[str, t.Any] = {}
        self._say = say
        self._aws = aws
        self._environment = environment
        settings = Settings(options.binary, options.parallelism, options.lock_timeout, options.progress_interval)
        self._terraform = Commands(settings, workdir.root_of(options.work_dir), environment, say)

    def interrupt(self) -> None:
        """Let the running command end in good order; nothing new is started."""
        self._terraform.runner.interrupt()

    @property
    def pid(self) -> int:
        """Process id of the running command, 0 when none runs."""
        return self._terraform.runner.pid

    @property
    def place(self) -> str:
        """Where the state is."""
        return backends.place_of(self.backend, str(self._terraform.root))

    def prepare(self) -> None:
        """Bring the work directory up to date, and initialise it when that is due.

        Raises:
            TerraformError: the program is not the right one, the files cannot be copied, or init failed.
        """
        options = self.options
        keep_inputs = options.source is None and not options.variables and not options.variables_files
        stamp = self._terraform.stamp()
        if workdir.read_manifest(options.work_dir)["program"] != stamp:
            options.work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._terraform.root.mkdir(parents=True, exist_ok=True)
            self._terraform.identify()
            workdir.update_manifest(options.work_dir, program=stamp)
        self.backend = self._choose_backend()
        try:
            inputs = None if keep_inputs else workdir.inputs_of(options.variables_files, options.variables)
            synced = workdir.sync(
                options.source, options.work_dir, inputs, self.backend, options.binary, options.root_module
            )
        except (OSError, ValueError) as exc:
            raise TerraformError(
                f"Failed to prepare the work directory {options.work_dir}: {exc}. Check the paths and permissions."
            ) from exc
        self._terraform.root = synced.root
        self._terraform.place = self.place
        if synced.needs_init:
            self._terraform.init(move=synced.backend_changed)
            workdir.mark_initialised(options.work_dir, synced, self.backend)

    def plan(self, destroy: bool = False, with_diff: bool = False) -> Planned:
        """Plan and keep the plan for `apply`; take over what an interrupted run has made.

        Raises:
            TerraformError: the plan failed, would take something that is protected, or would make a second one of
                something that exists.
        """
        if destroy:
            self._import_before_destroy()
        progress, changed = self._terraform.plan(destroy)
        shown: dict[str, t.Any] | None = None
        if not destroy:
            # Read after the plan: until then a run whose Ansible was killed may still have been at work.
            unfinished = journal.read(self._terraform.root / APPLY_LOG)
            if recovery.worth_asking(progress.planned.values(), unfinished):
                shown = self._terraform.shown()
                resume = self._resume(shown)
                kept, imports = resume.keep_interrupted(shown, unfinished), resume.look(shown, unfinished)
                if imports:
                    workdir.write_imports(self._terraform.root, imports_file(imports))
                if kept or imports:
                    progress, changed = self._terraform.plan(destroy)
                    shown = None
            self._guard(progress)
        summary: dict[str, t.Any] = {**progress.counts(), "changes": list(progress.planned.values()), "drift": []}
        diff = {}
        if progress.drifted or (with_diff and changed):
            shown = shown or self._terraform.shown()
            summary["drift"] = drift_of(shown)
            diff = diff_of(shown) if with_diff and changed else {}
        return Planned(changed=changed, summary=summary, diff=diff)

    def apply(self, planned: Planned, destroy: bool = False) -> None:
        """Carry out the plan, with progress lines.

        Raises:
            TerraformError: it failed or was interrupted; what was made until then is in the state.
        """
        self._terraform.apply(planned.summary["changes"], destroy)
        (self._terraform.root / workdir.IMPORTS_FILE).unlink(missing_ok=True)
        if destroy:
            (self._terraform.root / APPLY_LOG).unlink(missing_ok=True)

    def outputs(self) -> dict[str, t.Any]:
        """Return the outputs without those that are sensitive; nothing is refreshed.

        Raises:
            TerraformError: the state cannot be read.
        """
        done = self._terraform.run("read the outputs", "output", "-json", "-no-color")
        return {
            name: item.get("value")
            for name, item in sorted(json.loads(done.stdout).items())
            if not item.get("sensitive")
        }

    def resources(self) -> list[str]:
        """Return the addresses of the resources in the state, data sources left out.

        Raises:
            TerraformError: the state cannot be read.
        """
        return [item.address for item in self._instances()]

    def forget(self) -> list[str]:
        """Take what is to stay out of the state, so that a destruction does not take it; return the addresses.

        Raises:
            TerraformError: the state cannot be read or written.
        """
        addresses = [item.address for item in self._instances() if item.kind in self.options.keep]
        for address in addresses:
            self.also.append(f"{address} {'forgotten' if self.change else 'would be forgotten'}")
            self._say(
                f"  Terraform: {address} {'stays' if self.change else 'would stay'}; its state no longer knows it"
            )
        if addresses and self.change:
            self._terraform.run("take what is kept out of", "state", "rm", *addresses)
        return addresses

    def _instances(self) -> list[state.Instance]:
        done = self._terraform.run("read the state of the stack", "state", "pull")
        try:
            return state.instances(done.stdout)
        except ValueError as exc:
            raise TerraformError(
                f"Failed to read the state in {self.place}: {exc}. "
                "docs/terraform-state.md shows how to give back an older one."
            ) from exc

    def _choose_backend(self) -> dict[str, t.Any]:
        """Return the backend to use now; make its bucket on request, and in check mode move nothing."""
        options, manifest = self.options, workdir.read_manifest(self.options.work_dir)
        if options.backend is None and options.source is None:
            return dict(manifest["backend_config"])
        wanted = backends.complete(options.backend or {})
        before: dict[str, t.Any] = dict(manifest["backend_config"])
        if manifest["initialised"] and wanted == before:
            return wanted
        moving = bool(manifest["initialised"])
        if wanted.get("type") == "s3" and not self._bucket(wanted):
            return before
        if moving:
            was, will = (backends.place_of(item, str(self._terraform.root)) for item in (before, wanted))
            self.also.append(f"state moved from {was} to {will}")
            self._say(f"  Terraform: the state {'moves' if self.change else 'would move'} from {was} to {will}")
        return wanted if self.change or not moving else before

    def _bucket(self, wanted: dict[str, t.Any]) -> bool:
        """Make the bucket ready; return whether it is there."""
        options = self.options.backend or {}
        name = wanted["config"]["bucket"]
        bucket = backends.bucket_of(wanted, options.get("tags") or {}, self._aws)
        if not options.get("create_bucket"):
            if not bucket.exists():
                raise TerraformError(
                    f"Failed to use the bucket {name} for Terraform's state: it does not exist. "
                    "Make it, or let it be made with create_bucket: true."
                )
            return True
        done = bucket.ensure(self.change)
        if done:
            self.also.append(f"bucket {name}: {', '.join(done)}")
            self._say(f"  Terraform: bucket {name} {'is' if self.change else 'would be'} {', '.join(done)}")
        return self.change or "made" not in done

    def _import_before_destroy(self) -> None:
        """Take what a killed run was making into the state, so that it is destroyed with the rest."""
        unfinished = journal.read(self._terraform.root / APPLY_LOG)
        if not unfinished.lost or not self.change:
            return
        progress, _changed = self._terraform.plan()
        if not unfinished.lost.intersection(progress.planned):
            return
        shown = self._terraform.shown()
        for address, ident in self._resume(shown).look(shown, unfinished, only_lost=True).items():
            self._terraform.run(f"import {address} into", "import", "-input=false", "-no-color", address, ident)

    def _resume(self, shown: dict[str, t.Any]) -> Resume:
        return Resume(
            change=self.change,
            place=self.place,
            region=recovery.region_of(shown) or str(self._environment.get("AWS_REGION") or ""),
            aws=self._aws,
            say=self._say,
            pause=lambda: self._terraform.runner.pause(self.options.progress_interval),
            untaint=lambda address: self._terraform.run(f"keep {address} in", "untaint", address),
            also=self.also,
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
