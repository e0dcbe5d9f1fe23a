# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# One security group for the nodes of the managed group and of Karpenter: frontends and workers of a graph talk pod to pod
# on many ports, across both kinds of node.
resource "aws_security_group" "node" {
  name        = "${var.name}-node"
  description = "Nodes of the EKS cluster ${var.name}"
  vpc_id      = aws_vpc.this.id

  tags = {
    Name                                = "${var.name}-node"
    "karpenter.sh/discovery"            = var.name
    "kubernetes.io/cluster/${var.name}" = "owned"
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

data "aws_iam_policy_document" "node_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

locals {
  # The CNI has a role of its own (pod_identity.tf): a pod that reaches the node's credentials cannot move interfaces.
  node_policies = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonSSMManagedInstanceCore"]
}

resource "aws_iam_role" "core" {
  name                 = "${local.iam_prefix}-core"
  description          = "Nodes of the group core of the EKS cluster ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.node_trust.json
  permissions_boundary = var.iam_permissions_boundary_arn != "" ? var.iam_permissions_boundary_arn : null
}

resource "aws_iam_role_policy_attachment" "core" {
  for_each = toset(local.node_policies)

  role       = aws_iam_role.core.name
  policy_arn = "${local.managed_policy_prefix}/${each.value}"
}

resource "aws_launch_template" "core" {
  name                   = "${var.name}-core"
  description            = "Nodes of the group core of the EKS cluster ${var.name}"
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.node.id]

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.core_node_disk_gib
      encrypted             = true
      delete_on_termination = true
    }
  }

  # Hop limit 1: pods cannot reach the node's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "network-interface", "volume"]

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = "${var.name}-core" })
    }
  }
}

resource "aws_eks_node_group" "core" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "core"
  node_role_arn   = aws_iam_role.core.arn
  subnet_ids      = [for az in local.azs : aws_subnet.private[az].id]
  ami_type        = "AL2023_x86_64_STANDARD"
  capacity_type   = "ON_DEMAND"
  instance_types  = var.core_node_instance_types

  labels = {
    NodeGroupType = "core"
    WorkerType    = "ON_DEMAND"
  }

  launch_template {
    id      = aws_launch_template.core.id
    version = aws_launch_template.core.latest_version
  }

  node_repair_config {
    enabled = true
  }

  scaling_config {
    min_size     = var.core_node_scaling.min
    max_size     = var.core_node_scaling.max
    desired_size = var.core_node_scaling.desired
  }

  update_config {
    max_unavailable = 1
  }

  # A node joins only with a way out, its permissions, its CNI and a control plane that may reach it.
  depends_on = [
    aws_eks_addon.before_compute,
    aws_iam_role_policy_attachment.core,
    aws_route.private_nat,
    aws_route.public_internet,
    aws_route_table_association.private,
    aws_route_table_association.public,
    aws_vpc_security_group_egress_rule.node,
    aws_vpc_security_group_ingress_rule.cluster_from_node,
    aws_vpc_security_group_ingress_rule.node_from_cluster,
    aws_vpc_security_group_ingress_rule.node_from_node,
  ]

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }
}
