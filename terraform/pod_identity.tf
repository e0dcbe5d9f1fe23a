# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Controllers get their AWS permissions by EKS Pod Identity: one role each, bound to one service account.
data "aws_iam_policy_document" "pod_identity_trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.cluster_arn]
    }
  }
}

locals {
  # Drivers whose permissions AWS publishes as a managed policy. Key: suffix of the role (at most 10 characters).
  driver_identities = merge(
    {
      vpc-cni = { service_account = "aws-node", policy = "AmazonEKS_CNI_Policy" }
    },
    local.addons["aws-ebs-csi-driver"] ? {
      ebs-csi = { service_account = "ebs-csi-controller-sa", policy = "service-role/AmazonEBSCSIDriverPolicy" }
    } : {},
    local.addons["aws-efs-csi-driver"] ? {
      efs-csi = { service_account = "efs-csi-controller-sa", policy = "service-role/AmazonEFSCSIDriverPolicy" }
    } : {},
  )
}

resource "aws_iam_role" "driver" {
  for_each = local.driver_identities

  name                 = "${local.iam_prefix}-${each.key}"
  description          = "Service account kube-system/${each.value.service_account} of the EKS cluster ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.pod_identity_trust.json
  permissions_boundary = var.iam_permissions_boundary_arn != "" ? var.iam_permissions_boundary_arn : null
}

resource "aws_iam_role_policy_attachment" "driver" {
  for_each = local.driver_identities

  role       = aws_iam_role.driver[each.key].name
  policy_arn = "${local.managed_policy_prefix}/${each.value.policy}"
}

resource "aws_eks_pod_identity_association" "driver" {
  for_each = local.driver_identities

  cluster_name    = aws_eks_cluster.this.name
  namespace       = "kube-system"
  service_account = each.value.service_account
  role_arn        = aws_iam_role.driver[each.key].arn

  depends_on = [aws_iam_role_policy_attachment.driver]
}
