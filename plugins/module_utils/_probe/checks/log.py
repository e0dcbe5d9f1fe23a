# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The proof for a graph without an HTTP endpoint: a line in a log."""

from __future__ import annotations

import re

from .. import judge
from ..errors import ProbeError
from ..session import Failed, Session, Spec
from .check import Check, Option

LOG_PAUSE = 1.0


def log(session: Session, spec: Spec) -> str:
    """A pod wrote a line that matches: the proof for a graph without an HTTP endpoint."""
    if session.cluster is None:
        raise Failed("log needs a cluster: give kubeconfig, context and namespace")
    pattern = re.compile(spec["pattern"])
    began = session.clock()
    while True:
        logs: list[tuple[str, list[str]]] = []
        trouble = ""
        try:
            logs = session.cluster.logs(spec["selector"], spec["container"])
        except ProbeError as error:
            if not error.retry:
                raise Failed(str(error)) from error
            trouble = str(error)
        for pod, lines in logs:
            for line in lines:
                if pattern.search(line):
                    return f"{pod}: {judge.quoted(line)}"
        if session.clock() + LOG_PAUSE > session.deadline:
            break
        session.sleep(LOG_PAUSE)
    read = (
        ", ".join(f"{pod} ({len(lines)} lines)" for pod, lines in logs) or trouble or f"no pod with {spec['selector']}"
    )
    last = next((judge.quoted(lines[-1]) for _pod, lines in logs if lines), "nothing")
    raise Failed(
        f"no line matches {spec['pattern']!r} after {session.clock() - began:.0f} s (all waiting ends "
        f"{session.timeout:g} s after the start); read: {read}; last line: {last}"
    )


CHECKS: dict[str, Check] = {
    "log": Check(
        log,
        "GET the log of the pods through the Kubernetes API",
        options={"selector": Option(""), "pattern": Option(""), "container": Option("")},
        endpoint=False,
    ),
}
