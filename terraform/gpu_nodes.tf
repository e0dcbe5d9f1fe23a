# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Managed node groups with GPUs, besides the nodes that Karpenter makes: gpu (any types, on demand) and cbr (a capacity block,
# with all its Elastic Fabric Adapters). Both carry the taint that pods with GPUs tolerate.

locals {
  enable_capacity_block = var.capacity_block_reservation_id != ""
  enable_gpu_nodes      = var.enable_gpu_node_group || local.enable_capacity_block

  # NVMe disks as one, under containerd and kubelet; images pulled and unpacked in parallel.
  gpu_node_config = <<-EOT
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="BOUNDARY"

    --BOUNDARY
    Content-Type: application/node.eks.aws

    apiVersion: node.eks.aws/v1alpha1
    kind: NodeConfig
    spec:
      featureGates:
        FastImagePull: true
      instance:
        localStorage:
          strategy: RAID0
    --BOUNDARY--
  EOT

  gpu_node_labels = {
    NodeGroupType            = "gpu"
    accelerator              = "nvidia"
    "nvidia.com/gpu.present" = "true"
  }

  # First interface: IP and EFA. On each further network card one with EFA alone.
  capacity_block_cards = local.enable_capacity_block && try(data.aws_ec2_instance_type.capacity_block[0].efa_supported, false) ? range(
    data.aws_ec2_instance_type.capacity_block[0].efa_maximum_interfaces
  ) : []

  capacity_block_subnets = [
    for az, id in(local.own_vpc && length(var.secondary_cidr_blocks) > 0 ? {
      for key in sort(keys(local.secondary_subnets)) : local.secondary_subnets[key].az => aws_subnet.secondary[key].id if endswith(key, var.secondary_cidr_blocks[0])
    } : local.storage_subnets) : id if az == var.capacity_block_availability_zone
  ]
}

data "aws_ec2_instance_type" "capacity_block" {
  count = local.enable_capacity_block ? 1 : 0

  instance_type = var.capacity_block_instance_type
}

resource "aws_iam_role" "gpu" {
  count = local.enable_gpu_nodes ? 1 : 0

  name                 = "${local.iam_prefix}-gpu-node"
  description          = "Nodes of the groups with GPUs of the EKS cluster ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.node_trust.json
  permissions_boundary = var.iam_permissions_boundary_arn != "" ? var.iam_permissions_boundary_arn : null
}

resource "aws_iam_role_policy_attachment" "gpu" {
  for_each = local.enable_gpu_nodes ? toset(local.node_policies) : toset([])

  role       = aws_iam_role.gpu[0].name
  policy_arn = "${local.managed_policy_prefix}/${each.value}"
}

resource "aws_launch_template" "gpu" {
  count = var.enable_gpu_node_group ? 1 : 0

  name                   = "${var.name}-gpu"
  description            = "Nodes of the group gpu of the EKS cluster ${var.name}"
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.node.id]
  user_data              = base64encode(local.gpu_node_config)

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.gpu_node_disk_gib
      iops                  = 16000
      throughput            = 1000
      encrypted             = true
      delete_on_termination = true
    }
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "network-interface", "volume"]

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = "${var.name}-gpu" })
    }
  }
}

resource "aws_eks_node_group" "gpu" {
  count = var.enable_gpu_node_group ? 1 : 0

  cluster_name           = aws_eks_cluster.this.name
  node_group_name_prefix = "gpu-"
  node_role_arn          = aws_iam_role.gpu[0].arn
  subnet_ids             = local.node_subnet_ids
  ami_type               = "AL2023_x86_64_NVIDIA"
  capacity_type          = "ON_DEMAND"
  instance_types         = var.gpu_node_instance_types
  version                = aws_eks_cluster.this.version
  labels                 = local.gpu_node_labels

  launch_template {
    id      = aws_launch_template.gpu[0].id
    version = aws_launch_template.gpu[0].latest_version
  }

  node_repair_config {
    enabled = true
  }

  scaling_config {
    min_size     = var.gpu_node_scaling.min
    max_size     = var.gpu_node_scaling.max
    desired_size = var.gpu_node_scaling.desired
  }

  taint {
    key    = "nvidia.com/gpu"
    value  = "true"
    effect = "NO_SCHEDULE"
  }

  update_config {
    max_unavailable = 1
  }

  # The group core has waited for all that a node needs.
  depends_on = [
    aws_eks_node_group.core,
    aws_iam_role_policy_attachment.gpu,
  ]

  lifecycle {
    create_before_destroy = true
  }
}

# Made for one type and one reservation: EKS takes both from the template. A block has no room for a second group of its size,
# so here the old group goes first.
resource "aws_launch_template" "capacity_block" {
  count = local.enable_capacity_block ? 1 : 0

  name                   = "${var.name}-cbr"
  description            = "Nodes of the group cbr of the EKS cluster ${var.name}"
  update_default_version = true
  instance_type          = var.capacity_block_instance_type
  vpc_security_group_ids = length(local.capacity_block_cards) > 0 ? null : [aws_security_group.node.id]
  user_data              = base64encode(local.gpu_node_config)

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.gpu_node_disk_gib
      iops                  = 16000
      throughput            = 1000
      encrypted             = true
      delete_on_termination = true
    }
  }

  capacity_reservation_specification {
    capacity_reservation_target {
      capacity_reservation_id = var.capacity_block_reservation_id
    }
  }

  instance_market_options {
    market_type = "capacity-block"
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  dynamic "network_interfaces" {
    for_each = local.capacity_block_cards

    content {
      description           = "EFA ${network_interfaces.value}"
      device_index          = network_interfaces.value == 0 ? 0 : 1
      network_card_index    = network_interfaces.value
      interface_type        = network_interfaces.value == 0 ? "efa" : "efa-only"
      delete_on_termination = true
      security_groups       = [aws_security_group.node.id]
    }
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "network-interface", "volume"]

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = "${var.name}-cbr" })
    }
  }
}

resource "aws_eks_node_group" "capacity_block" {
  count = local.enable_capacity_block ? 1 : 0

  cluster_name           = aws_eks_cluster.this.name
  node_group_name_prefix = "cbr-"
  node_role_arn          = aws_iam_role.gpu[0].arn
  subnet_ids             = length(local.capacity_block_subnets) > 0 ? local.capacity_block_subnets : local.node_subnet_ids # refused by node_groups
  ami_type               = "AL2023_x86_64_NVIDIA"
  capacity_type          = "CAPACITY_BLOCK"
  version                = aws_eks_cluster.this.version
  labels                 = merge(local.gpu_node_labels, { NodeGroupType = "cbr", "vpc.amazonaws.com/efa.present" = tostring(length(local.capacity_block_cards) > 0) })

  launch_template {
    id      = aws_launch_template.capacity_block[0].id
    version = aws_launch_template.capacity_block[0].latest_version
  }

  node_repair_config {
    enabled = true
  }

  scaling_config {
    min_size     = var.capacity_block_size
    max_size     = max(1, var.capacity_block_size)
    desired_size = var.capacity_block_size
  }

  taint {
    key    = "nvidia.com/gpu"
    value  = "true"
    effect = "NO_SCHEDULE"
  }

  update_config {
    max_unavailable = 1
  }

  depends_on = [
    aws_eks_node_group.core,
    aws_iam_role_policy_attachment.gpu,
  ]
}
