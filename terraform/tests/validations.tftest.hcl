# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Every rule of variables.tf refuses what it is there for. Many wrong values share a run, because each starts the provider:
# a run passes only if every one of them is refused.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"] }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012", arn = "arn:aws:iam::123456789012:user/installer" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_eks_addon_version" {
    defaults = { version = "v1.0.0-eksbuild.1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

run "wrong_values_1" {
  command = plan

  variables {
    name                                 = "abcdefghijklmnopqrstuvwxyz-abcdefghijkl"      # name too long
    region                               = "us-west-2a"                                   # region is a zone
    allowed_account_ids                  = ["1234"]                                       # account too short
    tags                                 = { ManagedBy = "me" }                           # tags take ours
    eks_cluster_version                  = "1.32"                                         # version gone
    eks_support_type                     = "NONE"                                         # support type unknown
    cluster_endpoint_public_access_cidrs = ["0.0.0.0/0"]                                  # public endpoint for everybody
    cluster_service_ipv4_cidr            = "8.8.0.0/16"                                   # service network public
    admin_principal_arns                 = ["arn:aws:sts::123456789012:assumed-role/x/y"] # administrator is a session
    enabled_log_types                    = ["everything"]                                 # log type unknown
    log_retention_days                   = 8                                              # retention unknown
    kms_key_admin_roles                  = ["arn:aws:iam::123456789012:user/x"]           # key administrator is a user
    iam_permissions_boundary_arn         = "arn:aws:iam::123456789012:role/x"             # boundary is no policy
    vpc_cidr                             = "10.1.0.0"                                     # vpc without mask
    availability_zones_count             = 1                                              # one zone
    availability_zones                   = ["us-west-2a", "us-west-2a"]                   # same zone twice
    core_node_instance_types             = []                                             # no instance type
    core_node_scaling                    = { min = 2, max = 3, desired = 4 }              # more nodes wanted than allowed
    core_node_disk_gib                   = 10                                             # disk too small
    node_egress_cidrs                    = []                                             # no way out
    enable_cluster_addons                = { nginx = true }                               # addon unknown
    cluster_addon_versions               = { coredns = "1.12.2" }                         # addon version plain
    karpenter_namespace                  = "Karpenter"                                    # namespace with capitals
    dynamo_stack_version                 = "latest"                                       # dynamo version in words
  }

  expect_failures = [
    var.name,
    var.region,
    var.allowed_account_ids,
    var.tags,
    var.eks_cluster_version,
    var.eks_support_type,
    var.cluster_endpoint_public_access_cidrs,
    var.cluster_service_ipv4_cidr,
    var.admin_principal_arns,
    var.enabled_log_types,
    var.log_retention_days,
    var.kms_key_admin_roles,
    var.iam_permissions_boundary_arn,
    var.vpc_cidr,
    var.availability_zones_count,
    var.availability_zones,
    var.core_node_instance_types,
    var.core_node_scaling,
    var.core_node_disk_gib,
    var.node_egress_cidrs,
    var.enable_cluster_addons,
    var.cluster_addon_versions,
    var.karpenter_namespace,
    var.dynamo_stack_version,
  ]
}

run "wrong_values_2" {
  command = plan

  variables {
    name                                 = "Dynamo"            # name with capitals
    region                               = "oregon"            # region in words
    tags                                 = { "aws:x" = "y" }   # tags take amazons
    eks_cluster_version                  = "1.33.1"            # version with patch
    cluster_endpoint_public_access_cidrs = ["203.0.113.7"]     # public endpoint without mask
    cluster_service_ipv4_cidr            = "10.100.0.0/28"     # service network too small
    vpc_cidr                             = "10.1.0.0/24"       # vpc too small
    core_node_instance_types             = ["m5"]              # instance type without size
    enable_cluster_addons                = { vpc-cni = false } # addon needed
  }

  expect_failures = [
    var.name,
    var.region,
    var.tags,
    var.eks_cluster_version,
    var.cluster_endpoint_public_access_cidrs,
    var.cluster_service_ipv4_cidr,
    var.vpc_cidr,
    var.core_node_instance_types,
    var.enable_cluster_addons,
  ]
}

run "wrong_values_3" {
  command = plan

  variables {
    name = "dynamo-" # name ends with hyphen
  }

  expect_failures = [
    var.name,
  ]
}

run "service_network_inside_the_vpc" {
  command = plan

  variables {
    vpc_cidr                  = "172.20.0.0/20"
    cluster_service_ipv4_cidr = "172.20.0.0/16"
  }

  expect_failures = [aws_eks_cluster.this]
}
