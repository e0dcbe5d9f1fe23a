# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# AWS side of Karpenter: the role of its nodes, the role of its controller (policies in policy.tf), and the queue
# through which EC2 tells it about interruptions. The chart, NodePools and EC2NodeClasses are the role karpenter_gpu's.

data "aws_iam_policy_document" "node_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "node" {
  name                 = "${var.iam_prefix}-karp-node"
  description          = "Nodes that Karpenter launches for the EKS cluster ${var.cluster_name}"
  assume_role_policy   = data.aws_iam_policy_document.node_trust.json
  permissions_boundary = var.permissions_boundary_arn != "" ? var.permissions_boundary_arn : null
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset(var.node_policies)

  role       = aws_iam_role.node.name
  policy_arn = "arn:${var.partition}:iam::aws:policy/${each.value}"
}

# EKS makes this entry by itself for managed node groups only.
resource "aws_eks_access_entry" "node" {
  cluster_name  = var.cluster
  principal_arn = aws_iam_role.node.arn
  type          = "EC2_LINUX"
}

module "controller" {
  source = "../pod_identity"

  cluster                  = var.cluster
  cluster_arn              = local.cluster_arn
  role_name                = "${var.iam_prefix}-karpenter"
  description              = "Karpenter's controller in the EKS cluster ${var.cluster_name}"
  namespace                = var.namespace
  service_account          = "karpenter"
  permissions_boundary_arn = var.permissions_boundary_arn

  policies = {
    karpenter-compute  = data.aws_iam_policy_document.compute.json
    karpenter-identity = data.aws_iam_policy_document.identity.json
  }
}

locals {
  cluster_arn = "arn:${var.partition}:eks:${var.region}:${var.account_id}:cluster/${var.cluster_name}"

  interruption_events = {
    health      = { source = "aws.health", detail_type = "AWS Health Event" }
    rebalance   = { source = "aws.ec2", detail_type = "EC2 Instance Rebalance Recommendation" }
    reservation = { source = "aws.ec2", detail_type = "EC2 Capacity Reservation Instance Interruption Warning" }
    spot        = { source = "aws.ec2", detail_type = "EC2 Spot Instance Interruption Warning" }
    state       = { source = "aws.ec2", detail_type = "EC2 Instance State-change Notification" }
  }

  queue_name = "${var.prefix}-karpenter"
  queue_arn  = "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${local.queue_name}"
}

data "aws_iam_policy_document" "interruption_queue" {
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
      values   = [for event in sort(keys(local.interruption_events)) : "arn:${var.partition}:events:${var.region}:${var.account_id}:rule/${var.prefix}-karpenter-${event}"]
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
  name                      = local.queue_name
  message_retention_seconds = 300
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.interruption_queue.json
}

resource "aws_cloudwatch_event_rule" "interruption" {
  for_each = local.interruption_events

  name          = "${var.prefix}-karpenter-${each.key}"
  description   = "${each.value.detail_type} to Karpenter of the EKS cluster ${var.cluster_name}"
  event_pattern = jsonencode({ source = [each.value.source], detail-type = [each.value.detail_type] })
}

resource "aws_cloudwatch_event_target" "interruption" {
  for_each = local.interruption_events

  rule      = aws_cloudwatch_event_rule.interruption[each.key].name
  target_id = "karpenter"
  arn       = aws_sqs_queue.interruption.arn
}
