# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action openai_probe: probes from the controller and shows what it does, which a module cannot.

Where the task is to run elsewhere (another connection than local, or with become) the module does the work there.
"""

from __future__ import annotations

import importlib.util
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.program import (
    ARGUMENTS,
    RULES,
    OptionError,
    describe,
    needs_cluster,
    probe,
    read,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.progress import Lines
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.report import redact

display = Display()
COLOURS = {"change": "cyan", "problem": "yellow", "done": "green"}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Probe; see the documentation of the module."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """Run the task."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        if not self._here():
            found: dict[str, t.Any] = self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
            return {**result, **found}
        params = self.validate_argument_spec(argument_spec=ARGUMENTS, **RULES)[1]
        secret = str(params["api_key"] or "")

        def say(text: str, kind: str) -> None:
            display.display(f"  {redact(text, secret)}", color=COLOURS[kind])

        try:
            checks = read(params)
            if not self._task.check_mode:
                name = redact(describe(params), secret)
                until = f"waiting ends {params['timeout']:g} s from now"
                each = f"a request {params['request_timeout']:g} s after it was sent"
                say(f"{params['title'] or name}: {len(checks)} checks; {until}, {each}", "change")
            result.update(probe(params, check_mode=self._task.check_mode, progress=Lines(say)))
        except OptionError as error:
            raise AnsibleActionFail(str(error), result={**result, "changed": False}) from error
        return result

    def _here(self) -> bool:
        """True when the controller itself is where the task is to run, and has what it needs."""
        if self._task.async_val or self._connection.transport != "local" or self._play_context.become:
            return False
        return not needs_cluster(self._task.args) or importlib.util.find_spec("kubernetes") is not None
