# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# A network that somebody else made: read, checked (preconditions of the outputs), and tagged for Karpenter.

data "aws_vpc" "given" {
  count = local.own_vpc ? 0 : 1

  id = var.vpc_id
}

data "aws_subnet" "private" {
  for_each = local.own_vpc ? toset([]) : toset(var.private_subnet_ids)

  id = each.key
}

locals {
  own_vpc = var.vpc_id == ""

  given_azs = { for id in var.private_subnet_ids : id => data.aws_subnet.private[id].availability_zone if !local.own_vpc }

  # One mount target for each zone, in the first subnet that was named for it.
  given_by_az = { for id in var.private_subnet_ids : local.given_azs[id] => id... if !local.own_vpc }

  given_elsewhere = [for id in var.private_subnet_ids : id if !local.own_vpc && try(data.aws_subnet.private[id].vpc_id, var.vpc_id) != var.vpc_id]
  given_taken = [
    for id in var.private_subnet_ids : id
    if !local.own_vpc && var.enable_subnet_tags && !contains(["", var.name], try(data.aws_subnet.private[id].tags["karpenter.sh/discovery"], ""))
  ]
}

resource "aws_ec2_tag" "karpenter_discovery" {
  for_each = !local.own_vpc && var.enable_subnet_tags ? toset(var.private_subnet_ids) : toset([])

  resource_id = each.key
  key         = "karpenter.sh/discovery"
  value       = var.name
}
