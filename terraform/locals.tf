# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  # Known before the cluster exists, so that roles and policies need not wait for it.
  cluster_arn = "arn:${local.partition}:eks:${var.region}:${local.account_id}:cluster/${var.name}"

  # IAM is global: the region keeps two clusters of one name apart. 38 + 1 + 14 + 1 + 10 characters = IAM's limit of 64,
  # so every suffix below has at most 10.
  iam_prefix = "${var.name}-${var.region}"

  managed_policy_prefix = "arn:${local.partition}:iam::aws:policy"

  # Two networks overlap when they are one and the same at the shorter of their prefixes.
  shorter_prefix = min([for cidr in [var.vpc_cidr, var.cluster_service_ipv4_cidr] : tonumber(split("/", cidr)[1])]...)
  service_cidr_overlaps = length(distinct([
    for cidr in [var.vpc_cidr, var.cluster_service_ipv4_cidr] : cidrhost("${split("/", cidr)[0]}/${local.shorter_prefix}", 0)
  ])) == 1

  # Every resource carries these; the leftover scan and the teardown look for them.
  tags = merge(var.tags, {
    Cluster   = var.name
    ManagedBy = "ai_on_eks.dynamo"
  })
}
