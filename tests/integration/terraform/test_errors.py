# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What AWS refuses is one error with address, cause and what to do; the next run goes on from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import Options, Stack, TerraformError

from .conftest import ACCOUNT, Aws

MAIN = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "accounts" {
  type    = list(string)
  default = null
}
provider "aws" {
  region              = "us-west-2"
  allowed_account_ids = var.accounts
}
resource "aws_iam_role" "first" {
  name               = "errors-first"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_vpc" "this" {
  cidr_block = "10.7.0.0/16"
  depends_on = [aws_iam_role.first]
}
"""


def test_each_refusal_is_one_error(aws: Aws, tmp_path: Path) -> None:
    source, work = tmp_path / "source", tmp_path / "work"
    source.mkdir()
    (source / "main.tf").write_text(MAIN, encoding="utf-8")

    def run(environment: dict[str, str] | None = None, **variables: Any) -> str:
        stack = Stack(
            Options(work_dir=work, source=source, variables=variables),
            {**aws.environment, **(environment or {})},
            print,
        )
        stack.prepare()
        with pytest.raises(TerraformError) as failure:
            stack.apply(stack.plan())
        said = str(failure.value)
        assert "\n" not in said
        return said

    assert "No valid credential sources" in (none := run({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}))
    assert "check AWS_PROFILE or AWS_ACCESS_KEY_ID" in none
    wrong = run(accounts=["999999999999"])
    assert f"AWS account ID not allowed: {ACCOUNT}" in wrong
    assert "correct eks_infra_account_id" in wrong

    def fault(action: str, code: str, message: str, status: int = 400) -> str:
        aws.fault(kind="fail", action=action, code=code, message=message, status=status)
        said = run()
        aws.admin("DELETE", "faults")
        return said

    expired = fault("sts:*", "ExpiredToken", "The security token included in the request is expired", 403)
    assert "The AWS credentials have expired: sign in again" in expired
    denied = fault(
        "ec2:CreateVpc",
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. User: arn:aws:iam::1:user/x is not authorized to perform: "
        "ec2:CreateVpc on resource: arn:aws:ec2:us-west-2:1:vpc/*",
        403,
    )
    assert denied.startswith("Failed to apply aws_vpc.this (main.tf:")
    assert "is not authorized to perform: ec2:CreateVpc on resource" in denied
    assert "attach the policies of docs/iam/" in denied
    quota = fault("ec2:CreateVpc", "VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    assert "A service quota is used up" in quota

    # The provider outlasts a throttling by itself; what was made in the failed runs was not forgotten.
    aws.admin("POST", "faults", {"kind": "throttle", "action": "ec2:CreateVpc", "count": 2})
    stack = Stack(Options(work_dir=work, source=source), aws.environment, print)
    stack.prepare()
    planned = stack.plan()
    assert [change["address"] for change in planned.summary["changes"]] == ["aws_vpc.this"]
    stack.apply(planned)
    assert stack.resources() == ["aws_iam_role.first", "aws_vpc.this"]
