# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.aws.signature import signature_matches
from rehearsal.aws.wire import Call, read_call

KEY, SECRET, HOST = "AKIDEXAMPLE000000000", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "127.0.0.1:4000"


def call_of(request: AWSRequest) -> Call:
    """What the gateway makes of a request that botocore signed."""
    prepared = request.prepare()
    url = urlsplit(prepared.url)
    body = prepared.body or b""
    body = body if isinstance(body, bytes) else body.encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": prepared.method,
        "PATH_INFO": url.path,
        "RAW_URI": f"{url.path}?{url.query}" if url.query else url.path,
        "QUERY_STRING": url.query,
        "HTTP_HOST": HOST,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "4000",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in prepared.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = (
            value.decode() if isinstance(value, bytes) else value
        )
    call = read_call(environ, body)
    assert call is not None
    return call


def ec2_request() -> AWSRequest:
    return AWSRequest(
        "POST",
        f"http://{HOST}/",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        "Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1",
    )


def test_form_body() -> None:
    request = ec2_request()
    SigV4Auth(Credentials(KEY, SECRET), "ec2", "us-west-2").add_auth(request)
    call = call_of(request)
    assert (call.operation, call.region, call.params) == ("ec2:DescribeVpcs", "us-west-2", {"VpcIds": ["vpc-1"]})
    assert signature_matches(call, SECRET)
    assert not signature_matches(call, SECRET[:-1])
    call.body += b"&DryRun=true"
    assert not signature_matches(call, SECRET)


@pytest.mark.parametrize("token", [None, "session/token+=="])
def test_arn_in_a_path(token: str | None) -> None:
    principal = "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdyn"
    request = AWSRequest("GET", f"http://{HOST}/clusters/dyn/access-entries/{principal}")
    SigV4Auth(Credentials(KEY, SECRET, token), "eks", "us-west-2").add_auth(request)
    call = call_of(request)
    assert call.operation == "eks:DescribeAccessEntry"
    assert call.params["principalArn"] == "arn:aws:iam::123456789012:role/dyn"
    assert signature_matches(call, SECRET)


def test_query_string_is_sorted() -> None:
    request = AWSRequest("GET", f"http://{HOST}/clusters?nextToken=a%2Bb&maxResults=5")
    SigV4Auth(Credentials(KEY, SECRET), "eks", "us-west-2").add_auth(request)
    call = call_of(request)
    assert (call.params["maxResults"], call.params["nextToken"]) == (5, "a+b")
    assert signature_matches(call, SECRET)


def test_s3_path_is_signed_as_sent() -> None:
    request = AWSRequest("PUT", f"http://{HOST}/bucket/a%20key%2B", {"Content-Type": "text/plain"}, b"content")
    S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-west-2").add_auth(request)
    call = call_of(request)
    assert (call.operation, call.params["Key"]) == ("s3:PutObject", "a key+")
    assert signature_matches(call, SECRET)


def test_presigned_identity_as_eks_tokens_carry_it() -> None:
    request = AWSRequest("GET", f"http://{HOST}/?Action=GetCallerIdentity&Version=2011-06-15", {"x-k8s-aws-id": "dyn"})
    SigV4QueryAuth(Credentials(KEY, SECRET), "sts", "us-west-2", expires=60).add_auth(request)
    call = call_of(request)
    assert call.operation == "sts:GetCallerIdentity"
    assert call.credential.in_query
    assert signature_matches(call, SECRET)


def test_no_signature_no_call() -> None:
    assert read_call({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": io.BytesIO()}, b"") is None
