# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reach endpoints and logs inside a cluster, through the Kubernetes API alone."""

from __future__ import annotations

import typing as t

from .._kube.client import Client, KubeError
from .._kube.portforward import PODS, Forwarder
from .transport import ProbeError, RawSocket, Target

LOG_LINES = 500


def cluster_target(client: Client, namespace: str, service: str = "", pod: str = "", port: str = "") -> Target:
    """Make a target of a Service or a pod; without either, one that every request finds missing (for logs only)."""
    if not service and not pod:

        def refuse(_timeout: float) -> RawSocket:
            raise ProbeError("the check needs an endpoint, but neither url nor service nor pod is given")

        return Target(name=f"namespace {namespace}", host="localhost", dial=refuse)
    forwarder = Forwarder(client, namespace, service, pod, port)
    return Target(name=str(forwarder), host=service or pod, dial=forwarder.dial)


def log_reader(client: Client, namespace: str) -> t.Callable[[str, str], list[tuple[str, list[str]]]]:
    """Make a function that reads the last lines of every pod that a selector finds.

    Its arguments are a label selector and a container ("" = each pod's first); it raises ProbeError.
    """

    def read(selector: str, container: str) -> list[tuple[str, list[str]]]:
        try:
            pods = client.items(PODS, namespace, {"labelSelector": selector})
            return [
                (name, client.log(namespace, name, container or pod["spec"]["containers"][0]["name"], LOG_LINES))
                for name, pod in sorted((str(pod["metadata"]["name"]), pod) for pod in pods)
            ]
        except KubeError as error:
            raise ProbeError(str(error), retry=error.status not in (400, 401, 403)) from error

    return read
