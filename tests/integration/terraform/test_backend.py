# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The state in S3: the bucket, the move, the lock. Without the provider, so that it is quick."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import Options, Stack, TerraformError

from .conftest import ACCOUNT, REGION, Aws

MAIN = 'resource "terraform_data" "one" {\n  input = 1\n}\n'
KEY = "dyn/terraform.tfstate"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    root.mkdir()
    (root / "main.tf").write_text(MAIN, encoding="utf-8")
    return root


def backend(bucket: str, **more: Any) -> dict[str, Any]:
    # The embedded AWS has no name for each bucket.
    config = {"bucket": bucket, "key": KEY, "region": REGION, "use_path_style": True}
    return {"type": "s3", "config": config, "tags": {"ManagedBy": "ai_on_eks.dynamo"}, **more}


def stack_of(aws: Aws, work: Path, source: Path | None, change: bool = True, **options: Any) -> Stack:
    stack = Stack(Options(work_dir=work, source=source, **options), aws.environment, print, change=change)
    stack.prepare()
    return stack


def test_a_state_moves_into_a_bucket_that_is_made_and_back(aws: Aws, source: Path, tmp_path: Path) -> None:
    s3, work, name = aws.client("s3"), tmp_path / "work", "states-moved"
    stack = stack_of(aws, work, source)
    stack.apply(stack.plan())

    looked = stack_of(aws, work, source, change=False, backend=backend(name, create_bucket=True))
    assert looked.also == [f"bucket {name}: made"]
    assert not looked.plan().changed
    assert name not in [item["Name"] for item in s3.list_buckets()["Buckets"]]

    moved = stack_of(aws, work, source, backend=backend(name, create_bucket=True))
    assert moved.also[0].startswith(
        f"bucket {name}: made, public access blocked, encrypted, versioned, TLS only, tagged"
    )
    assert moved.also[1] == f"state moved from {work} to s3://{name}/{KEY}"
    assert moved.place == f"s3://{name}/{KEY}"
    assert not moved.plan().changed
    assert moved.resources() == ["terraform_data.one"]
    assert json.loads(s3.get_object(Bucket=name, Key=KEY)["Body"].read())["resources"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"]
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"][0]["Effect"] == "Deny"

    # Without source and backend it is found where it was left; with another backend it moves again.
    again = stack_of(aws, work, None)
    assert (again.also, again.place) == ([], f"s3://{name}/{KEY}")
    assert again.resources() == ["terraform_data.one"]
    home = stack_of(aws, work, source, backend={"type": "local"})
    assert home.resources() == ["terraform_data.one"]
    assert not home.plan().changed


def test_a_dead_run_in_the_bucket_is_explained(aws: Aws, source: Path, tmp_path: Path) -> None:
    s3, work, name = aws.client("s3"), tmp_path / "work", "states-locked"
    stack = stack_of(aws, work, source, backend=backend(name, create_bucket=True), lock_timeout="0s")
    lock = {
        "ID": "5a5c0a3e-0a40-b9a2-d1f5-9f5a7fd0a0b1",
        "Operation": "OperationTypeApply",
        "Info": "",
        "Who": f"root@{socket.gethostname()}",
        "Version": "1.11.4",
        "Created": "2026-11-20T08:00:00.123456Z",
        "Path": f"{name}/{KEY}",
    }
    s3.put_object(Bucket=name, Key=f"{KEY}.tflock", Body=json.dumps(lock).encode())
    with pytest.raises(TerraformError) as failure:
        stack.plan()
    said = str(failure.value)
    assert said.startswith(
        f"Failed to plan the stack: its state is locked by {lock['Who']} since 2026-11-20 08:00:00 UTC, "
    )
    assert "(apply). That was on this machine, and no terraform works in" in said
    assert f"`terraform force-unlock -force {lock['ID']}` in {work}" in said
    # What it says helps.
    stack._terraform.run("unlock", "force-unlock", "-force", str(lock["ID"]))
    assert stack.plan().changed


def test_a_bucket_that_cannot_be_used_is_refused_before_anything_is_made(
    aws: Aws, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(TerraformError, match=r"states-missing for Terraform's state: it does not exist\. Make it, or"):
        stack_of(aws, tmp_path / "a", source, backend=backend("states-missing"))
    far = {"LocationConstraint": "eu-west-1"}
    aws.client("s3", "eu-west-1").create_bucket(Bucket="states-far", CreateBucketConfiguration=far)
    with pytest.raises(TerraformError, match="it is in eu-west-1, and the backend's region is us-west-2"):
        stack_of(aws, tmp_path / "b", source, backend=backend("states-far"))
    aws.fault(kind="fail", action="s3:HeadBucket", code="AccessDenied", status=403)
    with pytest.raises(TerraformError, match=f"AWS refuses it to account {ACCOUNT}.*choose another name"):
        stack_of(aws, tmp_path / "c", source, backend=backend("states-foreign", create_bucket=True))
    assert not (tmp_path / "c/main.tf").exists()
