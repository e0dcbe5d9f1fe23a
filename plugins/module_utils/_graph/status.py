# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Judge whether a graph is ready. Pure: a snapshot in, a view out.

The graph's own state cannot be believed alone. Operators before 1.0 have no observedGeneration and serve a stale
`successful` after an edit; so the judgement follows graph -> component -> Deployment -> pods, each with its generation.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from . import pods
from .snapshot import COMPONENT, COMPONENT_LABEL, GRAPH, Json, Snapshot, deleting, labels_of, name_of


@dataclass(frozen=True)
class ComponentView:
    """One component: how many replicas were asked for, run the newest pod template, and are ready."""

    name: str
    kind: str
    replicas: int
    updated: int
    ready: int
    current: bool
    """The newest definition has arrived here, and nothing of an older one is left."""
    deployments: tuple[str, ...] = ()


@dataclass(frozen=True)
class GraphView:
    """What is known about one graph."""

    name: str
    exists: bool
    state: str = "absent"
    generation: int = 0
    observed: int | None = None
    """The generation that the operator has dealt with; None when the operator does not say."""
    reason: str = ""
    message: str = ""
    rolling: str = ""
    ready: bool = False
    components: tuple[ComponentView, ...] = ()
    pods: tuple[pods.PodView, ...] = field(default=())

    @property
    def unseen(self) -> bool:
        """Say whether no operator has dealt with the graph as it is now."""
        return self.exists and (not self.state or (self.observed is not None and self.observed < self.generation))


def judge(snapshot: Snapshot, name: str) -> GraphView:
    """Return the view of one graph."""
    graph = snapshot.graph(name)
    if graph is None:
        return GraphView(name=name, exists=False)
    status = graph.get("status") or {}
    condition = condition_of(graph, "Ready")
    generation = int(graph["metadata"].get("generation") or 0)
    seen = [
        source["observedGeneration"] for source in (status, condition) if source.get("observedGeneration") is not None
    ]
    observed = min(map(int, seen)) if seen else None
    wanted = wanted_components(graph)
    views = tuple(_component(snapshot, graph, entry, trusts=observed is not None) for entry in wanted)
    state = str(status.get("state") or "")
    ready = (
        not deleting(graph)
        and state == "successful"
        and condition.get("status") == "True"
        and (observed is None or observed >= generation)
        and all(view.current and view.ready >= view.replicas for view in views)
    )
    return GraphView(
        name=name,
        exists=True,
        state="deleting" if deleting(graph) else state,
        generation=generation,
        observed=observed,
        reason=str(condition.get("reason") or ""),
        message=str(condition.get("message") or ""),
        rolling=_rolling(status),
        ready=ready,
        components=views,
        pods=tuple(_pods(snapshot, name)),
    )


def condition_of(entry: t.Mapping[str, t.Any], kind: str) -> Json:
    """Return the condition of that type, {} when it is not there."""
    conditions = (entry.get("status") or {}).get("conditions") or []
    return next((dict(condition) for condition in conditions if condition.get("type") == kind), {})


def wanted_components(graph: t.Mapping[str, t.Any]) -> list[Json]:
    """Return the graph's components in one form for both API versions: name, replicas, container."""
    spec = graph.get("spec") or {}
    if "components" in spec:
        return [
            {
                "name": str(entry["name"]),
                "replicas": int(entry.get("replicas", 1)),
                "container": _main(((entry.get("podTemplate") or {}).get("spec") or {}).get("containers") or []),
                "env": [],
            }
            for entry in spec["components"]
        ]
    return [
        {
            "name": str(name),
            "replicas": int((entry or {}).get("replicas", 1)),
            "container": ((entry or {}).get("extraPodSpec") or {}).get("mainContainer") or {},
            "env": (entry or {}).get("envs") or [],
        }
        for name, entry in (spec.get("services") or {}).items()
    ]


def _main(containers: list[Json]) -> Json:
    return next((container for container in containers if container.get("name") == "main"), {})


