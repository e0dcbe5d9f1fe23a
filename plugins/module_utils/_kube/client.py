# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A small typed client for one cluster, given by kubeconfig and context and by nothing else.

The `kubernetes` package is imported only when a connection is made, so that plugins load (and fail with a clear
message) without it. Objects travel as plain dicts, as the API server sent them: the pure code that judges them can then
be tested from fixtures.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from urllib.parse import urlencode

MINIMUM_CLIENT = (24, 2, 0)
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
LOG_TIMEOUT = 10.0
USER_AGENT = "ai_on_eks.dynamo"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Json = dict[str, t.Any]


class KubeError(Exception):
    """A failed call. `status` is the HTTP status, 0 when no answer came; `reason` is Kubernetes' own word for it."""

    def __init__(self, message: str, status: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Resource:
    """One kind of the API as a URL path needs it. `version` is group/version, or "v1" for the core group."""

    version: str
    plural: str
    kind: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the URL path of the collection, or of one object when `name` is given."""
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        middle = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{middle}/{self.plural}" + (f"/{name}" if name else "")


class Client:
    """Read calls against one API server. Each instance holds its own connection pool; threads may share it."""

    def __init__(self, api_client: t.Any) -> None:
        self.api = api_client

    @property
    def server(self) -> str:
        """The URL of the API server that this client talks to."""
        return str(self.api.configuration.host)

    def get(self, path: str, query: t.Mapping[str, t.Any] | None = None, accept: str = "application/json") -> Json:
        """Return the JSON object behind `path`; raise KubeError for every failure."""
        found = json.loads(self._read(path, query or {}, accept, READ_TIMEOUT))
        if not isinstance(found, dict):
            raise KubeError(f"Failed to read {path}: the API server sent {type(found).__name__} instead of an object")
        return found

    def find(self, path: str, query: t.Mapping[str, t.Any] | None = None) -> Json | None:
        """Like get, but return None when the object, or its whole kind, does not exist."""
        try:
            return self.get(path, query)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def items(self, resource: Resource, namespace: str = "", query: t.Mapping[str, t.Any] | None = None) -> list[Json]:
        """Return all objects of a kind; an empty list when the kind is not installed."""
        found = self.find(resource.path(namespace), query)
        return [dict(item) for item in (found or {}).get("items") or []]

    def names(self, resource: Resource, namespace: str, query: t.Mapping[str, t.Any] | None = None) -> list[str]:
        """Return names only. Contents never leave the API server, so this is safe for Secrets."""
        try:
            found = self.get(resource.path(namespace), query, METADATA_ONLY)
        except KubeError as error:
            if error.status == 404:
                return []
            raise
        return sorted(str(item["metadata"]["name"]) for item in found.get("items") or [])

    def text(self, path: str, query: t.Mapping[str, t.Any] | None = None, read_timeout: float = READ_TIMEOUT) -> str:
        """Return a plain-text answer, for example a log. `read_timeout` in seconds."""
        return self._read(path, query or {}, "*/*", read_timeout).decode("utf-8", "replace")

    def log(self, namespace: str, pod: str, container: str, lines: int = 20, previous: bool = False) -> list[str]:
        """Return the last log lines of a container, [] when there are none (yet)."""
        query = {"container": container, "tailLines": lines, "previous": str(previous).lower()}
        try:
            # The kubelet answers at once or, when its node is in trouble, not at all.
            return self.text(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query, LOG_TIMEOUT).splitlines()
        except KubeError as error:
            if error.status in (400, 404, 500, 502, 503, 504):
                return []
            raise

    def stream(self, path: str, query: t.Mapping[str, t.Any], read_timeout: float) -> t.Any:
        """Open a long answer (a watch) and return the raw response; the caller reads and closes it."""
        return self._open(path, query, "application/json", read_timeout)

    def create(self, path: str, body: Json) -> None:
        """Make one object in the collection behind `path`; KubeError for every refusal."""
        self._open(path, {}, "application/json", READ_TIMEOUT, "POST", body).close()

    def merge(self, path: str, patch: Json) -> None:
        """Merge a patch into one object; KubeError 404 when it is gone, 409 when it is not at its resourceVersion."""
        content = "application/merge-patch+json"
        self._open(path, {}, "application/json", READ_TIMEOUT, "PATCH", patch, content).close()

    def delete(self, path: str, options: Json) -> None:
        """Ask for the deletion of one object; KubeError 404 when it is gone, 409 when it changed meanwhile."""
        self._open(path, {}, "application/json", READ_TIMEOUT, "DELETE", options).close()

    def _read(self, path: str, query: t.Mapping[str, t.Any], accept: str, read_timeout: float) -> bytes:
        """Return a whole answer; KubeError for every failure, one in its middle too."""
        from urllib3.exceptions import HTTPError

        with self._open(path, query, accept, read_timeout) as response:
            try:
                return bytes(response.data)
            except (HTTPError, OSError) as error:
                raise KubeError(f"Failed to read {path} from the API server {self.server}: {_cause(error)}") from error

    def _open(
        self,
        path: str,
        query: t.Mapping[str, t.Any],
        accept: str,
        read_timeout: float,
        method: str = "GET",
        body: Json | None = None,
        content: str = "application/json",
    ) -> t.Any:
        from kubernetes.config.config_exception import ConfigException
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": accept, "User-Agent": USER_AGENT, **({"Content-Type": content} if body else {})}
        try:
            # Only configuration and connection pool are taken from the kubernetes package: the signatures of its own
            # call functions changed between releases, these did not.
            headers.update(self._credentials())
            response = self.api.rest_client.pool_manager.request(
                method,
                url,
                body=json.dumps(body) if body else None,
                headers=headers,
                timeout=Timeout(connect=CONNECT_TIMEOUT, read=read_timeout),
                preload_content=False,
            )
            if response.status >= 400:
                raise _refused(method, path, response.status, str(response.reason or ""), response.data)
        except (HTTPError, OSError, ConfigException) as error:
            raise KubeError(f"Failed to reach the API server {self.server} for {path}: {_cause(error)}") from error
        return response

    def _credentials(self) -> dict[str, str]:
        """Return the authorization header; asking for it renews an expired token through the kubeconfig's plugin."""
        settings = self.api.configuration.auth_settings().values()
        return {str(entry["key"]): str(entry["value"]) for entry in settings if entry.get("in") == "header"}


def connect(kubeconfig: str, context: str, retries: int = 0) -> Client:
    """Return a client for exactly this kubeconfig and context.

    Never falls back to the current context, in-cluster credentials or environment variables: a command must not reach a
    cluster that nobody named. `retries` is how often urllib3 repeats a connection that was refused.
    """
    kubernetes = _package()
    from kubernetes.config.config_exception import ConfigException

    if not kubeconfig or not context:
        raise KubeError("Failed to connect: kubeconfig and context are both needed. Set both options.")
    configuration = kubernetes.client.Configuration()
    configuration.retries = retries
    try:
        kubernetes.config.load_kube_config(
            config_file=kubeconfig, context=context, client_configuration=configuration, persist_config=False
        )
    except (ConfigException, OSError) as error:
        raise KubeError(
            f"Failed to load context {context!r} of {kubeconfig}: {_cause(error)}. "
            "Check the file, or make it anew with install.yml --tags eks_infra."
        ) from error
    return Client(kubernetes.client.ApiClient(configuration))


def _package() -> t.Any:
    try:
        import kubernetes
    except ImportError as error:
        raise KubeError(
            f"Failed to import the Python package kubernetes: {error}. Install kubernetes >= "
            f"{'.'.join(map(str, MINIMUM_CLIENT))} for the interpreter that runs this task."
        ) from error
    version = str(getattr(kubernetes, "__version__", "0"))
    found = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if found < MINIMUM_CLIENT:
        raise KubeError(
            f"Failed to use the Python package kubernetes {version}: too old. Install >= "
            f"{'.'.join(map(str, MINIMUM_CLIENT))}."
        )
    return kubernetes


def _refused(method: str, path: str, status: int, reason: str, body: bytes) -> KubeError:
    """Turn an error answer into one line: the server's own message when it sent a Status object."""
    message = reason
    try:
        sent = json.loads(body) if body else {}
    except ValueError:
        sent = {}
    if isinstance(sent, dict) and sent.get("message"):
        message, reason = str(sent["message"]), str(sent.get("reason") or reason)
    action = {"GET": "read", "DELETE": "delete", "POST": "create in", "PATCH": "change"}.get(method, method.lower())
    return KubeError(f"Failed to {action} {path}: {message or status}", status, reason)


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a urllib3 error; its repr otherwise hides it in three layers."""
    inner = getattr(error, "reason", None)
    return _cause(inner) if isinstance(inner, BaseException) else (str(error) or type(error).__name__)
