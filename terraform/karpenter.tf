# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# AWS side of Karpenter. The chart, NodePools and EC2NodeClasses are the role karpenter_gpu's.
module "karpenter" {
  source = "./modules/karpenter"
  count  = var.enable_karpenter ? 1 : 0

  cluster                  = aws_eks_cluster.this.name
  cluster_name             = var.name
  prefix                   = var.name
  iam_prefix               = local.iam_prefix
  region                   = var.region
  account_id               = local.account_id
  partition                = local.partition
  namespace                = var.karpenter_namespace
  node_policies            = local.node_policies
  permissions_boundary_arn = var.iam_permissions_boundary_arn
}
