# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

resource "aws_vpc_endpoint" "s3" {
  count = local.own_vpc && var.enable_s3_endpoint ? 1 : 0

  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for az in local.azs : aws_route_table.private[az].id]

  tags = { Name = "${var.name}-s3" }
}

locals {
  endpoint_cidrs = length(var.vpc_interface_endpoints) > 0 ? local.vpc_cidrs : []
}

resource "aws_security_group" "endpoint" {
  count = length(var.vpc_interface_endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Endpoints of AWS services for the EKS cluster ${var.name}"
  vpc_id      = local.vpc_id

  tags = { Name = "${var.name}-endpoints" }

  timeouts {
    delete = local.held_delete_timeout
  }
}

# From the whole VPC: the private names of the services then lead here for everybody in it.
resource "aws_vpc_security_group_ingress_rule" "endpoint" {
  for_each = toset(local.endpoint_cidrs)

  security_group_id = aws_security_group.endpoint[0].id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(var.vpc_interface_endpoints)

  vpc_id              = local.vpc_id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for az in local.azs : local.storage_subnets[az]]
  security_group_ids  = [aws_security_group.endpoint[0].id]
  private_dns_enabled = true

  tags = { Name = "${var.name}-${each.key}" }
}
