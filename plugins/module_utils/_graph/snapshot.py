# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What the cluster says right now about graphs: objects by kind, kept up to date from watch changes."""

from __future__ import annotations

import typing as t

from .._kube.client import Resource
from .._kube.watch import Change, Source

Json = dict[str, t.Any]

GRAPH = "DynamoGraphDeployment"
COMPONENT = "DynamoComponentDeployment"
GROUP = "nvidia.com"
# What Kubernetes starts for a graph; the kinds through which the chain of owners leads to a pod.
CHAIN = (COMPONENT, "Deployment", "ReplicaSet", "Pod")

GRAPH_NAME_LABEL = "nvidia.com/dynamo-graph-deployment-name"
COMPONENT_LABEL = "nvidia.com/dynamo-component"
EXAMPLE_LABEL = "ai-on-eks.dynamo/example"

DEPLOYMENTS = Resource("apps/v1", "deployments", "Deployment")
REPLICA_SETS = Resource("apps/v1", "replicasets", "ReplicaSet")
PODS = Resource("v1", "pods", "Pod")
EVENTS = Resource("v1", "events", "Event")
CLAIMS = Resource("v1", "persistentvolumeclaims", "PersistentVolumeClaim")
NODES = Resource("v1", "nodes", "Node", namespaced=False)
NODE_POOLS = Resource("karpenter.sh/v1", "nodepools", "NodePool", namespaced=False)
NODE_CLAIMS = Resource("karpenter.sh/v1", "nodeclaims", "NodeClaim", namespaced=False)


def graphs(version: str) -> Resource:
    """Return the kind of graphs in one of its API versions, for example v1beta1."""
    return Resource(f"{GROUP}/{version}", "dynamographdeployments", GRAPH)


def components(version: str) -> Resource:
    """Return the kind of a graph's components in one of its API versions."""
    return Resource(f"{GROUP}/{version}", "dynamocomponentdeployments", COMPONENT)


def sources(version: str, namespace: str) -> list[Source]:
    """Return everything that has to be followed to judge the graphs of a namespace and to explain what is wrong."""
    mine = [graphs(version), components(version), DEPLOYMENTS, REPLICA_SETS, PODS, EVENTS, CLAIMS]
    return [
        *(Source(resource, namespace) for resource in mine),
        Source(NODE_POOLS),
        Source(NODE_CLAIMS),
        # Events about cluster-wide objects live in the namespace default; those about nodes are many and not ours.
        *([] if namespace == "default" else [Source(EVENTS, "default", field_selector="involvedObject.kind!=Node")]),
    ]


def name_of(entry: t.Mapping[str, t.Any]) -> str:
    """Return metadata.name."""
    return str(entry["metadata"]["name"])


def labels_of(entry: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return metadata.labels, {} when there are none."""
    return dict(entry["metadata"].get("labels") or {})


def deleting(entry: t.Mapping[str, t.Any]) -> bool:
    """Say whether the object is on its way out."""
    return bool(entry["metadata"].get("deletionTimestamp"))


class Snapshot:
    """All followed objects by kind and uid. Kinds that are not installed are known as such."""

    def __init__(self) -> None:
        self._objects: dict[Source, dict[str, Json]] = {}
        self._absent: set[str] = set()
        # Answers that hold until the next change; a wait asks the same things for every graph and pod.
        self._sorted: dict[str, list[Json]] = {}
        self._told: dict[tuple[str, str], list[Json]] | None = None

    def apply(self, change: Change) -> None:
        """Take one change in. FAIL changes nothing: what was known last stays true until the follower is back."""
        source = change.source
        self._sorted.pop(source.resource.kind, None)
        if source.resource.kind == EVENTS.kind:
            self._told = None
        if change.kind == "SYNC":
            self._absent.discard(source.resource.kind)
            self._objects[source] = {entry["metadata"]["uid"]: entry for entry in change.objects}
        elif change.kind == "ABSENT":
            self._absent.add(source.resource.kind)
            self._objects[source] = {}
        elif change.kind in ("SET", "DELETE"):
            known = self._objects.setdefault(source, {})
            for entry in change.objects:
                if change.kind == "SET":
                    known[entry["metadata"]["uid"]] = entry
                else:
                    known.pop(entry["metadata"]["uid"], None)

    def put(self, resource: Resource, entries: t.Iterable[Json], namespace: str = "") -> None:
        """Take in the complete collection of a kind, as a list call returns it."""
        self.apply(Change(Source(resource, namespace), "SYNC", tuple(entries)))

    def complete(self, wanted: t.Iterable[Source]) -> bool:
        """Say whether every source has been read at least once."""
        return all(source in self._objects for source in wanted)

    def absent(self, kind: str) -> bool:
        """Say whether the API server does not know this kind."""
        return kind in self._absent

    def every(self, kind: str) -> list[Json]:
        """Return all objects of a kind, oldest first."""
        if kind in self._sorted:
            return self._sorted[kind]
        found = [
            entry for source, known in self._objects.items() if source.resource.kind == kind for entry in known.values()
        ]
        found.sort(key=lambda entry: (str(entry["metadata"].get("creationTimestamp", "")), name_of(entry)))
        self._sorted[kind] = found
        return found

    def graph(self, name: str) -> Json | None:
        """Return the graph of that name."""
        return next((entry for entry in self.every(GRAPH) if name_of(entry) == name), None)

    def owned(self, kind: str, owner_kind: str, owner: str) -> list[Json]:
        """Return the objects of a kind with an owner reference to that object.

        Compared by kind and name, because an owner that is already gone has no uid to compare with; names are unique
        within the namespace that a snapshot covers.
        """
        return [
            entry
            for entry in self.every(kind)
            if any(
                reference.get("kind") == owner_kind and reference.get("name") == owner
                for reference in entry["metadata"].get("ownerReferences") or []
            )
        ]

    def events_about(self, kind: str, name: str) -> list[Json]:
        """Return the events about one object, oldest first."""
        if self._told is None:
            self._told = {}
            for event in sorted(self.every(EVENTS.kind), key=event_time):
                about = event.get("involvedObject") or {}
                self._told.setdefault((str(about.get("kind")), str(about.get("name"))), []).append(event)
        return self._told.get((kind, name), [])

    def members(self, graph: str) -> dict[str, list[Json]]:
        """Return everything that runs for a graph, by kind, whether or not the graph itself still exists.

        The chain of owners decides; labels only help for what has lost its owner (while a graph is being deleted).
        """
        found: dict[str, dict[str, Json]] = {kind: {} for kind in CHAIN}
        parents = [(GRAPH, graph)]
        for kind in CHAIN:
            for entry in self.every(kind):
                labels = labels_of(entry)
                references = entry["metadata"].get("ownerReferences") or []
                if (
                    any((reference.get("kind"), reference.get("name")) in parents for reference in references)
                    or labels.get(GRAPH_NAME_LABEL) == graph
                    or (labels.get(EXAMPLE_LABEL) == graph and (references or kind == COMPONENT))
                ):
                    found[kind][entry["metadata"]["uid"]] = entry
                    parents.append((kind, name_of(entry)))
        return {kind: list(entries.values()) for kind, entries in found.items()}


def event_time(event: t.Mapping[str, t.Any]) -> str:
    """Return when an event was last seen (RFC 3339 in UTC, which sorts as text)."""
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )
