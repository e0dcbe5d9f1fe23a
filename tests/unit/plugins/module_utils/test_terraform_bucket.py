# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The bucket of a state: made, hardened, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import TerraformError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform.backend import complete, place_of
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform.bucket import PUBLIC_ACCESS, Bucket

ABSENT = {
    "get_public_access_block": "NoSuchPublicAccessBlockConfiguration",
    "get_bucket_encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "get_bucket_policy": "NoSuchBucketPolicy",
    "get_bucket_tagging": "NoSuchTagSet",
}
ALL = ["public access blocked", "encrypted", "versioned", "TLS only", "tagged"]


def error(code: str, **headers: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPHeaders": headers}}
    return ClientError(response, "HeadBucket")


class S3:
    """Answers as S3 does; keeps what is put."""

    meta = SimpleNamespace(partition="aws")

    def __init__(self, head: Any = None, **answers: Any) -> None:
        self.head = head
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append((operation, parameters))
            answer = self.head if operation == "head_bucket" else self.answers.get(operation)
            if answer is None and operation in ABSENT:
                raise error(ABSENT[operation])
            if isinstance(answer, Exception):
                raise answer
            return answer or {}

        return call

    def written(self) -> dict[str, dict[str, Any]]:
        return {name: parameters for name, parameters in self.calls if not name.startswith(("get_", "head_"))}


def bucket(s3: S3, region: str = "eu-west-1", **more: Any) -> Bucket:
    return Bucket(s3, "states", region, "111122223333", tags={"ManagedBy": "x"}, **more)


def test_a_missing_bucket_is_made_in_its_region_and_hardened() -> None:
    s3 = S3(head=error("404"))
    assert bucket(s3).ensure(change=True) == ["made", *ALL]
    written = s3.written()
    assert written["create_bucket"]["CreateBucketConfiguration"] == {"LocationConstraint": "eu-west-1"}
    assert written["put_public_access_block"]["PublicAccessBlockConfiguration"] == PUBLIC_ACCESS
    assert written["put_bucket_versioning"]["VersioningConfiguration"] == {"Status": "Enabled"}
    statement = json.loads(written["put_bucket_policy"]["Policy"])["Statement"][0]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert statement["Resource"] == ["arn:aws:s3:::states", "arn:aws:s3:::states/*"]
    rules = written["put_bucket_encryption"]["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules == [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    for name, parameters in s3.calls:
        assert name == "create_bucket" or parameters["ExpectedBucketOwner"] == "111122223333"


def test_us_east_1_is_the_region_that_is_not_named() -> None:
    s3 = S3(head=error("NoSuchBucket"))
    bucket(s3, "us-east-1").ensure(change=True)
    assert "CreateBucketConfiguration" not in s3.written()["create_bucket"]


def test_a_key_of_ones_own_encrypts() -> None:
    s3 = S3()
    bucket(s3, kms_key="arn:aws:kms:eu-west-1:111122223333:key/1").ensure(change=True)
    rule = s3.written()["put_bucket_encryption"]["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["BucketKeyEnabled"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].endswith("key/1")


def test_check_mode_says_what_would_be_done_and_does_nothing() -> None:
    s3 = S3(head=error("404"))
    assert bucket(s3).ensure(change=False) == ["made"]
    half_made = S3(get_bucket_versioning={"Status": "Enabled"})
    assert bucket(half_made).ensure(change=False) == [item for item in ALL if item != "versioned"]
    assert s3.written() == half_made.written() == {}


def test_a_bucket_that_is_as_it_should_be_is_left_alone() -> None:
    s3 = S3(
        get_public_access_block={"PublicAccessBlockConfiguration": PUBLIC_ACCESS},
        get_bucket_encryption={"ServerSideEncryptionConfiguration": {"Rules": [{"x": 1}]}},
        get_bucket_versioning={"Status": "Enabled"},
        get_bucket_policy={"Policy": "somebody else's"},
        get_bucket_tagging={"TagSet": [{"Key": "Team", "Value": "ours"}]},
    )
    assert bucket(s3).ensure(change=True) == []
    assert s3.written() == {}


@pytest.mark.parametrize(
    "answer", [{"head": error("403")}, {"head": error("404"), "create_bucket": error("BucketAlreadyExists")}]
)
def test_a_bucket_of_another_account_is_refused(answer: dict[str, Any]) -> None:
    s3 = S3(**answer)
    with pytest.raises(TerraformError) as failure:
        bucket(s3).ensure(change=True)
    assert str(failure.value).startswith(
        "Failed to use the bucket states for Terraform's state: AWS refuses it to account 111122223333."
    )
    assert "choose another name" in str(failure.value)
    assert set(s3.written()) <= {"create_bucket"}


@pytest.mark.parametrize(
    "head",
    [
        error("301", **{"x-amz-bucket-region": "us-west-2"}),
        {"BucketRegion": "us-west-2"},
        error("400", **{"x-amz-bucket-region": "us-west-2"}),
    ],
)
def test_a_bucket_in_another_region_is_refused_with_its_region(head: Any) -> None:
    with pytest.raises(
        TerraformError, match=r"it is in us-west-2, and the backend's region is eu-west-1. Set region to us-west-2"
    ):
        bucket(S3(head=head)).exists()


def test_a_race_for_ones_own_bucket_is_no_error() -> None:
    s3 = S3(head=error("404"), create_bucket=error("BucketAlreadyOwnedByYou"))
    assert "made" in bucket(s3).ensure(change=True)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (error("ExpiredToken"), "credentials have expired"),
        (EndpointConnectionError(endpoint_url="https://s3"), "Failed to look for the bucket states"),
    ],
)
def test_other_failures_keep_their_cause(failure: Exception, words: str) -> None:
    with pytest.raises(TerraformError, match=words):
        bucket(S3(head=failure)).exists()


def test_a_denied_setting_names_the_bucket() -> None:
    with pytest.raises(
        TerraformError, match=r"Failed to protect the bucket states .*AccessDenied.* lacks a permission"
    ):
        bucket(S3(put_bucket_versioning=error("AccessDenied"))).ensure(change=True)


def test_an_s3_state_is_encrypted_and_locked_by_a_file() -> None:
    config = {"bucket": "b", "key": "k", "region": "r"}
    assert complete({"type": "s3", "config": config})["config"] == {**config, "encrypt": True, "use_lockfile": True}
    table = complete({"type": "s3", "config": {**config, "dynamodb_table": "t", "encrypt": False}})["config"]
    assert "use_lockfile" not in table
    assert table["encrypt"] is False
    assert complete({}) == {}
    assert complete({"type": "gcs"}) == {"type": "gcs", "config": {}}


def test_what_terraform_would_ask_for_is_missing() -> None:
    with pytest.raises(TerraformError, match=r"its config has no key and no region. Write config: \{bucket: NAME"):
        complete({"type": "s3", "config": {"bucket": "b"}})


def test_where_a_state_is() -> None:
    assert (
        place_of({"type": "s3", "config": {"bucket": "b", "key": "c/terraform.tfstate"}}, "/w")
        == "s3://b/c/terraform.tfstate"
    )
    assert place_of({}, "/w") == "/w"
    assert place_of({"type": "gcs"}, "/w") == "the backend gcs"


ACTIONS = {
    "head_bucket": "ListBucket",
    "put_public_access_block": "PutBucketPublicAccessBlock",
    "get_public_access_block": "GetBucketPublicAccessBlock",
    "put_bucket_encryption": "PutEncryptionConfiguration",
    "get_bucket_encryption": "GetEncryptionConfiguration",
}


def test_the_published_policy_allows_what_is_called_and_no_more() -> None:
    s3 = S3(head=error("404"))
    bucket(s3).ensure(change=True)
    needed = {
        f"s3:{ACTIONS.get(name, ''.join(part.capitalize() for part in name.split('_')))}" for name, _given in s3.calls
    }
    path = Path(__file__).resolve().parents[4] / "docs/iam/state-bucket-policy.json"
    make, state = json.loads(path.read_text(encoding="utf-8"))["state-bucket"]["Statement"]
    # An object ownership that is given at creation needs its own permission.
    assert set(make["Action"]) == needed | {"s3:PutBucketOwnershipControls"}
    assert set(state["Action"]) == {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
