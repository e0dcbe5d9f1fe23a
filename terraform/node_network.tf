# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# One security group for the nodes of the managed group and of Karpenter: frontends and workers of a graph talk pod to pod
# on many ports, across both kinds of node.
resource "aws_security_group" "node" {
  name        = "${var.name}-node"
  description = "Nodes of the EKS cluster ${var.name}"
  vpc_id      = local.vpc_id

  tags = {
    Name                                = "${var.name}-node"
    "karpenter.sh/discovery"            = var.name
    "kubernetes.io/cluster/${var.name}" = "owned"
  }

  timeouts {
    delete = local.held_delete_timeout
  }
}

resource "aws_vpc_security_group_ingress_rule" "node_from_node" {
  security_group_id            = aws_security_group.node.id
  description                  = "Node to node"
  referenced_security_group_id = aws_security_group.node.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "node_from_cluster" {
  security_group_id            = aws_security_group.node.id
  description                  = "Control plane to kubelets, webhooks and aggregated APIs"
  referenced_security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "node" {
  for_each = toset(var.node_egress_cidrs)

  security_group_id = aws_security_group.node.id
  description       = "Registries, AWS APIs and services of the user's own"
  cidr_ipv4         = each.value
  ip_protocol       = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "cluster_from_node" {
  security_group_id            = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  description                  = "Nodes to the API server"
  referenced_security_group_id = aws_security_group.node.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

# Network adapters of EFA do not send IP: a network is not enough for them, it takes a rule to the group itself.
resource "aws_vpc_security_group_egress_rule" "node_to_node" {
  count = var.enable_efa_support || !local.egress_everywhere ? 1 : 0

  security_group_id            = aws_security_group.node.id
  description                  = "Node to node"
  referenced_security_group_id = aws_security_group.node.id
  ip_protocol                  = "-1"
}

# Whatever the nodes may reach outside, they need the API server, mount targets and endpoints.
resource "aws_vpc_security_group_egress_rule" "node_to_vpc" {
  for_each = local.egress_everywhere ? toset([]) : setsubtract(local.vpc_cidrs, var.node_egress_cidrs)

  security_group_id = aws_security_group.node.id
  description       = "Control plane, file systems and endpoints in the VPC"
  cidr_ipv4         = each.value
  ip_protocol       = "-1"
}

locals {
  egress_everywhere = contains(var.node_egress_cidrs, "0.0.0.0/0")
}

# Who is in the VPC or connected to it, besides the nodes.
resource "aws_vpc_security_group_ingress_rule" "cluster_from_network" {
  for_each = toset(var.cluster_endpoint_private_access_cidrs)

  security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  description       = "API server inside the VPC"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
