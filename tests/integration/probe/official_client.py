# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the official client of OpenAI sees at an endpoint, beside what the probe reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client, Key
from rehearsal.bootstrap.places import Places
from tests.integration.probe.conftest import ROOT

# Everything that the client can tell about one model, as JSON.
CODE = """
import json, sys, openai
client = openai.OpenAI(base_url=sys.argv[1] + "/v1", max_retries=0)
ask = {"model": sys.argv[2], "messages": [{"role": "user", "content": sys.argv[3]}], "max_tokens": 24}
seen = {"models": [model.id for model in client.models.list()]}
whole = client.chat.completions.create(**ask)
seen["chat"] = [whole.choices[0].finish_reason, whole.usage.prompt_tokens, whole.usage.completion_tokens, whole.model]
chunks, usage, finish = 0, None, None
for event in client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
    usage = event.usage or usage
    for choice in event.choices:
        chunks += bool(choice.delta.content)
        finish = choice.finish_reason or finish
seen["stream"] = [finish, usage.prompt_tokens, usage.completion_tokens, chunks]
text = client.completions.create(model=sys.argv[2], prompt=sys.argv[3], max_tokens=24)
seen["completions"] = [text.choices[0].finish_reason, text.usage.prompt_tokens, text.usage.completion_tokens]
for name, change in (("unknown", {"model": "nobody"}), ("negative", {"max_tokens": -1})):
    try:
        client.chat.completions.create(**{**ask, **change})
        seen[name] = 200
    except openai.APIStatusError as error:
        seen[name] = error.status_code
print(json.dumps(seen))
"""
PROMPT = "What does the client see?"
CHECKS = ("chat", "chat_stream", "completions")
CASES = ("unknown_model", "negative_max_tokens")


def python_of(venv: str) -> str:
    """Interpreter of an environment that is made on demand."""
    subprocess.run([sys.executable, "-m", "rehearsal.bootstrap", "--only", venv], cwd=ROOT, check=True)
    return str(Places.here().python_of(venv))


def seen_by_client(url: str, model: str, key: str = "none") -> dict[str, Any]:
    """Models, token counts, finish reasons and statuses that the client gives its caller."""
    done = subprocess.run(
        [python_of("openai"), "-c", CODE, url, model, PROMPT],
        env={"PATH": os.environ["PATH"], "OPENAI_API_KEY": key},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(json.loads(done.stdout))


def session_for(url: str, model: str, key: str = "") -> Session:
    """Session of a probe."""
    return Session(Client(url_target(url), key=Key(key)), model, timeout=60)


def seen_by_probe(url: str, model: str, key: str = "") -> dict[str, Any]:
    """The same from the result of the probe."""
    options = {"prompt": PROMPT, "max_tokens": 24}
    texts = [{"name": name, **options} for name in CHECKS]
    outcome = runner.run(
        session_for(url, model, key), specs.parse(["models", *texts, {"name": "errors", "cases": list(CASES)}])
    )
    assert {result.name: result.reason for result in outcome.results[:-1] if result.result != "passed"} == {}
    chat, stream, text = outcome.requests[-3:]
    refused = {case["name"]: case["status"] for case in outcome.results[-1].details["cases"]}
    return {
        "models": outcome.models,
        "chat": ["length", chat["prompt_tokens"], chat["completion_tokens"], model],
        "stream": ["length", stream["prompt_tokens"], stream["completion_tokens"], stream["chunks"]],
        "completions": ["length", text["prompt_tokens"], text["completion_tokens"]],
        "unknown": refused["unknown_model"],
        "negative": refused["negative_max_tokens"],
    }
