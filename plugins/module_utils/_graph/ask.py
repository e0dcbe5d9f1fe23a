# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Ask every graph for an answer as soon as it is ready, all of them at the same time."""

from __future__ import annotations

import threading
import typing as t
from dataclasses import dataclass, field

from .finding import Finding, Grace

# A thread has no way to wake the wait, so the wait looks this often while somebody is asked.
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Answer:
    """What came of asking one graph."""

    passed: bool
    text: str = ""
    """What the model said, or the evidence of another proof."""
    message: str = ""
    """Why it failed."""
    report: t.Mapping[str, t.Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, t.Any]:
        """Return the public form."""
        kept = ("model", "checks", "seconds")
        return {
            "passed": self.passed,
            "text": self.text,
            "message": self.message,
            **{key: self.report[key] for key in kept if key in self.report},
        }


Ask = t.Callable[[], Answer]
"""Asks one graph; takes as long as it takes, and never raises."""


class Asker:
    """Runs the questions in threads."""

    def __init__(self, asks: t.Mapping[str, Ask]) -> None:
        self._asks = asks
        self._answers: dict[str, Answer] = {}
        self._started: set[str] = set()

    @property
    def busy(self) -> bool:
        """Say whether an answer is awaited."""
        return len(self._answers) < len(self._started)

    def wanted(self, name: str) -> bool:
        """Say whether a graph has to answer."""
        return name in self._asks

    def asked(self, name: str) -> bool:
        """Say whether the question has been put."""
        return name in self._started

    def ask(self, name: str) -> None:
        """Put the question, once."""
        if name in self._started:
            return
        self._started.add(name)

        def run() -> None:
            self._answers[name] = self._asks[name]()

        threading.Thread(target=run, name=f"ask-{name}", daemon=True).start()

    def answer(self, name: str) -> Answer | None:
        """Return the answer, None while there is none."""
        return self._answers.get(name)


def finding(name: str, namespace: str, answer: Answer) -> Finding:
    """Say that a graph is ready and does not answer."""
    return Finding(
        "no_answer",
        f"Service/{name}-frontend",
        f"its pods are ready, but it does not answer: {answer.message.rstrip('. ')}",
        f"kubectl -n {namespace} logs deployment/{name}-frontend --tail=50; all checks: "
        f"ansible-playbook smoketest.yml -e example={name}",
        Grace.NONE,
    )
