# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The admin API below ``/rehearsal/``: JSON, without authentication, for the rehearsal's own parts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from rehearsal.aws.account import ACCOUNT, PARTITION, REGION, backend
from rehearsal.aws.eks_store import STORE, Cluster
from rehearsal.aws.gateway import Controls, StartResponse
from rehearsal.aws.identity import find_principal, find_role, trust_policy
from rehearsal.aws.inventory import inventory
from rehearsal.aws.operations import ACCOUNT_LOCK
from rehearsal.aws.policy import trusts
from rehearsal.aws.quotas import reset_quotas, set_quota
from rehearsal.aws.wire import read_body

POD_IDENTITY = "pods.eks.amazonaws.com"
SESSION_SECONDS = 6 * 3600


class AdminError(Exception):
    """A request that the admin API refuses, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


Route = tuple[str, re.Pattern[str], Callable[["Admin", "AdminRequest"], Any]]


class AdminRequest:
    """A request with what its path, query and body say."""

    def __init__(self, environ: dict[str, Any], names: dict[str, str]) -> None:
        self.names = names
        self.query = {key: values[0] for key, values in parse_qs(str(environ.get("QUERY_STRING", ""))).items()}
        self._body = read_body(environ)

    def json(self, *required: str) -> dict[str, Any]:
        """The body as an object that has the required members.

        Raises:
            AdminError: It is not.
        """
        try:
            content = json.loads(self._body or b"{}")
        except json.JSONDecodeError as error:
            raise AdminError(400, f"the body is no JSON: {error}") from error
        missing = [name for name in required if not isinstance(content, dict) or not content.get(name)]
        if not isinstance(content, dict) or missing:
            raise AdminError(400, f"the body must be an object with {', '.join(required) or 'members'}")
        return content


class Admin:
    """WSGI application of the admin API."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            status, content = 200, self._answer(environ)
        except AdminError as error:
            status, content = error.status, {"error": str(error)}
        body = json.dumps(content, default=str).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> Any:
        method, path = str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"])
        known = False
        for verb, pattern, function in ROUTES:
            match = pattern.fullmatch(path)
            known = known or match is not None
            if match is not None and verb == method:
                request = AdminRequest(environ, match.groupdict())
                with ACCOUNT_LOCK:
                    return function(self, request)
        raise AdminError(405 if known else 404, f"no {method} {path} here")

    def health(self, _: AdminRequest) -> Any:
        """Say that the account is ready."""
        return {"status": "ok", "account": ACCOUNT, "region": REGION}

    def clusters(self, _: AdminRequest) -> Any:
        """List clusters that need a control plane made or taken away, and those that have one."""
        for cluster in list(STORE.clusters.values()):
            STORE.settle(cluster)
        return [
            _shown(cluster)
            for cluster in STORE.clusters.values()
            if not (cluster.data["status"] == "DELETING" and cluster.control_plane_gone)
        ]

    def cluster_active(self, request: AdminRequest) -> Any:
        """Take the report that a cluster's control plane serves."""
        content = request.json("endpoint", "certificate_authority")
        cluster = _cluster(request)
        if cluster.data["status"] not in {"CREATING", "ACTIVE", "UPDATING"}:
            raise AdminError(409, f"the cluster {cluster.name} is {cluster.data['status']}")
        cluster.control_plane = (content["endpoint"], content["certificate_authority"])
        cluster.join_seconds = float(content.get("join_seconds", 0))
        if cluster.data["status"] != "CREATING":
            cluster.data["endpoint"] = content["endpoint"]
            cluster.data["certificateAuthority"] = {"data": content["certificate_authority"]}
        STORE.settle(cluster)
        return _shown(cluster)

    def cluster_upgraded(self, request: AdminRequest) -> Any:
        """Take the report that a cluster's control plane runs as another version."""
        content = request.json("version")
        cluster = _cluster(request)
        wanted = cluster.wanted_version
        if content["version"] != wanted:
            raise AdminError(409, f"the cluster {cluster.name} is to have version {wanted}, not {content['version']}")
        cluster.control_plane_version = content["version"]
        STORE.settle(cluster)
        return _shown(cluster)

    def cluster_deleted(self, request: AdminRequest) -> Any:
        """Take the report that a cluster's control plane is gone."""
        cluster = _cluster(request)
        if cluster.data["status"] != "DELETING":
            raise AdminError(409, f"the cluster {cluster.name} is {cluster.data['status']}, not DELETING")
        cluster.control_plane_gone = True
        STORE.settle(cluster)
        return _shown(cluster)

    def identity(self, request: AdminRequest) -> Any:
        """Say whose access key it is."""
        principal = find_principal(request.query.get("access_key_id", ""))
        if principal is None:
            raise AdminError(404, "no such access key")
        return {"arn": principal.arn, "principal_arn": principal.principal_arn}

    def credentials(self, request: AdminRequest) -> Any:
        """Make session credentials of a role, as EKS does for pods with an association."""
        content = request.json("role_arn", "session_name")
        role_arn, service = content["role_arn"], content.get("service", POD_IDENTITY)
        document = trust_policy(role_arn) if find_role(role_arn) is not None else None
        if document is None:
            raise AdminError(404, f"there is no role {role_arn}")
        # Pod Identity says for which cluster it asks, so that a trust policy can be bound to one.
        keys = {"aws:sourceaccount": [ACCOUNT], "aws:sourcearn": [str(content.get("source_arn", ""))]}
        for action in ("sts:AssumeRole", "sts:TagSession"):
            if not trusts(document, action, "Service", [service], keys):
                raise AdminError(403, f"the trust policy of {role_arn} does not allow {service} to {action}")
        session = backend("sts").assume_role(REGION, content["session_name"], role_arn, "", SESSION_SECONDS, "")
        return {
            "access_key_id": session.access_key_id,
            "secret_access_key": session.secret_access_key,
            "session_token": session.session_token,
            "expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def faults(self, _: AdminRequest) -> Any:
        """List faults."""
        return self._controls.faults.report()

    def add_fault(self, request: AdminRequest) -> Any:
        """Set a fault."""
        try:
            return self._controls.faults.add(request.json("kind"))
        except ValueError as error:
            raise AdminError(400, str(error)) from error

    def remove_faults(self, request: AdminRequest) -> Any:
        """Take one fault (``?id=``) or all away."""
        wanted = request.names.get("id") or request.query.get("id")
        removed = self._controls.faults.remove(wanted)
        if wanted and not removed:
            raise AdminError(404, f"there is no fault {wanted}")
        return {"removed": removed}

    def set_quota(self, request: AdminRequest) -> Any:
        """Give a service quota another applied value."""
        content = request.json("service", "code")
        try:
            set_quota(content["service"], content["code"], float(content.get("value", 0)))
        except (TypeError, ValueError) as error:
            raise AdminError(400, str(error)) from error
        return content

    def reset_quotas(self, _: AdminRequest) -> Any:
        """Give every service quota its usual value."""
        reset_quotas()
        return {}

    def latencies(self, _: AdminRequest) -> Any:
        """List latencies."""
        return self._controls.latencies.report()

    def set_latencies(self, request: AdminRequest) -> Any:
        """Set latencies."""
        try:
            self._controls.latencies.update(request.json())
        except ValueError as error:
            raise AdminError(400, str(error)) from error
        return self._controls.latencies.report()

    def calls(self, _: AdminRequest) -> Any:
        """Report calls, errors, denials and operations that nobody implements."""
        return self._controls.calls.report()

    def clear_calls(self, _: AdminRequest) -> Any:
        """Begin the call log anew."""
        self._controls.calls.clear()
        return {}

    def inventory(self, request: AdminRequest) -> Any:
        """List everything that exists; with ``?pending=true`` also what waits for its deletion."""
        return inventory(pending=request.query.get("pending") == "true")


ROUTES: list[Route] = [
    (method, re.compile(pattern), function)
    for method, pattern, function in (
        ("GET", "/rehearsal/health", Admin.health),
        ("GET", "/rehearsal/eks/clusters", Admin.clusters),
        ("POST", "/rehearsal/eks/clusters/(?P<name>[^/]+)/active", Admin.cluster_active),
        ("POST", "/rehearsal/eks/clusters/(?P<name>[^/]+)/upgraded", Admin.cluster_upgraded),
        ("POST", "/rehearsal/eks/clusters/(?P<name>[^/]+)/deleted", Admin.cluster_deleted),
        ("GET", "/rehearsal/identity", Admin.identity),
        ("POST", "/rehearsal/credentials", Admin.credentials),
        ("GET", "/rehearsal/faults", Admin.faults),
        ("POST", "/rehearsal/faults", Admin.add_fault),
        ("DELETE", "/rehearsal/faults", Admin.remove_faults),
        ("DELETE", "/rehearsal/faults/(?P<id>[^/]+)", Admin.remove_faults),
        ("POST", "/rehearsal/quotas", Admin.set_quota),
        ("DELETE", "/rehearsal/quotas", Admin.reset_quotas),
        ("GET", "/rehearsal/latencies", Admin.latencies),
        ("POST", "/rehearsal/latencies", Admin.set_latencies),
        ("GET", "/rehearsal/calls", Admin.calls),
        ("DELETE", "/rehearsal/calls", Admin.clear_calls),
        ("GET", "/rehearsal/inventory", Admin.inventory),
    )
]


def _cluster(request: AdminRequest) -> Cluster:
    name, region = request.names["name"], request.query.get("region", REGION)
    cluster = STORE.clusters.get((region, name))
    if cluster is None:
        raise AdminError(404, f"there is no cluster {name} in {region}")
    return cluster


def _shown(cluster: Cluster) -> dict[str, Any]:
    endpoint = cluster.control_plane[0] if cluster.control_plane else ""
    return {
        "name": cluster.name,
        "region": cluster.region,
        "account": ACCOUNT,
        "partition": PARTITION,
        "arn": cluster.data["arn"],
        "version": cluster.data["version"],
        "wanted_version": cluster.wanted_version,
        "status": cluster.data["status"],
        "endpoint": endpoint,
        "service_cidr": cluster.data["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
    }
