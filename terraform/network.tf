# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

data "aws_availability_zones" "available" {
  state = "available"

  # No local or wavelength zones, and none of the zones that EKS cannot put a control plane in.
  exclude_zone_ids = ["use1-az3", "usw1-az2", "cac1-az3"]

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  azs = local.own_vpc ? local.own_azs : sort(distinct(values(local.given_azs)))

  own_azs = length(var.availability_zones) > 0 ? sort(var.availability_zones) : slice(
    sort(data.aws_availability_zones.available.names), 0,
    min(var.availability_zones_count, length(data.aws_availability_zones.available.names)),
  )
  own_az_index = { for index, az in local.own_azs : az => index if local.own_vpc }

  # First half of the VPC: up to four private subnets of one eighth each. Second half: public ones of one 32nd each, with
  # room left for subnets to come.
  private_cidrs = { for az, index in local.own_az_index : az => cidrsubnet(cidrsubnet(var.vpc_cidr, 1, 0), 2, index) }
  public_cidrs  = { for az, index in local.own_az_index : az => cidrsubnet(cidrsubnet(var.vpc_cidr, 1, 1), 4, index) }

  # Every secondary network is shared out among four zones, so that a further zone moves nothing.
  secondary_subnets = merge([
    for number, cidr in var.secondary_cidr_blocks : {
      for az, index in local.own_az_index : "${az} ${cidr}" => {
        az = az, cidr = cidrsubnet(cidr, 2, index), name = "${var.name}-private-secondary-${az}${number > 0 ? "-${number + 1}" : ""}"
      }
    }
  ]...)

  # What the rest of the configuration asks for, whoever made the network.
  vpc_id                   = local.own_vpc ? one(aws_vpc.this[*].id) : var.vpc_id
  vpc_cidrs                = local.own_vpc ? concat([var.vpc_cidr], var.secondary_cidr_blocks) : distinct(data.aws_vpc.given[0].cidr_block_associations[*].cidr_block)
  control_plane_subnet_ids = local.own_vpc ? [for az in local.azs : aws_subnet.private[az].id] : var.private_subnet_ids
  node_subnet_ids = local.own_vpc && length(var.secondary_cidr_blocks) > 0 ? [
    for key in sort(keys(local.secondary_subnets)) : aws_subnet.secondary[key].id
  ] : local.control_plane_subnet_ids
  storage_subnets = local.own_vpc ? { for az in local.own_azs : az => aws_subnet.private[az].id } : { for az, ids in local.given_by_az : az => ids[0] }

  # An interface that something leaked holds its subnet and its security groups. The provider would try for 15 to 20 minutes;
  # the role teardown clears such an interface away as soon as it is named, and AWS lets go of one in use within two.
  held_delete_timeout = "5m"

  nat_azs = local.own_vpc ? (var.single_nat_gateway ? slice(local.own_azs, 0, 1) : local.own_azs) : []
}

resource "aws_vpc" "this" {
  count = local.own_vpc ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

resource "aws_vpc_ipv4_cidr_block_association" "secondary" {
  for_each = local.own_vpc ? toset(var.secondary_cidr_blocks) : toset([])

  vpc_id     = aws_vpc.this[0].id
  cidr_block = each.key
}

# Adopted only to take its rules away: nothing may use it.
resource "aws_default_security_group" "this" {
  count = local.own_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-default-unused" }
}

resource "aws_internet_gateway" "this" {
  count = local.own_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = var.name }
}

resource "aws_subnet" "private" {
  for_each = local.own_az_index

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.key
  cidr_block        = local.private_cidrs[each.key]

  tags = merge(
    {
      Name                              = "${var.name}-private-${each.key}"
      "kubernetes.io/role/internal-elb" = "1"
    },
    length(var.secondary_cidr_blocks) > 0 ? {} : { "karpenter.sh/discovery" = var.name },
  )

  timeouts {
    delete = local.held_delete_timeout
  }
}

# With secondary networks the nodes and their pods live here; control plane, mount targets and load balancers stay above.
resource "aws_subnet" "secondary" {
  for_each = local.own_vpc ? local.secondary_subnets : {}

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.value.az
  cidr_block        = each.value.cidr

  tags = {
    Name                     = each.value.name
    "karpenter.sh/discovery" = var.name
  }

  timeouts {
    delete = local.held_delete_timeout
  }

  depends_on = [aws_vpc_ipv4_cidr_block_association.secondary]
}

resource "aws_subnet" "public" {
  for_each = local.own_az_index

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.key
  cidr_block        = local.public_cidrs[each.key]

  tags = {
    Name                     = "${var.name}-public-${each.key}"
    "kubernetes.io/role/elb" = "1"
  }

  timeouts {
    delete = local.held_delete_timeout
  }
}

resource "aws_eip" "nat" {
  for_each = toset(local.nat_azs)

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_azs)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = { Name = "${var.name}-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  count = local.own_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "public_internet" {
  count = local.own_vpc ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  for_each = local.own_az_index

  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public[0].id
}

# One table per zone even with a single NAT gateway, so that a second gateway later changes routes and nothing else.
resource "aws_route_table" "private" {
  for_each = local.own_az_index

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route" "private_nat" {
  for_each = local.own_az_index

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.single_nat_gateway ? local.nat_azs[0] : each.key].id
}

resource "aws_route_table_association" "private" {
  for_each = local.own_az_index

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_route_table_association" "secondary" {
  for_each = local.own_vpc ? local.secondary_subnets : {}

  subnet_id      = aws_subnet.secondary[each.key].id
  route_table_id = aws_route_table.private[each.value.az].id
}
