# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Read from a cluster what a support bundle holds. What may not be read, or is not there, is told in the bundle."""

from __future__ import annotations

import json
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .._kube.client import Client, KubeError, Resource
from . import redact

# (group, plural) of kinds with a namespace, and of those without. Secrets are listed by name alone.
IN_NAMESPACE = (
    ("nvidia.com", "dynamographdeployments"),
    ("nvidia.com", "dynamocomponentdeployments"),
    ("nvidia.com", "dynamographdeploymentrequests"),
    ("nvidia.com", "dynamographdeploymentscalingadapters"),
    ("nvidia.com", "dynamoworkermetadatas"),
    ("", "pods"),
    ("", "services"),
    ("", "events"),
    ("", "configmaps"),
    ("", "persistentvolumeclaims"),
    ("", "serviceaccounts"),
    ("", "resourcequotas"),
    ("", "limitranges"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("batch", "jobs"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("argoproj.io", "applications"),
    ("monitoring.coreos.com", "podmonitors"),
    ("monitoring.coreos.com", "servicemonitors"),
)
IN_CLUSTER = (
    ("", "nodes"),
    ("", "namespaces"),
    ("", "persistentvolumes"),
    ("storage.k8s.io", "storageclasses"),
    ("karpenter.sh", "nodepools"),
    ("karpenter.sh", "nodeclaims"),
    ("karpenter.k8s.aws", "ec2nodeclasses"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
)
SECRETS = Resource("v1", "secrets", "Secret")
CLUSTER = "cluster"
LOG_THREADS = 8


@dataclass
class Bundle:
    """Files by their path in the bundle, and what could not be read."""

    files: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, path: str, content: t.Any) -> None:
        """Put a file in: text as it is, anything else as JSON."""
        text = content if isinstance(content, str) else json.dumps(content, indent=1, sort_keys=True)
        self.files[path] = text if text.endswith("\n") else f"{text}\n"


def collect(client: Client, namespaces: t.Sequence[str], log_lines: int) -> Bundle:
    """Read everything; `namespaces` are those of graphs, platform, Karpenter and observability.

    Raises:
        KubeError: when the API server does not answer at all.
    """
    bundle = Bundle()
    bundle.add("versions/kubernetes.json", client.get("/version"))
    groups = {entry["name"]: entry for entry in client.get("/apis").get("groups") or []}
    bundle.add("versions/apis.json", {name: _preferred(entry) for name, entry in sorted(groups.items())})
    for group, plural in IN_CLUSTER:
        _objects(client, bundle, _resource(groups, group, plural, namespaced=False), "")
    there = {item["metadata"]["name"] for item in _read(bundle, "cluster/namespaces.json")}
    for namespace in namespaces:
        # Where namespaces may not be listed, each is tried.
        if there and namespace not in there:
            bundle.problems.append(f"{namespace}: no such namespace")
            continue
        for group, plural in IN_NAMESPACE:
            _objects(client, bundle, _resource(groups, group, plural), namespace)
        try:
            bundle.add(f"{namespace}/secrets.txt", "\n".join(client.names(SECRETS, namespace)))
        except KubeError as error:
            bundle.problems.append(str(error))
        _logs(client, bundle, namespace, log_lines)
    return bundle


def _preferred(entry: t.Mapping[str, t.Any]) -> str:
    return str((entry.get("preferredVersion") or {}).get("groupVersion") or "")


def _resource(
    groups: t.Mapping[str, t.Mapping[str, t.Any]], group: str, plural: str, namespaced: bool = True
) -> Resource | None:
    """Return a kind in the version that the API server prefers; None when its group is not installed."""
    version = _preferred(groups[group]) if group in groups else ("" if group else "v1")
    return Resource(version, plural, plural, namespaced) if version else None


def _objects(client: Client, bundle: Bundle, resource: Resource | None, namespace: str) -> None:
    if resource is None:
        return
    try:
        found = client.items(resource, namespace)
    except KubeError as error:
        bundle.problems.append(str(error))
        return
    if found:
        bundle.add(f"{namespace or CLUSTER}/{resource.plural}.json", [redact.clean(item) for item in found])


def _read(bundle: Bundle, path: str) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = json.loads(bundle.files.get(path, "[]"))
    return found


def _logs(client: Client, bundle: Bundle, namespace: str, lines: int) -> None:
    """Read the end of every container's log, and of its last run when it was started again."""
    wanted = []
    for pod in _read(bundle, f"{namespace}/pods.json"):
        status = pod.get("status") or {}
        rows = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
        for row in rows:
            wanted.append((pod["metadata"]["name"], row["name"], False))
            if row.get("restartCount"):
                wanted.append((pod["metadata"]["name"], row["name"], True))

    def read(one: tuple[str, str, bool]) -> list[str] | KubeError:
        try:
            return client.log(namespace, one[0], one[1], lines, one[2])
        except KubeError as error:
            return error

    with ThreadPoolExecutor(LOG_THREADS) as pool:
        for (pod_name, container, previous), found in zip(wanted, pool.map(read, wanted)):
            if isinstance(found, KubeError):
                bundle.problems.append(str(found))
            elif found:
                name = f"{container}.previous.log" if previous else f"{container}.log"
                bundle.add(f"{namespace}/logs/{pod_name}/{name}", redact.clean_text("\n".join(found)))
