# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A hub of models on this machine: what the download Job needs of Hugging Face, and the faults that it has."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import threading
import typing as t

MODEL = "acme/tiny"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 4096
FILES = {
    "config.json": b'{"layers": 1}',
    "model.safetensors": WEIGHTS,
    "nested/tokenizer.json": b"{}",
    "pytorch_model.bin": b"the same again",
}


class Hub(http.server.ThreadingHTTPServer):
    """Hugging Face as far as the script knows it, with a content network of its own address for large files."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.revisions = {"main": COMMIT, "v1": COMMIT, COMMIT: COMMIT}
        self.gated = ""
        self.throttled = 0
        self.broken_after: int | None = None
        self.ranges = True
        self.wrong = 0
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def network(self) -> str:
        # Another name of the same machine: another host for the client.
        return f"http://localhost:{self.server_address[1]}"

    def siblings(self) -> list[dict[str, t.Any]]:
        return [
            {
                "rfilename": name,
                "size": len(content),
                **(
                    {"lfs": {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
                    if name.endswith(".safetensors")
                    else {}
                ),
            }
            for name, content in FILES.items()
        ]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, format: str, *args: t.Any) -> None:
        return

    def do_GET(self) -> None:
        hub = self.server
        path = self.path.partition("?")[0]
        hub.asked.append((path, {key.lower(): value for key, value in self.headers.items()}))
        if hub.throttled:
            hub.throttled -= 1
            return self.answer(429, b"", {"Retry-After": "7"})
        if (
            hub.gated
            and path.startswith(("/api/", f"/{MODEL}"))
            and self.headers.get("Authorization") != f"Bearer {hub.gated}"
        ):
            return self.answer(401, b"gated")
        if path.startswith(f"/api/models/{MODEL}/revision/"):
            commit = hub.revisions.get(path.rpartition("/")[2])
            if not commit:
                return self.answer(404, b"")
            return self.answer(200, json.dumps({"sha": commit, "siblings": hub.siblings()}).encode())
        name = path.removeprefix(f"/{MODEL}/resolve/{COMMIT}/")
        if name == "model.safetensors":
            return self.answer(302, b"", {"Location": f"{hub.network}/blob/model.safetensors"})
        content = FILES.get(name.removeprefix("/blob/"))
        return self.answer(404, b"") if content is None else self.file(content)

    def file(self, content: bytes) -> None:
        hub = self.server
        if hub.wrong:
            hub.wrong -= 1
            return self.answer(200, b"x" * len(content))
        start = 0
        asked = self.headers.get("Range", "")
        if asked and hub.ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return self.answer(416, b"")
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if hub.broken_after is not None and len(body) > hub.broken_after:
            self.wfile.write(body[: hub.broken_after])
            hub.broken_after = None
            self.close_connection = True
            self.connection.close()
            return None
        self.wfile.write(body)
        return None

    def answer(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serving() -> t.Iterator[Hub]:
    """Serve until the block is left."""
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
