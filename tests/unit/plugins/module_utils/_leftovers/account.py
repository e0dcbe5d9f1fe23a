# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for boto3's clients: one object for all services, which answers from a dict and notes questions."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

OURS = [{"Key": "Cluster", "Value": "dyn"}, {"Key": "ManagedBy", "Value": "ai_on_eks.dynamo"}]
NETWORK = {"Vpcs": [{"VpcId": "vpc-1", "Tags": OURS}]}


class _Events:
    def register(self, _name: str, _handler: Any) -> None:
        """Requests of a fake are not counted."""


class _Meta:
    events = _Events()


class _Paginator:
    def __init__(self, call: Any) -> None:
        self._call = call

    def paginate(self, **parameters: Any) -> list[Any]:
        return [self._call(**parameters)]


class FakeClient:
    """Answers from a dict of operation → answer or function; what is not in it has nothing to list."""

    meta = _Meta()

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = {"get_resources": {"ResourceTagMappingList": []}, **answers}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of the calls of an operation."""
        return [parameters for name, parameters in self.calls if name == operation]

    def can_paginate(self, _operation: str) -> bool:
        return False

    def get_paginator(self, operation: str) -> _Paginator:
        return _Paginator(getattr(self, operation))

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append((operation, parameters))
            answer = self.answers.get(operation, {})
            return answer(**parameters) if callable(answer) else answer

        return call


def refusal(code: str, operation: str = "Anything", message: str = "no") -> ClientError:
    """AWS's refusal of a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
