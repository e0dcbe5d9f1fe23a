# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What is inside a cluster that a cleanup has to do with. Pure but for the questions of `Cluster`."""

from __future__ import annotations

import typing as t

from .._kube.client import KubeError
from .._objects.absent import Selector
from .._objects.predicates import Object

# Kinds that are listed by name.
LISTED = (
    Selector("nvidia.com", "DynamoGraphDeploymentRequest"),
    Selector("nvidia.com", "DynamoGraphDeployment"),
    Selector("nvidia.com", "DynamoComponentDeployment"),
    Selector("argoproj.io", "ApplicationSet"),
    Selector("argoproj.io", "Application"),
    Selector("v1", "Service", field_selector="spec.type=LoadBalancer"),
    Selector("networking.k8s.io/v1", "Ingress"),
    Selector("gateway.networking.k8s.io", "Gateway"),
    Selector("karpenter.sh", "NodePool"),
    Selector("karpenter.sh", "NodeClaim"),
    Selector("karpenter.k8s.aws", "EC2NodeClass"),
)
CLAIMS = Selector("v1", "PersistentVolumeClaim")
VOLUMES = Selector("v1", "PersistentVolume")

Row = dict[str, t.Any]


class Cluster(t.Protocol):
    """What is asked of a cluster."""

    def select(self, selector: Selector) -> t.Sequence[Object]:
        """List the objects that match; none when the kind is not installed."""

    def releases(self) -> list[Row]:
        """List Helm's releases by their records' labels."""


def survey(cluster: Cluster) -> Row:
    """Return what is there, by kind, with the volumes and what they are made of.

    A kind that the API server fails to list (a conversion webhook whose server is away) is a problem, not the end.

    Raises:
        KubeError: the API server does not answer, or refuses.
    """
    problems: list[str] = []

    def select(selector: Selector) -> t.Sequence[Object]:
        try:
            return cluster.select(selector)
        except KubeError as error:
            if error.status < 500:
                raise
            problems.append(f"{selector.kind}: {error}")
            return []

    return {
        "objects": {selector.kind: names(select(selector)) for selector in LISTED},
        "volumes": volumes(select(CLAIMS), select(VOLUMES)),
        "releases": cluster.releases(),
        "problems": problems,
    }


def names(found: t.Iterable[Object]) -> list[str]:
    """Return the names of objects, with their namespaces where they have one."""
    metas = [obj["metadata"] for obj in found]
    return sorted(
        f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else str(meta["name"]) for meta in metas
    )


def volumes(claims: t.Iterable[Object], found: t.Iterable[Object]) -> list[Row]:
    """Return a row for each volume: whose it is, how big, and what it is in AWS. A claim without one has none yet."""
    claimed = {str(obj["metadata"].get("uid")): names([obj])[0] for obj in claims}
    rows = []
    for obj in found:
        spec = obj.get("spec") or {}
        source, reference = spec.get("csi") or {}, spec.get("claimRef") or {}
        rows.append(
            {
                "name": str(obj["metadata"]["name"]),
                "claim": claimed.get(str(reference.get("uid")), ""),
                "namespace": str(reference.get("namespace") or ""),
                "size": str((spec.get("capacity") or {}).get("storage") or ""),
                "driver": str(source.get("driver") or ""),
                "handle": str(source.get("volumeHandle") or ""),
                "kept": spec.get("persistentVolumeReclaimPolicy") == "Retain",
            }
        )
    return sorted(rows, key=lambda row: (row["namespace"], row["claim"], row["name"]))


def release_rows(records: t.Iterable[Object]) -> list[Row]:
    """Return name and namespace of the releases that Helm's records are of; a release has one for each revision."""
    found = {
        (str(meta.get("namespace")), str(meta["labels"]["name"]))
        for meta in (record["metadata"] for record in records)
        if (meta.get("labels") or {}).get("name")
    }
    return [{"namespace": namespace, "name": name} for namespace, name in sorted(found)]
