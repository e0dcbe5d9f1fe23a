# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Asking AWS about a cluster. boto3 is imported when it is used, so that modules load without it."""

from __future__ import annotations

import typing as t


class AwsError(Exception):
    """A failed question to AWS; the message says what was asked, why it failed and what to do.

    Attributes:
        code: AWS's or botocore's own word for the failure.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code

    @property
    def denied(self) -> bool:
        """Whether the permission is missing."""
        return "AccessDenied" in self.code or "Unauthorized" in self.code


class Aws:
    """Clients of one region."""

    def __init__(self, region: str) -> None:
        import boto3
        from botocore.config import Config

        self.region = region
        self._session = boto3.session.Session(region_name=region)
        self._config = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "max_attempts": 4})
        self._clients: dict[str, t.Any] = {}

    def client(self, service: str) -> t.Any:
        """Return the client of a service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=self._config)
        return self._clients[service]

    def ask(self, action: str, service: str, operation: str, missing: t.Any = None, **parameters: t.Any) -> t.Any:
        """Return the answer of one call; `missing` when AWS says that there is no such thing.

        Raises:
            AwsError: any other failure.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self.client(service), operation)(**parameters)
        except ClientError as exc:
            code = exc.response.get("Error", {}).get("Code", "")
            if "NotFound" in code or "NonExistentQueue" in code or "QueueDoesNotExist" in code:
                return missing
            raise AwsError(f"Failed to {action}: {exc}. {hint(code)}", code) from exc
        except BotoCoreError as exc:
            code = type(exc).__name__
            raise AwsError(f"Failed to {action}: {exc}. {hint(code)}", code) from exc

    def pages(self, action: str, service: str, operation: str, key: str, **parameters: t.Any) -> list[t.Any]:
        """Return the items of all pages of a list call.

        Raises:
            AwsError: the call failed.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            paginator = self.client(service).get_paginator(operation)
            return [item for page in paginator.paginate(**parameters) for item in page.get(key) or []]
        except (ClientError, BotoCoreError) as exc:
            code = exc.response.get("Error", {}).get("Code", "") if isinstance(exc, ClientError) else type(exc).__name__
            raise AwsError(f"Failed to {action}: {exc}. {hint(code)}", code) from exc

    def caller(self) -> dict[str, str]:
        """Return account and ARN of the principal that asks.

        Raises:
            AwsError: there are no credentials, or AWS refuses them.
        """
        answer = self.ask("find out who asks AWS", "sts", "get_caller_identity")
        return {"account": answer["Account"], "arn": answer["Arn"]}


def hint(code: str) -> str:
    """Return what to do about a failure, by AWS's or botocore's word for it."""
    if "Expired" in code or "SSO" in code or code == "TokenRetrievalError":
        return "The credentials have expired: sign in again."
    if code in {
        "NoCredentialsError",
        "PartialCredentialsError",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "SignatureDoesNotMatch",
    }:
        return "Check AWS_PROFILE or AWS_ACCESS_KEY_ID; `aws sts get-caller-identity` must answer."
    if "AccessDenied" in code or "Unauthorized" in code:
        return "Attach the policies of docs/iam/ to the principal, or use one that has them."
    if "Endpoint" in code or "Connect" in code:
        return "Check the network, the proxy, the region and AWS_ENDPOINT_URL."
    return "Look it up in the documentation of the AWS API."
