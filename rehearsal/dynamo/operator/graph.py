# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a DynamoGraphDeployment turns into: component deployments, accounts, scaling adapters, claims."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from typing import Any

from rehearsal.dynamo.kube import Json, Resource
from rehearsal.dynamo.operator import consts as c

# Fields of a component that change how many pods there are, not what they are.
_NOT_HASHED = frozenset({"replicas", "minAvailable", "scalingAdapter"})
_BACKEND = re.compile(r"\bdynamo\.(vllm|sglang|trtllm)\b")


def canonical_hash(value: Any) -> str:
    """SHA-256 of a JSON value, 64 hex digits, independent of key order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def components(graph: Json) -> list[Json]:
    """Return the graph's components in the order written."""
    return list(graph.get("spec", {}).get("components") or [])


def is_worker(component: Json) -> bool:
    """Tell whether a component's deployments carry the worker hash."""
    return component.get("type") in c.WORKER_TYPES


def worker_hash(graph: Json) -> str:
    """Eight hex digits over what all workers run; empty for a graph without workers."""
    workers = [
        {key: value for key, value in component.items() if key not in _NOT_HASHED}
        for component in components(graph)
        if is_worker(component)
    ]
    if not workers:
        return ""
    workers.sort(key=lambda worker: str(worker["name"]))
    return canonical_hash({"workers": workers, "env": graph["spec"].get("env") or []})[:8]


def child_name(graph: Json, component: Json, generation_hash: str) -> str:
    """Name of the component's deployment; workers carry the hash."""
    base = f"{graph['metadata']['name']}-{component['name'].lower()}"
    return f"{base}-{generation_hash}" if is_worker(component) else base


def runtime_namespace(graph: Json) -> str:
    """Namespace inside the Dynamo runtime (not the Kubernetes one)."""
    return f"{graph['metadata']['namespace']}-{graph['metadata']['name']}"


def account_name(graph: Json) -> str:
    """ServiceAccount by which the graph's pods find each other."""
    return f"{graph['metadata']['name']}-k8s-service-discovery"


def main_container(component: Json) -> Json:
    """Return the container called main, or an empty dict."""
    for container in (component.get("podTemplate") or {}).get("spec", {}).get("containers") or []:
        if container.get("name") == c.MAIN_CONTAINER:
            return dict(container)
    return {}


def backend_framework(graph: Json) -> str:
    """The backend as given, else as the workers' command lines tell; empty when neither does."""
    given = graph["spec"].get("backendFramework")
    if given:
        return str(given)
    for component in components(graph):
        if is_worker(component):
            main = main_container(component)
            found = _BACKEND.search(" ".join(map(str, [*(main.get("command") or []), *(main.get("args") or [])])))
            if found:
                return found.group(1)
    return ""


