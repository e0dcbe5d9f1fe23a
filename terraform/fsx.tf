# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

resource "aws_security_group" "fsx" {
  count = var.deploy_fsx_volume ? 1 : 0

  name        = "${var.name}-fsx"
  description = "Lustre file system of the EKS cluster ${var.name}"
  vpc_id      = local.vpc_id

  tags = { Name = "${var.name}-fsx" }

  timeouts {
    delete = local.held_delete_timeout
  }
}

# Lustre's servers and clients open connections to each other, on the same ports both ways.
resource "aws_vpc_security_group_ingress_rule" "fsx" {
  for_each = var.deploy_fsx_volume ? local.lustre_rules : {}

  security_group_id            = aws_security_group.fsx[0].id
  description                  = "Lustre ${each.value.ports[0]} from ${each.value.peer == "node" ? "the nodes" : "its own servers"}"
  referenced_security_group_id = each.value.peer == "node" ? aws_security_group.node.id : aws_security_group.fsx[0].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.ports[0]
  to_port                      = each.value.ports[1]
}

resource "aws_vpc_security_group_egress_rule" "fsx" {
  for_each = var.deploy_fsx_volume ? local.lustre_rules : {}

  security_group_id            = aws_security_group.fsx[0].id
  description                  = "Lustre ${each.value.ports[0]} to ${each.value.peer == "node" ? "the nodes" : "its own servers"}"
  referenced_security_group_id = each.value.peer == "node" ? aws_security_group.node.id : aws_security_group.fsx[0].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.ports[0]
  to_port                      = each.value.ports[1]
}

resource "aws_vpc_security_group_ingress_rule" "node_from_fsx" {
  for_each = var.deploy_fsx_volume ? local.lustre_ports : {}

  security_group_id            = aws_security_group.node.id
  description                  = "Lustre ${each.value[0]} from the file system"
  referenced_security_group_id = aws_security_group.fsx[0].id
  ip_protocol                  = "tcp"
  from_port                    = each.value[0]
  to_port                      = each.value[1]
}

locals {
  lustre_ports = { service = [988, 988], clients = [1018, 1023] }
  lustre_rules = merge([
    for name, ports in local.lustre_ports : { for peer in ["node", "self"] : "${peer}-${name}" => { peer = peer, ports = ports } }
  ]...)
}

resource "aws_fsx_lustre_file_system" "models" {
  count = var.deploy_fsx_volume ? 1 : 0

  deployment_type             = "PERSISTENT_2"
  storage_type                = "SSD"
  storage_capacity            = var.fsx_storage_capacity_gib
  per_unit_storage_throughput = var.fsx_throughput_per_tib
  data_compression_type       = "LZ4"
  file_system_type_version    = "2.15"

  # Lustre lives in one zone: the first, where single nodes with many GPUs should then be, too.
  subnet_ids         = [local.storage_subnets[local.azs[0]]]
  security_group_ids = [aws_security_group.fsx[0].id]

  # Models can be fetched again; a backup would be left behind and billed.
  automatic_backup_retention_days = 0
  skip_final_backup               = true

  metadata_configuration {
    mode = "AUTOMATIC"
  }

  tags = { Name = "${var.name}-models" }

  # Without the rules FSx refuses the group.
  depends_on = [
    aws_vpc_security_group_egress_rule.fsx,
    aws_vpc_security_group_ingress_rule.fsx,
  ]
}

resource "aws_fsx_data_repository_association" "models" {
  count = var.deploy_fsx_volume && var.enable_model_bucket ? 1 : 0

  file_system_id       = aws_fsx_lustre_file_system.models[0].id
  file_system_path     = "/models"
  data_repository_path = "s3://${aws_s3_bucket.models[0].id}"

  s3 {
    auto_import_policy {
      events = ["NEW", "CHANGED", "DELETED"]
    }
  }

  tags = { Name = "${var.name}-models" }

  depends_on = [aws_s3_bucket_policy.models]
}

# AWS's own policy for the driver (AmazonFSxFullAccess) would let it delete every file system of the account. A storage class
# must therefore set extraTags: "Cluster=<name>".
data "aws_iam_policy_document" "fsx_csi" {
  count = local.addons["aws-fsx-csi-driver"] ? 1 : 0

  statement {
    sid       = "Read"
    actions   = ["ec2:GetSecurityGroupsForVpc", "fsx:DescribeFileSystems"]
    resources = ["*"]
  }

  statement {
    sid       = "CreateTagged"
    actions   = ["fsx:CreateFileSystem", "fsx:TagResource"]
    resources = ["arn:${local.partition}:fsx:${var.region}:${local.account_id}:file-system/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/Cluster"
      values   = [var.name]
    }
  }

  statement {
    sid       = "ChangeOwn"
    actions   = ["fsx:DeleteFileSystem", "fsx:UpdateFileSystem"]
    resources = ["arn:${local.partition}:fsx:${var.region}:${local.account_id}:file-system/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Cluster"
      values   = [var.name]
    }
  }
}
