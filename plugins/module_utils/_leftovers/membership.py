# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether a resource belongs to one cluster: by its tags, by what it hangs on, or by an exact name. Pure functions.

A resource is never claimed by the beginning of its name alone: in an account that holds the clusters ``dyn`` and
``dyn-2``, ``dyn-2-karpenter`` must stay when ``dyn`` goes. What lies in a network of the cluster's and carries marks of
nobody, or of somebody else, is foreign: it is reported, for it is in the way, and never touched.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t

from .._cluster.names import MANAGED_BY, prefix_of
from .kind import Json, Kind

# Tags whose value is the name of the cluster that owns the resource, by who sets them.
NAME_TAGS = (
    "Cluster",  # Terraform's default tags and our EC2NodeClasses
    "eks:eks-cluster-name",  # Karpenter v1, Auto Mode
    "aws:eks:cluster-name",  # EKS
    "eks:cluster-name",  # managed node groups
    "elbv2.k8s.aws/cluster",  # AWS Load Balancer Controller
    "cluster.k8s.amazonaws.com/name",  # VPC CNI
    "karpenter.k8s.aws/cluster",  # Karpenter before v1
    "alpha.eksctl.io/cluster-name",
)
OWNER_TAG = "kubernetes.io/cluster/"
# The original blueprint's pair of tags.
BLUEPRINT = ("Blueprint", "GithubRepo", ("ai-on-eks", "data-on-eks"))
_REGION = re.compile(r"(?<![a-z0-9])[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d(?![a-z0-9])")


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whose a resource is.

    Attributes:
        owned: whether it is the cluster's; otherwise it is foreign, and in the way.
        reason: why.
    """

    owned: bool
    reason: str


@dataclasses.dataclass
class Owner:
    """The cluster whose resources are looked for.

    Attributes:
        cluster: its name.
        region: where it is.
        manifest: lists of ids saved while it existed.
        found: values by relation (``@vpc``), of what was found to be the cluster's so far.
    """

    cluster: str
    region: str
    manifest: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    found: dict[str, set[str]] = dataclasses.field(default_factory=dict)

    def saved(self, key: str) -> set[str]:
        """Return saved ids, or the ids that were found, by the key of a relation."""
        return (
            self.found.get(key, set()) if key.startswith("@") else {str(item) for item in self.manifest.get(key) or ()}
        )

    def fill(self, pattern: str) -> str:
        """Return a pattern of a name with the cluster's name in it."""
        return pattern.format(cluster=self.cluster, prefix=prefix_of(self.cluster), cache=cache_prefix(self.cluster))

    def named_in(self, text: str) -> bool:
        """Tell whether a text holds the cluster's name, as a word."""
        words = {self.cluster, prefix_of(self.cluster), cache_prefix(self.cluster)}
        return any(re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text) for word in words)


def cache_prefix(cluster: str) -> str:
    """Return the beginning of the names of pull-through caches, as Terraform cuts it (terraform/registry.tf)."""
    if len(cluster) <= 19:
        return cluster
    return f"{cluster[:14].removesuffix('-')}-{hashlib.sha256(cluster.encode()).hexdigest()[:4]}"


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


def owners(tags: t.Mapping[str, str]) -> dict[str, str]:
    """Return the clusters that tags name as owner, each with the tag that says it.

    Marks that name no cluster (those of the CSI drivers) and those of users (``shared``, ``karpenter.sh/discovery``)
    make nobody an owner.
    """
    found: dict[str, str] = {}
    for key in NAME_TAGS:
        # Many call their own tag Cluster: ours stands beside another one.
        if tags.get(key) and (key != "Cluster" or tags.get("ManagedBy") == MANAGED_BY):
            found.setdefault(tags[key], f"{key}={tags[key]}")
    for key, value in tags.items():
        if key.startswith(OWNER_TAG) and value == "owned":
            found.setdefault(key[len(OWNER_TAG) :], f"{key}=owned")
    name, repository, projects = BLUEPRINT
    if tags.get(name) and any(project in tags.get(repository, "") for project in projects):
        found.setdefault(tags[name], f"{name}={tags[name]}")
    return found


def tag_reason(tags: t.Mapping[str, str], cluster: str) -> str | None:
    """Return the tag that says that a resource belongs to the cluster, as `key=value`, or None."""
    return owners(tags).get(cluster)


def relation_reason(values: t.Iterable[tuple[str, t.Any]], owner: Owner) -> str | None:
    """Return what of the cluster's a resource hangs on, as `vpc=vpc-1`, or None.

    Args:
        values: pairs of (manifest key or @kind, value or list of values found on the resource).
        owner: the cluster.
    """
    for key, found in values:
        saved = owner.saved(key)
        for value in found if isinstance(found, (list, tuple)) else [found]:
            if value and str(value) in saved:
                return f"{key.lstrip('@').partition(':')[0]}={value}"
    return None


def name_reason(kind: Kind, name: str, owner: Owner) -> str | None:
    """Return the name by which a resource belongs to the cluster, or None."""
    if name in [owner.fill(pattern) for pattern in kind.names]:
        return f"name={name}"
    return next((f"name={start}*" for start in map(owner.fill, kind.prefixes) if name.startswith(start)), None)


def elsewhere(kind: Kind, name: str, tags: t.Mapping[str, str], region: str) -> bool:
    """Tell whether an item of a service without regions belongs to a cluster of the same name in another region."""
    if not kind.is_global:
        return False
    tagged = tags.get("topology.kubernetes.io/region")
    regions = [tagged] if tagged else _REGION.findall(name)
    return bool(regions) and region not in regions


def judge(
    kind: Kind, item: Json, identifier: str, tags: t.Mapping[str, str], owner: Owner, parent: str = ""
) -> Verdict | None:
    """Say whose an item is; None when it has nothing to do with the cluster.

    Args:
        kind: its kind.
        item: what AWS says of it.
        identifier: its id.
        tags: its tags.
        owner: the cluster.
        parent: what of the cluster's it is a part of, for kinds that have a parent.
    """
    import jmespath

    if kind.name == "vpc" and identifier in owner.saved("given_vpc_ids"):
        return None
    named = owners(tags)
    mine = named.pop(owner.cluster, None)
    related = relation_reason([(key, jmespath.search(path, item)) for path, key in kind.relations], owner)
    exact = name_reason(kind, identifier, owner) or parent
    if identifier in owner.saved(kind.identity):
        exact = exact or f"{kind.identity}={identifier}"
    if named:
        other = ", ".join(sorted(named.values()))
        return Verdict(False, f"{other}, {related or mine or exact}") if related or mine or exact else None
    if elsewhere(kind, identifier, tags, owner.region):
        return None
    if mine or exact:
        return Verdict(True, str(mine or exact))
    if not related:
        return None
    by_id = any(key for _path, key in kind.relations if not key.startswith("@") and related.startswith(f"{key}="))
    if by_id or (kind.marks and not tags.get("ManagedBy") and jmespath.search(kind.marks, item)):
        return Verdict(True, related)
    return Verdict(False, f"{related}, without a mark of the cluster")
