# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}

output "permissions_boundary" {
  description = "Permissions boundary of the role."
  value       = aws_iam_role.this.permissions_boundary
}

output "association" {
  description = "Association of the role with the service account: namespace and service_account."
  value = {
    namespace       = aws_eks_pod_identity_association.this.namespace
    service_account = aws_eks_pod_identity_association.this.service_account
  }
}
