# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the hub's answers mean, and that the token goes where it belongs and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._hub import asker, check

TOKEN = "hf_0123456789abcdef"
STATUS = {
    "/api/whoami-v2": 200,
    "/a/open/resolve/main/config.json": 302,
    "/a/gated/resolve/main/config.json": 403,
    "/a/small/resolve/main/config.json": 200,
}


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            self.send_response(STATUS.get(self.path, 404) if known else 401)
            if self.path == "/a/open/resolve/main/config.json":
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()


def test_models(hub: tuple[str, list[str]]) -> None:
    url, seen = hub
    answer = check(asker(url, TOKEN, 5), url, ["a/open", "a/small", "a/gated", "a/none"])
    assert answer.models == {"a/open": "open", "a/small": "open", "a/gated": "gated", "a/none": "absent"}
    assert [problem.split(":")[0] for problem in answer.problems] == [
        "It does not open a/gated",
        "There is no model a/none that it could open. Look for a typing error.",
    ]
    assert "/elsewhere" not in seen


def test_unknown_token(hub: tuple[str, list[str]]) -> None:
    url, _ = hub
    answer = check(asker(url, "hf_wrong", 5), url, ["a/open"])
    assert answer.reachable
    assert "does not know it (401)" in answer.problems[0]
    assert "hf_wrong" not in str(answer)


def test_a_hub_that_is_not_there() -> None:
    answer = check(asker("http://127.0.0.1:1", TOKEN, 1), "http://127.0.0.1:1", [])
    assert not answer.reachable
    assert answer.problems == []
    assert "cannot be reached" in answer.reason


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_is_busy(status: int) -> None:
    answer = check(lambda path: status, "https://hub", ["a/b"])
    assert (answer.reachable, answer.reason) == (False, f"https://hub answered {status}")


def test_only_web_addresses() -> None:
    with pytest.raises(ValueError, match="neither https"):
        asker("file:///etc", TOKEN, 1)
