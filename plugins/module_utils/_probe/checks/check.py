# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a check is: a function, what it sends, its options with their types."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..session import Session, Spec


@dataclass(frozen=True)
class Option:
    """One option of a check. `minimum` bounds numbers, `choices` bound words."""

    default: t.Any
    kind: type[t.Any] = str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One line of the table.

    `run` returns evidence, or raises Failed or Skipped; what else it found it leaves in `session.details`. `needs`:
    checks whose failure makes this one pointless. `endpoint`: whether it asks the endpoint at all.
    """

    run: t.Callable[[Session, Spec], str]
    sends: str
    needs: tuple[str, ...] = ()
    default: bool = False
    options: t.Mapping[str, Option] = field(default_factory=dict)
    endpoint: bool = True


PROMPT = Option("In one short sentence: what is Kubernetes?")
MAX_TOKENS = Option(64, int, 1)
TEXT: dict[str, Option] = {"prompt": PROMPT, "max_tokens": MAX_TOKENS}
