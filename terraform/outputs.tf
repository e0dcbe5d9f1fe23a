# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Everything that the cluster facts are made of, under the facts' own names where they have one.

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
}

output "vpc_id" {
  description = "VPC of the cluster."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Subnets of nodes and pods, in the order of their zones."
  value       = [for az in local.azs : aws_subnet.private[az].id]
}

output "public_subnet_ids" {
  description = "Subnets of NAT gateways and public load balancers, in the order of their zones."
  value       = [for az in local.azs : aws_subnet.public[az].id]
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

output "tags" {
  description = "Tags that everything made for the cluster carries."
  value       = local.tags
}

output "configure_kubectl" {
  description = "Command that gives kubectl access to the cluster."
  value       = "aws eks --region ${var.region} update-kubeconfig --name ${aws_eks_cluster.this.name}"
}