def _component(snapshot: Snapshot, graph: Json, wanted: Json, trusts: bool) -> ComponentView:
    """Judge one component; `trusts` says that the operator reports the generation it has dealt with."""
    name, replicas = str(wanted["name"]), int(wanted["replicas"])
    reported = _reported(graph, name)
    kind = str(reported.get("componentKind") or "Deployment")
    if kind != "Deployment":
        # Grove and LeaderWorkerSet: no Deployments to follow, only the operator's count.
        updated, ready = int(reported.get("updatedReplicas") or 0), int(reported.get("readyReplicas") or 0)
        return ComponentView(name, kind, replicas, updated, ready, current=updated >= replicas)
    deployments = [
        deployment
        for component in _components_of(snapshot, name_of(graph), name)
        for deployment in snapshot.owned("Deployment", COMPONENT, name_of(component))
        if not deleting(deployment)
    ]
    # While workers roll there are two generations of the component side by side; the newest one is the one asked for.
    newest = deployments[-1:]
    settled = [deployment for deployment in newest if _settled(deployment, replicas)]
    reached = trusts or all(_carries(deployment, wanted) for deployment in newest)
    return ComponentView(
        name,
        kind,
        replicas,
        updated=sum(int((entry.get("status") or {}).get("updatedReplicas") or 0) for entry in newest),
        ready=sum(_ready(entry) for entry in newest),
        current=bool(settled) and reached and len(deployments) == 1,
        deployments=tuple(name_of(entry) for entry in deployments),
    )


def _reported(graph: Json, name: str) -> Json:
    status = graph.get("status") or {}
    found = (status.get("components") or status.get("services") or {}).get(name)
    return dict(found or {})


def _components_of(snapshot: Snapshot, graph: str, name: str) -> list[Json]:
    owned = [entry for entry in snapshot.owned(COMPONENT, GRAPH, graph) if not deleting(entry)]
    plain = f"{graph}-{name.lower()}"
    return [entry for entry in owned if labels_of(entry).get(COMPONENT_LABEL) == name or name_of(entry) == plain]


def _settled(deployment: Json, replicas: int) -> bool:
    """Say whether a Deployment has rolled out completely (what `kubectl rollout status` checks)."""
    status = deployment.get("status") or {}
    return (
        int(status.get("observedGeneration") or 0) >= int(deployment["metadata"].get("generation") or 0)
        and int((deployment.get("spec") or {}).get("replicas", 1)) == replicas
        and int(status.get("updatedReplicas") or 0) == replicas
        and int(status.get("replicas") or 0) == replicas
    )


def _ready(deployment: Json) -> int:
    return int((deployment.get("status") or {}).get("availableReplicas") or 0)


def _carries(deployment: Json, wanted: Json) -> bool:
    """Say whether the Deployment's container is the one that the graph asks for now.

    Only what the user wrote is compared. The operator adds variables, and before 1.0 overwrites those it sets itself
    (all of them begin with DYN, ETCD or NATS).
    """
    template = (((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}).get("containers") or []
    container = _main(template)
    asked = wanted["container"]
    same = all(container.get(key) == asked[key] for key in ("image", "command", "args", "workingDir") if asked.get(key))
    values = {entry.get("name"): entry.get("value") for entry in container.get("env") or []}
    own = [entry for entry in wanted["env"] if not str(entry.get("name", "")).startswith(("DYN", "ETCD", "NATS"))]
    return same and all(values.get(entry["name"]) == entry.get("value") for entry in own)


def _rolling(status: Json) -> str:
    """Return a phrase about a worker roll, which the operator calls pending although the graph serves."""
    rolling = status.get("rollingUpdate") or {}
    if rolling.get("phase") not in ("Pending", "InProgress"):
        return ""
    done = ", ".join(map(str, rolling.get("updatedComponents") or [])) or "none"
    return f"rolling update in progress (done: {done}); the old workers serve meanwhile"


def _pods(snapshot: Snapshot, graph: str) -> list[pods.PodView]:
    return [pods.view(pod) for pod in snapshot.members(graph)["Pod"]]
