# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

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

variable "core_node_release_version" {
  description = "Release of the core nodes' image: \"latest\" moves them to the newest one at each apply, a release (\"1.35.4-20260714\") pins it. With an empty string they keep theirs until eks_cluster_version changes."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = contains(["", "latest"], var.core_node_release_version) || can(regex("^1\\.[0-9]+\\.[0-9]+-[0-9]{8}$", var.core_node_release_version))
    error_message = "Write \"latest\" or a release like \"1.35.4-20260714\" for core_node_release_version, or leave it empty."
  }
}

variable "node_egress_cidrs" {
  description = "Networks that nodes may open connections to. They need the registries of images and models; the VPC's own networks are always open to them."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = length(var.node_egress_cidrs) > 0 && alltrue([for cidr in var.node_egress_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Write at least one network in CIDR notation for node_egress_cidrs, for example [\"0.0.0.0/0\"]."
  }
}

variable "enable_efa_support" {
  description = "Let nodes send to each other what is not IP: Elastic Fabric Adapters need a rule to their own security group in both directions."
  type        = bool
  default     = true
  nullable    = false
}

variable "placement_groups" {
  description = "EC2 placement groups to make, by a name of your own (<name>-<key> in AWS): strategy cluster, partition (with partitions) or spread."
  type = map(object({
    strategy   = optional(string, "cluster")
    partitions = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.placement_groups) : can(regex("^[a-z0-9-]{1,40}$", key))])
    error_message = "Use up to 40 lower-case letters, digits and hyphens as keys of placement_groups, for example { efa = { strategy = \"cluster\" } }."
  }

  validation {
    condition     = alltrue([for group in values(var.placement_groups) : contains(["cluster", "partition", "spread"], group.strategy)])
    error_message = "Write \"cluster\", \"partition\" or \"spread\" as strategy of each of placement_groups."
  }

  validation {
    condition     = alltrue([for group in values(var.placement_groups) : group.partitions == null || (group.strategy == "partition" && contains(range(1, 8), coalesce(group.partitions, 0)))])
    error_message = "Write 1 to 7 as partitions in placement_groups, and only where the strategy is \"partition\"."
  }
}

variable "capacity_reservation_ids" {
  description = "On-demand capacity reservations and capacity blocks that Karpenter may use; they go into the output of the same name. AWS keeps and bills them as before."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.capacity_reservation_ids : can(regex("^cr-[0-9a-f]+$", id))]) && length(distinct(var.capacity_reservation_ids)) == length(var.capacity_reservation_ids)
    error_message = "Write ids of different capacity reservations for capacity_reservation_ids, for example [\"cr-0123456789abcdef0\"]."
  }
}

variable "enable_gpu_node_group" {
  description = "Managed node group gpu with NVIDIA GPUs, besides the nodes that Karpenter makes on demand."
  type        = bool
  default     = false
  nullable    = false
}

variable "gpu_node_instance_types" {
  description = "Instance types of the node group gpu."
  type        = list(string)
  default     = ["g6.4xlarge"]
  nullable    = false

  validation {
    condition     = length(var.gpu_node_instance_types) > 0 && alltrue([for kind in var.gpu_node_instance_types : can(regex("^[gp][a-z0-9-]+\\.[a-z0-9-]+$", kind))])
    error_message = "Write at least one instance type with NVIDIA GPUs for gpu_node_instance_types, for example [\"g6.4xlarge\"]."
  }
}

variable "gpu_node_scaling" {
  description = "Smallest, largest and wanted size of the node group gpu."
  type = object({
    min     = optional(number, 0)
    max     = optional(number, 1)
    desired = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.gpu_node_scaling.min >= 0 && var.gpu_node_scaling.min <= var.gpu_node_scaling.desired && var.gpu_node_scaling.desired <= var.gpu_node_scaling.max && var.gpu_node_scaling.max >= 1
    error_message = "Write sizes with 0 <= min <= desired <= max and max >= 1 for gpu_node_scaling, for example { min = 0, max = 2, desired = 1 }."
  }
}

variable "gpu_node_disk_gib" {
  description = "Size of the root disk (gp3, encrypted) of nodes with GPUs in GiB. An image of Dynamo takes up to 25 GiB."
  type        = number
  default     = 200
  nullable    = false

  validation {
    condition     = var.gpu_node_disk_gib >= 60 && var.gpu_node_disk_gib <= 16384
    error_message = "Write 60 to 16384 (GiB) for gpu_node_disk_gib."
  }
}

variable "capacity_block_reservation_id" {
  description = "Capacity block for ML that a managed node group cbr is to run in. With an empty string there is no such group."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.capacity_block_reservation_id == "" || can(regex("^cr-[0-9a-f]+$", var.capacity_block_reservation_id))
    error_message = "Write the id of a capacity block for capacity_block_reservation_id, for example \"cr-0123456789abcdef0\", or leave it empty."
  }
}

variable "capacity_block_availability_zone" {
  description = "Availability zone of the capacity block; needed with capacity_block_reservation_id, and it must be one of the cluster's."
  type        = string
  default     = ""
  nullable    = false
}

variable "capacity_block_instance_type" {
  description = "Instance type of the capacity block."
  type        = string
  default     = "p5.48xlarge"
  nullable    = false

  validation {
    condition     = can(regex("^p[a-z0-9-]+\\.[a-z0-9-]+$", var.capacity_block_instance_type))
    error_message = "Write the instance type of the capacity block for capacity_block_instance_type, for example \"p5.48xlarge\"."
  }
}

variable "capacity_block_size" {
  description = "Number of nodes in the node group cbr, at most what the capacity block holds. 0 before it begins and before it ends."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.capacity_block_size >= 0 && var.capacity_block_size <= 64 && floor(var.capacity_block_size) == var.capacity_block_size
    error_message = "Write a whole number from 0 to 64 for capacity_block_size."
  }
}

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
