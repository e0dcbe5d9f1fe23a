# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Reading AWS requests and writing AWS responses, for every protocol that botocore knows."""

from __future__ import annotations

import io
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from rehearsal.aws.errors import AwsError

#: Signing name -> botocore service, where they differ.
SERVICE_OF_SIGNING_NAME = {
    "elasticfilesystem": "efs",
    "monitoring": "cloudwatch",
    "aps": "amp",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}
#: Signing name -> prefix of IAM actions, where they differ.
IAM_PREFIX_OF_SIGNING_NAME = {"monitoring": "cloudwatch", "tagging": "tag"}
ELB_VERSIONS = {"2012-06-01": "elb", "2015-12-01": "elbv2"}

Response = tuple[int, dict[str, str], bytes]


@dataclass
class Credential:
    """Who signed a request, as the request claims.

    Attributes:
        scope: ``key/date/region/service/aws4_request`` split at the slashes.
        signed_headers: lower-case names, in the order of the request.
        signature: hexadecimal signature.
        in_query: a presigned URL carries its signature in the query string.
    """

    scope: list[str]
    signed_headers: list[str]
    signature: str
    in_query: bool = False

    @property
    def access_key_id(self) -> str:
        return self.scope[0]


@dataclass
class Call:
    """One request to an AWS API."""

    credential: Credential
    signing_name: str
    service: str
    region: str
    action: str
    protocol: str
    method: str
    raw_path: str
    query: str
    headers: dict[str, str]
    body: bytes
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def iam_prefix(self) -> str:
        """Prefix of this service's IAM actions."""
        return IAM_PREFIX_OF_SIGNING_NAME.get(self.signing_name, self.signing_name)

    @property
    def operation(self) -> str:
        """The operation as IAM spells it, for example ``ec2:CreateVpc``."""
        return f"{self.iam_prefix}:{self.action}"


def read_body(environ: dict[str, Any]) -> bytes:
    """Read the whole request body and put it back for whoever reads next."""
    length = environ.get("CONTENT_LENGTH") or "0"
    stream = environ["wsgi.input"]
    body = bytes(stream.read() if environ.get("wsgi.input_terminated") else stream.read(int(length)))
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def request_headers(environ: dict[str, Any]) -> dict[str, str]:
    """Headers of the request with lower-case names."""
    headers = {
        key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key.startswith("HTTP_")
    }
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if key in environ:
            headers[key.replace("_", "-").lower()] = str(environ[key])
    return headers


def read_credential(headers: dict[str, str], query: str) -> Credential | None:
    """Who signed the request (Signature Version 4 in a header or in the query), or None when nobody did."""
    authorization = headers.get("authorization", "")
    if authorization.startswith("AWS4-HMAC-SHA256"):
        parts = dict(
            part.strip().partition("=")[::2] for part in authorization[len("AWS4-HMAC-SHA256") :].strip().split(",")
        )
        scope = parts.get("Credential", "").split("/")
        if len(scope) == 5:
            return Credential(scope, parts.get("SignedHeaders", "").split(";"), parts.get("Signature", ""))
        return None
    values = parse_qs(query, keep_blank_values=True)
    if values.get("X-Amz-Algorithm") == ["AWS4-HMAC-SHA256"]:
        scope = values.get("X-Amz-Credential", [""])[0].split("/")
        if len(scope) == 5:
            signed = values.get("X-Amz-SignedHeaders", [""])[0].split(";")
            return Credential(scope, signed, values.get("X-Amz-Signature", [""])[0], in_query=True)
    return None


def read_call(environ: dict[str, Any], body: bytes) -> Call | None:
    """Make a call of a WSGI request.

    Returns:
        The call, or None for a request without a signature (it is not for an AWS API that we serve).

    Raises:
        AwsError: The request names no operation of its service.
    """
    headers = request_headers(environ)
    query = str(environ.get("QUERY_STRING", ""))
    credential = read_credential(headers, query)
    if credential is None:
        return None
    signing_name = credential.scope[3]
    request = Request({**environ, "wsgi.input": io.BytesIO(body)})
    service = service_of(signing_name, request)
    call = Call(
        credential=credential,
        signing_name=signing_name,
        service=service,
        region=credential.scope[2],
        action="",
        protocol="",
        method=str(environ["REQUEST_METHOD"]),
        raw_path=request.raw_path,
        query=query,
        headers=headers,
        body=body,
    )
    find_operation(call, request)
    return call


