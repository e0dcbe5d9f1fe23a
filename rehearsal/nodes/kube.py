# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A small JSON client for the Kubernetes API on asyncio: what a kubelet needs and no more.

Objects are plain dicts, as the API server sends them: the runner copies whole pod templates and writes whole status
blocks, for which generated model classes are only in the way.
"""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import yaml

Json = dict[str, Any]

# One watch event is one line; the largest objects (CRDs) stay below 2 MiB, which is etcd's limit.
_LINE_LIMIT = 4 * 1024 * 1024
_MERGE_PATCH = "application/merge-patch+json"
_APPLY_PATCH = "application/apply-patch+yaml"


class ApiError(Exception):
    """A refusal by the API server."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Keep the HTTP status, the Kubernetes reason and the message."""
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


def object_path(api: str, plural: str, namespace: str | None = None, name: str | None = None, sub: str = "") -> str:
    """Build a path: api is api/v1 or apis/<group>/<version>, sub a subresource such as status."""
    parts = [api]
    if namespace:
        parts += ["namespaces", quote(namespace, safe="")]
    parts.append(plural)
    if name:
        parts.append(quote(name, safe=""))
    if sub:
        parts.append(sub)
    return "/" + "/".join(parts)


def pod_path(pod: Mapping[str, Any], sub: str = "") -> str:
    """Build the path of a pod."""
    meta = pod["metadata"]
    return object_path("api/v1", "pods", meta["namespace"], meta["name"], sub)


def _ssl_context(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    ca_data = cluster.get("certificate-authority-data")
    context = ssl.create_default_context(
        cafile=cluster.get("certificate-authority"),
        cadata=base64.b64decode(ca_data).decode() if ca_data else None,
    )
    if "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    elif "client-certificate-data" in user:
        # ssl reads chains from files only
        with tempfile.NamedTemporaryFile(suffix=".pem") as pem:
            pem.write(base64.b64decode(user["client-certificate-data"]) + b"\n")
            pem.write(base64.b64decode(user["client-key-data"]))
            pem.flush()
            context.load_cert_chain(pem.name)
    return context


class Kube:
    """Requests to one API server."""

    def __init__(self, server: str, context: ssl.SSLContext | None, token: str = "") -> None:
        """Prepare; connections are opened on first use."""
        self.server = server.rstrip("/")
        self._context = context
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def from_kubeconfig(cls, path: Path) -> Kube:
        """Use the current context of a kubeconfig with a client certificate or a token.

        Raises:
            ValueError: when the file names a context, cluster or user that it does not hold.
        """
        config = yaml.safe_load(path.read_text(encoding="utf-8"))

        def entry(kind: str, name: str) -> Json:
            for item in config.get(f"{kind}s") or []:
                if item["name"] == name:
                    return dict(item[kind])
            raise ValueError(f"Failed to read {path}: no {kind} {name!r} in it. Write the file anew.")

        context = entry("context", config["current-context"])
        cluster, user = entry("cluster", context["cluster"]), entry("user", context["user"])
        return cls(cluster["server"], _ssl_context(cluster, user), str(user.get("token") or ""))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._context or True, limit=0)
            self._session = aiohttp.ClientSession(
                connector=connector, headers=self._headers, read_bufsize=_LINE_LIMIT, trust_env=False
            )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Json:
        """Send one request and return the answer's JSON.

        Raises:
            ApiError: when the server refuses.
            aiohttp.ClientError: when it cannot be reached.
            TimeoutError: when it does not answer within 30 s.
        """
        async with self._open().request(
            method,
            self.server + path,
            data=json.dumps(body) if body is not None else None,
            params=dict(params or {}),
            headers={"Content-Type": content_type, "Accept": "application/json"},
            timeout=aiohttp.ClientTimeout(total=30),
        ) as response:
            text = await response.text()
            return _checked(response.status, text)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Read an object or a list."""
        return await self.request("GET", path, params=params)

    async def find(self, path: str) -> Json | None:
        """Read an object; None when there is none."""
        try:
            return await self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def create(self, path: str, body: Json) -> Json:
        """Create an object in the collection at `path`."""
        return await self.request("POST", path, body)

    async def patch(self, path: str, body: Json) -> Json:
        """Change an object by JSON merge patch."""
        return await self.request("PATCH", path, body, content_type=_MERGE_PATCH)

    async def apply(self, path: str, body: Json, manager: str) -> Json:
        """Create or update an object by server-side apply."""
        return await self.request("PATCH", path, body, {"fieldManager": manager, "force": "true"}, _APPLY_PATCH)

    async def delete(self, path: str, *, grace: int | None = None, uid: str = "") -> bool:
        """Delete an object; False when it was gone already or is another one by now."""
        body: Json = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            await self.request("DELETE", path, body)
        except ApiError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    async def watch(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Json]:
        """Yield the events of one watch connection until the server ends it.

        Raises:
            ApiError: also for an ERROR event within the stream (410: the resource version is too old).
        """
        async with self._open().get(
            self.server + path,
            params={**params, "watch": "true"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=420),
        ) as response:
            if response.status != 200:
                _checked(response.status, await response.text())
            while line := await response.content.readline():
                event: Json = json.loads(line)
                if event.get("type") == "ERROR":
                    status = event.get("object") or {}
                    raise ApiError(
                        int(status.get("code") or 500), str(status.get("reason")), str(status.get("message"))
                    )
                yield event


def _checked(status: int, text: str) -> Json:
    try:
        data = json.loads(text) if text else {}
    except ValueError:
        data = {"message": text.strip()}
    if status >= 400:
        raise ApiError(status, str(data.get("reason") or "Unknown"), str(data.get("message") or text.strip()))
    return dict(data)
