# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# The blueprint guide's versions. `-e profile=current` takes profiles/current.tfvars instead.
# Name and region come from the inventory (dynamo_cluster_name, dynamo_region), which wins over values here.
# name   = "dynamo-on-eks"
# region = "us-west-2"

eks_cluster_version = "1.33"

# The API server answers inside the VPC only. To install from elsewhere, name your own network:
# cluster_endpoint_public_access_cidrs = ["203.0.113.7/32"]

enable_dynamo_stack              = true
enable_argocd                    = false # the guide: true. Helm installs the platform then; true has Argo CD do it
enable_aws_efs_csi_driver        = true
enable_aws_efa_k8s_device_plugin = true
enable_ai_ml_observability_stack = true

dynamo_stack_version = "v0.4.1"
