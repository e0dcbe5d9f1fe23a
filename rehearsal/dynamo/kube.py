# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A small client for the Kubernetes API: plain JSON objects, no generated models.

It exists because a controller needs list, watch and writes of a dozen kinds, starts once per operator pod and should
start in milliseconds.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

import urllib3
import yaml

Json = dict[str, Any]
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


class KubeError(Exception):
    """The API server refused a request, or could not be reached (then `code` is 0)."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        """Keep the HTTP status, the API's reason word and its message."""
        super().__init__(message)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Resource:
    """One kind of the API: where its objects are, and how they are called."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`v1` or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """URL path of the collection (no name) or of one object."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True)
class Credentials:
    """What a kubeconfig's current context says; token files are read anew for every request."""

    server: str
    ca_file: str | None
    token: str | None = None
    token_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    def headers(self) -> dict[str, str]:
        """Authorization header, or nothing when a client certificate is used."""
        token = Path(self.token_file).read_text(encoding="utf-8").strip() if self.token_file else self.token
        return {"Authorization": f"Bearer {token}"} if token else {}


def _by_name(items: list[Json], name: str, key: str) -> Json:
    for item in items:
        if item["name"] == name:
            return cast(Json, item.get(key) or {})
    raise ValueError(f"kubeconfig has no {key} named {name!r}")


def _file(entry: Json, key: str, base: Path) -> str | None:
    """Path of a file that a kubeconfig names, or that its `-data` twin holds (written to a private file)."""
    data = entry.get(f"{key}-data")
    if data:
        descriptor, path = tempfile.mkstemp(prefix="kubeconfig-")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(base64.b64decode(data))
        return path
    path_value = entry.get(key)
    return str(base / path_value) if path_value else None


def load_kubeconfig(path: Path) -> Credentials:
    """Read the current context of a kubeconfig.

    Raises:
        OSError: the file cannot be read.
        ValueError: it names a context, cluster or user that it does not hold.
    """
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    context = _by_name(config["contexts"], config["current-context"], "context")
    cluster = _by_name(config["clusters"], context["cluster"], "cluster")
    user = _by_name(config["users"], context["user"], "user")
    base = path.parent
    return Credentials(
        server=cluster["server"].rstrip("/"),
        ca_file=_file(cluster, "certificate-authority", base),
        token=user.get("token"),
        token_file=str(base / user["tokenFile"]) if user.get("tokenFile") else None,
        cert_file=_file(user, "client-certificate", base),
        key_file=_file(user, "client-key", base),
    )


class Client:
    """Requests to one API server; safe to share between threads."""

    def __init__(self, credentials: Credentials, field_manager: str) -> None:
        """Prepare a connection pool; nothing is sent yet."""
        self.credentials = credentials
        self.field_manager = field_manager
        self._pool = urllib3.PoolManager(
            maxsize=16,
            ca_certs=credentials.ca_file,
            cert_file=credentials.cert_file,
            key_file=credentials.key_file,
            retries=False,
        )

    def request(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        query: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Json:
        """Send one request and return the decoded answer.

        Raises:
            KubeError: the server answered with an error, or not at all.
        """
        response = self._open(method, path, body, query, content_type, timeout=30.0, stream=False)
        return cast(Json, json.loads(response.data or b"{}"))

    def _open(
        self,
        method: str,
        path: str,
        body: Json | None,
        query: dict[str, str] | None,
        content_type: str,
        *,
        timeout: float,
        stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        url = self.credentials.server + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", **self.credentials.headers()}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            response = self._pool.request(
                method,
                url,
                body=json.dumps(body).encode() if body is not None else None,
                headers=headers,
                timeout=urllib3.Timeout(connect=5.0, read=timeout),
                preload_content=not stream,
            )
        except urllib3.exceptions.HTTPError as error:
            raise KubeError(0, "Unreachable", f"{method} {path}: {error}") from error
        if response.status >= 400:
            raise _error(response.status, response.data)
        return response

    def get(self, resource: Resource, namespace: str | None, name: str) -> Json | None:
        """Return one object, or None when there is none."""
        try:
            return self.request("GET", resource.path(namespace, name))
        except KubeError as error:
            if error.code == 404:
                return None
            raise

    def list(self, resource: Resource, namespace: str | None = None, selector: str = "") -> Json:
        """Return the List object (items and resourceVersion)."""
        return self.request("GET", resource.path(namespace), query={"labelSelector": selector} if selector else None)

    def create(self, resource: Resource, namespace: str | None, body: Json) -> Json:
        """Create an object."""
        return self.request("POST", resource.path(namespace), body, {"fieldManager": self.field_manager})

    def replace(self, resource: Resource, body: Json) -> Json:
        """Replace an object, guarded by its resourceVersion."""
        meta = body["metadata"]
        path = resource.path(meta.get("namespace"), meta["name"])
        return self.request("PUT", path, body, {"fieldManager": self.field_manager})

    def merge(
        self, resource: Resource, namespace: str | None, name: str, patch: Json, subresource: str | None = None
    ) -> Json:
        """Patch an object (RFC 7386)."""
        path = resource.path(namespace, name, subresource)
        return self.request("PATCH", path, patch, {"fieldManager": self.field_manager}, MERGE_PATCH)

    def apply(self, resource: Resource, body: Json) -> Json:
        """Apply an object on the server side, taking over conflicting fields."""
        meta = body["metadata"]
        query = {"fieldManager": self.field_manager, "force": "true"}
        return self.request("PATCH", resource.path(meta.get("namespace"), meta["name"]), body, query, APPLY_PATCH)

    def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """Delete an object in the background; one that is gone already is fine."""
        try:
            self.request("DELETE", resource.path(namespace, name), query={"propagationPolicy": "Background"})
        except KubeError as error:
            if error.code != 404:
                raise

    def watch(
        self, resource: Resource, namespace: str | None, selector: str, version: str, seconds: int = 240
    ) -> Iterator[tuple[str, Json]]:
        """Yield (type, object) from `version` on until the server ends the watch after `seconds`.

        Raises:
            KubeError: 410 when the version is too old; then list again.
        """
        query = {
            "watch": "1",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
            "allowWatchBookmarks": "true",
        }
        if selector:
            query["labelSelector"] = selector
        path = resource.path(namespace)
        response = self._open("GET", path, None, query, "application/json", timeout=seconds + 10.0, stream=True)
        try:
            for line in _lines(response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _status_error(event["object"])
                yield event["type"], event["object"]
        except urllib3.exceptions.HTTPError as error:
            raise KubeError(0, "Unreachable", f"watch {path}: {error}") from error
        finally:
            response.release_conn()
            response.close()


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for chunk in response.stream(amt=None):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line)


def _status_error(status: Json) -> KubeError:
    return KubeError(int(status.get("code", 500)), str(status.get("reason", "")), str(status.get("message", "")))


def _error(code: int, data: bytes) -> KubeError:
    try:
        status = json.loads(data)
    except ValueError:
        return KubeError(code, "", data.decode(errors="replace")[:500])
    if isinstance(status, dict) and "message" in status:
        return _status_error({"code": code, **status})
    return KubeError(code, "", str(status)[:500])
