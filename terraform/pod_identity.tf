# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Controllers get their AWS permissions by EKS Pod Identity: one role each, bound to one service account.

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

module "driver" {
  source   = "./modules/pod_identity"
  for_each = local.driver_identities

  cluster                  = aws_eks_cluster.this.name
  cluster_arn              = local.cluster_arn
  role_name                = "${local.iam_prefix}-${each.key}"
  description              = "Service account kube-system/${each.value.service_account} of the EKS cluster ${var.name}"
  namespace                = "kube-system"
  service_account          = each.value.service_account
  managed_policy_arns      = ["${local.managed_policy_prefix}/${each.value.policy}"]
  permissions_boundary_arn = var.iam_permissions_boundary_arn
}
