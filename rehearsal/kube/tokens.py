# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""EKS bearer tokens: `k8s-aws-v1.` and a presigned STS URL, checked before anybody follows it.

Source: github.com/kubernetes-sigs/aws-iam-authenticator, pkg/token (what EKS runs): same prefix, same parameters,
same 15 minutes. The signature, and with it the cluster the token was made for, is for STS to check.
"""

from __future__ import annotations

import base64
import binascii
import datetime
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
LIFETIME = datetime.timedelta(minutes=15)
_MAX_TOKEN_BYTES = 4 * 1024
_MAX_SKEW = datetime.timedelta(minutes=5)
_ALLOWED = {
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
    "x-amz-user-agent",
}


class TokenRefusedError(Exception):
    """The token authenticates nobody; the message is for the authenticator's log alone."""


@dataclass(frozen=True)
class PresignedCall:
    """A GetCallerIdentity call that the token's holder signed."""

    url: str
    access_key_id: str


def parse(token: str, sts_endpoint: str, now: datetime.datetime) -> PresignedCall:
    """Check a token's form and age; return the call to ask STS with.

    Args:
        token: bearer token as kubectl sends it.
        sts_endpoint: the only address that a token may name (scheme, host and port).
        now: the current time, with its zone.

    Raises:
        TokenRefusedError: with the reason.
    """
    if len(token) > _MAX_TOKEN_BYTES:
        raise TokenRefusedError("the token is too long")
    if not token.startswith(PREFIX):
        raise TokenRefusedError(f"the token does not begin with {PREFIX}")
    encoded = token[len(PREFIX) :]
    try:
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        parts = urlsplit(url)
        expected = urlsplit(sts_endpoint)
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    except (binascii.Error, ValueError) as error:
        raise TokenRefusedError(f"the token holds no URL: {error}") from error
    if (parts.scheme, parts.netloc) != (expected.scheme, expected.netloc) or parts.path not in ("", "/"):
        raise TokenRefusedError(f"the URL does not name {sts_endpoint}")
    values = _single_values(query)
    if values.get("action") != "GetCallerIdentity":
        raise TokenRefusedError("the URL is not a GetCallerIdentity call")
    if CLUSTER_HEADER not in values.get("x-amz-signedheaders", "").lower().split(";"):
        raise TokenRefusedError(f"the signature does not cover {CLUSTER_HEADER}")
    _check_age(values, now)
    key = values.get("x-amz-credential", "").split("/")[0]
    if not key:
        raise TokenRefusedError("the URL names no access key")
    return PresignedCall(url, key)


def _single_values(query: dict[str, list[str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, found in query.items():
        lowered = name.lower()
        if lowered not in _ALLOWED:
            raise TokenRefusedError(f"the URL has a parameter that does not belong there: {name}")
        if len(found) != 1 or lowered in values:
            raise TokenRefusedError(f"the URL has the parameter {name} more than once")
        values[lowered] = found[0]
    return values


def _check_age(values: dict[str, str], now: datetime.datetime) -> None:
    try:
        signed = datetime.datetime.strptime(values.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ")
        expires = int(values.get("x-amz-expires", ""))
    except ValueError as error:
        raise TokenRefusedError(f"the URL has no usable date or expiry: {error}") from error
    if not 0 < expires <= LIFETIME.total_seconds():
        raise TokenRefusedError(f"the URL's expiry of {expires} s is not between 1 and 900")
    age = now - signed.replace(tzinfo=datetime.UTC)
    if age > LIFETIME:
        raise TokenRefusedError(f"the token is {int(age.total_seconds())} s old, more than 15 minutes")
    if age < -_MAX_SKEW:
        raise TokenRefusedError("the token was signed in the future")
