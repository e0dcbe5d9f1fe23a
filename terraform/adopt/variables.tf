# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

variable "name" {
  description = "Name of the EKS cluster that is there already."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", var.name))
    error_message = "Write the name of an EKS cluster for name: letters, digits, hyphens and underscores, for example \"platform\"."
  }
}

variable "region" {
  description = "AWS region of the cluster."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region)) && length(var.region) <= 14
    error_message = "Write a region code for region, for example \"us-west-2\"."
  }
}

variable "authentication_mode" {
  description = "How the cluster knows its users and nodes: API, API_AND_CONFIG_MAP or CONFIG_MAP. With CONFIG_MAP nothing can be added."
  type        = string
  default     = "API"
  nullable    = false

  validation {
    condition     = contains(["API", "API_AND_CONFIG_MAP"], var.authentication_mode)
    error_message = "Karpenter's nodes join by an access entry. Let the cluster have access entries: aws eks update-cluster-config --name NAME --access-config authenticationMode=API_AND_CONFIG_MAP"
  }
}

variable "allowed_account_ids" {
  description = "AWS accounts that this may be applied to. With an empty list any account will do."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.allowed_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "Write account ids of 12 digits, in quotes, for allowed_account_ids, for example [\"123456789012\"]."
  }
}

variable "tags" {
  description = "Tags that every resource gets in addition to Cluster and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.tags), ["Cluster", "ManagedBy"])) == 0
    error_message = "Leave Cluster and ManagedBy out of tags: they are set here, and the cleanup finds its resources by them."
  }

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "Take keys that start with \"aws:\" out of tags: AWS keeps that prefix for itself."
  }
}

variable "iam_permissions_boundary_arn" {
  description = "Permissions boundary of every role made here. With an empty string there is none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.iam_permissions_boundary_arn == "" || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:policy/.+$", var.iam_permissions_boundary_arn))
    error_message = "Write the ARN of an IAM policy for iam_permissions_boundary_arn, for example \"arn:aws:iam::123456789012:policy/boundary\"."
  }
}

variable "enable_karpenter" {
  description = "AWS side of Karpenter: roles, access entry, interruption queue and event rules."
  type        = bool
  default     = false
  nullable    = false
}

variable "karpenter_namespace" {
  description = "Namespace of the service account karpenter, which gets the controller's role."
  type        = string
  default     = "karpenter"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.karpenter_namespace))
    error_message = "Write a Kubernetes namespace for karpenter_namespace, for example \"karpenter\"."
  }
}

variable "node_needs_cni_policy" {
  description = "Give the role of Karpenter's nodes the permissions of the VPC CNI. Needed where the service account aws-node has no role of its own."
  type        = bool
  default     = true
  nullable    = false
}

variable "addons" {
  description = "EKS add-ons to add, by name. Those that the cluster has already do not belong here: they stay their owner's."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.addons, ["aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver", "eks-pod-identity-agent"])) == 0
    error_message = "Use aws-ebs-csi-driver, aws-efs-csi-driver, aws-fsx-csi-driver or eks-pod-identity-agent in addons."
  }
}

variable "addon_versions" {
  description = "Versions of the add-ons by name. What is not named gets the version that EKS proposes for the cluster's."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for version in values(var.addon_versions) : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "Write add-on versions like \"v1.44.0-eksbuild.1\" in addon_versions; `aws eks describe-addon-versions` lists them."
  }
}

variable "drivers" {
  description = "CSI drivers whose service account gets a role: ebs-csi, efs-csi, fsx-csi."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.drivers, ["ebs-csi", "efs-csi", "fsx-csi"])) == 0
    error_message = "Use ebs-csi, efs-csi or fsx-csi in drivers."
  }
}

variable "discovery_resource_ids" {
  description = "Subnets and security groups that get the tag karpenter.sh/discovery with the cluster's name."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.discovery_resource_ids : can(regex("^(subnet|sg)-[0-9a-f]+$", id))])
    error_message = "Write ids of subnets and security groups in discovery_resource_ids, for example [\"subnet-0123456789abcdef0\"]."
  }
}

variable "enable_efs" {
  description = "EFS file system for models shared between nodes. Needs vpc_id, efs_subnet_ids and node_security_group_ids."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc_id" {
  description = "VPC of the cluster. Read for the file system only."
  type        = string
  default     = ""
  nullable    = false
}

variable "efs_subnet_ids" {
  description = "Subnets, one in each availability zone, that get a mount target of the file system."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "node_security_group_ids" {
  description = "Security groups of the nodes, which may reach the file system."
  type        = list(string)
  default     = []
  nullable    = false
}
