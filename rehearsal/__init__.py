# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole journey on one machine: an embedded AWS and EKS to install, use and tear down."""
