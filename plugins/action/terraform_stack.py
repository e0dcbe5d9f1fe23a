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
        "options": {"type": {"type": "str", "required": True}, "config": {"type": "dict", "default": {}}},
    },
    "binary": {"type": "str", "default": "terraform"},
    "parallelism": {"type": "int", "default": 10},
    "lock_timeout": {"type": "str", "default": "5m"},
    "progress_interval": {"type": "int", "default": 10},
    "protect": {"type": "list", "elements": "str", "default": []},
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
            required_if=[("state", "present", ["source"]), ("state", "planned", ["source"])],
        )
        options = Options(
            work_dir=Path(args["work_dir"]).expanduser(),
            source=Path(args["source"]) if args["source"] else None,
            root_module=args["root_module"],
            variables=args["variables"],
            variables_files=tuple(Path(path) for path in args["variables_files"]),
            backend=args["backend"] or {},
            binary=args["binary"],
            parallelism=args["parallelism"],
            lock_timeout=args["lock_timeout"],
            progress_interval=args["progress_interval"],
            protect=tuple(args["protect"]),
        )
        started = time.monotonic()
        try:
            result.update(self._bring(options, args["state"]))
        except TerraformError as exc:
            result.update(failed=True, msg=str(exc), diagnostics=exc.diagnostics, **exc.details)
        result["seconds"] = round(time.monotonic() - started, 1)
        return result

    def _bring(self, options: Options, state: str) -> dict[str, t.Any]:
        empty: dict[str, t.Any] = {
            "changed": False,
            "outputs": {},
            "plan": {"add": 0, "change": 0, "destroy": 0, "changes": [], "drift": []},
            "resources": [],
        }
        if state in {"absent", "outputs"} and not is_prepared(options.work_dir) and not options.backend:
            return empty
        options.work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        stack = Stack(options, self._environment(), _say)
        with _interrupts(stack):
            stack.prepare()
            if state == "outputs":
                return {**empty, "outputs": stack.outputs(), "resources": stack.resources()}
            destroy = state == "absent"
            if destroy and not stack.resources():
                return empty
            planned = stack.plan(destroy=destroy, with_diff=bool(self._task.diff))
            result = {**empty, "changed": planned.changed and state != "planned", "plan": planned.summary}
            if planned.diff:
                result["diff"] = planned.diff
            if planned.changed and state != "planned" and not self._task.check_mode:
                counts = planned.summary
                _say(
                    f"  Terraform: {counts['add']} to add, {counts['change']} to change, {counts['destroy']} to destroy"
                )
                stack.apply(planned, destroy=destroy)
            result["outputs"] = stack.outputs()
            result["resources"] = stack.resources()
            return result

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
