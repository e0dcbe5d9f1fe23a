# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the webhook answers, with EKS and STS played by the test."""

from __future__ import annotations

import base64
import datetime
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest

from rehearsal import localhttp
from rehearsal.kube import access, authenticator, tokens

ENDPOINT = "http://127.0.0.1:5000"
CONFIG = authenticator.Config(0, "demo", "us-west-2", ENDPOINT, "", "", "", "", "")
KNOWN = "arn:aws:iam::1:user/known"


class MissingError(Exception):
    """EKS knows no such entry."""


class Eks:
    def describe_access_entry(self, *, clusterName: str, principalArn: str) -> dict[str, Any]:
        assert clusterName == "demo"
        if principalArn == "arn:aws:iam::1:user/broken":
            raise RuntimeError("EKS is ill")
        if principalArn != KNOWN:
            raise MissingError
        return {"accessEntry": {"kubernetesGroups": ["dev"]}}

    def list_associated_access_policies(self, *, clusterName: str, principalArn: str) -> dict[str, Any]:
        arn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
        return {
            "associatedAccessPolicies": [{"policyArn": arn, "accessScope": {"type": "namespace", "namespaces": ["a"]}}]
        }


def identify(call: tokens.PresignedCall) -> access.Caller:
    if call.access_key_id == "unknown":
        raise tokens.TokenRefusedError("STS answered 403")
    arn = f"arn:aws:iam::1:user/{call.access_key_id}"
    return access.Caller(arn, arn, call.access_key_id)


def token(key: str) -> str:
    now = datetime.datetime.now(datetime.UTC)
    query = {
        "Action": "GetCallerIdentity",
        "X-Amz-Credential": f"{key}/d/r/sts/aws4_request",
        "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
        "X-Amz-Expires": "60",
        "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    }
    return tokens.PREFIX + base64.urlsafe_b64encode(f"{ENDPOINT}/?{urlencode(query)}".encode()).decode().rstrip("=")


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[access.NamespaceGrant]]]:
    bound: list[access.NamespaceGrant] = []
    made = authenticator.Authenticator(
        CONFIG, Eks(), lambda error: isinstance(error, MissingError), identify, bound.append
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), authenticator.handler_for(made))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/authenticate", bound
    server.shutdown()
    server.server_close()
    thread.join()


def review(url: str, key: str) -> dict[str, Any]:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token(key)}}
    answer = localhttp.post_json(url, body)
    assert (answer["apiVersion"], answer["kind"]) == (body["apiVersion"], body["kind"])
    status = answer["status"]
    assert isinstance(status, dict)
    return status


def test_a_known_principal_is_a_user_with_groups(webhook: tuple[str, list[access.NamespaceGrant]]) -> None:
    url, bound = webhook
    status = review(url, "known")
    assert status["authenticated"] is True
    assert status["user"]["username"] == KNOWN
    assert status["user"]["groups"] == ["dev", "eks-access-policy:AmazonEKSViewPolicy:a"]
    assert status["user"]["extra"]["accessKeyId"] == ["known"]
    assert [grant.namespace for grant in bound] == ["a"]


@pytest.mark.parametrize("key", ["unknown", "stranger"])
def test_everybody_else_is_nobody(
    webhook: tuple[str, list[access.NamespaceGrant]], key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url, _ = webhook
    assert review(url, key) == {"authenticated": False}
    said = capsys.readouterr().out
    assert {"unknown": "STS answered 403", "stranger": "no access entry"}[key] in said
    assert tokens.PREFIX not in said


def test_a_check_that_fails_is_an_error_so_that_the_api_server_asks_again(
    webhook: tuple[str, list[access.NamespaceGrant]], capsys: pytest.CaptureFixture[str]
) -> None:
    url, _ = webhook
    with pytest.raises(OSError, match="answered 500"):
        review(url, "broken")
    assert "EKS is ill" in capsys.readouterr().out
