# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action graph_wait: waits for graphs and shows live progress, which a module cannot."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import phases, report
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.ask import Answer, Ask
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.wait import Outcome, Request, Waiter
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import program
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.progress import Lines

display = Display()

ARGUMENTS: dict[str, t.Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "dynamo-cloud"},
    "name": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["ready", "absent"], "default": "ready"},
    "timeout": {"type": "int", "default": 1800},
    "patience": {"type": "int", "default": 120},
    "timeouts": {"type": "dict", "default": {}},
    "ask": {"type": "dict", "default": {}},
    "answer_timeout": {"type": "int", "default": 300},
}
# The options of openai_probe that a question may set.
ASK_OPTIONS = ("service", "model", "checks", "request_timeout")
COLOURS = {"change": "cyan", "problem": "yellow", "done": "green"}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Wait on the controller; see the documentation of the module."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """Run the task."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        checked = self.validate_argument_spec(
            argument_spec=ARGUMENTS,
            mutually_exclusive=[("name", "names")],
            required_one_of=[("name", "names")],
        )
        options = checked[1]
        if min(options["timeout"], options["patience"], options["answer_timeout"]) < 0:
            raise AnsibleActionFail("timeout, patience and answer_timeout must not be negative.")
        names = tuple(options["names"] or [options["name"]]) if options["names"] != [] else ()
        request = Request(
            namespace=options["namespace"],
            names=names,
            timeout=0.0 if self._task.check_mode else float(options["timeout"]),
            gone=options["state"] == "absent",
            patience=float(options["patience"]),
            limits=limits(options["timeouts"]),
            asks={} if self._task.check_mode else questions(options, names),
        )
        result["changed"] = False
        if not names:
            return {**result, "ready": True, "seconds": 0.0, "graphs": []}
        try:
            outcomes = Waiter(connect(options["kubeconfig"], options["context"]), request, say).run()
        except KubeError as error:
            raise AnsibleActionFail(str(error), result={**result, "ready": False, "graphs": []}) from error
        result.update(summarise(request, outcomes, single=options["name"] is not None))
        if self._task.check_mode:
            # What is not ready in check mode may only be so because nothing was applied.
            result["failed"] = False
        return result


def say(text: str, kind: str) -> None:
    """Show one line of progress at once."""
    display.display(f"  {text}", color=COLOURS.get(kind, "cyan"))


def limits(given: t.Mapping[str, t.Any]) -> dict[str, float]:
    """Return seconds by phase: the defaults, and what was given instead."""
    unknown = sorted(set(given) - set(phases.DEFAULTS))
    if unknown:
        raise AnsibleActionFail(f"timeouts has no {', '.join(unknown)}; it has {', '.join(phases.DEFAULTS)}.")
    try:
        found = {phase: float(given.get(phase, seconds)) for phase, seconds in phases.DEFAULTS.items()}
    except (TypeError, ValueError) as error:
        raise AnsibleActionFail(f"timeouts must be numbers of seconds: {error}.") from error
    if min(found.values()) < 0:
        raise AnsibleActionFail("timeouts must not be negative; 0 is no limit.")
    return found


def questions(options: t.Mapping[str, t.Any], names: t.Sequence[str]) -> dict[str, Ask]:
    """Return how to ask each graph that is to answer."""
    found: dict[str, Ask] = {}
    for name, given in options["ask"].items():
        if name not in names:
            raise AnsibleActionFail(f"ask names the graph {name}, which is not waited for.")
        unknown = sorted(set(given) - set(ASK_OPTIONS))
        if unknown:
            raise AnsibleActionFail(f"ask.{name} has no {', '.join(unknown)}; it has {', '.join(ASK_OPTIONS)}.")
        found[name] = question(name, given, options)
    return found


def question(name: str, given: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> Ask:
    """Return how to ask one graph: a probe through the Kubernetes API, told line by line."""
    defaults: dict[str, t.Any] = {key: spec.get("default") for key, spec in program.ARGUMENTS.items()}
    params = {
        **defaults,
        **{key: options[key] for key in ("kubeconfig", "context", "namespace")},
        **given,
        "timeout": float(options["answer_timeout"]),
        "title": name,
        "fail_on_failure": True,
    }
    progress = Lines(lambda text, kind: say(f"{name}: {text}", kind))

    def ask() -> Answer:
        try:
            found = program.probe(params, progress=progress)
        except program.OptionError as error:
            return Answer(False, message=str(error))
        text = str(found["answer"] or next((check["evidence"] for check in found["checks"] if check["evidence"]), ""))
        return Answer(not found.get("failed"), text.strip(), str(found.get("msg") or ""), found)

    return ask


def summarise(request: Request, outcomes: t.Mapping[str, Outcome], single: bool) -> dict[str, t.Any]:
    """Return the result's fields; failed with one sentence for every graph that did not get there."""
    graphs = [
        {
            **report.as_dict(outcome.view, None if outcome.good else outcome.finding, outcome.log),
            "seconds": round(outcome.seconds, 1),
            "phase": report.phase_of(outcome.view, outcome.good),
            "phase_seconds": {phase: round(seconds, 1) for phase, seconds in outcome.spent.items()},
            "answer": outcome.answer.as_dict() if outcome.answer else {},
        }
        for outcome in outcomes.values()
    ]
    result: dict[str, t.Any] = {
        "ready": all(outcome.good for outcome in outcomes.values()),
        "seconds": round(max((outcome.seconds for outcome in outcomes.values()), default=0.0), 1),
        "graphs": graphs,
    }
    if single:
        result.update({key: value for key, value in graphs[0].items() if key not in ("name", "ready")})
    bad = [(name, outcome) for name, outcome in outcomes.items() if not outcome.good]
    if bad:
        result["failed"] = True
        result["msg"] = " ".join(
            report.failure(
                name,
                request.namespace,
                outcome.finding,
                f"gave up after {outcome.seconds:.0f} s"
                if outcome.why == "failed"
                else f"time-out of {outcome.limit or f'{request.timeout:.0f} s'}",
            )
            + "."
            for name, outcome in bad
        )
    return result
