# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the Prometheus operator makes from a Prometheus or an Alertmanager: pure functions of the object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rehearsal.dynamo.kube import Resource

Json = dict[str, Any]

GROUP = "monitoring.coreos.com"
STATEFUL_SET = Resource("apps", "v1", "statefulsets", "StatefulSet")
SERVICE = Resource("", "v1", "services", "Service")


@dataclass(frozen=True)
class Kind:
    """One of the two kinds: its resource, and what its pods are called and listen on."""

    resource: Resource
    word: str
    port: int


KINDS = (
    Kind(Resource(GROUP, "v1", "prometheuses", "Prometheus"), "prometheus", 9090),
    Kind(Resource(GROUP, "v1", "alertmanagers", "Alertmanager"), "alertmanager", 9093),
)


def labels(kind: Kind, name: str) -> dict[str, str]:
    """Labels of the pods, which Services of the chart select by."""
    found = {
        "app.kubernetes.io/name": kind.word,
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "prometheus-operator",
        kind.word: name,
    }
    if kind.word == "prometheus":
        found |= {"operator.prometheus.io/name": name, "operator.prometheus.io/shard": "0"}
    return found


def _owner(kind: Kind, obj: Json) -> list[Json]:
    meta = obj["metadata"]
    owner = {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind, "name": meta["name"]}
    return [{**owner, "uid": meta["uid"], "controller": True, "blockOwnerDeletion": True}]


def governing_service(kind: Kind, obj: Json) -> Json:
    """The headless Service `<word>-operated`, shared by all objects of the kind in a namespace."""
    ports = [{"name": "http-web", "port": kind.port, "targetPort": "http-web"}]
    metadata = {"name": f"{kind.word}-operated", "namespace": obj["metadata"]["namespace"]}
    selector = {"app.kubernetes.io/name": kind.word}
    spec = {"clusterIP": "None", "ports": ports, "selector": selector}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def stateful_set(kind: Kind, obj: Json) -> Json:
    """The StatefulSet `<word>-<name>`."""
    meta, spec = obj["metadata"], obj["spec"]
    marks = labels(kind, meta["name"])
    template: Json = {"serviceAccountName": spec.get("serviceAccountName", "default")}
    template |= {
        key: spec[key] for key in ("nodeSelector", "tolerations", "affinity", "securityContext") if key in spec
    }
    main: Json = {
        "name": kind.word,
        "image": spec["image"],
        "ports": [{"name": "http-web", "containerPort": kind.port}],
    }
    if spec.get("resources"):
        main["resources"] = spec["resources"]
    wanted: Json = {
        "replicas": spec.get("replicas", 1),
        "serviceName": f"{kind.word}-operated",
        "selector": {"matchLabels": marks},
        "template": {"metadata": {"labels": marks}, "spec": {**template, "containers": [main]}},
    }
    claim = (spec.get("storage") or {}).get("volumeClaimTemplate")
    if claim:
        name = f"{kind.word}-{meta['name']}-db"
        wanted["volumeClaimTemplates"] = [{"metadata": {"name": name}, "spec": claim["spec"]}]
        main["volumeMounts"] = [{"name": name, "mountPath": f"/{kind.word}"}]
    metadata = {
        "name": f"{kind.word}-{meta['name']}",
        "namespace": meta["namespace"],
        "labels": marks,
        "ownerReferences": _owner(kind, obj),
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": wanted}


def status(obj: Json, workload: Json, now: datetime | None = None) -> Json:
    """Status of the object from that of its StatefulSet; transition times move only with a transition."""
    wanted, seen = obj["spec"].get("replicas", 1), workload.get("status") or {}
    current = int(seen.get("observedGeneration", 0)) >= int(workload["metadata"].get("generation", 1))
    ready = int(seen.get("readyReplicas", 0)) if current else 0
    available = {"status": "True"} if ready >= wanted else {"status": "False", "reason": "NoPodReady"}
    before = {condition["type"]: condition for condition in (obj.get("status") or {}).get("conditions") or []}
    moment = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = []
    for name, state in (("Available", available), ("Reconciled", {"status": "True"})):
        old = before.get(name, {})
        time = old["lastTransitionTime"] if old.get("status") == state["status"] else moment
        generation = obj["metadata"]["generation"]
        conditions.append({"type": name, **state, "observedGeneration": generation, "lastTransitionTime": time})
    counts = {"replicas": wanted, "updatedReplicas": ready, "availableReplicas": ready}
    return {"paused": False, **counts, "unavailableReplicas": wanted - ready, "conditions": conditions}
