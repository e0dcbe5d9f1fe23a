# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

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

variable "secondary_cidr_blocks" {
  description = "Further networks of the VPC, of which nodes and pods then get their addresses instead of from vpc_cidr; the guide's code took [\"100.64.0.0/16\"]. Choose before the first install: a change moves all nodes."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.secondary_cidr_blocks : can(cidrhost(cidr, 0)) && can(regex("/(1[6-9]|2[0-4])$", cidr))])
    error_message = "Write networks of size /16 to /24 for secondary_cidr_blocks, for example [\"100.64.0.0/16\"]."
  }

  validation {
    condition     = length(var.secondary_cidr_blocks) <= 4 && length(distinct(var.secondary_cidr_blocks)) == length(var.secondary_cidr_blocks)
    error_message = "Write at most four different networks for secondary_cidr_blocks: AWS allows a VPC five in all."
  }
}

variable "vpc_id" {
  description = "VPC that is there already and is to be used. Nothing is then made in it but tags karpenter.sh/discovery on the private subnets and what vpc_interface_endpoints asks for. With an empty string a VPC is made."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.vpc_id == "" || can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "Write the id of a VPC for vpc_id, for example \"vpc-0123456789abcdef0\", or leave it empty."
  }
}

variable "private_subnet_ids" {
  description = "With vpc_id: the subnets of control plane, nodes, pods and mount targets, in at least two availability zones, with a way out to the registries."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.private_subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))]) && length(distinct(var.private_subnet_ids)) == length(var.private_subnet_ids)
    error_message = "Write ids of different subnets for private_subnet_ids, for example [\"subnet-0123456789abcdef0\", \"subnet-0123456789abcdef1\"]."
  }
}

variable "public_subnet_ids" {
  description = "With vpc_id: subnets for internet-facing load balancers, if there are any; they only go into the outputs."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.public_subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "Write ids of subnets for public_subnet_ids, for example [\"subnet-0123456789abcdef2\"]."
  }
}

variable "enable_subnet_tags" {
  description = "With vpc_id: tag the private subnets karpenter.sh/discovery=<name>. Write false where you may not tag them or another cluster's Karpenter uses that tag, and select subnets by id in karpenter_gpu_subnet_selector_terms."
  type        = bool
  default     = true
  nullable    = false
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

variable "vpc_interface_endpoints" {
  description = "AWS services that get an endpoint inside the VPC (about 7 USD a month each and zone), for example [\"ecr.api\", \"ecr.dkr\", \"sts\", \"eks\", \"eks-auth\", \"ec2\", \"sqs\", \"logs\"]."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = length(setsubtract(var.vpc_interface_endpoints, [
      "aps-workspaces", "autoscaling", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticfilesystem",
      "elasticloadbalancing", "fsx", "kms", "logs", "monitoring", "secretsmanager", "sqs", "ssm", "ssmmessages", "sts",
    ])) == 0
    error_message = "Choose from aps-workspaces, autoscaling, ec2, ec2messages, ecr.api, ecr.dkr, eks, eks-auth, elasticfilesystem, elasticloadbalancing, fsx, kms, logs, monitoring, secretsmanager, sqs, ssm, ssmmessages and sts for vpc_interface_endpoints; S3 has its own switch, enable_s3_endpoint."
  }
}
