# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

locals {
  addons = merge(
    {
      aws-ebs-csi-driver        = true
      aws-efs-csi-driver        = var.enable_aws_efs_csi_driver
      coredns                   = true
      eks-node-monitoring-agent = false
      eks-pod-identity-agent    = true
      kube-proxy                = true
      metrics-server            = true
      vpc-cni                   = true
    },
    var.enable_cluster_addons,
  )

  # Nodes do not become ready without these three, so the node group waits for them. The others run on nodes: made before
  # there are any, they would hang until they time out.
  addons_before_compute = ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"]

  addon_configuration = {
    vpc-cni = { enableNetworkPolicy = tostring(var.enable_network_policy) }
  }
}

resource "aws_eks_addon" "before_compute" {
  for_each = toset([for addon in local.addons_before_compute : addon if local.addons[addon]])

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.cluster_addon_versions, each.key, null)
  configuration_values        = contains(keys(local.addon_configuration), each.key) ? jsonencode(local.addon_configuration[each.key]) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  # A pod that starts before its association exists runs without permissions until it is restarted.
  depends_on = [module.driver]
}

resource "aws_eks_addon" "after_compute" {
  for_each = toset([for addon, enabled in local.addons : addon if enabled && !contains(local.addons_before_compute, addon)])

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.cluster_addon_versions, each.key, null)
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  depends_on = [
    aws_eks_node_group.core,
    module.driver,
  ]
}
