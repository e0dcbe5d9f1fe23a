# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The node agent of a rehearsed cluster: machines become Nodes, and pods become processes of this machine."""
