# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reach endpoints, workers and logs inside a cluster, through the Kubernetes API alone."""

from __future__ import annotations

import typing as t

from .._kube.client import Client as KubeClient
from .._kube.client import KubeError, Resource
from .._kube.endpoints import ready
from .._kube.portforward import PODS, SERVICES, Forwarder
from .errors import ProbeError
from .job.manifest import CONTAINER, Inside, State, judge
from .target import RawSocket, Target
from .transport import Client

LOG_LINES = 500
LOG_BYTES = 32_000_000
JOBS = Resource("batch/v1", "jobs", "Job")
EVENTS = Resource("v1", "events", "Event")


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

    def __init__(self, client: KubeClient, namespace: str, service: str = "", port: str = "") -> None:
        self._client = client
        self._namespace = namespace
        self._service = service
        self._port = port

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

    def inside(self) -> Inside:
        """How the Service that is probed is reached inside the cluster. Raises ProbeError."""
        if not self._service:
            raise ProbeError("where the endpoint is inside the cluster is known of a service only: set endpoint")
        try:
            service = self._client.get(SERVICES.path(self._namespace, self._service))
        except KubeError as error:
            raise refused(error) from error
        ports = service["spec"].get("ports") or []
        found = [entry for entry in ports if self._port in (str(entry["port"]), entry.get("name"))] or ports
        if not found:
            raise ProbeError(f"the service {self._namespace}/{self._service} has no port")
        url = f"http://{self._service}.{self._namespace}.svc.cluster.local:{found[0]['port']}"
        return Inside(url, service["spec"].get("selector") or {})

    def create_job(self, job: dict[str, t.Any]) -> None:
        """Make a Job. Raises ProbeError."""
        try:
            self._client.create(JOBS.path(self._namespace), job)
        except KubeError as error:
            raise refused(error) from error

    def job_state(self, name: str) -> State:
        """Where a Job is. Raises ProbeError."""
        try:
            found = self._client.get(JOBS.path(self._namespace, name))
            pods = self._client.items(PODS, self._namespace, {"labelSelector": f"job-name={name}"})
            about = {"fieldSelector": f"involvedObject.kind=Job,involvedObject.name={name},type=Warning"}
            warnings = [] if pods else self._client.items(EVENTS, self._namespace, about)
        except KubeError as error:
            raise refused(error) from error
        return judge(found, pods, [str(entry.get("message") or "") for entry in warnings])

    def job_log(self, name: str) -> str:
        """All that the Job's pod has written. Raises ProbeError."""
        try:
            pods = self._client.items(PODS, self._namespace, {"labelSelector": f"job-name={name}"})
            if not pods:
                return ""
            path = PODS.path(self._namespace, str(pods[0]["metadata"]["name"])) + "/log"
            return self._client.text(path, {"container": CONTAINER, "limitBytes": LOG_BYTES})
        except KubeError as error:
            raise refused(error) from error

    def delete_job(self, name: str) -> None:
        """Remove a Job and its pod. Raises ProbeError."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        try:
            self._client.delete(JOBS.path(self._namespace, name), options)
        except KubeError as error:
            if error.status != 404:
                raise refused(error) from error


def refused(error: KubeError) -> ProbeError:
    """A call that the API server refused, or that did not reach it."""
    return ProbeError(str(error), retry=error.status not in (400, 401, 403))
