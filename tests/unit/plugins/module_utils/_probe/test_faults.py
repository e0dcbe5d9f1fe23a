# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Every fault that an endpoint was seen to have: the right check fails, says what was seen, and the task fails."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import program
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import Target
from tests.unit.plugins.module_utils._probe.conftest import MODEL, Stub
from tests.unit.plugins.module_utils._probe.test_ways import Https, Torn

ROOT = Path(__file__).resolve().parents[5]
CHAT = "/v1/chat/completions"
HTML = b"<!DOCTYPE html><html><head><title>502</title></head><body>Bad Gateway</body></html>"
DEFAULTS = {name: spec.get("default") for name, spec in program.ARGUMENTS.items()}


def probe(url: str, *checks: Any, **options: Any) -> dict[str, Any]:
    """Result of the task."""
    given = {"url": url, "checks": list(checks), "model": MODEL, "timeout": 0.3, "request_timeout": 5, **options}
    return program.probe({**DEFAULTS, **given})


def expect(result: dict[str, Any], check: str, *words: str) -> None:
    """The check failed with these words in its reason or evidence, and so did the task, whose message names it."""
    found = next(entry for entry in result["checks"] if entry["label"] == check)
    assert found["result"] == "failed", found
    said = f"{found['reason']} | {found['evidence']}"
    for word in words:
        assert word in said
    assert result["failed"] is True
    assert result["passed"] is False
    assert f"{check}: {found['reason']}" in result["msg"]


def change(stub: Stub, **keys: Any) -> None:
    """Let the answers to chats have other values."""
    original = stub.document

    def document(body: Any, **choice: Any) -> Any:
        return {**original(body, **choice), **keys}

    stub.document = document  # type: ignore[method-assign]


def events(stub: Stub, tail: list[Any], done: bool = True, keep: int = 2) -> None:
    """Let streams end otherwise."""
    stub.routes[CHAT] = lambda h, b: h.send_events([*stub.chunks(b)[:keep], *tail], done=done)


def held_back(stub: Stub) -> None:
    """Put a proxy before the stub that passes a stream on when it is whole."""

    def late(handler: Any, body: Any) -> None:
        stub.text = " ".join(["word"] * min(40, body["max_tokens"]))
        time.sleep(0.004 * len(stub.text.split()))
        data = "".join(f"data: {json.dumps(event)}\n\n" for event in stub.chunks(body)) + "data: [DONE]\n\n"
        handler.send(200, data.encode(), "text/event-stream")

    stub.routes[CHAT] = late


