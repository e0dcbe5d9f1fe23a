# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The token webhook of EKS: bearer token → STS → access entry → Kubernetes user.

Run as `python -m rehearsal.kube.authenticator --config FILE`; serves `POST /authenticate` (TokenReview v1).
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from rehearsal import localhttp
from rehearsal.kube import access, tokens
from rehearsal.kube.rest import Rest

_STS_NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"

# The API server waits 30 s for its webhook; a busy machine must not make a good token a bad one.
_AWS_SECONDS = 20.0


@dataclass(frozen=True)
class Config:
    """What the authenticator of one cluster must know."""

    port: int
    cluster: str
    region: str
    aws_endpoint: str
    aws_admin_file: str
    server: str
    ca_file: str
    certificate_file: str
    key_file: str

    @classmethod
    def read(cls, path: Path) -> Config:
        """Read the file that the supervisor wrote."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> Path:
        """Write the file that `read` reads."""
        path.write_text(json.dumps(asdict(self), indent=1))
        return path


class Eks(Protocol):
    """The two calls of boto3's EKS client that are needed."""

    def describe_access_entry(self, *, clusterName: str, principalArn: str) -> dict[str, Any]:
        """Return {accessEntry}."""

    def list_associated_access_policies(self, *, clusterName: str, principalArn: str) -> dict[str, Any]:
        """Return {associatedAccessPolicies}."""


class Authenticator:
    """Answers TokenReviews for one cluster."""

    def __init__(
        self,
        config: Config,
        eks: Eks,
        is_missing: Callable[[Exception], bool],
        identify: Callable[[tokens.PresignedCall], access.Caller],
        bind: Callable[[access.NamespaceGrant], None],
    ) -> None:
        """Take the ways to ask EKS and STS, and to bind a group in a namespace."""
        self._config = config
        self._eks = eks
        self._is_missing = is_missing
        self._identify = identify
        self._bind = bind

    def review(self, token: str, now: datetime.datetime) -> dict[str, Any]:
        """Return the status of a TokenReview.

        Raises:
            tokens.TokenRefusedError: when the token authenticates nobody.
        """
        caller = self._identify(tokens.parse(token, self._config.aws_endpoint, now))
        user = self._user(caller)
        for grant in user.grants:
            self._bind(grant)
        extra = {"arn": [caller.arn], "canonicalArn": [caller.principal_arn], "accessKeyId": [caller.access_key_id]}
        if caller.session:
            extra["sessionName"] = [caller.session]
        uid = f"aws-iam-authenticator:{caller.principal_arn}"
        return {
            "authenticated": True,
            "user": {"username": user.username, "uid": uid, "groups": list(user.groups), "extra": extra},
        }

    def _user(self, caller: access.Caller) -> access.User:
        target = {"clusterName": self._config.cluster, "principalArn": caller.principal_arn}
        try:
            entry = self._eks.describe_access_entry(**target)["accessEntry"]
        except Exception as error:
            # botocore makes its exception classes at run time; all but "not found" go up.
            if self._is_missing(error):
                raise tokens.TokenRefusedError(f"{caller.principal_arn} has no access entry") from error
            raise
        policies = self._eks.list_associated_access_policies(**target)["associatedAccessPolicies"]
        return access.user_of(caller, entry, policies)


def ask_sts(call: tokens.PresignedCall, config: Config) -> access.Caller:
    """Follow a presigned call for this cluster's name, as EKS does; STS answers only a good signature.

    Raises:
        tokens.TokenRefusedError: when STS refuses the call.
    """
    headers = {tokens.CLUSTER_HEADER: config.cluster}
    status, text = localhttp.request("GET", call.url, headers=headers, timeout=_AWS_SECONDS)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise OSError(f"STS answered {status}: {text[:300]}")
    if status != HTTPStatus.OK:
        raise tokens.TokenRefusedError(f"STS answered {status}: {text[:300]}")
    arn = ET.fromstring(text).findtext(f".//{_STS_NAMESPACE}Arn")  # noqa: S314 - from the embedded AWS alone
    if not arn:
        raise tokens.TokenRefusedError("STS named no principal")
    return access.Caller(arn, _principal_arn(call.access_key_id, config), call.access_key_id)


def _principal_arn(access_key_id: str, config: Config) -> str:
    # A session's ARN lacks the path of its role, which access entries may name; only IAM itself knows it.
    query = urllib.parse.urlencode({"access_key_id": access_key_id})
    return str(
        localhttp.get_json(f"{config.aws_endpoint}/rehearsal/identity?{query}", timeout=_AWS_SECONDS)["principal_arn"]
    )


def bind_with(rest: Rest) -> Callable[[access.NamespaceGrant], None]:
    """Return a function that makes a namespaced grant hold; a namespace that does not exist has nothing to grant."""
    bound: set[access.NamespaceGrant] = set()

    def bind(grant: access.NamespaceGrant) -> None:
        if grant in bound or not rest.succeeds(f"/api/v1/namespaces/{grant.namespace}"):
            return
        rest.ensure(*access.namespace_binding(grant))
        bound.add(grant)

    return bind


def handler_for(authenticator: Authenticator) -> type[BaseHTTPRequestHandler]:
    """Return the HTTP handler of an authenticator."""

    class Handler(BaseHTTPRequestHandler):
        """One TokenReview per request."""

        def do_POST(self) -> None:
            """Answer a TokenReview; the reason of a refusal is logged and not told."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            now = datetime.datetime.now(datetime.UTC)
            status: dict[str, Any] = {"authenticated": False}
            try:
                status = authenticator.review(str(body["spec"]["token"]), now)
                print(f"{now:%H:%M:%S} accepted {status['user']['username']}", flush=True)
            except tokens.TokenRefusedError as error:
                print(f"{now:%H:%M:%S} refused: {error}", flush=True)
            except Exception as error:  # noqa: BLE001 - the boundary: a webhook must answer
                # Not "nobody": the API server asks again when the webhook itself fails.
                print(f"{now:%H:%M:%S} Failed to check a token: {type(error).__name__}: {error}", flush=True)
                self._answer({"error": "the token could not be checked"}, HTTPStatus.INTERNAL_SERVER_ERROR)
                return
            self._answer({"apiVersion": body["apiVersion"], "kind": "TokenReview", "status": status})

        def do_GET(self) -> None:
            """Answer health checks."""
            self._answer({"status": "ok"})

        def _answer(self, body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet: the token is in no log, and the outcome is logged above."""

    return Handler


def make(config: Config) -> Authenticator:
    """Build an authenticator that asks the embedded AWS with the rehearsal's administrator."""
    import boto3
    from botocore.exceptions import ClientError

    admin = json.loads(Path(config.aws_admin_file).read_text())
    eks = boto3.client(
        "eks",
        endpoint_url=config.aws_endpoint,
        region_name=config.region,
        aws_access_key_id=admin["access_key_id"],
        aws_secret_access_key=admin["secret_access_key"],
    )

    def is_missing(error: Exception) -> bool:
        return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ResourceNotFoundException"

    rest = Rest(config.server, Path(config.ca_file), Path(config.certificate_file), Path(config.key_file))
    return Authenticator(config, eks, is_missing, lambda call: ask_sts(call, config), bind_with(rest))


def main(arguments: list[str] | None = None) -> int:
    """Serve until ended by a signal."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.kube.authenticator", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="JSON file with the fields of Config")
    config = Config.read(parser.parse_args(arguments).config)
    server = ThreadingHTTPServer(("127.0.0.1", config.port), handler_for(make(config)))
    server.daemon_threads = True
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
