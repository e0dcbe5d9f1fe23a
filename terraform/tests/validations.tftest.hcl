# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Every rule of the variables refuses what it is there for. Many wrong values share a run, because each starts the provider:
# a run passes only if every one of them is refused. A variable with several rules is wrong in as many ways as it has rules.

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

  mock_data "aws_ec2_instance_type" {
    defaults = { efa_supported = true, efa_maximum_interfaces = 4 }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

run "wrong_values_1" {
  command = plan

  variables {
    name                                  = "abcdefghijklmnopqrstuvwxyz-abcdefghijkl"                               # name too long
    region                                = "us-west-2a"                                                            # region is a zone
    allowed_account_ids                   = ["1234"]                                                                # account too short
    tags                                  = { ManagedBy = "me" }                                                    # tags take ours
    eks_cluster_version                   = "1.32"                                                                  # version gone
    eks_support_type                      = "NONE"                                                                  # support type unknown
    cluster_endpoint_public_access_cidrs  = ["0.0.0.0/0"]                                                           # public endpoint for everybody
    cluster_endpoint_private_access_cidrs = ["10.8.0.0"]                                                            # private endpoint without mask
    cluster_service_ipv4_cidr             = "8.8.0.0/16"                                                            # service network public
    admin_principal_arns                  = ["arn:aws:sts::123456789012:assumed-role/x/y"]                          # administrator is a session
    access_entries                        = { dev = { principal_arn = "dev", policies = ["AmazonEKSViewPolicy"] } } # entry without ARN
    enabled_log_types                     = ["everything"]                                                          # log type unknown
    log_retention_days                    = 8                                                                       # retention unknown
    kms_key_arn                           = "alias/mine"                                                            # key is an alias
    kms_key_admin_roles                   = ["arn:aws:iam::123456789012:user/x"]                                    # key administrator is a user
    iam_permissions_boundary_arn          = "arn:aws:iam::123456789012:role/x"                                      # boundary is no policy
    vpc_cidr                              = "10.1.0.0"                                                              # vpc without mask
    secondary_cidr_blocks                 = ["100.64.0.0/10"]                                                       # secondary network too large
    vpc_id                                = "my-vpc"                                                                # vpc by name
    private_subnet_ids                    = ["subnet-0a", "subnet-0a"]                                              # same subnet twice
    public_subnet_ids                     = ["public"]                                                              # subnet by name
    availability_zones_count              = 1                                                                       # one zone
    availability_zones                    = ["us-west-2a", "us-west-2a"]                                            # same zone twice
    vpc_interface_endpoints               = ["s3"]                                                                  # endpoint with its own switch
    core_node_instance_types              = []                                                                      # no instance type
    core_node_scaling                     = { min = 2, max = 3, desired = 4 }                                       # more nodes wanted than allowed
    core_node_disk_gib                    = 10                                                                      # disk too small
    core_node_release_version             = "newest"                                                                # release in words
    node_egress_cidrs                     = []                                                                      # no way out
    placement_groups                      = { "EFA!" = {} }                                                         # placement group with capitals
    capacity_reservation_ids              = ["mine"]                                                                # reservation by name
    gpu_node_instance_types               = ["m5.xlarge"]                                                           # instance type without GPU
    gpu_node_scaling                      = { max = 0 }                                                             # no room for a node
    gpu_node_disk_gib                     = 20                                                                      # disk too small for an image
    capacity_block_reservation_id         = "mine"                                                                  # capacity block by name
    capacity_block_instance_type          = "g5.2xlarge"                                                            # capacity block of a type that has none
    capacity_block_size                   = 0.5                                                                     # half a node
    fsx_storage_capacity_gib              = 3000                                                                    # lustre size between steps
    fsx_throughput_per_tib                = 300                                                                     # throughput unknown
    model_bucket_name                     = "My_Bucket"                                                             # bucket with capitals
    model_bucket_service_account          = "models"                                                                # service account without namespace
    ecr_repositories                      = ["Team/app"]                                                            # repository with capitals
    ecr_pull_through_cache                = { "nvcr.io" = "" }                                                      # registry that ECR does not cache
    amazon_prometheus_service_account     = "prometheus"                                                            # service account without namespace
    enable_cluster_addons                 = { nginx = true }                                                        # addon unknown
    cluster_addon_versions                = { coredns = "1.12.2" }                                                  # addon version plain
    karpenter_namespace                   = "Karpenter"                                                             # namespace with capitals
    dynamo_stack_version                  = "latest"                                                                # dynamo version in words
  }

  expect_failures = [
    var.name,
    var.region,
    var.allowed_account_ids,
    var.tags,
    var.eks_cluster_version,
    var.eks_support_type,
    var.cluster_endpoint_public_access_cidrs,
    var.cluster_endpoint_private_access_cidrs,
    var.cluster_service_ipv4_cidr,
    var.admin_principal_arns,
    var.access_entries,
    var.enabled_log_types,
    var.log_retention_days,
    var.kms_key_arn,
    var.kms_key_admin_roles,
    var.iam_permissions_boundary_arn,
    var.vpc_cidr,
    var.secondary_cidr_blocks,
    var.vpc_id,
    var.private_subnet_ids,
    var.public_subnet_ids,
    var.availability_zones_count,
    var.availability_zones,
    var.vpc_interface_endpoints,
    var.core_node_instance_types,
    var.core_node_scaling,
    var.core_node_disk_gib,
    var.core_node_release_version,
    var.node_egress_cidrs,
    var.placement_groups,
    var.capacity_reservation_ids,
    var.gpu_node_instance_types,
    var.gpu_node_scaling,
    var.gpu_node_disk_gib,
    var.capacity_block_reservation_id,
    var.capacity_block_instance_type,
    var.capacity_block_size,
    var.fsx_storage_capacity_gib,
    var.fsx_throughput_per_tib,
    var.model_bucket_name,
    var.model_bucket_service_account,
    var.ecr_repositories,
    var.ecr_pull_through_cache,
    var.amazon_prometheus_service_account,
    var.enable_cluster_addons,
    var.cluster_addon_versions,
    var.karpenter_namespace,
    var.dynamo_stack_version,
  ]
}

run "wrong_values_2" {
  command = plan

  variables {
    name                                 = "Dynamo"                                                                                               # name with capitals
    region                               = "oregon"                                                                                               # region in words
    tags                                 = { "aws:x" = "y" }                                                                                      # tags take amazons
    eks_cluster_version                  = "1.33.1"                                                                                               # version with patch
    cluster_endpoint_public_access_cidrs = ["203.0.113.7"]                                                                                        # public endpoint without mask
    cluster_service_ipv4_cidr            = "10.100.0.0/28"                                                                                        # service network too small
    access_entries                       = { dev = { principal_arn = "arn:aws:iam::123456789012:role/dev", policies = ["AdministratorAccess"] } } # policy of IAM
    vpc_cidr                             = "10.1.0.0/24"                                                                                          # vpc too small
    secondary_cidr_blocks                = ["100.64.0.0/16", "100.64.0.0/16"]                                                                     # same network twice
    private_subnet_ids                   = ["private"]                                                                                            # subnet by name
    core_node_instance_types             = ["m5"]                                                                                                 # instance type without size
    placement_groups                     = { efa = { strategy = "close" } }                                                                       # strategy unknown
    capacity_reservation_ids             = ["cr-0a", "cr-0a"]                                                                                     # same reservation twice
    ecr_repositories                     = ["app", "app"]                                                                                         # same repository twice
    ecr_pull_through_cache               = { "ghcr.io" = "" }                                                                                     # credentials missing
    enable_cluster_addons                = { vpc-cni = false }                                                                                    # addon needed
    cluster_addon_versions               = { nginx = "latest" }                                                                                   # version of an addon unknown
  }

  expect_failures = [
    var.name,
    var.region,
    var.tags,
    var.eks_cluster_version,
    var.cluster_endpoint_public_access_cidrs,
    var.cluster_service_ipv4_cidr,
    var.access_entries,
    var.vpc_cidr,
    var.secondary_cidr_blocks,
    var.private_subnet_ids,
    var.core_node_instance_types,
    var.placement_groups,
    var.capacity_reservation_ids,
    var.ecr_repositories,
    var.ecr_pull_through_cache,
    var.enable_cluster_addons,
    var.cluster_addon_versions,
  ]
}

run "wrong_values_3" {
  command = plan

  variables {
    name                   = "dynamo-"                                                                             # name ends with hyphen
    access_entries         = { dev = { principal_arn = "arn:aws:iam::123456789012:role/dev" } }                    # entry for nothing
    placement_groups       = { efa = { partitions = 2 } }                                                          # partitions of a cluster
    secondary_cidr_blocks  = ["100.64.0.0/16", "100.65.0.0/16", "100.66.0.0/16", "100.67.0.0/16", "100.68.0.0/16"] # too many networks
    ecr_pull_through_cache = { "quay.io" = "arn:aws:secretsmanager:us-west-2:123456789012:secret:quay" }           # secret by a name that ECR refuses
  }

  expect_failures = [
    var.name,
    var.access_entries,
    var.placement_groups,
    var.secondary_cidr_blocks,
    var.ecr_pull_through_cache,
  ]
}

run "wrong_values_4" {
  command = plan

  variables {
    access_entries   = { dev = { principal_arn = "arn:aws:iam::123456789012:role/dev", kubernetes_groups = ["system:masters"] } } # group of Kubernetes itself
    placement_groups = { parts = { strategy = "partition", partitions = 8 } }                                                     # too many partitions
  }

  expect_failures = [
    var.access_entries,
    var.placement_groups,
  ]
}

# What takes several variables: every one of these outputs refuses something else.
run "wrong_together" {
  command = plan

  variables {
    vpc_cidr                         = "172.20.0.0/20" # inside the network of the Services
    secondary_cidr_blocks            = ["10.2.0.0/16"] # AWS mixes it with no other private range
    public_subnet_ids                = ["subnet-0a"]   # belongs to no VPC
    capacity_block_reservation_id    = "cr-0a"
    capacity_block_availability_zone = "us-west-2d" # none of the first two
  }

  expect_failures = [
    output.control_plane_subnet_ids,
    output.node_groups,
    output.public_subnet_ids,
    output.service_cidr,
  ]
}

run "wrong_network" {
  command = plan

  variables {
    vpc_id                  = "vpc-0a"
    private_subnet_ids      = ["subnet-0a", "subnet-0b"] # both in one zone, one in another VPC, one another cluster's
    secondary_cidr_blocks   = ["100.64.0.0/16"]          # of a VPC that is there
    vpc_interface_endpoints = ["sts"]
  }

  override_data {
    target = data.aws_vpc.given[0]
    values = { cidr_block_associations = [{ association_id = "a", cidr_block = "172.16.0.0/12", state = "associated" }] } # the Services' too
  }

  override_data {
    target = data.aws_subnet.private["subnet-0a"]
    values = { vpc_id = "vpc-0b", availability_zone = "us-west-2a", tags = {} }
  }

  override_data {
    target = data.aws_subnet.private["subnet-0b"]
    values = { vpc_id = "vpc-0a", availability_zone = "us-west-2a", tags = { "karpenter.sh/discovery" = "another" } }
  }

  expect_failures = [
    output.availability_zones,
    output.control_plane_subnet_ids,
    output.private_subnet_ids,
    output.service_cidr,
    output.vpc_id,
  ]
}

run "region_with_one_zone" {
  command = plan

  override_data {
    target = data.aws_availability_zones.available
    values = { names = ["us-west-2a"] }
  }

  expect_failures = [
    output.availability_zones,
  ]
}
