# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The way of every request: identity, signature, permission, log, fault, latency, then our operation or moto's."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from moto.core.exceptions import ServiceException

from rehearsal.aws.authorization import authorize
from rehearsal.aws.calls import CallLog
from rehearsal.aws.errors import AwsError, InternalError, NotImplementedHere
from rehearsal.aws.faults import Faults
from rehearsal.aws.identity import Principal, authenticate, signature_error
from rehearsal.aws.latency import Latencies
from rehearsal.aws.operations import ACCOUNT_LOCK, Context, checks_of, handler_of, sequels_of
from rehearsal.aws.signature import signature_matches
from rehearsal.aws.static_answers import STATIC, StaticAnswers
from rehearsal.aws.wire import Call, Response, error_code, read_body, read_call, write_error, write_result

log = logging.getLogger("rehearsal.aws")

StartResponse = Callable[..., Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
DENIAL_CODES = {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}
#: Operations that wait for something that another call brings, or read nothing that a call can change; they must not
#: hold the account's lock.
WITHOUT_LOCK = STATIC | {("sqs", "ReceiveMessage")}


@dataclass
class Controls:
    """What the admin API sets and reads."""

    calls: CallLog = field(default_factory=CallLog)
    faults: Faults = field(default_factory=Faults)
    latencies: Latencies = field(default_factory=Latencies)


class Gateway:
    """WSGI application in front of moto.

    Args:
        moto: moto's WSGI application, a ``DomainDispatcherApplication``.
        admin: WSGI application for paths below ``/rehearsal/``.
        controls: call log, faults and latencies.
    """

    def __init__(self, moto: Any, admin: WsgiApp, controls: Controls) -> None:
        self._moto = moto
        self._admin = admin
        self._controls = controls
        self._static = StaticAnswers()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if str(environ.get("PATH_INFO", "")).startswith("/rehearsal/"):
            return self._admin(environ, start_response)
        status, headers, body = self.answer(environ)
        headers["Content-Length"] = str(len(body)) if "Content-Length" not in headers else headers["Content-Length"]
        phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
        start_response(f"{status} {phrase}", list(headers.items()))
        return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else body]

    def answer(self, environ: dict[str, Any]) -> Response:
        """Answer one AWS request; every error is worded in the protocol of its service."""
        body = read_body(environ)
        try:
            call = read_call(environ, body)
        except AwsError as error:
            log.warning("%s %s: %s", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"), error.message)
            return write_error("rest-json", error)
        if call is None:
            message = "The request has no signature. Sign it with the credentials of a principal of this account."
            return write_error("rest-json", AwsError("MissingAuthenticationToken", message, 403))
        who = ""
        try:
            principal = authenticate(call)
            who = principal.principal_arn
            if not signature_matches(call, principal.secret_access_key):
                raise signature_error(call)
            self._controls.calls.called(who, call.operation)
            answer = self._serve(call, principal, environ)
            if answer[0] >= HTTPStatus.BAD_REQUEST:
                self._controls.calls.failed(who, call.operation, error_code(answer))
            return answer
        except AwsError as error:
            failure = error
        except Exception as error:
            log.exception("failed in %s", call.operation)
            failure = InternalError(call.operation, error)
        self._record(call, who, failure)
        return write_error(call.protocol, failure)

    def _serve(self, call: Call, principal: Principal, environ: dict[str, Any]) -> Response:
        free = (call.service, call.action) in WITHOUT_LOCK
        lock: AbstractContextManager[Any] = nullcontext() if free else ACCOUNT_LOCK
        with ACCOUNT_LOCK:
            granted = authorize(call, principal)
        self._controls.calls.granted(principal.principal_arn, [(one.action, one.resource) for one in granted])
        self._controls.faults.strike(call)
        self._controls.latencies.wait(call.operation)
        question = self._static.key(call)
        kept = self._static.get(question)
        if kept is not None:
            status, headers, body = kept
            return status, dict(headers), body
        with lock:
            context = Context(
                call=call,
                principal=principal,
                forward=lambda: self._forward(call, environ),
                seconds=self._controls.latencies.seconds,
                lacks_capacity=self._controls.faults.lacks_capacity,
            )
            try:
                for check in checks_of(call.service, call.action):
                    check(context)
                handler = handler_of(call.service, call.action)
                result = context.forward() if handler is None else handler(context)
                # A handler may leave some of the calls of its operation to moto.
                answer = result if isinstance(result, tuple) else write_result(call, result)
                if answer[0] < HTTPStatus.BAD_REQUEST:
                    for sequel in sequels_of(call.service, call.action):
                        sequel(context)
                    self._static.keep(question, (answer[0], dict(answer[1]), answer[2]))
            except ServiceException as error:
                raise AwsError(error.code, error.message) from error
            return answer

    def _forward(self, call: Call, environ: dict[str, Any]) -> Response:
        """Let moto answer.

        Raises:
            NotImplementedHere: moto has no such operation.
            InternalError: moto failed inside it.
        """
        captured: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            captured["status"], captured["headers"] = int(status.split(" ", 1)[0]), headers

        inner = {**environ, "wsgi.input": io.BytesIO(call.body), "HTTP_HOST": environ.get("HTTP_HOST", "localhost")}
        if call.credential.in_query and call.service != "s3":
            scope = "/".join(call.credential.scope)
            inner["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        host = self._moto.infer_service_region_host(inner, str(inner.get("PATH_INFO", "")))
        if self._moto.get_backend_for_host(host) is None:
            raise NotImplementedHere(call.operation, f"moto has no service {call.service}")
        try:
            body = b"".join(self._moto(inner, start_response))
        except NotImplementedError as error:
            raise NotImplementedHere(call.operation, str(error) or "moto has no such operation") from error
        except Exception as error:
            log.exception("moto failed in %s", call.operation)
            raise InternalError(call.operation, error) from error
        headers = {str(key): str(value) for key, value in captured["headers"]}
        is_page = "text/html" in headers.get("Content-Type", "") and b"<!doctype html" in body.lower()
        if captured["status"] in {404, 405, 500} and is_page:
            raise NotImplementedHere(call.operation, f"moto answered {captured['status']} with a web page")
        return captured["status"], headers, body

    def _record(self, call: Call, who: str, error: AwsError) -> None:
        who = who or call.credential.access_key_id
        self._controls.calls.failed(who, call.operation, error.code)
        if isinstance(error, NotImplementedHere):
            self._controls.calls.unimplemented(call.operation)
            log.warning("%s", error.message)
        if error.code in DENIAL_CODES:
            self._controls.calls.denied(who, call.operation, error.message)
            log.warning("%s", error.message)
