# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

variable "enable_cluster_addons" {
  description = "EKS add-ons to switch on or off. What is not named keeps its default: all on but eks-node-monitoring-agent and amazon-cloudwatch-observability."
  type        = map(bool)
  default     = {}
  nullable    = false

  validation {
    condition = length(setsubtract(keys(var.enable_cluster_addons), [
      "amazon-cloudwatch-observability", "aws-ebs-csi-driver", "coredns", "eks-node-monitoring-agent", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni",
    ])) == 0
    error_message = "Use amazon-cloudwatch-observability, aws-ebs-csi-driver, coredns, eks-node-monitoring-agent, eks-pod-identity-agent, kube-proxy, metrics-server or vpc-cni as keys of enable_cluster_addons; the drivers of EFS and FSx have switches of their own, enable_aws_efs_csi_driver and enable_aws_fsx_csi_driver."
  }

  validation {
    condition     = alltrue([for addon in ["coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"] : lookup(var.enable_cluster_addons, addon, true)])
    error_message = "Leave coredns, eks-pod-identity-agent, kube-proxy and vpc-cni on in enable_cluster_addons: nodes and controllers do not work without them."
  }
}

variable "cluster_addon_versions" {
  description = "Versions of EKS add-ons by name: a version (\"v1.12.2-eksbuild.4\") pins it, \"latest\" takes the newest that fits the cluster. What is not named gets EKS's default for the cluster's version, and follows it."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(setsubtract(keys(var.cluster_addon_versions), [
      "amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver", "coredns",
      "eks-node-monitoring-agent", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni",
    ])) == 0
    error_message = "Use names of add-ons as keys of cluster_addon_versions: those of enable_cluster_addons, aws-efs-csi-driver or aws-fsx-csi-driver."
  }

  validation {
    condition     = alltrue([for version in values(var.cluster_addon_versions) : version == "latest" || can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "Write \"latest\" or versions like \"v1.12.2-eksbuild.4\" in cluster_addon_versions; `aws eks describe-addon-versions` lists them."
  }
}

variable "enable_network_policy" {
  description = "Let the VPC CNI enforce Kubernetes network policies."
  type        = bool
  default     = true
  nullable    = false
}
