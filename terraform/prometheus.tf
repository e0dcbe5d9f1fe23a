# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

resource "aws_prometheus_workspace" "this" {
  count = var.enable_amazon_prometheus ? 1 : 0

  alias = var.name
}

data "aws_iam_policy_document" "amp_write" {
  count = var.enable_amazon_prometheus ? 1 : 0

  statement {
    sid       = "Write"
    actions   = ["aps:RemoteWrite"]
    resources = [aws_prometheus_workspace.this[0].arn]
  }
}