def owner_reference(owner: Json, resource: Resource) -> Json:
    """Controller reference that makes garbage collection follow the owner."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def old_spec(graph: Json) -> Json:
    """The v1alpha1 spec that the graph was written with, as far as v1beta1 cannot hold it."""
    saved = (graph["metadata"].get("annotations") or {}).get(c.A_GRAPH_SPEC)
    return dict(json.loads(saved)) if saved else {}


def given_namespace(graph: Json, component: Json) -> str | None:
    """`dynamoNamespace` of a v1alpha1 service: half ignored, it still reaches pod labels and status."""
    service = (old_spec(graph).get("services") or {}).get(component["name"]) or {}
    value = service.get("dynamoNamespace")
    return str(value) if value else None


def _pod_template(graph: Json, component: Json) -> Json:
    """The component's pod template with the graph's env, labels and annotations under its own."""
    spec = graph["spec"]
    template = copy.deepcopy(component.get("podTemplate") or {})
    metadata = template.setdefault("metadata", {})
    for key in ("labels", "annotations"):
        merged = {**(spec.get(key) or {}), **(metadata.get(key) or {})}
        if merged:
            metadata[key] = merged
    given = given_namespace(graph, component)
    if given:
        metadata.setdefault("labels", {})[c.L_NAMESPACE] = given
    if not metadata:
        del template["metadata"]
    if spec.get("env"):
        for container in template.get("spec", {}).get("containers") or []:
            if container.get("name") == c.MAIN_CONTAINER:
                own = container.get("env") or []
                names = {entry["name"] for entry in own}
                container["env"] = [entry for entry in spec["env"] if entry["name"] not in names] + own
    return template


def render_component(graph: Json, component: Json, generation_hash: str, replicas: int) -> Json:
    """Return the DynamoComponentDeployment of one component."""
    labels = {
        **(graph["spec"].get("labels") or {}),
        c.L_COMPONENT: component["name"],
        c.L_GRAPH: graph["metadata"]["name"],
        c.L_NAMESPACE: runtime_namespace(graph),
    }
    if is_worker(component):
        labels[c.L_WORKER_HASH] = generation_hash
    spec = copy.deepcopy(component)
    spec["replicas"] = replicas
    spec["podTemplate"] = _pod_template(graph, component)
    backend = backend_framework(graph)
    if backend:
        spec["backendFramework"] = backend
    annotations = {
        key: value
        for key, value in (graph["metadata"].get("annotations") or {}).items()
        if key in (c.A_ENABLE_METRICS, c.A_DISCOVERY_MODE, c.A_NO_PULL_SECRETS, c.A_ORIGIN)
    }
    return {
        "apiVersion": c.COMPONENT.api_version,
        "kind": c.COMPONENT.kind,
        "metadata": {
            "name": child_name(graph, component, generation_hash),
            "namespace": graph["metadata"]["namespace"],
            "labels": labels,
            "annotations": {**(graph["spec"].get("annotations") or {}), **annotations},
            "ownerReferences": [owner_reference(graph, c.GRAPH)],
        },
        "spec": spec,
    }


def render_access(graph: Json, planner_role: str) -> list[tuple[Resource, Json]]:
    """Accounts and bindings: discovery for the graph's pods, and the planner's (which outlives the graph)."""
    namespace, name = graph["metadata"]["namespace"], account_name(graph)
    owned = {"namespace": namespace, "ownerReferences": [owner_reference(graph, c.GRAPH)]}
    read = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["endpoints"], "verbs": read},
        {"apiGroups": [""], "resources": ["pods"], "verbs": read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
        {
            "apiGroups": [c.GROUP],
            "resources": ["dynamoworkermetadatas"],
            "verbs": ["create", "get", "list", "watch", "update", "patch", "delete"],
        },
    ]
    rbac = "rbac.authorization.k8s.io"
    return [
        (
            c.SERVICE_ACCOUNT,
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, **owned}},
        ),
        (
            c.ROLE,
            {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": {"name": f"{name}-role", **owned}, "rules": rules},
        ),
        (
            c.ROLE_BINDING,
            {
                "apiVersion": f"{rbac}/v1",
                "kind": "RoleBinding",
                "metadata": {"name": f"{name}-binding", **owned},
                "roleRef": {"apiGroup": rbac, "kind": "Role", "name": f"{name}-role"},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
            },
        ),
        (
            c.SERVICE_ACCOUNT,
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": c.PLANNER_ACCOUNT, "namespace": namespace},
            },
        ),
        (
            c.ROLE_BINDING,
            {
                "apiVersion": f"{rbac}/v1",
                "kind": "RoleBinding",
                "metadata": {"name": f"{c.PLANNER_ACCOUNT}-binding", "namespace": namespace},
                "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": planner_role},
                "subjects": [{"kind": "ServiceAccount", "name": c.PLANNER_ACCOUNT, "namespace": namespace}],
            },
        ),
    ]


def render_adapter(graph: Json, component: Json) -> Json:
    """Return the scaling adapter of a component that asked for one."""
    name = graph["metadata"]["name"]
    return {
        "apiVersion": c.ADAPTER.api_version,
        "kind": c.ADAPTER.kind,
        "metadata": {
            "name": f"{name}-{component['name'].lower()}",
            "namespace": graph["metadata"]["namespace"],
            "labels": {c.L_GRAPH: name, c.L_COMPONENT: component["name"]},
            "ownerReferences": [owner_reference(graph, c.GRAPH)],
        },
        "spec": {
            "replicas": replicas(component),
            "dgdRef": {"name": name, "componentName": component["name"]},
        },
    }


def render_claims(graph: Json) -> list[Json]:
    """PersistentVolumeClaims that a v1alpha1 graph asked to be created, owned by the graph."""
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": claim["name"],
                "namespace": graph["metadata"]["namespace"],
                "ownerReferences": [owner_reference(graph, c.GRAPH)],
            },
            "spec": {
                "accessModes": [claim["volumeAccessMode"]],
                "resources": {"requests": {"storage": claim["size"]}},
                "storageClassName": claim["storageClass"],
            },
        }
        for claim in old_spec(graph).get("pvcs") or []
        if claim.get("create")
    ]


def replicas(component: Json) -> int:
    """Wanted pods of a component; one unless said otherwise."""
    value = component.get("replicas")
    return 1 if value is None else int(value)


def needs_orchestrator(graph: Json) -> bool:
    """Tell whether some component spans nodes, which needs Grove or LeaderWorkerSets."""
    return any(int((item.get("multinode") or {}).get("nodeCount", 1)) > 1 for item in components(graph))