def killed(stub: Stub) -> None:
    """Let the worker die in the middle of a stream: the connection is reset."""

    def route(handler: Any, body: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        event = f"data: {json.dumps(stub.chunks(body)[0])}\n\n".encode()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    stub.routes[CHAT] = route


def everywhere(status: int, body: Any, kind: str = "application/json") -> Callable[[Stub], None]:
    """Answer every path alike."""

    def alike(stub: Stub) -> None:
        for path in list(stub.routes):
            stub.routes[path] = lambda h, _b: h.send(status, body, kind)

    return alike


def one(path: str, status: int, body: Any, kind: str = "application/json") -> Callable[[Stub], None]:
    """Answer one path otherwise."""
    return lambda stub: stub.routes.update({path: lambda h, _b: h.send(status, body, kind)})


def misnamed(stub: Stub) -> None:
    """Serve another model."""
    one("/v1/models", 200, {"data": [{"id": "org/other"}]})(stub)
    one(CHAT, 404, {"message": "Model not found"})(stub)


FAULTS: dict[str, tuple[Callable[[Stub], None], str, tuple[str, ...]]] = {
    "401": (one("/v1/models", 401, {"error": {"message": "no key"}}), "models", ("401", "no key", "Check api_key")),
    "403": (one("/v1/models", 403, {"error": {"message": "no right"}}), "models", ("403", "Check api_key")),
    "404 without a body": (one(CHAT, 404, b""), "chat", ("404 with an empty body", "no worker has registered")),
    "404 with a body": (misnamed, "chat", ("404", "Model not found", "is the model's name right?")),
    "5xx storm": (everywhere(503, b"upstream connect error", "text/plain"), "live", ("503 upstream connect error",)),
    "500": (one(CHAT, 500, {"error": "Failed to generate: no responders"}), "chat", ("500", "no responders")),
    "page of a proxy, 502": (everywhere(502, HTML, "text/html"), "live", ("502", "HTML")),
    "page of a proxy, 200": (one(CHAT, 200, HTML, "text/html"), "chat", ("HTML",)),
    "proxy that buffers": (held_back, "chat_stream", ("chunks came at once", "response buffering")),
    "stream without its end": (lambda s: events(s, [], done=False), "chat_stream", ("[DONE]",)),
    "error in a stream": (
        lambda s: events(s, [{"error": {"message": "worker lost", "code": 500}}]),
        "chat_stream",
        ("an error came in the stream after 2 chunks", "worker lost"),
    ),
    "worker killed in the middle": (killed, "chat_stream", ("the stream broke off after 1 chunks",)),
    "another model answers": (lambda s: change(s, model="org/other"), "chat", ("org/other", MODEL)),
    "usage that does not add up": (
        lambda s: change(s, usage={"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 99}),
        "chat",
        ("99",),
    ),
    "empty answer": (lambda s: setattr(s, "text", ""), "chat", ("empty",)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(stub: Stub, name: str) -> None:
    make, check, words = FAULTS[name]
    make(stub)
    expect(probe(stub.url, check), check, *words)


def test_name_that_does_not_resolve() -> None:
    expect(probe("http://does-not-exist.invalid:8000", "live"), "live", "its name does not resolve")


def test_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    expect(probe(f"http://127.0.0.1:{port}", "live"), "live", "refused")


@pytest.fixture
def certificate(tmp_path: Path, make_certificate: Callable[[Path], None]) -> Path:
    """A certificate of its own making for 127.0.0.1."""
    path = tmp_path / "own.pem"
    make_certificate(path)
    return path


def test_certificates(certificate: Path, stub: Stub) -> None:
    server = Https(certificate)
    own = f"https://127.0.0.1:{server.port}"
    expect(probe(own, "live"), "live", "its certificate is not trusted", "self")
    other = probe(f"https://localhost:{server.port}", "live", ca_path=str(certificate))
    expect(other, "live", "its certificate is not trusted", "match")
    expect(probe(stub.url.replace("http:", "https:"), "live"), "live", "TLS failed", "Is it http, not https")
    assert "failed" not in probe(own, "live", ca_path=str(certificate))
    server.listener.close()


def test_port_forward_that_is_torn_down(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    event = json.dumps(stub.chunks({"model": MODEL})[0]).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: " + event + b"\n\n"
    target = Target("service dyn/web", "web", lambda _timeout: Torn(head))
    monkeypatch.setattr(program, "url_target", lambda *_arguments: target)
    words = ("the stream broke off after 1 chunks", "Failed to talk to pod dyn/web-1 port 8000")
    expect(probe("http://web", "chat_stream"), "chat_stream", *words)


@pytest.mark.parametrize(
    "text", ["error", "Quantum error correction is hard. {'error': 'none'} 500 Internal Server Error"]
)
def test_an_answer_that_speaks_of_errors_passes(stub: Stub, text: str) -> None:
    stub.text = text
    result = probe(stub.url, "models", "chat", "chat_stream", "completions")
    assert "failed" not in result
    assert result["counts"] == {"passed": 4, "failed": 0, "skipped": 0}


PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Probe
      ai_on_eks.dynamo.openai_probe:
        url: "{{ url }}"
        model: "{{ model }}"
        timeout: 1
        checks: [models, chat, chat_stream]
        reports: {json: "{{ report }}"}
    - name: Never come here
      ansible.builtin.debug: {msg: nothing failed}
"""


def test_the_play_fails_and_names_check_and_evidence(stub: Stub, tmp_path: Path) -> None:
    right = stub.chat
    broken = [*stub.chunks({"model": MODEL})[:2], {"error": {"message": "worker lost"}}]
    stub.routes[CHAT] = lambda h, b: h.send_events(broken) if b.get("stream") else right(h, b)
    play = tmp_path / "play.yml"
    play.write_text(PLAY, encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *(
                "-i",
                "localhost,",
                "-c",
                "local",
                "-e",
                f"url={stub.url}",
                "-e",
                f"report={tmp_path / 'r.json'}",
                "-e",
                f"model={MODEL}",
            ),
            *("-e", f"ansible_python_interpreter={sys.executable}", str(play)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2, said
    assert "Failed to probe" in said
    assert "chat_stream: an error came in the stream after 2 chunks" in said
    assert "worker lost" in said
    assert "nothing failed" not in said
    report = json.loads((tmp_path / "r.json").read_text())
    assert [check["result"] for check in report["checks"]] == ["passed", "passed", "failed"]
