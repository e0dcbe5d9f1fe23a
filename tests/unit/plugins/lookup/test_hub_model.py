# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup hub_model against a hub on this machine, and what is read out of its answers."""

from __future__ import annotations

import http.server
import json
import threading
import typing as t

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.lookup.hub_model import LookupModule
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.hub import UnknownModelError, row

Json = dict[str, t.Any]
INFO: Json = {"gated": False, "safetensors": {"parameters": {"BF16": 8_000_000_000}, "total": 8_000_000_000}}
CONFIG: Json = {
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
    "max_position_embeddings": 131072,
}
KNOWN = {
    "parameters": 8.0,
    "bytes": 2.0,
    "layers": 32,
    "kv_heads": 8,
    "head_dim": 128,
    "context": 131072,
    "gated": False,
}


def test_a_row() -> None:
    assert row(INFO, CONFIG) == KNOWN


def test_models_of_several_types_and_with_several_parts() -> None:
    info = {"gated": "manual", "safetensors": {"parameters": {"F8_E4M3": 6_000_000_000, "BF16": 2_000_000_000}}}
    found = row(info, {"text_config": {**CONFIG, "head_dim": 64, "num_key_value_heads": None}, "vision_config": {}})
    assert (found["bytes"], found["head_dim"], found["kv_heads"], found["gated"]) == (1.25, 64, 32, True)


@pytest.mark.parametrize(
    ("info", "config", "words"),
    [
        ({}, CONFIG, "does not count its parameters"),
        ({"safetensors": {"parameters": {"Q4_K": 5}}}, CONFIG, "values of the type Q4_K"),
        (INFO, {}, "its config.json has no num_attention_heads"),
        (INFO, {**CONFIG, "num_hidden_layers": 0}, "num_hidden_layers of its config.json is 0"),
    ],
)
def test_what_does_not_tell_the_size(info: Json, config: Json, words: str) -> None:
    with pytest.raises(UnknownModelError, match=words):
        row(info, config)


class Handler(http.server.BaseHTTPRequestHandler):
    answers: t.ClassVar[dict[str, tuple[int, t.Any]]] = {}
    tokens: t.ClassVar[list[str | None]] = []

    def log_message(self, format: str, *args: t.Any) -> None:
        return

    def do_GET(self) -> None:
        self.tokens.append(self.headers.get("Authorization"))
        code, body = self.answers.get(self.path, (404, {}))
        self.send_response(code)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[str]:
    for name in ("HF_TOKEN", "HF_ENDPOINT", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    Handler.answers = {
        "/api/models/a/b/revision/main": (200, INFO),
        "/a/b/resolve/main/config.json": (200, CONFIG),
    }
    Handler.tokens.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def ask(hub: str, name: str = "a/b", **options: t.Any) -> Json:
    lookup = LookupModule()
    lookup._load_name = "ai_on_eks.dynamo.hub_model"
    chosen = {"revision": "main", "token": "", "endpoint": hub, "timeout": 5, **options}
    lookup.set_options = lambda **_given: None
    lookup.get_option = chosen.__getitem__
    (found,) = lookup.run([name])
    return t.cast(Json, found)


def test_a_model_that_the_hub_knows(hub: str) -> None:
    assert ask(hub, token="secret") == {"name": "a/b", "known": KNOWN, "reason": ""}
    assert Handler.tokens == ["Bearer secret", "Bearer secret"]
    ask(hub)
    assert Handler.tokens[2:] == [None, None]


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (401, {}, "wants a token for it"),
        (403, {}, "accept its terms"),
        (404, {}, "no such model or revision"),
        (503, {}, "answers 503"),
        (200, b"<html>", "is not understood"),
        (200, [], "is not understood"),
        (200, {}, "does not count its parameters"),
    ],
)
def test_what_it_cannot_tell_is_no_failure(hub: str, code: int, body: t.Any, words: str) -> None:
    Handler.answers["/api/models/a/b/revision/main"] = (code, body)
    found = ask(hub)
    assert found["known"] == {}
    assert words in found["reason"]


def test_a_hub_that_is_away() -> None:
    assert "cannot be reached" in ask("http://127.0.0.1:9")["reason"]
