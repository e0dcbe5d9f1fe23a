# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

resource "aws_efs_file_system" "models" {
  count = var.enable_aws_efs_csi_driver ? 1 : 0

  creation_token   = "${local.iam_prefix}-models"
  encrypted        = true
  performance_mode = "generalPurpose"
  throughput_mode  = "elastic"

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  tags = { Name = "${var.name}-models" }
}

resource "aws_security_group" "efs" {
  count = var.enable_aws_efs_csi_driver ? 1 : 0

  name        = "${var.name}-efs"
  description = "Mount targets of the file system of the EKS cluster ${var.name}"
  vpc_id      = local.vpc_id

  tags = { Name = "${var.name}-efs" }

  timeouts {
    delete = local.held_delete_timeout
  }
}

resource "aws_vpc_security_group_ingress_rule" "efs_from_node" {
  count = var.enable_aws_efs_csi_driver ? 1 : 0

  security_group_id            = aws_security_group.efs[0].id
  description                  = "NFS from the nodes"
  referenced_security_group_id = aws_security_group.node.id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
}

resource "aws_efs_mount_target" "models" {
  for_each = var.enable_aws_efs_csi_driver ? toset(local.azs) : toset([])

  file_system_id  = aws_efs_file_system.models[0].id
  subnet_id       = local.storage_subnets[each.key]
  security_groups = [aws_security_group.efs[0].id]
}

# A folder for models that belongs to the user the Dynamo images run as; nobody else may write to it.
resource "aws_efs_access_point" "models" {
  count = var.enable_aws_efs_csi_driver ? 1 : 0

  file_system_id = aws_efs_file_system.models[0].id

  posix_user {
    uid = 1000
    gid = 1000
  }

  root_directory {
    path = "/models"

    creation_info {
      owner_uid   = 1000
      owner_gid   = 1000
      permissions = "0755"
    }
  }

  tags = { Name = "${var.name}-models" }
}
