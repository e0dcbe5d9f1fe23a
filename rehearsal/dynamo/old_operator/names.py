# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds and names of this age; what both ages share is in rehearsal.dynamo.operator.consts."""

from __future__ import annotations

from rehearsal.dynamo.kube import Resource
from rehearsal.dynamo.operator import consts as c

GRAPH = Resource(c.GROUP, c.OLD_VERSION, c.GRAPH.plural, c.GRAPH.kind)
COMPONENT = Resource(c.GROUP, c.OLD_VERSION, c.COMPONENT.plural, c.COMPONENT.kind)
AUTOSCALER = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
INGRESS = Resource("networking.k8s.io", "v1", "ingresses", "Ingress")
