# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Declared here so that one variables file describes everything. Terraform makes nothing of them.

variable "enable_dynamo_stack" {
  description = "Dynamo platform inside the cluster. Read by the role dynamo_platform."
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
  description = "Argo CD as installer of the platform, in place of Helm. Read by the role dynamo_platform."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_ai_ml_observability_stack" {
  description = "Prometheus, Grafana, dashboards and alerts. Kept for the guide's variables files; Terraform makes nothing of it."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_aws_efa_k8s_device_plugin" {
  description = "Device plugin for Elastic Fabric Adapters. Kept for the guide's variables files; Terraform makes nothing of it."
  type        = bool
  default     = false
  nullable    = false
}
