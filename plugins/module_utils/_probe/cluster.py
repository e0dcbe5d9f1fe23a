# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reach endpoints, workers and logs inside a cluster, through the Kubernetes API alone."""

from __future__ import annotations

from .._kube.client import Client as KubeClient
from .._kube.client import KubeError
from .._kube.endpoints import ready
from .._kube.portforward import PODS, SERVICES, Forwarder
from .errors import ProbeError
from .target import RawSocket, Target
from .transport import Client

LOG_LINES = 500


def cluster_target(client: KubeClient, namespace: str, service: str = "", pod: str = "", port: str = "") -> Target:
    """Make a target of a Service or a pod; without either, one that every request finds missing (for logs only)."""
    if not service and not pod:

        def refuse(_timeout: float) -> RawSocket:
            raise ProbeError("the check needs an endpoint, but neither url nor service nor pod is given")

        return Target(name=f"namespace {namespace}", host="localhost", dial=refuse)
    forwarder = Forwarder(client, namespace, service, pod, port)
    return Target(name=str(forwarder), host=service or pod, dial=forwarder.dial)


class Pods:
    """The pods of one namespace, as the checks need them (see session.Cluster)."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def logs(self, selector: str, container: str) -> list[tuple[str, list[str]]]:
        """Last lines of every pod that a selector finds ("" = each pod's first container). Raises ProbeError."""
        try:
            pods = self._client.items(PODS, self._namespace, {"labelSelector": selector})
            return [
                (
                    name,
                    self._client.log(
                        self._namespace, name, container or pod["spec"]["containers"][0]["name"], LOG_LINES
                    ),
                )
                for name, pod in sorted((str(pod["metadata"]["name"]), pod) for pod in pods)
            ]
        except KubeError as error:
            raise refused(error) from error

    def clients(self, selector: str, port: str) -> list[tuple[str, Client]]:
        """Name of, and a client for, every ready pod that a selector finds. Raises ProbeError."""
        names = self.ready_pods(selector)
        return [(name, Client(cluster_target(self._client, self._namespace, pod=name, port=port))) for name in names]

    def ready_pods(self, selector: str) -> list[str]:
        """Names of the ready pods that a selector finds. Raises ProbeError."""
        try:
            pods = self._client.items(PODS, self._namespace, {"labelSelector": selector})
        except KubeError as error:
            raise refused(error) from error
        return sorted(str(pod["metadata"]["name"]) for pod in pods if ready(pod))

    def service(self, namespace: str, service: str, port: str) -> Client | None:
        """A client for a Service, None when there is none of that name. Raises ProbeError."""
        place = namespace or self._namespace
        try:
            if self._client.find(SERVICES.path(place, service)) is None:
                return None
        except KubeError as error:
            raise refused(error) from error
        return Client(cluster_target(self._client, place, service=service, port=port))


def refused(error: KubeError) -> ProbeError:
    """A call that the API server refused, or that did not reach it."""
    return ProbeError(str(error), retry=error.status not in (400, 401, 403))
