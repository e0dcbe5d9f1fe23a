# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Cluster -------------------------------------------------------------------------------------------------------------

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

variable "cluster_service_ipv4_cidr" {
  description = "Network that Kubernetes Services get their addresses from; it must not overlap the VPC."
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

variable "kms_key_admin_roles" {
  description = "ARNs of IAM roles that may administer the key of the Kubernetes secrets. The account itself always may."
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

# Network -------------------------------------------------------------------------------------------------------------

variable "vpc_cidr" {
  description = "Network of the VPC. The first half of it holds the private subnets (nodes and pods), the second the public ones."
  type        = string
  default     = "10.1.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && can(regex("/(1[6-9]|2[0-2])$", var.vpc_cidr))
    error_message = "Write a network of size /16 to /22 for vpc_cidr, for example \"10.1.0.0/16\"."
  }
}

variable "availability_zones_count" {
  description = "Number of availability zones that get a private and a public subnet."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([2, 3, 4], var.availability_zones_count)
    error_message = "Write 2, 3 or 4 for availability_zones_count."
  }
}

variable "availability_zones" {
  description = "Availability zones to use, where it must be certain ones. With an empty list the first availability_zones_count that the region offers."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.availability_zones) == 0 || (length(distinct(var.availability_zones)) == length(var.availability_zones) && length(var.availability_zones) >= 2 && length(var.availability_zones) <= 4)
    error_message = "Write two to four different zones for availability_zones, for example [\"us-west-2a\", \"us-west-2b\"], or leave it empty."
  }
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones (cheaper) instead of one per zone (survives the loss of a zone)."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_s3_endpoint" {
  description = "Gateway endpoint for S3: free, and keeps image layers and models off the NAT gateway's bill."
  type        = bool
  default     = true
  nullable    = false
}

# Node group ----------------------------------------------------------------------------------------------------------

variable "core_node_instance_types" {
  description = "Instance types of the node group core, which carries Karpenter and the platform's own services."
  type        = list(string)
  default     = ["m5.xlarge"]
  nullable    = false

  validation {
    condition     = length(var.core_node_instance_types) > 0 && alltrue([for kind in var.core_node_instance_types : can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", kind))])
    error_message = "Write at least one instance type for core_node_instance_types, for example [\"m5.xlarge\"]."
  }
}

variable "core_node_scaling" {
  description = "Smallest, largest and first size of the node group core. The size is not put back when something else changed it."
  type = object({
    min     = optional(number, 2)
    max     = optional(number, 8)
    desired = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.core_node_scaling.min >= 1 && var.core_node_scaling.min <= var.core_node_scaling.desired && var.core_node_scaling.desired <= var.core_node_scaling.max
    error_message = "Write sizes with 1 <= min <= desired <= max for core_node_scaling, for example { min = 2, max = 8, desired = 2 }."
  }
}

variable "core_node_disk_gib" {
  description = "Size of a core node's root disk (gp3, encrypted) in GiB."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.core_node_disk_gib >= 20 && var.core_node_disk_gib <= 16384
    error_message = "Write 20 to 16384 (GiB) for core_node_disk_gib."
  }
}

variable "node_egress_cidrs" {
  description = "Networks that nodes may open connections to. They need the registries of images and models."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = length(var.node_egress_cidrs) > 0 && alltrue([for cidr in var.node_egress_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Write at least one network in CIDR notation for node_egress_cidrs, for example [\"0.0.0.0/0\"]."
  }
}

# Add-ons -------------------------------------------------------------------------------------------------------------

variable "enable_cluster_addons" {
  description = "EKS add-ons to switch on or off. What is not named keeps its default: all on but eks-node-monitoring-agent."
  type        = map(bool)
  default     = {}
  nullable    = false

  validation {
    condition = length(setsubtract(keys(var.enable_cluster_addons), [
      "aws-ebs-csi-driver", "coredns", "eks-node-monitoring-agent", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni",
    ])) == 0
    error_message = "Use aws-ebs-csi-driver, coredns, eks-node-monitoring-agent, eks-pod-identity-agent, kube-proxy, metrics-server or vpc-cni as keys of enable_cluster_addons; the EFS driver has its own switch, enable_aws_efs_csi_driver."
  }

  validation {
    condition     = alltrue([for addon in ["coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"] : lookup(var.enable_cluster_addons, addon, true)])
    error_message = "Leave coredns, eks-pod-identity-agent, kube-proxy and vpc-cni on in enable_cluster_addons: nodes and controllers do not work without them."
  }
}

variable "cluster_addon_versions" {
  description = "Versions of EKS add-ons by name, for example { coredns = \"v1.12.2-eksbuild.4\" }. What is not named gets the version that EKS proposes for the cluster's."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for version in values(var.cluster_addon_versions) : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "Write add-on versions like \"v1.12.2-eksbuild.4\" in cluster_addon_versions; `aws eks describe-addon-versions` lists them."
  }
}

variable "enable_network_policy" {
  description = "Let the VPC CNI enforce Kubernetes network policies."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_aws_efs_csi_driver" {
  description = "EFS file system for models shared between nodes, with its CSI driver."
  type        = bool
  default     = true
  nullable    = false
}

# Karpenter -----------------------------------------------------------------------------------------------------------

variable "enable_karpenter" {
  description = "AWS side of Karpenter: roles, access entry, interruption queue and event rules."
  type        = bool
  default     = true
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

# What runs inside the cluster ------------------------------------------------------------------------------------------
# Declared here so that one tfvars file configures everything; the Ansible roles read them, Terraform makes nothing of them.

variable "enable_dynamo_stack" {
  description = "Dynamo platform. Read by the role dynamo_platform."
  type        = bool
  default     = true
  nullable    = false
}

variable "dynamo_stack_version" {
  description = "Version of the Dynamo platform and its images. Read by the roles dynamo_platform and dynamo_example."
  type        = string
  default     = "v0.4.1"
  nullable    = false

  validation {
    condition     = can(regex("^v?[0-9]+\\.[0-9]+\\.[0-9]+([.-][0-9A-Za-z.-]+)?$", var.dynamo_stack_version))
    error_message = "Write a version like \"v1.6.1\" for dynamo_stack_version."
  }
}

variable "enable_argocd" {
  description = "Argo CD as installer of the platform. Read by the role dynamo_platform."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_ai_ml_observability_stack" {
  description = "Prometheus, Grafana, dashboards and alerts. Read by the role observability."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_aws_efa_k8s_device_plugin" {
  description = "Device plugin for Elastic Fabric Adapters. Read by the role karpenter_gpu."
  type        = bool
  default     = false
  nullable    = false
}
