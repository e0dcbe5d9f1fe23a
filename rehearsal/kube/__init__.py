# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""EKS's half of a cluster: certificates, a real Kubernetes control plane and the IAM token webhook."""
