# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Admission and conversion reviews in, answers out; and the HTTPS server that carries them."""

from __future__ import annotations

import base64
import json
import logging
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rehearsal.dynamo.kube import Json
from rehearsal.dynamo.operator import admission, conversion
from rehearsal.dynamo.operator import consts as c

LOG = logging.getLogger("webhook")


@dataclass(frozen=True)
class Reviewer:
    """Answers reviews on behalf of one operator."""

    version: str
    operator_user: str
    """User name of the operator's ServiceAccount, which may change replicas that an adapter owns."""

    def convert(self, request: Json) -> Json:
        """Answer a ConversionReview request; one bad object fails all, as the API server wants it."""
        answer: Json = {"uid": request["uid"], "convertedObjects": [], "result": {"status": "Success"}}
        try:
            answer["convertedObjects"] = [
                conversion.convert(item, request["desiredAPIVersion"]) for item in request["objects"]
            ]
        except (conversion.ConversionError, ValueError) as error:
            answer["result"] = {"status": "Failure", "message": str(error)}
        return answer

    def validate_graph(self, request: Json) -> Json:
        """Answer for a graph that is created or updated."""
        graph, old = request["object"], request.get("oldObject")
        old_version = (request.get("requestKind") or {}).get("version") == c.OLD_VERSION
        if graph["metadata"].get("deletionTimestamp"):
            return _allowed(request)
        errors = admission.graph_errors(graph, old_version=old_version)
        if request["operation"] == "UPDATE" and old:
            by_operator = request["userInfo"].get("username") == self.operator_user
            errors += admission.update_errors(old, graph, by_operator=by_operator, old_version=old_version)
        warnings = admission.graph_warnings(graph, old_version=old_version)
        return _refused(request, errors, warnings) if errors else _allowed(request, warnings)

    def validate_component(self, request: Json) -> Json:
        """Answer for a component deployment that is created or updated."""
        errors = admission.component_errors(request["object"])
        return _refused(request, errors, []) if errors else _allowed(request)

    def mutate_graph(self, request: Json) -> Json:
        """Answer with the annotation of the operator's version."""
        answer = _allowed(request)
        patch = admission.graph_defaults(request["object"], request["operation"], self.version)
        if patch:
            answer["patchType"] = "JSONPatch"
            answer["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
        return answer

    def allow(self, request: Json) -> Json:
        """Answer yes: nothing to say about this kind."""
        return _allowed(request)

    def routes(self) -> dict[str, Callable[[Json], Json]]:
        """Paths as the chart's webhook configurations name them."""
        return {
            "/convert": self.convert,
            "/validate/nvidia.com/v1beta1/dynamographdeployments": self.validate_graph,
            "/validate/nvidia.com/v1beta1/dynamocomponentdeployments": self.validate_component,
            "/validate-nvidia-com-v1beta1-dynamographdeploymentrequest": self.allow,
            "/validate-nvidia-com-v1alpha1-dynamomodel": self.allow,
            "/mutate/nvidia.com/v1beta1/dynamographdeployments": self.mutate_graph,
            "/mutate-nvidia-com-v1beta1-dynamocomponentdeployment": self.allow,
            "/mutate-nvidia-com-v1beta1-dynamographdeploymentrequest": self.allow,
            "/mutate-core-v1-pod-checkpoint-restore": self.allow,
        }


def _allowed(request: Json, warnings: list[str] | None = None) -> Json:
    answer: Json = {"uid": request["uid"], "allowed": True}
    if warnings:
        answer["warnings"] = warnings
    return answer


def _refused(request: Json, errors: list[str], warnings: list[str]) -> Json:
    answer = _allowed(request, warnings)
    answer["allowed"] = False
    answer["status"] = {"code": 403, "reason": "Forbidden", "message": admission.joined(errors)}
    return answer


def review(document: Json, answer: Callable[[Json], Json]) -> Json:
    """Wrap a request's answer into a review of the same version."""
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "response": answer(document["request"]),
    }


def server(
    reviewer: Reviewer, port: int, certificate: dict[str, bytes], address: str = "127.0.0.1"
) -> ThreadingHTTPServer:
    """Return an HTTPS server, bound and not yet serving."""
    routes = reviewer.routes()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            answer = routes.get(self.path.partition("?")[0])
            if answer is None:
                self.send_error(404)
                return
            try:
                data = json.dumps(review(json.loads(body), answer)).encode()
            except (ValueError, KeyError, TypeError) as error:
                LOG.exception("cannot answer %s", self.path)
                self.send_error(400, f"{type(error).__name__}: {error}"[:200])
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            LOG.debug(format, *args)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[ssl.SSLSocket, object]:
            # The handshake happens on first read, in the connection's own thread.
            connection, peer = self.socket.accept()
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), peer

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="webhook-") as folder:
        certificate_file, key_file = Path(folder, "tls.crt"), Path(folder, "tls.key")
        certificate_file.write_bytes(certificate["tls.crt"])
        key_file.touch(mode=0o600)
        key_file.write_bytes(certificate["tls.key"])
        context.load_cert_chain(certificate_file, key_file)
    return Server((address, port), Handler)
