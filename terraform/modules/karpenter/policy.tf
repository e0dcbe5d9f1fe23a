# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# What Karpenter 1.15's controller may do, following the permissions that its own documentation publishes: it launches,
# tags and ends only what carries this cluster's tags, and passes on no role but that of its nodes.
locals {
  ec2_arn = "arn:${var.partition}:ec2:${var.region}:*"

  karpenter_owned_tag = "kubernetes.io/cluster/${var.cluster_name}"

  karpenter_created = [
    for kind in ["fleet", "instance", "launch-template", "network-interface", "spot-instances-request", "volume"] : "${local.ec2_arn}:${kind}/*"
  ]
}

data "aws_iam_policy_document" "compute" {
  statement {
    sid     = "LaunchFrom"
    actions = ["ec2:CreateFleet", "ec2:RunInstances"]
    resources = [
      "arn:${var.partition}:ec2:${var.region}::image/*",
      "arn:${var.partition}:ec2:${var.region}::snapshot/*",
      "${local.ec2_arn}:capacity-reservation/*",
      "${local.ec2_arn}:placement-group/*",
      "${local.ec2_arn}:security-group/*",
      "${local.ec2_arn}:subnet/*",
    ]
  }

  statement {
    sid       = "LaunchFromOwnTemplates"
    actions   = ["ec2:CreateFleet", "ec2:RunInstances"]
    resources = ["${local.ec2_arn}:launch-template/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.karpenter_owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/karpenter.sh/nodepool"
      values   = ["*"]
    }
  }

  statement {
    sid       = "CreateTagged"
    actions   = ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"]
    resources = local.karpenter_created

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.karpenter_owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks:eks-cluster-name"
      values   = [var.cluster_name]
    }

    condition {
      test     = "StringLike"
      variable = "aws:RequestTag/karpenter.sh/nodepool"
      values   = ["*"]
    }
  }

  statement {
    sid       = "TagOnCreation"
    actions   = ["ec2:CreateTags"]
    resources = local.karpenter_created

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.karpenter_owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks:eks-cluster-name"
      values   = [var.cluster_name]
    }

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateFleet", "CreateLaunchTemplate", "RunInstances"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:RequestTag/karpenter.sh/nodepool"
      values   = ["*"]
    }
  }

  statement {
    sid       = "TagOwnInstances"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.ec2_arn}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.karpenter_owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/karpenter.sh/nodepool"
      values   = ["*"]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:RequestTag/eks:eks-cluster-name"
      values   = [var.cluster_name]
    }

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["Name", "eks:eks-cluster-name", "karpenter.sh/nodeclaim"]
    }
  }

  statement {
    sid       = "DeleteOwn"
    actions   = ["ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"]
    resources = ["${local.ec2_arn}:instance/*", "${local.ec2_arn}:launch-template/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.karpenter_owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/karpenter.sh/nodepool"
      values   = ["*"]
    }
  }

  statement {
    sid = "ReadRegion"
    actions = [
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeCapacityReservations",
      "ec2:DescribeImages",
      "ec2:DescribeInstanceStatus",
      "ec2:DescribeInstanceTypeOfferings",
      "ec2:DescribeInstanceTypes",
      "ec2:DescribeInstances",
      "ec2:DescribeLaunchTemplates",
      "ec2:DescribePlacementGroups",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSpotPriceHistory",
      "ec2:DescribeSubnets",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid       = "ReadImageIds"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${var.partition}:ssm:${var.region}::parameter/aws/service/*"]
  }

  statement {
    sid       = "ReadPrices"
    actions   = ["pricing:GetProducts"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "identity" {
  statement {
    sid       = "ReadInterruptions"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.interruption.arn]
  }

  statement {
    sid       = "FindApiServer"
    actions   = ["eks:DescribeCluster"]
    resources = [local.cluster_arn]
  }

  statement {
    sid       = "PassNodeRole"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.node.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }

  statement {
    sid       = "CreateTaggedProfiles"
    actions   = ["iam:CreateInstanceProfile"]
    resources = ["arn:${var.partition}:iam::${var.account_id}:instance-profile/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.karpenter_owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks:eks-cluster-name"
      values   = [var.cluster_name]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/topology.kubernetes.io/region"
      values   = [var.region]
    }

    condition {
      test     = "StringLike"
      variable = "aws:RequestTag/karpenter.k8s.aws/ec2nodeclass"
      values   = ["*"]
    }
  }

  statement {
    sid       = "TagOwnProfiles"
    actions   = ["iam:TagInstanceProfile"]
    resources = ["arn:${var.partition}:iam::${var.account_id}:instance-profile/*"]

    dynamic "condition" {
      for_each = toset(["aws:RequestTag", "aws:ResourceTag"])

      content {
        test     = "StringEquals"
        variable = "${condition.value}/${local.karpenter_owned_tag}"
        values   = ["owned"]
      }
    }

    dynamic "condition" {
      for_each = toset(["aws:RequestTag", "aws:ResourceTag"])

      content {
        test     = "StringEquals"
        variable = "${condition.value}/topology.kubernetes.io/region"
        values   = [var.region]
      }
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks:eks-cluster-name"
      values   = [var.cluster_name]
    }

    dynamic "condition" {
      for_each = toset(["aws:RequestTag", "aws:ResourceTag"])

      content {
        test     = "StringLike"
        variable = "${condition.value}/karpenter.k8s.aws/ec2nodeclass"
        values   = ["*"]
      }
    }
  }

  statement {
    sid       = "UseOwnProfiles"
    actions   = ["iam:AddRoleToInstanceProfile", "iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile"]
    resources = ["arn:${var.partition}:iam::${var.account_id}:instance-profile/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.karpenter_owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/topology.kubernetes.io/region"
      values   = [var.region]
    }

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass"
      values   = ["*"]
    }
  }

  statement {
    sid       = "ReadProfiles"
    actions   = ["iam:GetInstanceProfile"]
    resources = ["arn:${var.partition}:iam::${var.account_id}:instance-profile/*"]
  }

  statement {
    sid       = "ListProfiles"
    actions   = ["iam:ListInstanceProfiles"]
    resources = ["*"]
  }
}
