# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# AWS side of Karpenter: the role of its nodes, the role of its controller (policy in karpenter_policy.tf), and the queue
# through which EC2 tells it about interruptions. The chart, NodePools and EC2NodeClasses are the role karpenter_gpu's.

resource "aws_iam_role" "karpenter_node" {
  count = var.enable_karpenter ? 1 : 0

  name                 = "${local.iam_prefix}-karp-node"
  description          = "Nodes that Karpenter launches for the EKS cluster ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.node_trust.json
  permissions_boundary = var.iam_permissions_boundary_arn != "" ? var.iam_permissions_boundary_arn : null
}

resource "aws_iam_role_policy_attachment" "karpenter_node" {
  for_each = var.enable_karpenter ? toset(local.node_policies) : toset([])

  role       = aws_iam_role.karpenter_node[0].name
  policy_arn = "${local.managed_policy_prefix}/${each.value}"
}

# EKS makes this entry by itself for managed node groups only.
resource "aws_eks_access_entry" "karpenter_node" {
  count = var.enable_karpenter ? 1 : 0

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_iam_role.karpenter_node[0].arn
  type          = "EC2_LINUX"
}

resource "aws_iam_role" "karpenter" {
  count = var.enable_karpenter ? 1 : 0

  name                 = "${local.iam_prefix}-karpenter"
  description          = "Karpenter's controller in the EKS cluster ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.pod_identity_trust.json
  permissions_boundary = var.iam_permissions_boundary_arn != "" ? var.iam_permissions_boundary_arn : null
}

resource "aws_eks_pod_identity_association" "karpenter" {
  count = var.enable_karpenter ? 1 : 0

  cluster_name    = aws_eks_cluster.this.name
  namespace       = var.karpenter_namespace
  service_account = "karpenter"
  role_arn        = aws_iam_role.karpenter[0].arn

  depends_on = [aws_iam_role_policy.karpenter]
}

locals {
  interruption_events = {
    health      = { source = "aws.health", detail_type = "AWS Health Event" }
    rebalance   = { source = "aws.ec2", detail_type = "EC2 Instance Rebalance Recommendation" }
    reservation = { source = "aws.ec2", detail_type = "EC2 Capacity Reservation Instance Interruption Warning" }
    spot        = { source = "aws.ec2", detail_type = "EC2 Spot Instance Interruption Warning" }
    state       = { source = "aws.ec2", detail_type = "EC2 Instance State-change Notification" }
  }

  queue_name = "${var.name}-karpenter"
  queue_arn  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.queue_name}"
}

data "aws_iam_policy_document" "interruption_queue" {
  count = var.enable_karpenter ? 1 : 0

  statement {
    sid       = "EventsMaySend"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for event in sort(keys(local.interruption_events)) : "arn:${local.partition}:events:${var.region}:${local.account_id}:rule/${var.name}-karpenter-${event}"]
    }
  }

  statement {
    sid       = "OnlyEncrypted"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# The policy belongs to the queue itself: as a resource of its own it would wait for SQS a second time.
resource "aws_sqs_queue" "interruption" {
  count = var.enable_karpenter ? 1 : 0

  name                      = local.queue_name
  message_retention_seconds = 300
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.interruption_queue[0].json
}

resource "aws_cloudwatch_event_rule" "interruption" {
  for_each = var.enable_karpenter ? local.interruption_events : {}

  name          = "${var.name}-karpenter-${each.key}"
  description   = "${each.value.detail_type} to Karpenter of the EKS cluster ${var.name}"
  event_pattern = jsonencode({ source = [each.value.source], detail-type = [each.value.detail_type] })
}

resource "aws_cloudwatch_event_target" "interruption" {
  for_each = var.enable_karpenter ? local.interruption_events : {}

  rule      = aws_cloudwatch_event_rule.interruption[each.key].name
  target_id = "karpenter"
  arn       = aws_sqs_queue.interruption[0].arn
}
