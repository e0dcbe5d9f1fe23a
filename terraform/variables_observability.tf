# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

variable "enable_amazon_prometheus" {
  description = "Workspace of Amazon Managed Service for Prometheus, and a role to write to it for Prometheus in the cluster."
  type        = bool
  default     = false
  nullable    = false
}

variable "amazon_prometheus_service_account" {
  description = "Namespace and name of the service account of the Prometheus that writes to the workspace."
  type        = string
  default     = "kube-prometheus-stack/kube-prometheus-stack-prometheus"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", var.amazon_prometheus_service_account))
    error_message = "Write namespace/name for amazon_prometheus_service_account, for example \"kube-prometheus-stack/kube-prometheus-stack-prometheus\"."
  }
}