def service_of(signing_name: str, request: Request) -> str:
    """The botocore service of a signing name; load balancers of both generations share one."""
    if signing_name == "elasticloadbalancing":
        return ELB_VERSIONS.get(request.values.get("Version", ""), "elbv2")
    return SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)


def find_operation(call: Call, request: Request) -> None:
    """Fill in the protocol, the action and the parameters of a call."""
    try:
        model = get_service_model(call.service)
    except Exception as error:  # botocore's loader has no common base for "no such service"
        raise AwsError("UnknownService", f"No AWS service has the signing name {call.signing_name}.") from error
    target = call.headers.get("x-amz-target", "")
    if call.raw_path.startswith("/service/") and "/operation/" in call.raw_path:
        call.protocol, call.action = "smithy-rpc-v2-cbor", call.raw_path.rpartition("/")[2]
        return
    uri_params: dict[str, Any] = {}
    try:
        call.protocol = determine_request_protocol(model, request.content_type)
        operation, uri_params = get_service_router(call.service).match(request)
        call.action = str(operation.name)
    except (HTTPException, NotImplementedError):
        call.protocol = call.protocol or str(model.protocol)
        call.action = target.rpartition(".")[2] or request.values.get("Action", "")
        if not call.action:
            raise AwsError(
                "UnknownOperationException",
                f"{call.service} has no operation for {call.method} {call.raw_path}.",
                404,
            ) from None
        return
    if call.protocol == "rest-xml":
        call.params = dict(uri_params)
        return
    parser = PROTOCOL_PARSERS[call.protocol](operation)
    try:
        parsed = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": call.body,
                "url_path": request.path,
                "url_params": uri_params,
            }
        )
    except (RequestParserError, ValueError) as error:
        raise AwsError("SerializationException", f"The body of {call.operation} is malformed: {error}.") from error
    call.params = {key: value for key, value in (parsed or {}).items() if value is not None}


def write_result(call: Call, result: dict[str, Any] | None) -> Response:
    """Serialise what an operation returned (a dict with boto3's names) the way its service does."""
    operation = get_service_model(call.service).operation_model(call.action)
    serializer = get_serializer_class(call.service, call.protocol)(operation)
    answer = serializer.serialize(result)
    body = answer["body"]
    headers = {str(key): str(value) for key, value in answer["headers"].items()}
    headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return int(answer["status_code"]), headers, body if isinstance(body, bytes) else str(body).encode()


def write_error(protocol: str, error: AwsError) -> Response:
    """Serialise an error the way a protocol does."""
    request_id = str(uuid.uuid4())
    code, message = escape(error.code), escape(error.message)
    headers = {"x-amzn-RequestId": request_id}
    if protocol == "ec2":
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error>'
            f"<Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif protocol == "query":
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    elif protocol == "rest-xml":
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><Error>'
            f"<Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
        )
    else:
        headers["x-amzn-ErrorType"] = error.code
        headers["Content-Type"] = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
        fields = {"__type": error.code, "message": error.message, **error.fields}
        return error.status, headers, json.dumps(fields, default=_plain).encode()
    headers["Content-Type"] = "text/xml;charset=UTF-8"
    return error.status, headers, text.encode()


def error_code(answer: Response) -> str:
    """The error code in an error answer of any protocol; the HTTP status when it has none."""
    status, headers, body = answer
    named = {key.lower(): value for key, value in headers.items()}.get("x-amzn-errortype")
    if named:
        return named.partition(":")[0]
    text = body.decode(errors="replace")
    found = re.search(r"<Code>([^<]+)</Code>", text) or re.search(r'"__type"\s*:\s*"(?:[^"#]*#)?([^"#]+)"', text)
    return found[1] if found else str(status)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} cannot stand in an error")
