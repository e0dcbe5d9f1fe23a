# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

variable "cluster" {
  description = "Name of the cluster, taken from the cluster itself: what needs the cluster waits for this value, nothing else does."
  type        = string
  nullable    = false
}

variable "cluster_name" {
  description = "Name of the cluster; may be known before the cluster exists."
  type        = string
  nullable    = false
}

variable "prefix" {
  description = "Beginning of the names of the queue and the event rules (at most 38 characters)."
  type        = string
  nullable    = false
}

variable "iam_prefix" {
  description = "Beginning of the names of the roles (at most 53 characters)."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the cluster."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "Account of the cluster."
  type        = string
  nullable    = false
}

variable "partition" {
  description = "AWS partition of the account."
  type        = string
  nullable    = false
}

variable "namespace" {
  description = "Namespace of the service account karpenter, which gets the controller's role."
  type        = string
  nullable    = false
}

variable "node_policies" {
  description = "Names of the AWS managed policies of the nodes' role."
  type        = list(string)
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles. With an empty string there is none."
  type        = string
  default     = ""
  nullable    = false
}
