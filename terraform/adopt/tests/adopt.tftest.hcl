# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  name   = "Platform_1"
  region = "us-west-2"
}

run "nothing_is_added_that_was_not_asked_for" {
  command = plan

  assert {
    condition     = length(module.karpenter) == 0 && length(module.driver) == 0 && length(aws_eks_addon.this) == 0 && length(aws_ec2_tag.discovery) == 0 && length(aws_efs_file_system.models) == 0
    error_message = "An adoption adds what it is told to and nothing else."
  }

  assert {
    condition     = output.node_role_name == null && output.efs_id == null
    error_message = "What was not added must not hide what was found."
  }
}

run "everything" {
  command = plan

  variables {
    enable_karpenter             = true
    karpenter_namespace          = "kube-system"
    iam_permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    addons                       = ["aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver", "eks-pod-identity-agent"]
    addon_versions               = { aws-ebs-csi-driver = "v1.44.0-eksbuild.1" }
    drivers                      = ["ebs-csi", "efs-csi", "fsx-csi"]
    discovery_resource_ids       = ["subnet-0a", "subnet-0b", "sg-0c"]
    enable_efs                   = true
    vpc_id                       = "vpc-0"
    efs_subnet_ids               = ["subnet-0a", "subnet-0b"]
    node_security_group_ids      = ["sg-0c"]
  }

  assert {
    condition     = module.karpenter[0].controller_association == { namespace = "kube-system", service_account = "karpenter" } && module.karpenter[0].node_access_type == "EC2_LINUX"
    error_message = "Karpenter's role belongs to its service account; its nodes need an access entry."
  }

  assert {
    condition     = aws_eks_addon.this["aws-ebs-csi-driver"].addon_version == "v1.44.0-eksbuild.1" && alltrue([for addon in aws_eks_addon.this : addon.resolve_conflicts_on_create == "NONE"])
    error_message = "Versions reach their add-ons, and objects of others are not overwritten."
  }

  assert {
    condition     = sort([for driver in module.driver : driver.association.service_account]) == tolist(["ebs-csi-controller-sa", "efs-csi-controller-sa", "fsx-csi-controller-sa"])
    error_message = "Every driver needs its role."
  }

  assert {
    condition     = alltrue([for boundary in concat(module.karpenter[0].permissions_boundaries, values(module.driver)[*].permissions_boundary) : boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "Every role needs the boundary."
  }

  assert {
    condition     = length(aws_ec2_tag.discovery) == 3 && aws_ec2_tag.discovery["sg-0c"].key == "karpenter.sh/discovery" && aws_ec2_tag.discovery["sg-0c"].value == "Platform_1" && length(aws_ec2_tag.mark) == 3
    error_message = "Subnets and security group carry the cluster's name, and the mark beside it."
  }

  assert {
    condition     = aws_efs_file_system.models[0].encrypted && length(aws_efs_mount_target.models) == 2 && length(aws_vpc_security_group_ingress_rule.efs_from_node) == 1
    error_message = "The file system is encrypted and reachable from every zone's nodes only."
  }

  assert {
    condition     = local.tags == { Cluster = "Platform_1", ManagedBy = "ai_on_eks.dynamo" }
    error_message = "Everything carries Cluster and ManagedBy."
  }
}

run "longest_names" {
  command = plan

  variables {
    name             = "a123456789b123456789c123456789d123456789e123456789f123456789g123456789h123456789i123456789j123456789"
    region           = "ap-southeast-1"
    enable_karpenter = true
    drivers          = ["ebs-csi"]
  }

  assert {
    condition     = alltrue([for name in [module.karpenter[0].node_role_name, module.karpenter[0].controller_role_name, module.driver["ebs-csi"].role_name] : length(name) <= 64])
    error_message = "Role names may have 64 characters."
  }

  assert {
    condition     = alltrue([for rule in module.karpenter[0].event_rules : length(rule) <= 64]) && length(module.karpenter[0].interruption_queue) <= 80
    error_message = "Rule names may have 64 characters, queue names 80."
  }
}

run "a_file_system_needs_a_place" {
  command = plan

  variables {
    enable_efs = true
  }

  expect_failures = [aws_security_group.efs]
}

run "wrong_values" {
  command = plan

  variables {
    name                         = "-bad"
    region                       = "Oregon"
    authentication_mode          = "CONFIG_MAP"
    allowed_account_ids          = ["12"]
    tags                         = { Cluster = "x", "aws:y" = "z" }
    iam_permissions_boundary_arn = "boundary"
    karpenter_namespace          = "Karpenter"
    addons                       = ["coredns"]
    addon_versions               = { coredns = "1.12" }
    drivers                      = ["s3"]
    discovery_resource_ids       = ["vpc-0"]
  }

  expect_failures = [
    var.name, var.region, var.authentication_mode, var.allowed_account_ids, var.tags, var.iam_permissions_boundary_arn, var.karpenter_namespace,
    var.addons, var.addon_versions, var.drivers, var.discovery_resource_ids,
  ]
}
