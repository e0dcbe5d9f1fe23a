# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Operations that the rehearsal implements itself; everything else is moto's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.identity import Principal
from rehearsal.aws.wire import Call, Response

#: What an operation answers, with boto3's names, or moto's whole answer.
Result = dict[str, Any] | Response | None
#: One lock for the whole account: moto's backends and ours are plain dicts.
ACCOUNT_LOCK = threading.RLock()


@dataclass
class Context:
    """What an operation may use.

    Attributes:
        call: the call with its parsed parameters.
        principal: who calls.
        forward: lets moto answer the same call (a wrapper around stock behaviour uses it).
        seconds: configured latency of an operation, for what becomes ready some time later.
        lacks_capacity: the fault, if there is one, by which EC2 has no such instances (type, zone, lifecycle).
    """

    call: Call
    principal: Principal
    forward: Callable[[], Response]
    seconds: Callable[[str], float]
    lacks_capacity: Callable[[str, str, str], dict[str, Any] | None]
    params: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.params = self.call.params

    @property
    def region(self) -> str:
        return self.call.region


Handler = Callable[[Context], Result]
Check = Callable[[Context], None]
_HANDLERS: dict[tuple[str, str], Handler] = {}
_CHECKS: dict[tuple[str, str], list[Check]] = {}
_SEQUELS: dict[tuple[str, str], list[Check]] = {}


def operation(service: str, *actions: str) -> Callable[[Handler], Handler]:
    """Register a function as the implementation of operations of a botocore service."""

    def register(function: Handler) -> Handler:
        for action in actions:
            if (service, action) in _HANDLERS:
                raise ValueError(f"{service}:{action} has two implementations")
            _HANDLERS[(service, action)] = function
        return function

    return register


def before(service: str, *actions: str) -> Callable[[Check], Check]:
    """Register a check (it raises AwsError) or a preparation that runs before an operation, moto's or ours."""

    def register(function: Check) -> Check:
        for action in actions:
            _CHECKS.setdefault((service, action), []).append(function)
        return function

    return register


def after(service: str, *actions: str) -> Callable[[Check], Check]:
    """Register what runs after an operation has succeeded, to add what moto leaves out."""

    def register(function: Check) -> Check:
        for action in actions:
            _SEQUELS.setdefault((service, action), []).append(function)
        return function

    return register


def handler_of(service: str, action: str) -> Handler | None:
    """Our implementation of an operation, if there is one."""
    return _HANDLERS.get((service, action))


def checks_of(service: str, action: str) -> list[Check]:
    """What runs before an operation."""
    return _CHECKS.get((service, action), [])


def sequels_of(service: str, action: str) -> list[Check]:
    """What runs after an operation has succeeded."""
    return _SEQUELS.get((service, action), [])
