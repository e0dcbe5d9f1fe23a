# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

variable "enable_aws_efs_csi_driver" {
  description = "EFS file system for models shared between nodes, with its CSI driver."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_aws_fsx_csi_driver" {
  description = "CSI driver for FSx for Lustre. deploy_fsx_volume brings it along."
  type        = bool
  default     = false
  nullable    = false
}

variable "deploy_fsx_volume" {
  description = "FSx for Lustre file system for models (about 175 USD a month at the smallest size), with its CSI driver; with enable_model_bucket it shows the bucket's models under /models."
  type        = bool
  default     = false
  nullable    = false
}

variable "fsx_storage_capacity_gib" {
  description = "Size of the Lustre file system in GiB: 1200 or a multiple of 2400."
  type        = number
  default     = 1200
  nullable    = false

  validation {
    condition     = var.fsx_storage_capacity_gib == 1200 || (var.fsx_storage_capacity_gib >= 2400 && var.fsx_storage_capacity_gib % 2400 == 0)
    error_message = "Write 1200 or a multiple of 2400 (GiB) for fsx_storage_capacity_gib."
  }
}

variable "fsx_throughput_per_tib" {
  description = "Throughput of the Lustre file system in MB/s for each TiB of its size."
  type        = number
  default     = 500
  nullable    = false

  validation {
    condition     = contains([125, 250, 500, 1000], var.fsx_throughput_per_tib)
    error_message = "Write 125, 250, 500 or 1000 (MB/s) for fsx_throughput_per_tib."
  }
}

variable "enable_model_bucket" {
  description = "S3 bucket for models, and a role to read and fill it for one service account."
  type        = bool
  default     = false
  nullable    = false
}

variable "model_bucket_name" {
  description = "Name of the bucket for models. With an empty string <name>-models-<hash of account and region>."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.model_bucket_name == "" || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.model_bucket_name))
    error_message = "Write 3 to 63 lower-case letters, digits and hyphens for model_bucket_name, for example \"acme-dynamo-models\", or leave it empty."
  }
}

variable "model_bucket_service_account" {
  description = "Namespace and name of the service account that may use the bucket for models."
  type        = string
  default     = "dynamo-cloud/models"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", var.model_bucket_service_account))
    error_message = "Write namespace/name for model_bucket_service_account, for example \"dynamo-cloud/models\"."
  }
}

variable "ecr_repositories" {
  description = "ECR repositories for images of your own, named <name>/<entry>: tags that cannot be moved, scanned on push, the newest 30 images kept."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for repository in var.ecr_repositories : can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", repository)) && length(repository) <= 200]) && length(distinct(var.ecr_repositories)) == length(var.ecr_repositories)
    error_message = "Write different names in lower-case letters, digits and single ./_- in between for ecr_repositories, for example [\"vllm-runtime\"]."
  }
}

variable "ecr_pull_through_cache" {
  description = "Registries whose images ECR keeps a copy of at the first pull, each with the ARN of the secret (ecr-pullthroughcache/...) that holds its credentials, or \"\" where none are needed."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.ecr_pull_through_cache), ["ghcr.io", "public.ecr.aws", "quay.io", "registry-1.docker.io", "registry.k8s.io"])) == 0
    error_message = "Use ghcr.io, public.ecr.aws, quay.io, registry-1.docker.io or registry.k8s.io as keys of ecr_pull_through_cache: ECR knows no others of use here."
  }

  validation {
    condition = alltrue([
      for registry, secret in var.ecr_pull_through_cache : secret == "" ? !contains(["ghcr.io", "registry-1.docker.io"], registry)
      : can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/.+$", secret))
    ])
    error_message = "Write the ARN of a secret whose name begins with ecr-pullthroughcache/ for ghcr.io and registry-1.docker.io in ecr_pull_through_cache, and \"\" for registries that need none."
  }
}

variable "delete_data_on_destroy" {
  description = "Let the cleanup delete the bucket for models and the ECR repositories with everything in them, as it does the file systems. With false it stops at those that are not empty, and they carry the tag KeepData=true, by which the sweep leaves them even when the state is lost."
  type        = bool
  default     = true
  nullable    = false
}
