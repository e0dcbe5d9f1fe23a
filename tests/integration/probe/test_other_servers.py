# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The probe at servers that are not Dynamo, with everything they offer, lack and do in their own way.

One is llama.cpp's, the other the gateway LiteLLM before it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.runner import Outcome
from rehearsal import localhttp, ports
from tests.integration.operator.cluster import wait_for
from tests.integration.probe.official_client import python_of, seen_by_client, seen_by_probe, session_for

MODEL = "Org/Letters-0.1"
KEY = "sk-only-a-test"
# A model that says letters at random fills what a grammar leaves no choice in.
SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "colour": {"enum": ["red", "green"]}},
    "required": ["ok", "colour"],
    "additionalProperties": False,
}
# What it offers.
OFFERED = [
    *("health", "models", "chat", "chat_stream", "completions", "responses", "logprobs", "seed", "metrics", "cancel"),
    {"name": "stop", "stop": '"', "max_tokens": 1000},
    {"name": "structured_output", "schema": SCHEMA},
    {"name": "errors", "cases": ["bad_json", "over_context"]},
    {"name": "load", "requests": 40, "concurrency": 4, "warmup": 4},
]
# What it does not, and what the probe says of it.
LACKING = {
    "live": "the server has no /live",
    "ready": "no such route",
    "embeddings": "is not served on /v1/embeddings",
    "tool_call": "the model answered with text instead",
    "worker_ids": "the answer names no workers",
    "spread": "the answer names no workers",
    "disaggregation": "the answer names no workers",
}


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running server."""
    folder, port = tmp_path_factory.mktemp("llama"), ports.choose()
    program = str(Path(__file__).with_name("llama_cpp.py"))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [python_of("llama-cpp"), program, str(folder), str(port), MODEL], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for("llama.cpp's server", lambda: localhttp.succeeds(f"http://127.0.0.1:{port}/health"))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def gateway(llama: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running LiteLLM that wants a key."""
    folder, port = tmp_path_factory.mktemp("gateway"), ports.choose()
    behind = {"model": f"openai/{MODEL}", "api_base": f"{llama}/v1", "api_key": "none"}
    config = {
        "model_list": [{"model_name": MODEL, "litellm_params": behind}],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"num_retries": 0},
        "router_settings": {"num_retries": 0},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    program = Path(python_of("litellm")).with_name("litellm")
    # The list of prices in its package, not the one that it would fetch.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(program), *command], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for("LiteLLM", lambda: localhttp.succeeds(f"http://127.0.0.1:{port}/health/liveliness"), 120)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def probed(url: str, *checks: object, key: str = "") -> Outcome:
    """Outcome of checks."""
    return runner.run(session_for(url, MODEL, key), specs.parse(list(checks)))


def test_the_official_client_sees_the_same(llama: str) -> None:
    seen = seen_by_probe(llama, MODEL)
    assert seen == seen_by_client(llama, MODEL)
    # It serves one model and gives it every name; a negative limit is none.
    assert (seen["unknown"], seen["negative"]) == (200, 200)


def test_what_it_offers_passes(llama: str) -> None:
    results = probed(llama, *OFFERED).results
    assert {result.name: result.reason for result in results if result.result != "passed"} == {}


def test_what_it_lacks_is_skipped_with_the_reason(llama: str) -> None:
    for result in probed(llama, *LACKING).results:
        assert (result.result, LACKING[result.name] in result.reason) == ("skipped", True), result


def test_a_model_that_it_does_not_know_is_answered_and_reported(llama: str) -> None:
    (result,) = probed(llama, {"name": "errors", "cases": ["unknown_model", "negative_max_tokens"]}).results
    assert result.result == "failed"
    assert "an unknown model must be refused with 404 or 400; the answer was 200" in result.reason


def test_behind_a_gateway_the_official_client_sees_the_same(gateway: str) -> None:
    seen = seen_by_probe(gateway, MODEL, KEY)
    assert seen == seen_by_client(gateway, MODEL, KEY)
    # The gateway knows its models; what a limit may be it leaves to the server.
    assert (seen["unknown"], seen["negative"]) == (400, 200)
