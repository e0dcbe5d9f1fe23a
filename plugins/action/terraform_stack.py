# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action plugin terraform_stack; its documentation is the module of the same name."""

from __future__ import annotations

import os
import signal
import time
import typing as t
from contextlib import contextmanager
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import Options, Stack, TerraformError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform.workdir import is_prepared

display = Display()

ARGUMENT_SPEC: dict[str, t.Any] = {
    "source": {"type": "path"},
    "root_module": {"type": "str"},
    "work_dir": {"type": "path", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent", "planned", "outputs"]},
    "variables": {"type": "dict", "default": {}},
    "variables_files": {"type": "list", "elements": "path", "default": []},
    "backend": {
        "type": "dict",
        "options": {
            "type": {"type": "str", "required": True},
            "config": {"type": "dict", "default": {}},
            "create_bucket": {"type": "bool", "default": False},
            "tags": {"type": "dict", "default": {}},
        },
    },
    "binary": {"type": "str", "default": "terraform"},
    "parallelism": {"type": "int", "default": 10},
    "lock_timeout": {"type": "str", "default": "5m"},
    "progress_interval": {"type": "int", "default": 10},
    "protect": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs Terraform on the controller, so that its progress can be shown while it runs."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Bring the stack into the wanted state and return what changed."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(
            argument_spec=ARGUMENT_SPEC,
            required_if=[("state", "present", ["source"])],
        )
        options = Options(
            work_dir=Path(args["work_dir"]).expanduser(),
            source=Path(args["source"]) if args["source"] else None,
            root_module=args["root_module"],
            variables=args["variables"],
            variables_files=tuple(Path(path) for path in args["variables_files"]),
            backend=args["backend"],
            binary=args["binary"],
            parallelism=args["parallelism"],
            lock_timeout=args["lock_timeout"],
            progress_interval=args["progress_interval"],
            protect=tuple(args["protect"]),
            keep=tuple(args["keep"]),
        )
        started = time.monotonic()
        environment = self._environment()
        try:
            with _as_environment(environment):
                result.update(self._bring(options, args["state"], environment))
        except TerraformError as exc:
            result.update(failed=True, msg=str(exc), diagnostics=exc.diagnostics, **exc.details)
        result["seconds"] = round(time.monotonic() - started, 1)
        return result

    def _bring(self, options: Options, state: str, environment: dict[str, str]) -> dict[str, t.Any]:
        result: dict[str, t.Any] = {
            "changed": False,
            "outputs": {},
            "plan": {"add": 0, "change": 0, "destroy": 0, "import": 0, "changes": [], "drift": []},
            "resources": [],
            "also": [],
        }
        if state != "present" and not is_prepared(options.work_dir) and options.source is None:
            return result
        change = state not in {"planned", "outputs"} and not self._task.check_mode
        stack = Stack(options, environment, _say, change=change)
        with _interrupts(stack):
            stack.prepare()
            result["state_in"] = stack.place
            if state == "outputs":
                return {**result, "outputs": stack.outputs(), "resources": stack.resources()}
            destroy = state == "absent"
            if destroy:
                stack.forget()
            if not destroy or stack.resources():
                result.update(self._plan_and_apply(stack, destroy))
            result["also"] = stack.also
            result["changed"] = state != "planned" and (result["changed"] or bool(stack.also))
            if destroy and stack.backend.get("type") == "s3" and not result["resources"]:
                _say(f"  Terraform: the bucket of {stack.place} is kept; the state in it is empty")
            return result

    def _plan_and_apply(self, stack: Stack, destroy: bool) -> dict[str, t.Any]:
        planned = stack.plan(destroy=destroy, with_diff=bool(self._task.diff))
        result: dict[str, t.Any] = {"changed": planned.changed, "plan": planned.summary}
        if planned.diff:
            result["diff"] = planned.diff
        if planned.changed and stack.change:
            counts = planned.summary
            taken = f", {counts['import']} to take over" if counts["import"] else ""
            moves = f"{counts['add']} to add, {counts['change']} to change, {counts['destroy']} to destroy"
            _say(f"  Terraform: {moves}{taken}")
            stack.apply(planned, destroy=destroy)
        return {**result, "outputs": stack.outputs(), "resources": stack.resources()}

    def _environment(self) -> dict[str, str]:
        """Return Ansible's own environment with the task's `environment:` on top."""
        merged = dict(os.environ)
        for item in self._task.environment or []:
            values = self._templar.template(item)
            if isinstance(values, dict):
                merged.update({str(name): str(value) for name, value in values.items()})
        return merged


def _say(line: str) -> None:
    """Show a line, unless nobody is there any more to show it to: Terraform must go on to its end all the same."""
    try:
        display.display(line, color="cyan")
    except OSError:
        return


@contextmanager
def _as_environment(environment: dict[str, str]) -> t.Iterator[None]:
    """Let boto3, which reads the process's own environment, see the credentials that Terraform sees."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _interrupts(stack: Stack) -> t.Iterator[None]:
    """While Terraform runs, an interrupt or a termination lets it stop in good order instead of killing it.

    Ansible's own handler would kill the worker at once, and Terraform with it.
    """

    def stop(_signum: int, _frame: t.Any) -> None:
        stack.interrupt()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
