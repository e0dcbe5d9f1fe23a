# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Under the cluster facts' own names; null where nothing was added, so that what was found stands.

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
