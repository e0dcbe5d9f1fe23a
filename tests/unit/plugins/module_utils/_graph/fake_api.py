# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""An API server in this process: lists and watches that a test writes to, through the client's own interface."""

from __future__ import annotations

import json
import queue
import typing as t

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import Client, KubeError, Resource

Json = dict[str, t.Any]


class Response:
    """A watch response: what is put on the queue comes out as chunks; None ends it."""

    def __init__(self) -> None:
        self.chunks: queue.Queue[bytes | None] = queue.Queue()
        self.closed = False

    def stream(self, amt: object = None, decode_content: bool = True) -> t.Iterator[bytes]:
        while (chunk := self.chunks.get(timeout=10)) is not None:
            yield chunk

    def send(self, kind: str, entry: Json) -> None:
        self.chunks.put(json.dumps({"type": kind, "object": entry}).encode() + b"\n")

    def shutdown(self) -> None:
        self.chunks.put(None)

    def close(self) -> None:
        self.closed = True


class FakeApi(Client):
    """Answers of an API server, by path; `log_lines` are the log of every container."""

    def __init__(self) -> None:
        super().__init__(api_client=None)
        self.objects: dict[str, dict[str, Json]] = {}
        self.watches: dict[str, list[Response]] = {}
        self.queries: list[tuple[str, Json]] = []
        self.refusals: dict[str, list[KubeError]] = {}
        self.log_lines: list[str] = []
        self.version = 100

    @property
    def server(self) -> str:
        return "https://api.example.com"

    def get(self, path: str, query: t.Mapping[str, t.Any] | None = None, accept: str = "") -> Json:
        self.queries.append((path, dict(query or {})))
        if self.refusals.get(path):
            raise self.refusals[path].pop(0)
        if path == "/apis/nvidia.com":
            return {"versions": [{"version": "v1beta1"}, {"version": "v1alpha1"}]}
        if path == "/apis/nvidia.com/v1beta1":
            return {"resources": [{"name": "dynamographdeployments"}]}
        if path not in self.objects:
            raise KubeError(f"{path} not found", 404, "NotFound")
        return {"metadata": {"resourceVersion": str(self.version)}, "items": list(self.objects[path].values())}

    def stream(self, path: str, query: t.Mapping[str, t.Any], read_timeout: float) -> t.Any:
        self.queries.append((path, dict(query)))
        response = Response()
        self.watches.setdefault(path, []).append(response)
        return response

    def log(self, namespace: str, pod: str, container: str, lines: int = 20, previous: bool = False) -> list[str]:
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        if self.refusals.get(path):
            raise self.refusals[path].pop()
        return self.log_lines

    def put(self, resource: Resource, namespace: str, *entries: Json) -> None:
        """Make objects, as if somebody had created or changed them."""
        path = resource.path(namespace)
        known = self.objects.setdefault(path, {})
        for entry in entries:
            self.version += 1
            entry["metadata"]["resourceVersion"] = str(self.version)
            kind = "MODIFIED" if entry["metadata"]["uid"] in known else "ADDED"
            known[entry["metadata"]["uid"]] = entry
            for response in self.watches.get(path, [])[-1:]:
                response.send(kind, entry)

    def remove(self, resource: Resource, namespace: str, entry: Json) -> None:
        """Delete an object."""
        path = resource.path(namespace)
        self.version += 1
        entry["metadata"]["resourceVersion"] = str(self.version)
        self.objects[path].pop(entry["metadata"]["uid"])
        for response in self.watches.get(path, [])[-1:]:
            response.send("DELETED", entry)
