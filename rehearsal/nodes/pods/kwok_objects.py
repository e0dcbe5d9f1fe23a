# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What kwok has to know to serve `kubectl port-forward` and `kubectl logs` for a pod."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.nodes.kube import Kube, object_path

Json = dict[str, Any]
_API = "apis/kwok.x-k8s.io/v1alpha1"
_MANAGER = "node-agent"


def _meta(pod: Json) -> Json:
    meta = pod["metadata"]
    owner = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
    return {"name": meta["name"], "namespace": meta["namespace"], "ownerReferences": [owner]}


def port_forward(pod: Json, ports: Mapping[int, int]) -> Json:
    """Return the object that leads a pod's ports to local ones."""
    forwards = [
        {"ports": [port], "target": {"port": local, "address": "127.0.0.1"}} for port, local in sorted(ports.items())
    ]
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "PortForward",
        "metadata": _meta(pod),
        "spec": {"forwards": forwards},
    }


def logs(pod: Json, files: Mapping[str, tuple[Path, Path]]) -> Json:
    """Return the object that leads to the logs of a pod's containers: (this run's, the previous run's)."""
    rows = [
        {"containers": [name], "logsFile": str(path), "previousLogsFile": str(previous), "follow": True}
        for name, (path, previous) in sorted(files.items())
    ]
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Logs",
        "metadata": _meta(pod),
        "spec": {"logs": rows},
    }


async def serve(kube: Kube, pod: Json, ports: Mapping[int, int], files: Mapping[str, tuple[Path, Path]]) -> None:
    """Create or update both objects; their owner reference lets them go with the pod.

    Raises:
        ApiError: when the API server refuses.
    """
    meta = pod["metadata"]
    for plural, body in (("portforwards", port_forward(pod, ports)), ("logs", logs(pod, files))):
        await kube.apply(object_path(_API, plural, meta["namespace"], meta["name"]), body, _MANAGER)
