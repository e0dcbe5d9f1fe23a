# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A Helm chart repository on this machine: real charts where a Go module ships them, stand-ins for the others."""
