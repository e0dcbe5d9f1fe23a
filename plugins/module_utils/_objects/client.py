# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The questions of the wait loop, asked of a real API server."""

from __future__ import annotations

import typing as t

from .._kube.client import Client, Json, KubeError, Resource

if t.TYPE_CHECKING:
    from .wait import Target


class ApiCluster:
    """A cluster behind a client. Kinds are looked up in the API server's own discovery, once for each group."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kinds: dict[tuple[str, str], Resource] = {}

    def get(self, target: Target) -> Json | None:
        """Return the object, or None while it (or its kind) does not exist."""
        resource = self._resource(target.api_version, target.kind)
        return self._client.find(resource.path(target.namespace, target.name)) if resource else None

    def matching(self, target: Target) -> list[Json]:
        """List the objects that the target's label selector matches; none while the kind does not exist."""
        resource = self._resource(target.api_version, target.kind)
        query = {"labelSelector": target.label_selector}
        return self._client.items(resource, target.namespace, query) if resource else []

    def endpoint_slices(self, target: Target) -> list[Json]:
        """List the EndpointSlices of a Service."""
        query = {"labelSelector": f"kubernetes.io/service-name={target.name}"}
        slices = Resource("discovery.k8s.io/v1", "endpointslices", "EndpointSlice")
        return self._client.items(slices, target.namespace, query)

    def pods(self, namespace: str, labels: t.Mapping[str, str]) -> list[Json]:
        """List the pods that carry these labels."""
        query = {"labelSelector": ",".join(f"{key}={value}" for key, value in sorted(labels.items()))}
        return self._client.items(Resource("v1", "pods", "Pod"), namespace, query)

    def _resource(self, api_version: str, kind: str) -> Resource | None:
        """Find out how a kind is called in URLs; None while the API server does not serve it."""
        if (api_version, kind) not in self._kinds:
            root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            for found in (self._discover(root) or {}).get("resources") or []:
                if "/" not in found["name"]:
                    resource = Resource(api_version, found["name"], found["kind"], bool(found["namespaced"]))
                    self._kinds[(api_version, found["kind"])] = resource
        return self._kinds.get((api_version, kind))

    def _discover(self, root: str) -> Json | None:
        try:
            return self._client.find(root)
        except KubeError as error:
            # A group that an aggregated API server serves answers 503 while that server is away.
            if error.status == 503:
                return None
            raise
