# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Signature Version 4, checked as AWS does it.

Source: AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from urllib.parse import parse_qs, quote, unquote

from rehearsal.aws.wire import Call

UNRESERVED = "-_.~"


def signature_matches(call: Call, secret_access_key: str) -> bool:
    """Whether a call was signed with this secret."""
    text = string_to_sign(call)
    _, date, region, service, _ = call.credential.scope
    expected = hmac.new(signing_key(secret_access_key, date, region, service), text.encode(), hashlib.sha256)
    return hmac.compare_digest(expected.hexdigest(), call.credential.signature)


def string_to_sign(call: Call) -> str:
    """The text that the signature covers."""
    if call.credential.in_query:
        timestamp = parse_qs(call.query).get("X-Amz-Date", [""])[0]
    else:
        timestamp = call.headers.get("x-amz-date", "")
    digest = hashlib.sha256(canonical_request(call).encode()).hexdigest()
    return "\n".join(["AWS4-HMAC-SHA256", timestamp, "/".join(call.credential.scope[1:]), digest])


def canonical_request(call: Call) -> str:
    """The canonical form of a request; S3 signs the path as sent, every other service encodes it once more."""
    path = call.raw_path if call.signing_name == "s3" else quote(call.raw_path, safe="/" + UNRESERVED)
    headers = "".join(
        f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in call.credential.signed_headers
    )
    return "\n".join(
        [
            call.method,
            path,
            canonical_query(call),
            headers,
            ";".join(call.credential.signed_headers),
            payload_hash(call),
        ]
    )


def canonical_query(call: Call) -> str:
    """The query string, decoded, sorted and encoded again; without the signature of a presigned URL."""
    pairs = []
    for part in call.query.split("&"):
        name, _, value = part.partition("=")
        if not part or (call.credential.in_query and name == "X-Amz-Signature"):
            continue
        pairs.append((quote(unquote(name), safe=UNRESERVED), quote(unquote(value), safe=UNRESERVED)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def payload_hash(call: Call) -> str:
    """Hash of the body; streams and S3 say in a header what they signed instead."""
    declared = call.headers.get("x-amz-content-sha256", "")
    if declared.startswith(("UNSIGNED-PAYLOAD", "STREAMING-")):
        return declared
    if call.credential.in_query and call.signing_name == "s3":
        return "UNSIGNED-PAYLOAD"
    return hashlib.sha256(call.body).hexdigest()


@lru_cache(maxsize=256)
def signing_key(secret_access_key: str, date: str, region: str, service: str) -> bytes:
    """Derive the key that signs for one day, region and service."""
    key = ("AWS4" + secret_access_key).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
