# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A kubelet in small: pods as local processes, with the status, probes, events and logs of the real one."""
