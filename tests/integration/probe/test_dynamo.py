# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The probe against a real Dynamo: coming up, serving, dying in the middle of an answer, gone."""

from __future__ import annotations

import signal
import threading

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client
from tests.integration.probe.conftest import MODEL, Dynamo


def probe(dynamo: Dynamo, *checks: object, timeout: float = 60, request_timeout: float = 30) -> runner.Outcome:
    """Probe the frontend."""
    client = Client(url_target(dynamo.url))
    session = Session(client, MODEL, timeout=timeout, request_timeout=request_timeout)
    return runner.run(session, specs.parse(list(checks) or None))


@pytest.fixture
def worker(dynamo: Dynamo) -> None:
    """A worker that answers about as fast as a small model on a GPU."""
    if dynamo.worker is None:
        dynamo.start_worker()


def reasons(outcome: runner.Outcome) -> dict[str, str]:
    """Reason of every check."""
    return {result.name: result.reason for result in outcome.results}


def test_frontend_without_a_worker(dynamo: Dynamo) -> None:
    dynamo.stop_worker()
    outcome = probe(dynamo, "live", "health", "models", "chat", timeout=1)
    assert [result.result for result in outcome.results] == ["passed", "failed", "failed", "skipped"]
    assert "the frontend runs, but no worker has registered" in reasons(outcome)["health"]
    assert "no worker has registered" in reasons(outcome)["models"]
    chat = probe(dynamo, "chat", timeout=1)
    assert "404 with an empty body: the frontend runs, but no worker" in reasons(chat)["chat"]


def test_worker_that_is_listed_before_it_answers(dynamo: Dynamo) -> None:
    dynamo.stop_worker()
    dynamo.start_worker("--startup-time", "3")
    outcome = probe(dynamo, "models", "chat", request_timeout=2)
    assert outcome.passed, reasons(outcome)
    assert outcome.results[0].seconds > 2
    dynamo.stop_worker()


@pytest.mark.usefixtures("worker")
def test_everything_passes(dynamo: Dynamo) -> None:
    outcome = probe(dynamo)
    assert outcome.passed, reasons(outcome)
    assert all(result.result == "passed" for result in outcome.results), reasons(outcome)
    assert outcome.models == [MODEL]
    stream = next(record for record in outcome.requests if record["check"] == "chat_stream")
    assert stream["chunks"] == stream["completion_tokens"] == 64
    assert 0 < stream["itl_ms"] < stream["ttft_ms"] < stream["e2e_ms"]
    assert stream["itl_ms"] * 63 + stream["ttft_ms"] == pytest.approx(stream["e2e_ms"], rel=0.1)


@pytest.mark.usefixtures("worker")
def test_wrong_name(dynamo: Dynamo) -> None:
    probe(dynamo, "models")
    client = Client(url_target(dynamo.url))
    outcome = runner.run(Session(client, "org/tinny", timeout=60), specs.parse(["chat"]))
    assert "Model not found" in reasons(outcome)["chat"]
    assert outcome.seconds < 5


@pytest.mark.usefixtures("worker")
def test_worker_killed_in_the_middle_of_a_stream(dynamo: Dynamo) -> None:
    probe(dynamo, "models")
    timer = threading.Timer(1.0, lambda: dynamo.stop_worker(signal.SIGKILL))
    timer.start()
    outcome = probe(dynamo, {"name": "chat_stream", "max_tokens": 2000})
    timer.join()
    assert "an error came in the stream after " in reasons(outcome)["chat_stream"]
    assert "after 0 chunks" not in reasons(outcome)["chat_stream"]
    # A new worker heals it, while the dead one's lease runs out.
    dynamo.start_worker()
    healed = probe(dynamo, "models", "chat")
    assert healed.passed, reasons(healed)
