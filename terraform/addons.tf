# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

locals {
  addons = merge(
    {
      amazon-cloudwatch-observability = false
      aws-ebs-csi-driver              = true
      aws-efs-csi-driver              = var.enable_aws_efs_csi_driver
      aws-fsx-csi-driver              = var.enable_aws_fsx_csi_driver || var.deploy_fsx_volume
      coredns                         = true
      eks-node-monitoring-agent       = false
      eks-pod-identity-agent          = true
      kube-proxy                      = true
      metrics-server                  = true
      vpc-cni                         = true
    },
    var.enable_cluster_addons,
  )

  # Nodes do not become ready without these three, so the node groups wait for them. The others run on nodes: made before
  # there are any, they would hang until they time out.
  addons_before_compute = ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"]

  addon_configuration = {
    vpc-cni = { enableNetworkPolicy = tostring(var.enable_network_policy) }
  }

  # A pinned version, or what EKS proposes for the wanted Kubernetes version. Left to EKS alone, an add-on would stay where it
  # is when the cluster moves on.
  addons_to_look_up = toset([
    for addon, enabled in local.addons : addon if enabled && !startswith(lookup(var.cluster_addon_versions, addon, ""), "v")
  ])
  addon_versions = merge(
    var.cluster_addon_versions,
    { for addon, found in data.aws_eks_addon_version.proposed : addon => found.version },
  )
}

data "aws_eks_addon_version" "proposed" {
  for_each = local.addons_to_look_up

  addon_name         = each.key
  kubernetes_version = var.eks_cluster_version
  most_recent        = lookup(var.cluster_addon_versions, each.key, "") == "latest"
}

# One apply of another eks_cluster_version goes by these dependencies: control plane, these, node groups, the others.
resource "aws_eks_addon" "before_compute" {
  for_each = toset([for addon in local.addons_before_compute : addon if local.addons[addon]])

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = local.addon_versions[each.key]
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
  addon_version               = local.addon_versions[each.key]
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  depends_on = [
    aws_eks_node_group.core,
    module.driver,
    module.identity,
  ]
}
