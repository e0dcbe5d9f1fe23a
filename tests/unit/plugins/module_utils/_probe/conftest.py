# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A small OpenAI-compatible server that answers correctly until a test makes it answer wrongly."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client

Json = dict[str, Any]
MODEL = "org/Tiny-0.1"


class Handler(BaseHTTPRequestHandler):
    """Looks the answer up in the stub's table of routes."""

    protocol_version = "HTTP/1.1"
    server: Stub

    def log_message(self, *_arguments: Any) -> None:
        """Keep the test output clean."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self.answer({})

    def do_POST(self) -> None:
        """Answer a POST."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.headers.append(dict(self.headers))
        if self.headers.get("Content-Type") != "application/json":
            self.send(415, {"message": "Expected request with Content-Type application/json", "code": 415})
            return
        try:
            self.answer(json.loads(body))
        except ValueError:
            self.send(400, {"message": "Failed to deserialize the JSON body", "type": "Bad Request", "code": 400})

    def answer(self, body: Json) -> None:
        """Call the route."""
        begun = [route for prefix, route in self.server.prefixes.items() if self.path.startswith(prefix)]
        route = self.server.routes.get(self.path) or (begun[0] if begun else None)
        if route is None:
            self.send(404, {"message": f"Route not found: {self.path}", "code": 404})
        else:
            route(self, body)
        self.close_connection = True

    def send(self, status: int, body: Any, content_type: str = "application/json", **headers: str) -> None:
        """Send a whole answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def send_events(self, events: list[Any], content_type: str = "text/event-stream", done: bool = True) -> None:
        """Send a stream of events, then close."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()
        for event in [*events, *(["[DONE]"] if done else [])]:
            text = event if isinstance(event, str) else json.dumps(event)
            self.wfile.write(f"data: {text}\n\n".encode())
            self.wfile.flush()


Route = Callable[[Handler, Json], None]


class Stub(ThreadingHTTPServer):
    """The server; `routes` maps paths to functions, `served` counts answered chats."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.served = 0
        self.running = 0
        self.labels = f'model="{MODEL.lower()}"'
        self.text = "There was no error."
        self.headers: list[dict[str, str]] = []
        self.prefixes: dict[str, Route] = {}
        self.routes: dict[str, Route] = {
            "/live": lambda h, _b: h.send(200, {"status": "live"}),
            "/health": lambda h, _b: h.send(200, {"status": "healthy", "instances": [{"endpoint": "generate"}]}),
            "/v1/models": lambda h, _b: h.send(200, {"object": "list", "data": [{"id": MODEL}]}),
            f"/v1/models/{MODEL}/ready": lambda h, _b: h.send(
                200, {"ready": True, "namespaces": {"dyn": {"present": ["aggregated"]}}}
            ),
            "/v1/chat/completions": self.chat,
            "/v1/completions": lambda h, b: h.send(200, self.document(b, text=self.text)),
            "/metrics": self.metrics,
        }

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about; anything else is a fault of the stub."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def document(self, body: Json, **choice: Any) -> Json:
        """A correct answer with one choice."""
        return {
            "choices": [{"index": 0, "finish_reason": "stop", **choice}],
            "model": body["model"],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
        }

    def chunks(self, body: Json) -> list[Json]:
        """A correct stream without its end mark."""
        words = self.text.split(" ")
        deltas: list[Json] = [{"role": "assistant", "content": words[0]}, *({"content": f" {w}"} for w in words[1:])]
        found = [{"choices": [{"index": 0, "delta": d, "finish_reason": None}], "model": body["model"]} for d in deltas]
        found.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "model": body["model"]})
        return [*found, {"choices": [], "model": body["model"], "usage": self.document(body)["usage"]}]

    def chat(self, handler: Handler, body: Json) -> None:
        """The correct answer to a chat request."""
        if body["model"] != MODEL:
            handler.send(404, {"message": "Model not found", "type": "Not Found", "code": 404})
            return
        if body["max_tokens"] < 0:
            handler.send(400, {"message": "invalid value: integer `-1`, expected u32", "code": 400})
            return
        self.served += 1
        if body.get("stream"):
            handler.send_events(self.chunks(body))
        else:
            handler.send(200, self.document(body, message={"role": "assistant", "content": self.text}))

    def metrics(self, handler: Handler, _body: Json) -> None:
        """The counter of Dynamo's frontend."""
        labels = (
            f'endpoint="chat_completions",error_type="",model="{MODEL.lower()}",request_type="unary",status="success"'
        )
        values = {
            f"requests_total{{{labels}}}": self.served,
            f"input_sequence_tokens_sum{{{self.labels}}}": 9 * self.served,
            f"output_sequence_tokens_sum{{{self.labels}}}": self.served,
            f"active_requests{{{self.labels}}}": self.running,
        }
        text = "".join(f"dynamo_frontend_{name} {value}\n" for name, value in values.items())
        handler.send(200, text.encode(), "text/plain")


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A running stub server."""
    server = Stub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class FakeTime:
    """A clock that sleeping moves, so that waiting takes no time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def fake_time() -> FakeTime:
    """The clock of the session."""
    return FakeTime()


@pytest.fixture
def session(stub: Stub, fake_time: FakeTime) -> Session:
    """A session against the stub whose waiting takes no time."""
    return Session(
        Client(url_target(stub.url)),
        model=MODEL,
        timeout=60,
        request_timeout=5,
        clock=lambda: fake_time.now,
        sleep=fake_time.sleep,
    )


@pytest.fixture
def make_certificate() -> Callable[[Path], None]:
    """Make a self-signed certificate for 127.0.0.1, with its key in the same file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def make(path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "probe test")])
        now = datetime.now(timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        encoding = serialization.Encoding.PEM
        private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(certificate.public_bytes(encoding) + private)

    return make
