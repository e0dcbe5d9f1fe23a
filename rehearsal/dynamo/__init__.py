# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo in the rehearsal: custom resources, the operator stand-in and model folders."""
