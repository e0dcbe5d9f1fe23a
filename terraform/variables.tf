# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

variable "name" {
  description = "Name of the EKS cluster and first part of the name of everything around it."
  type        = string
  default     = "dynamo-on-eks"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,36}[a-z0-9]$", var.name))
    error_message = "Write 3 to 38 characters for name: lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen, for example \"dynamo-on-eks\"."
  }
}

variable "region" {
  description = "AWS region that everything is made in."
  type        = string
  default     = "us-west-2"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region)) && length(var.region) <= 14
    error_message = "Write a region code for region, for example \"us-west-2\"."
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

variable "eks_cluster_version" {
  description = "Kubernetes minor version of the control plane and its node groups."
  type        = string
  default     = "1.33"
  nullable    = false

  validation {
    condition     = can(regex("^1\\.(3[3-9]|[4-9][0-9])$", var.eks_cluster_version))
    error_message = "Write a Kubernetes minor version of 1.33 or newer, in quotes, for eks_cluster_version, for example \"1.35\"."
  }
}

variable "eks_support_type" {
  description = "EXTENDED keeps a version that left standard support (at six times the price of the control plane); STANDARD lets EKS upgrade it by itself."
  type        = string
  default     = "EXTENDED"
  nullable    = false

  validation {
    condition     = contains(["EXTENDED", "STANDARD"], var.eks_support_type)
    error_message = "Write \"EXTENDED\" or \"STANDARD\" for eks_support_type."
  }
}

variable "cluster_endpoint_public_access_cidrs" {
  description = "Networks that may reach the API server over the internet. With an empty list it answers inside the VPC only."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.cluster_endpoint_public_access_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Write networks in CIDR notation for cluster_endpoint_public_access_cidrs, for example [\"203.0.113.7/32\"]."
  }

  validation {
    condition     = !contains(var.cluster_endpoint_public_access_cidrs, "0.0.0.0/0")
    error_message = "Name the networks that need the API server in cluster_endpoint_public_access_cidrs, for example [\"203.0.113.7/32\"]: 0.0.0.0/0 opens it to everybody."
  }
}

variable "cluster_endpoint_private_access_cidrs" {
  description = "Networks besides the nodes that may reach the API server's address inside the VPC, for example those of a bastion or of a VPN."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.cluster_endpoint_private_access_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Write networks in CIDR notation for cluster_endpoint_private_access_cidrs, for example [\"10.8.0.0/16\"]."
  }
}

variable "cluster_service_ipv4_cidr" {
  description = "Network that Kubernetes Services get their addresses from; it must not overlap the VPC's networks."
  type        = string
  default     = "172.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cluster_service_ipv4_cidr, 0)) && can(regex("^(10|172|192)\\..*/(1[2-9]|2[0-4])$", var.cluster_service_ipv4_cidr))
    error_message = "Write a private network of size /12 to /24 for cluster_service_ipv4_cidr, for example \"172.20.0.0/16\"."
  }
}

variable "enable_cluster_creator_admin_permissions" {
  description = "Make the principal that creates the cluster its administrator. Read at creation only; take the access entry away later with the EKS API."
  type        = bool
  default     = true
  nullable    = false
}

variable "admin_principal_arns" {
  description = "IAM roles and users, besides the creator, that get an access entry as cluster administrator."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.admin_principal_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$", arn))])
    error_message = "Write ARNs of IAM roles or users for admin_principal_arns, for example [\"arn:aws:iam::123456789012:role/platform\"]; ARNs of sessions (sts, assumed-role) do not work."
  }
}

variable "access_entries" {
  description = "Further IAM roles and users that get into the cluster, by a name of your own: EKS access policies (in all namespaces, or in those named) or Kubernetes groups."
  type = map(object({
    principal_arn     = string
    policies          = optional(list(string), [])
    namespaces        = optional(list(string), [])
    kubernetes_groups = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for entry in values(var.access_entries) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$", entry.principal_arn))])
    error_message = "Write the ARN of an IAM role or user as principal_arn of each of access_entries, for example \"arn:aws:iam::123456789012:role/developers\"."
  }

  validation {
    condition = alltrue(flatten([
      for entry in values(var.access_entries) : [
        for policy in entry.policies : contains([
          "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy",
        ], policy)
      ]
    ]))
    error_message = "Choose from AmazonEKSClusterAdminPolicy, AmazonEKSAdminPolicy, AmazonEKSAdminViewPolicy, AmazonEKSEditPolicy and AmazonEKSViewPolicy for the policies of access_entries."
  }

  validation {
    condition     = alltrue([for entry in values(var.access_entries) : length(entry.policies) + length(entry.kubernetes_groups) > 0])
    error_message = "Give each of access_entries at least one of policies or one of kubernetes_groups: without them it may do nothing."
  }

  validation {
    condition     = alltrue(flatten([for entry in values(var.access_entries) : [for group in entry.kubernetes_groups : !startswith(group, "system:")]]))
    error_message = "Take groups that start with \"system:\" out of the kubernetes_groups of access_entries: EKS refuses them. Use the policy AmazonEKSClusterAdminPolicy for administrators."
  }
}

variable "enabled_log_types" {
  description = "Control plane logs that go to CloudWatch."
  type        = list(string)
  default     = ["api", "audit", "authenticator"]
  nullable    = false

  validation {
    condition     = alltrue([for kind in var.enabled_log_types : contains(["api", "audit", "authenticator", "controllerManager", "scheduler"], kind)])
    error_message = "Choose from api, audit, authenticator, controllerManager and scheduler for enabled_log_types."
  }
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the control plane logs."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "Write a retention that CloudWatch knows for log_retention_days, for example 7, 14, 30, 90 or 365."
  }
}

variable "create_cloudwatch_log_group" {
  description = "Make the log group of the control plane. Write false where /aws/eks/<name>/cluster is there already, for example left by an earlier cluster of that name: EKS then writes into it, and it stays when the cluster goes."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key for the Kubernetes secrets and the control plane logs. Its policy must let the cluster's role and CloudWatch Logs use it. With an empty string a key is made."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.kms_key_arn == "" || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+$", var.kms_key_arn))
    error_message = "Write the ARN of a KMS key (not of an alias) for kms_key_arn, for example \"arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\", or leave it empty."
  }
}

variable "kms_key_admin_roles" {
  description = "ARNs of IAM roles that may administer the key that is made here. The account itself always may."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_admin_roles : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", arn))])
    error_message = "Write ARNs of IAM roles for kms_key_admin_roles, for example [\"arn:aws:iam::123456789012:role/security\"]."
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
