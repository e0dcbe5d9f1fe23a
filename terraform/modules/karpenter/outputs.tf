# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

output "node_role_name" {
  description = "Name of the role of Karpenter's nodes, as an EC2NodeClass wants it."
  value       = aws_iam_role.node.name
}

output "node_role_arn" {
  description = "ARN of the role of Karpenter's nodes."
  value       = aws_iam_role.node.arn
}

output "controller_role_name" {
  description = "Name of the role of Karpenter's controller."
  value       = module.controller.role_name
}

output "controller_role_arn" {
  description = "ARN of the role of Karpenter's controller."
  value       = module.controller.role_arn
}

output "controller_association" {
  description = "Service account that gets the controller's role: namespace and service_account."
  value       = module.controller.association
}

output "permissions_boundaries" {
  description = "Permissions boundaries of the two roles."
  value       = [aws_iam_role.node.permissions_boundary, module.controller.permissions_boundary]
}

output "node_access_type" {
  description = "Type of the access entry of Karpenter's nodes."
  value       = aws_eks_access_entry.node.type
}

output "interruption_queue" {
  description = "Name of the queue that tells Karpenter about interruptions."
  value       = aws_sqs_queue.interruption.name
}

output "event_rules" {
  description = "Names of the rules that fill the queue."
  value       = [for event in sort(keys(aws_cloudwatch_event_rule.interruption)) : aws_cloudwatch_event_rule.interruption[event].name]
}
