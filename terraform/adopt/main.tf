# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# What Dynamo needs in AWS around an EKS cluster that something else has made. Nothing that is there already is taken over:
# the cluster is only read, and destroying this leaves it as it was before.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id  = data.aws_caller_identity.current.account_id
  partition   = data.aws_partition.current.partition
  cluster_arn = "arn:${local.partition}:eks:${var.region}:${local.account_id}:cluster/${var.name}"

  # Clusters that others made may have names of 100 characters. 38 leave room for what comes after; 29 with a hyphen and
  # eight characters of a checksum are 38 and still unique.
  prefix     = length(var.name) <= 38 ? var.name : "${substr(var.name, 0, 29)}-${substr(sha256(var.name), 0, 8)}"
  iam_prefix = "${local.prefix}-${var.region}"

  managed_policy_prefix = "arn:${local.partition}:iam::aws:policy"

  # Every resource carries these; the leftover scan and the teardown look for them.
  tags = merge(var.tags, {
    Cluster   = var.name
    ManagedBy = "ai_on_eks.dynamo"
  })
}

module "karpenter" {
  source = "../modules/karpenter"
  count  = var.enable_karpenter ? 1 : 0

  cluster                  = var.name
  cluster_name             = var.name
  prefix                   = local.prefix
  iam_prefix               = local.iam_prefix
  region                   = var.region
  account_id               = local.account_id
  partition                = local.partition
  namespace                = var.karpenter_namespace
  permissions_boundary_arn = var.iam_permissions_boundary_arn

  node_policies = concat(
    ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonSSMManagedInstanceCore"],
    var.node_needs_cni_policy ? ["AmazonEKS_CNI_Policy"] : [],
  )
}

locals {
  driver_identities = {
    # Key: suffix of the role (at most 10 characters).
    ebs-csi = { service_account = "ebs-csi-controller-sa", policy = "service-role/AmazonEBSCSIDriverPolicy" }
    efs-csi = { service_account = "efs-csi-controller-sa", policy = "service-role/AmazonEFSCSIDriverPolicy" }
    fsx-csi = { service_account = "fsx-csi-controller-sa", policy = "AmazonFSxFullAccess" }
  }
}

module "driver" {
  source   = "../modules/pod_identity"
  for_each = { for key, driver in local.driver_identities : key => driver if contains(var.drivers, key) }

  cluster                  = var.name
  cluster_arn              = local.cluster_arn
  role_name                = "${local.iam_prefix}-${each.key}"
  description              = "Service account kube-system/${each.value.service_account} of the EKS cluster ${var.name}"
  namespace                = "kube-system"
  service_account          = each.value.service_account
  managed_policy_arns      = ["${local.managed_policy_prefix}/${each.value.policy}"]
  permissions_boundary_arn = var.iam_permissions_boundary_arn
}

resource "aws_eks_addon" "this" {
  for_each = var.addons

  cluster_name  = var.name
  addon_name    = each.key
  addon_version = lookup(var.addon_versions, each.key, null)

  # Objects of the same names that somebody made by hand stay theirs: EKS then refuses, and says which.
  resolve_conflicts_on_create = "NONE"
  resolve_conflicts_on_update = "OVERWRITE"

  # A pod that starts before its association exists runs without permissions until it is restarted.
  depends_on = [module.driver]
}

# Tags on what belongs to others: for Karpenter's selectors, and beside each a mark that says who put it there.
resource "aws_ec2_tag" "discovery" {
  for_each = var.discovery_resource_ids

  resource_id = each.value
  key         = "karpenter.sh/discovery"
  value       = var.name
}

resource "aws_ec2_tag" "mark" {
  for_each = var.discovery_resource_ids

  resource_id = each.value
  key         = "ai-on-eks.dynamo/discovery"
  value       = var.name
}
