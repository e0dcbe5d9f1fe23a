# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Tokens that are refused before anybody asks STS."""

from __future__ import annotations

import base64
import datetime
from urllib.parse import urlencode

import pytest

from rehearsal.kube.tokens import PREFIX, TokenRefusedError, parse

ENDPOINT = "http://127.0.0.1:5000"
NOW = datetime.datetime(2026, 1, 2, 12, 0, 0, tzinfo=datetime.UTC)
GOOD = {
    "Action": "GetCallerIdentity",
    "Version": "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "AKIA123/20260102/us-west-2/sts/aws4_request",
    "X-Amz-Date": "20260102T115900Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    "X-Amz-Signature": "0" * 64,
}


def token(endpoint: str = ENDPOINT, path: str = "/", extra: str = "", **changes: str) -> str:
    query = {name: value for name, value in {**GOOD, **changes}.items() if value}
    url = f"{endpoint}{path}?{urlencode(query)}{extra}"
    return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def test_a_good_token_names_its_key() -> None:
    call = parse(token(), ENDPOINT, NOW)
    assert call.access_key_id == "AKIA123"
    assert call.url.startswith(f"{ENDPOINT}/?Action=GetCallerIdentity")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("eyJhbGciOi", "does not begin"),
        (PREFIX + "____", "holds no URL"),
        (PREFIX + "A" * 5000, "too long"),
        (token("http://evil.example:5000"), "does not name"),
        (token("https://127.0.0.1:5000"), "does not name"),
        (token(path="/other"), "does not name"),
        (token(Action="AssumeRole"), "GetCallerIdentity"),
        (token(**{"X-Amz-SignedHeaders": "host"}), "x-k8s-aws-id"),
        (token(**{"X-Amz-Date": "20260102T114400Z"}), "more than 15 minutes"),
        (token(**{"X-Amz-Date": "20260102T121000Z"}), "future"),
        (token(**{"X-Amz-Date": "yesterday"}), "date"),
        (token(**{"X-Amz-Expires": "901"}), "expiry"),
        (token(**{"X-Amz-Expires": ""}), "date or expiry"),
        (token(**{"X-Amz-Credential": ""}), "access key"),
        (token(extra="&Action=GetCallerIdentity"), "more than once"),
        (token(extra="&RoleArn=x"), "does not belong"),
    ],
)
def test_refused(bad: str, reason: str) -> None:
    with pytest.raises(TokenRefusedError, match=reason):
        parse(bad, ENDPOINT, NOW)


def test_a_token_holds_for_fifteen_minutes_and_no_longer() -> None:
    signed = datetime.datetime(2026, 1, 2, 11, 59, 0, tzinfo=datetime.UTC)
    parse(token(), ENDPOINT, signed + datetime.timedelta(minutes=15))
    with pytest.raises(TokenRefusedError):
        parse(token(), ENDPOINT, signed + datetime.timedelta(minutes=15, seconds=1))
