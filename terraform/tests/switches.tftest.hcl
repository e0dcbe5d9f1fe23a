# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

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

run "guide_profile" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.version == "1.33" && aws_eks_cluster.this.name == "dynamo-on-eks"
    error_message = "The defaults must be the guide's: EKS 1.33, dynamo-on-eks."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "Without a list of networks the API server must answer inside the VPC only."
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.bootstrap_self_managed_addons
    error_message = "Access must be by access entries alone, and no unmanaged add-on may be installed."
  }

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"]) && aws_kms_key.secrets[0].enable_key_rotation
    error_message = "Kubernetes secrets must be encrypted with a key that rotates."
  }

  assert {
    condition     = aws_launch_template.core.metadata_options[0].http_tokens == "required" && aws_launch_template.core.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Core nodes must require IMDSv2 with hop limit 1."
  }

  assert {
    condition     = tobool(aws_launch_template.core.block_device_mappings[0].ebs[0].encrypted)
    error_message = "Disks of core nodes must be encrypted."
  }

  assert {
    condition     = length(aws_subnet.private) == 2 && length(aws_subnet.public) == 2 && length(aws_nat_gateway.this) == 1
    error_message = "By default there are two zones and one NAT gateway."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.tags["karpenter.sh/discovery"] == "dynamo-on-eks"]) && aws_security_group.node.tags["karpenter.sh/discovery"] == "dynamo-on-eks"
    error_message = "Karpenter finds subnets and security group by the tag karpenter.sh/discovery."
  }

  assert {
    condition     = sort(keys(aws_eks_addon.before_compute)) == tolist(["eks-pod-identity-agent", "kube-proxy", "vpc-cni"])
    error_message = "Nodes need network and pod identity before they come."
  }

  assert {
    condition     = sort(keys(aws_eks_addon.after_compute)) == tolist(["aws-ebs-csi-driver", "aws-efs-csi-driver", "coredns", "metrics-server"])
    error_message = "Add-ons that run on nodes must come after them."
  }

  assert {
    condition     = aws_efs_file_system.models[0].encrypted && aws_efs_file_system.models[0].throughput_mode == "elastic" && aws_efs_access_point.models[0].root_directory[0].creation_info[0].permissions == "0755"
    error_message = "The file system must be encrypted and elastic, its folder writable by its owner only."
  }

  assert {
    condition     = module.karpenter[0].controller_association == { namespace = "karpenter", service_account = "karpenter" }
    error_message = "Karpenter's role belongs to the service account karpenter/karpenter."
  }

  assert {
    condition     = module.karpenter[0].node_access_type == "EC2_LINUX" && length(module.karpenter[0].event_rules) == 5
    error_message = "Karpenter's nodes need an access entry, its queue five kinds of events."
  }

  assert {
    condition     = local.tags.Cluster == "dynamo-on-eks" && local.tags.ManagedBy == "ai_on_eks.dynamo"
    error_message = "Everything carries Cluster and ManagedBy."
  }
}

run "current_profile" {
  command = plan

  variables {
    eks_cluster_version  = "1.35"
    dynamo_stack_version = "v1.6.1"
  }

  assert {
    condition     = aws_eks_cluster.this.version == "1.35"
    error_message = "The version must reach the cluster."
  }
}

run "public_endpoint_with_a_list" {
  command = plan

  variables {
    cluster_endpoint_public_access_cidrs = ["203.0.113.7/32"]
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["203.0.113.7/32"])
    error_message = "Only the listed networks may reach the public endpoint."
  }
}

run "nat_gateway_per_zone" {
  command = plan

  variables {
    availability_zones_count = 3
    single_nat_gateway       = false
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_eip.nat) == 3 && length(aws_subnet.private) == 3
    error_message = "Every zone needs its own NAT gateway."
  }
}

run "four_zones_in_the_smallest_network_do_not_overlap" {
  command = plan

  variables {
    availability_zones_count = 4
    vpc_cidr                 = "10.9.0.0/22"
  }

  assert {
    condition     = sort([for subnet in aws_subnet.private : subnet.cidr_block]) == tolist(["10.9.0.0/25", "10.9.0.128/25", "10.9.1.0/25", "10.9.1.128/25"])
    error_message = "Private subnets fill the first half."
  }

  assert {
    condition     = sort([for subnet in aws_subnet.public : subnet.cidr_block]) == tolist(["10.9.2.0/27", "10.9.2.32/27", "10.9.2.64/27", "10.9.2.96/27"])
    error_message = "Public subnets lie in the second half."
  }
}

