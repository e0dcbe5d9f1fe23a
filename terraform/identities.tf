# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Roles of service accounts that only some installs have, by EKS Pod Identity as those of pod_identity.tf.

locals {
  # Key: suffix of the role (at most 10 characters).
  identities = merge(
    local.addons["amazon-cloudwatch-observability"] ? {
      cw-agent = { service_account = "amazon-cloudwatch/cloudwatch-agent", managed = ["CloudWatchAgentServerPolicy", "AWSXrayWriteOnlyAccess"], own = [] }
    } : {},
    local.addons["aws-fsx-csi-driver"] ? {
      fsx-csi = { service_account = "kube-system/fsx-csi-controller-sa", managed = [], own = ["fsx"] }
    } : {},
    var.enable_model_bucket ? {
      bucket = { service_account = var.model_bucket_service_account, managed = [], own = ["model-bucket"] }
    } : {},
    var.enable_amazon_prometheus ? {
      amp-write = { service_account = var.amazon_prometheus_service_account, managed = [], own = ["remote-write"] }
    } : {},
  )

  identity_policies = {
    fsx          = one(data.aws_iam_policy_document.fsx_csi[*].json)
    model-bucket = one(data.aws_iam_policy_document.model_bucket_use[*].json)
    remote-write = one(data.aws_iam_policy_document.amp_write[*].json)
  }
}

module "identity" {
  source   = "./modules/pod_identity"
  for_each = local.identities

  cluster                  = aws_eks_cluster.this.name
  cluster_arn              = local.cluster_arn
  role_name                = "${local.iam_prefix}-${each.key}"
  description              = "Service account ${each.value.service_account} of the EKS cluster ${var.name}"
  namespace                = split("/", each.value.service_account)[0]
  service_account          = split("/", each.value.service_account)[1]
  managed_policy_arns      = [for policy in each.value.managed : "${local.managed_policy_prefix}/${policy}"]
  policies                 = { for policy in each.value.own : policy => local.identity_policies[policy] }
  permissions_boundary_arn = var.iam_permissions_boundary_arn
}
