# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

variable "cluster" {
  description = "Name of the cluster, taken from the cluster itself: what needs the cluster waits for this value, nothing else does."
  type        = string
  nullable    = false
}

variable "cluster_arn" {
  description = "ARN of the cluster; may be known before the cluster exists."
  type        = string
  nullable    = false
}

variable "role_name" {
  description = "Name of the role (at most 64 characters)."
  type        = string
  nullable    = false
}

variable "description" {
  description = "Description of the role."
  type        = string
  nullable    = false
}

variable "namespace" {
  description = "Namespace of the service account."
  type        = string
  nullable    = false
}

variable "service_account" {
  description = "Service account that gets the role."
  type        = string
  nullable    = false
}

variable "managed_policy_arns" {
  description = "ARNs of managed policies that the role gets. They must be known before anything is made."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "policies" {
  description = "Policies (JSON) of the role's own, by name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role. With an empty string there is none."
  type        = string
  default     = ""
  nullable    = false
}
