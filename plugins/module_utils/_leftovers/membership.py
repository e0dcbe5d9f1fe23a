# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether a resource belongs to one cluster: by its tags, by its relations, or by an exact name.

Pure functions. A resource is never claimed by the beginning of its name alone: in an account that holds the
clusters ``dyn`` and ``dyn-2``, ``dyn-2-karpenter`` must stay when ``dyn`` goes.
"""

from __future__ import annotations

import typing as t

# Tags whose value is the cluster's name, by who sets them.
NAME_TAGS = (
    "Cluster",  # Terraform's default tags and our EC2NodeClasses
    "karpenter.sh/discovery",
    "eks:eks-cluster-name",  # Karpenter v1, Auto Mode
    "aws:eks:cluster-name",  # EKS
    "eks:cluster-name",  # managed node groups
    "elbv2.k8s.aws/cluster",  # AWS Load Balancer Controller
    "cluster.k8s.amazonaws.com/name",  # VPC CNI
    "alpha.eksctl.io/cluster-name",
)


def tags_of(raw: t.Any) -> dict[str, str]:
    """Bring AWS's shapes of tags ({k: v}, [{Key, Value}], [{key, value}], [{TagKey, TagValue}]) to one dict."""
    if not raw:
        return {}
    if isinstance(raw, dict):
        return {str(k): str(v) for k, v in raw.items()}
    tags = {}
    for tag in raw:
        key = tag.get("Key", tag.get("key", tag.get("TagKey")))
        value = tag.get("Value", tag.get("value", tag.get("TagValue")))
        if key is not None:
            tags[str(key)] = str(value or "")
    return tags


def tag_reason(tags: dict[str, str], cluster: str) -> str | None:
    """The tag that says that a resource belongs to the cluster, as `key=value`, or None."""
    for key in NAME_TAGS:
        if tags.get(key) == cluster:
            return key + "=" + cluster
    key = "kubernetes.io/cluster/" + cluster
    # "shared" marks resources of other owners that the cluster only uses (a VPC that was there before).
    if tags.get(key) == "owned":
        return key + "=owned"
    return None


def relation_reason(values: t.Iterable[tuple[str, t.Any]], manifest: dict[str, t.Any]) -> str | None:
    """The saved id through which a resource belongs to the cluster, as `vpc_ids=vpc-1`, or None.

    :param values: pairs of (manifest key, value or list of values found on the resource)
    :param manifest: lists of ids saved while the cluster still existed
    """
    for key, found in values:
        saved = set(manifest.get(key) or [])
        for value in found if isinstance(found, (list, tuple)) else [found]:
            if value and value in saved:
                return key + "=" + str(value)
    return None
