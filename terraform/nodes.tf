# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

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

data "aws_ssm_parameter" "core_release" {
  count = var.core_node_release_version == "latest" ? 1 : 0

  name = "/aws/service/eks/optimized-ami/${var.eks_cluster_version}/amazon-linux-2023/x86_64/standard/recommended/release_version"
}

locals {
  core_release_version = (
    var.core_node_release_version == "latest" ? nonsensitive(data.aws_ssm_parameter.core_release[0].value)
    : var.core_node_release_version != "" ? var.core_node_release_version : null
  )
}

resource "aws_eks_node_group" "core" {
  cluster_name           = aws_eks_cluster.this.name
  node_group_name_prefix = "core-"
  node_role_arn          = aws_iam_role.core.arn
  subnet_ids             = local.node_subnet_ids
  ami_type               = "AL2023_x86_64_STANDARD"
  capacity_type          = "ON_DEMAND"
  instance_types         = var.core_node_instance_types
  version                = aws_eks_cluster.this.version
  release_version        = local.core_release_version

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
    aws_route_table_association.secondary,
    aws_vpc_security_group_egress_rule.node,
    aws_vpc_security_group_egress_rule.node_to_node,
    aws_vpc_security_group_egress_rule.node_to_vpc,
    aws_vpc_security_group_ingress_rule.cluster_from_node,
    aws_vpc_security_group_ingress_rule.node_from_cluster,
    aws_vpc_security_group_ingress_rule.node_from_node,
  ]

  lifecycle {
    # Other instance types or subnets mean another group: Karpenter and the platform move over before the old one goes.
    create_before_destroy = true
    ignore_changes        = [scaling_config[0].desired_size]
  }
}
