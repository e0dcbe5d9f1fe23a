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

  # Two networks overlap when they are one and the same at the shorter of their prefixes. By name, so that the error says
  # which two.
  networks = merge(
    { "cluster_service_ipv4_cidr (${var.cluster_service_ipv4_cidr})" = var.cluster_service_ipv4_cidr },
    local.own_vpc ? { "vpc_cidr (${var.vpc_cidr})" = var.vpc_cidr } : { for cidr in local.vpc_cidrs : "${var.vpc_id} (${cidr})" => cidr },
    local.own_vpc ? { for cidr in var.secondary_cidr_blocks : "secondary_cidr_blocks (${cidr})" => cidr } : {},
  )
  network_pairs = [
    for pair in setproduct(keys(local.networks), keys(local.networks)) : {
      names = pair
      cidrs = [for name in pair : local.networks[name]]
      mask  = min([for name in pair : tonumber(split("/", local.networks[name])[1])]...)
    } if index(keys(local.networks), pair[0]) < index(keys(local.networks), pair[1])
  ]
  overlaps = [
    for pair in local.network_pairs : "${pair.names[0]} and ${pair.names[1]}"
    if length(distinct([for cidr in pair.cidrs : cidrhost("${split("/", cidr)[0]}/${pair.mask}", 0)])) == 1
  ]

  # AWS lets a VPC grow only within the private range it began in, and into 100.64.0.0/10.
  private_ranges = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]
  range_of = {
    for cidr in concat([var.vpc_cidr], var.secondary_cidr_blocks) : cidr => one([
      for range in local.private_ranges : range
      if cidrhost("${split("/", cidr)[0]}/${split("/", range)[1]}", 0) == split("/", range)[0]
    ])
  }
  secondary_refused = [
    for cidr in var.secondary_cidr_blocks : cidr
    if local.own_vpc && !contains(["100.64.0.0/10", local.range_of[var.vpc_cidr]], coalesce(local.range_of[cidr], "none"))
  ]

  # Every resource carries these; the leftover scan and the teardown look for them.
  tags = merge(var.tags, {
    Cluster   = var.name
    ManagedBy = "ai_on_eks.dynamo"
  })

  # A cleanup that has lost the state still sees by it that this data is not to be deleted.
  data_tags = var.delete_data_on_destroy ? {} : { KeepData = "true" }
}