run "chosen_zones" {
  command = plan

  variables {
    availability_zones = ["us-west-2d", "us-west-2b"]
  }

  assert {
    condition     = sort(keys(aws_subnet.private)) == tolist(["us-west-2b", "us-west-2d"])
    error_message = "The chosen zones must be used."
  }
}

run "without_efs" {
  command = plan

  variables {
    enable_aws_efs_csi_driver = false
  }

  assert {
    condition     = length(aws_efs_file_system.models) == 0 && length(aws_security_group.efs) == 0 && !contains(keys(aws_eks_addon.after_compute), "aws-efs-csi-driver") && !contains(keys(module.driver), "efs-csi")
    error_message = "Nothing of EFS may be left when it is off."
  }

  assert {
    condition     = output.efs_id == null
    error_message = "The output must be empty."
  }
}

run "without_karpenter" {
  command = plan

  variables {
    enable_karpenter = false
  }

  assert {
    condition     = length(module.karpenter) == 0
    error_message = "Nothing of Karpenter may be left when it is off."
  }

  assert {
    condition     = output.node_role_name == null && output.interruption_queue == null
    error_message = "The outputs must be empty."
  }
}

run "without_s3_endpoint" {
  command = plan

  variables {
    enable_s3_endpoint = false
  }

  assert {
    condition     = length(aws_vpc_endpoint.s3) == 0
    error_message = "The endpoint must go with its switch."
  }
}

run "addons_by_switch" {
  command = plan

  variables {
    enable_cluster_addons  = { metrics-server = false, aws-ebs-csi-driver = false, eks-node-monitoring-agent = true }
    cluster_addon_versions = { coredns = "v1.12.2-eksbuild.4" }
    enable_network_policy  = false
  }

  assert {
    condition     = sort(keys(aws_eks_addon.after_compute)) == tolist(["aws-efs-csi-driver", "coredns", "eks-node-monitoring-agent"])
    error_message = "Add-ons must follow their switches."
  }

  assert {
    condition     = aws_eks_addon.after_compute["coredns"].addon_version == "v1.12.2-eksbuild.4"
    error_message = "A pinned version must reach the add-on."
  }

  assert {
    condition     = jsondecode(aws_eks_addon.before_compute["vpc-cni"].configuration_values).enableNetworkPolicy == "false"
    error_message = "Network policy must follow its switch."
  }

  assert {
    condition     = !contains(keys(module.driver), "ebs-csi")
    error_message = "A driver that is off needs no role."
  }
}

run "administrators_and_boundary" {
  command = plan

  variables {
    admin_principal_arns         = ["arn:aws:iam::123456789012:role/team/platform"]
    iam_permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    allowed_account_ids          = ["123456789012"]
    kms_key_admin_roles          = ["arn:aws:iam::123456789012:role/security"]
  }

  assert {
    condition     = length(aws_eks_access_entry.admin) == 1 && length(aws_eks_access_policy_association.admin) == 1
    error_message = "An administrator needs an access entry and the policy."
  }

  assert {
    condition = alltrue([
      for boundary in concat([aws_iam_role.cluster.permissions_boundary, aws_iam_role.core.permissions_boundary], module.karpenter[0].permissions_boundaries, values(module.driver)[*].permissions_boundary) :
      boundary == "arn:aws:iam::123456789012:policy/boundary"
    ])
    error_message = "Every role needs the boundary."
  }
}

run "longest_names" {
  command = plan

  variables {
    name   = "abcdefghijklmnopqrstuvwxyz-abcdefghijk"
    region = "ap-southeast-1"
  }

  assert {
    condition = alltrue([
      for name in concat([aws_iam_role.cluster.name, aws_iam_role.core.name, module.karpenter[0].node_role_name, module.karpenter[0].controller_role_name], values(module.driver)[*].role_name) :
      length(name) <= 64
    ])
    error_message = "Role names may have 64 characters."
  }

  assert {
    condition     = alltrue([for rule in module.karpenter[0].event_rules : length(rule) <= 64]) && length(module.karpenter[0].interruption_queue) <= 80
    error_message = "Rule names may have 64 characters, queue names 80."
  }
}
