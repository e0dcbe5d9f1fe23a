# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Names and tags by which things in AWS are known as this collection's. Pure functions."""

from __future__ import annotations

import hashlib
import typing as t

MANAGED_BY = "ai_on_eks.dynamo"
DISCOVERY_TAG = "karpenter.sh/discovery"
#: Stands beside a discovery tag that an adoption put on a subnet or security group of somebody else's.
DISCOVERY_MARK = "ai-on-eks.dynamo/discovery"


def prefix_of(cluster: str) -> str:
    """Return the beginning of the names of what is made for a cluster, as Terraform makes it: at most 38 characters."""
    if len(cluster) <= 38:
        return cluster
    return f"{cluster[:29]}-{hashlib.sha256(cluster.encode()).hexdigest()[:8]}"


def queues_of(cluster: str) -> list[str]:
    """Return the names that a cluster's queue can have: ours, terraform-aws-eks', that of Karpenter's own guide."""
    return [f"{prefix_of(cluster)}-karpenter", f"Karpenter-{cluster}", cluster]


def tag_values(tags: t.Any) -> dict[str, str]:
    """Bring tags, as a dict or as AWS's lists of pairs, to one dict."""
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in tags or []}


def is_ours(tags: t.Any, cluster: str) -> bool:
    """Tell whether tags say that this collection made something for the cluster."""
    found = tag_values(tags)
    return found.get("ManagedBy") == MANAGED_BY and found.get("Cluster") == cluster
