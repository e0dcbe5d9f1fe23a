# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Everything that the cluster facts are made of, under the facts' own names where they have one. What no single variable can
# know, because it takes several of them or AWS, is checked here: every plan, before anything is made.

output "name" {
  description = "Name of the EKS cluster."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "ARN of the EKS cluster."
  value       = aws_eks_cluster.this.arn
}

output "region" {
  description = "Region of the EKS cluster."
  value       = var.region
}

output "account" {
  description = "AWS account that holds the EKS cluster."
  value       = local.account_id
}

output "partition" {
  description = "AWS partition of the EKS cluster."
  value       = local.partition
}

output "version" {
  description = "Kubernetes minor version of the control plane."
  value       = aws_eks_cluster.this.version
}

output "endpoint" {
  description = "Address of the API server."
  value       = aws_eks_cluster.this.endpoint
}

output "ca" {
  description = "Certificate authority of the API server (PEM, base64)."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "oidc_issuer" {
  description = "OpenID Connect issuer of the cluster's service account tokens."
  value       = try(aws_eks_cluster.this.identity[0].oidc[0].issuer, "")
}

output "service_cidr" {
  description = "Network of the Kubernetes Services."
  value       = aws_eks_cluster.this.kubernetes_network_config[0].service_ipv4_cidr

  precondition {
    condition     = length(local.overlaps) == 0
    error_message = "These networks overlap: ${join("; ", local.overlaps)}. Choose another network for one of each pair."
  }
}

output "vpc_id" {
  description = "VPC of the cluster."
  value       = local.vpc_id

  precondition {
    condition     = length(local.given_elsewhere) == 0
    error_message = "The subnets ${join(", ", local.given_elsewhere)} are not in ${var.vpc_id}; correct private_subnet_ids or vpc_id."
  }
}

output "private_subnet_ids" {
  description = "Subnets of nodes and pods, in the order of their zones (with vpc_id in the order they were given)."
  value       = local.node_subnet_ids

  precondition {
    condition     = length(local.given_taken) == 0
    error_message = "The subnets ${join(", ", local.given_taken)} carry karpenter.sh/discovery for another cluster, whose Karpenter would lose them; set enable_subnet_tags = false and select them by id in karpenter_gpu_subnet_selector_terms."
  }
}

output "control_plane_subnet_ids" {
  description = "Subnets of control plane and mount targets: those of the nodes, unless these have secondary networks."
  value       = local.control_plane_subnet_ids

  precondition {
    condition     = length(local.secondary_refused) == 0
    error_message = "AWS refuses ${join(", ", local.secondary_refused)} beside vpc_cidr (${var.vpc_cidr}); write networks of 100.64.0.0/10, or of the private range that vpc_cidr is in, for secondary_cidr_blocks."
  }

  precondition {
    condition     = local.own_vpc || length(var.secondary_cidr_blocks) == 0
    error_message = "secondary_cidr_blocks are for a VPC that is made here; with vpc_id name subnets of your own secondary networks in private_subnet_ids."
  }
}

output "availability_zones" {
  description = "Availability zones of the cluster."
  value       = local.azs

  precondition {
    condition     = !local.own_vpc || length(local.azs) >= 2
    error_message = "The region ${var.region} offers ${length(local.azs)} of its availability zones to EKS, which needs two; choose another region."
  }

  precondition {
    condition     = local.own_vpc || length(local.azs) >= 2
    error_message = "private_subnet_ids lie in ${length(local.azs)} availability zone(s) (${join(", ", local.azs)}); EKS needs subnets in at least two different ones."
  }
}

output "public_subnet_ids" {
  description = "Subnets of NAT gateways and public load balancers, in the order of their zones."
  value       = local.own_vpc ? [for az in local.azs : aws_subnet.public[az].id] : var.public_subnet_ids

  precondition {
    condition     = !local.own_vpc || length(var.private_subnet_ids) + length(var.public_subnet_ids) == 0
    error_message = "private_subnet_ids and public_subnet_ids belong to a VPC that is there already: write its id for vpc_id, or leave them empty."
  }
}

output "cluster_security_group_id" {
  description = "Security group that EKS made for the control plane."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "node_security_group_id" {
  description = "Security group of the nodes."
  value       = aws_security_group.node.id
}

output "node_role_name" {
  description = "Name of the role of Karpenter's nodes, as an EC2NodeClass wants it."
  value       = one(module.karpenter[*].node_role_name)
}

output "node_role_arn" {
  description = "ARN of the role of Karpenter's nodes."
  value       = one(module.karpenter[*].node_role_arn)
}

output "karpenter_role_arn" {
  description = "ARN of the role of Karpenter's controller."
  value       = one(module.karpenter[*].controller_role_arn)
}

output "interruption_queue" {
  description = "Name of the queue that tells Karpenter about interruptions."
  value       = one(module.karpenter[*].interruption_queue)
}

output "efs_id" {
  description = "File system for models."
  value       = one(aws_efs_file_system.models[*].id)
}

output "efs_access_point_id" {
  description = "Access point of the folder for models."
  value       = one(aws_efs_access_point.models[*].id)
}

output "fsx_id" {
  description = "Lustre file system for models."
  value       = one(aws_fsx_lustre_file_system.models[*].id)
}

output "fsx_dns_name" {
  description = "Address of the Lustre file system."
  value       = one(aws_fsx_lustre_file_system.models[*].dns_name)
}

output "fsx_mount_name" {
  description = "Mount name of the Lustre file system."
  value       = one(aws_fsx_lustre_file_system.models[*].mount_name)
}

output "model_bucket" {
  description = "Name of the bucket for models."
  value       = one(aws_s3_bucket.models[*].id)
}

output "ecr_repository_urls" {
  description = "Addresses of the ECR repositories, by the entries of ecr_repositories."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "ecr_pull_through_cache_urls" {
  description = "What to write in place of a registry's name to pull through ECR, by the registry's name."
  value = {
    for registry, rule in aws_ecr_pull_through_cache_rule.this : registry => "${local.account_id}.dkr.ecr.${var.region}.${data.aws_partition.current.dns_suffix}/${rule.ecr_repository_prefix}"
  }
}

output "amp_workspace_id" {
  description = "Workspace of Amazon Managed Service for Prometheus."
  value       = one(aws_prometheus_workspace.this[*].id)
}

output "amp_endpoint" {
  description = "Address of the workspace; Prometheus writes to <address>api/v1/remote_write."
  value       = one(aws_prometheus_workspace.this[*].prometheus_endpoint)
}

output "service_account_roles" {
  description = "Roles of the service accounts of optional parts: cw-agent, fsx-csi, bucket and amp-write."
  value       = { for name, identity in module.identity : name => identity.role_arn }
}

output "placement_groups" {
  description = "Placement groups, by the keys of placement_groups: name and id."
  value       = { for key, group in aws_placement_group.this : key => { name = group.name, id = group.placement_group_id } }
}

output "capacity_reservation_ids" {
  description = "Capacity reservations that Karpenter may use."
  value       = var.capacity_reservation_ids
}

output "node_groups" {
  description = "Names of the managed node groups."
  value = merge(
    { core = aws_eks_node_group.core.node_group_name },
    { for group in aws_eks_node_group.gpu : "gpu" => group.node_group_name },
    { for group in aws_eks_node_group.capacity_block : "cbr" => group.node_group_name },
  )

  precondition {
    condition     = !local.enable_capacity_block || length(local.capacity_block_subnets) == 1
    error_message = "capacity_block_availability_zone (${coalesce(var.capacity_block_availability_zone, "empty")}) is none of the cluster's zones (${join(", ", local.azs)}); write the zone that the capacity block is in, and have it among availability_zones or private_subnet_ids."
  }
}

output "addon_versions" {
  description = "Versions of the EKS add-ons."
  value       = { for name, addon in merge(aws_eks_addon.before_compute, aws_eks_addon.after_compute) : name => addon.addon_version }
}

output "tags" {
  description = "Tags that everything made for the cluster carries."
  value       = local.tags
}

output "configure_kubectl" {
  description = "Command that gives kubectl access to the cluster."
  value       = "aws eks --region ${var.region} update-kubeconfig --name ${aws_eks_cluster.this.name}"
}
