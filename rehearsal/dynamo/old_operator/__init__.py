# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Dynamo operator at the age of 0.4: v1alpha1 alone, no webhooks, discovery in etcd.

Behaves as that operator was seen to behave, its faults included: it loses drift, leaves removed services running, and
cannot let a component go while etcd does not answer.
"""
