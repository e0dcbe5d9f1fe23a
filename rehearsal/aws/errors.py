# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Errors as AWS words them, and what the gateway answers when a call has no implementation."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error of an AWS API.

    Attributes:
        code: AWS error code, for example ``ResourceNotFoundException``.
        message: text for a person, worded as AWS does.
        status: HTTP status.
        fields: further members of the error (rest-json services such as EKS send some).
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = {key: value for key, value in fields.items() if value is not None}


class NotImplementedHere(AwsError):
    """The embedded AWS has no such operation. Status 400, so that clients do not retry it for minutes."""

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(
            "RehearsalNotImplemented",
            f"The embedded AWS of the rehearsal does not implement {operation}: {reason}.",
        )


class InternalError(AwsError):
    """A fault of the rehearsal itself. Status 400, so that clients show it instead of retrying it for minutes."""

    def __init__(self, operation: str, error: Exception) -> None:
        super().__init__(
            "RehearsalInternalError",
            f"The embedded AWS of the rehearsal failed in {operation}: {type(error).__name__}: {error}. "
            "Its log has the traceback.",
        )
