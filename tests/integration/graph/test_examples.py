# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""All nine examples at once on one cluster: they answer and are what they claim to be, are updated under load, and go.

Dynamo, its frontends, workers and routing are real (1.6.1); the engines are the release's own mocker. The same with
Terraform, the playbooks and both profiles: `make rehearse-examples`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.action import graph_wait as action
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import proof as proofs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.look import look
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.wait import Outcome, Request, Waiter
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import program
from tests.integration.nodes.conftest import wait

from .conftest import NAMESPACE, Json, Stage, container, example, names, render
from .relay import Relay

TIMEOUT_SECONDS = 300.0
UPDATED = "vllm"
# Proofs beside those that every endpoint gives: what each of these examples is for.
FOR = {
    "vllm-disagg": "disaggregation",
    "sglang-disagg": "disaggregation",
    "trtllm-disagg": "disaggregation",
    "kv-routing": "prefix_affinity",
    "multi-replica-vllm": "spread",
}


def small(graph: Json) -> Json:
    """Let a graph fit into little: what pods ask for decides about nodes, which cost time to make."""
    for entry in graph["spec"]["components"]:
        main = container(graph, entry["name"])
        gpus = main["resources"]["limits"].get("nvidia.com/gpu")
        wanted = {"cpu": "100m", "memory": "128Mi", **({"nvidia.com/gpu": gpus} if gpus else {})}
        main["resources"] = {"requests": wanted, "limits": dict(wanted)}
    return graph


def options(stage: Stage) -> Json:
    """How to reach the cluster, as the modules take it."""
    return {
        "kubeconfig": str(stage.kubeconfig),
        "context": stage.context,
        "namespace": NAMESPACE,
        "answer_timeout": 120,
    }


def questions(stage: Stage, wanted: list[str]) -> dict[str, Any]:
    """How each graph is asked, as the role asks it."""
    asks = {}
    for name in wanted:
        definition = example(name)
        if definition["proof"]["kind"] == "log":
            graph = {"name": name, "managed": True}
            asks[name] = {"checks": proofs.checks(definition["proof"], graph)}
        else:
            asks[name] = {"service": f"{name}-frontend", "model": definition["model"], "checks": ["models", "chat"]}
    return {name: action.question(name, given, options(stage)) for name, given in asks.items()}


@dataclass
class Deployed:
    """What came of deploying all of them."""

    outcomes: Mapping[str, Outcome]
    graphs: Mapping[str, Json]


@pytest.fixture(scope="module")
def deployed(stage: Stage) -> Iterator[Deployed]:
    wanted = names()
    stage.apply(*(small(render(name, name)) for name in wanted))
    request = Request(NAMESPACE, tuple(wanted), TIMEOUT_SECONDS, asks=questions(stage, wanted))
    outcomes = Waiter(stage.client, request, lambda text, _kind: print(text)).run()
    found = look(stage.client, NAMESPACE)
    yield Deployed(outcomes, {graph["name"]: graph for graph in found["graphs"]})
    stage.kubectl("delete", "dgd", *wanted, "--ignore-not-found", "--wait=false")


@pytest.mark.parametrize("name", names())
def test_it_answers(deployed: Deployed, name: str) -> None:
    outcome = deployed.outcomes[name]
    assert outcome.why == "ready", outcome.finding
    assert outcome.answer is not None
    assert outcome.answer.text


@pytest.mark.parametrize("name", FOR)
def test_it_is_what_it_claims_to_be(stage: Stage, deployed: Deployed, name: str) -> None:
    """Different workers for prefill and decode, one worker for one beginning, or all workers for many."""
    checks = [
        check for check in proofs.checks(example(name)["proof"], deployed.graphs[name]) if check["name"] == FOR[name]
    ]
    assert checks, f"the proof of {name} lacks {FOR[name]}"
    assert all(check.get("required") for check in checks)
    found = action.question(
        name,
        {"service": f"{name}-frontend", "model": example(name)["model"], "checks": ["models", *checks]},
        options(stage),
    )()
    assert found.passed, found.message


def test_graphs_of_kindred_names_keep_to_their_own_workers(stage: Stage, deployed: Deployed) -> None:
    assert "vllm-disagg" in deployed.outcomes
    with Relay(stage, "vllm-frontend") as url:
        said = program.probe(probe_options(url, [{"name": "ready"}]))
    assert said["passed"], said["checks"]
    assert "vllm-disagg" not in json.dumps(said["checks"])


def probe_options(url: str, checks: list[Any]) -> Json:
    defaults = {key: spec.get("default") for key, spec in program.ARGUMENTS.items()}
    model = example(UPDATED)["model"]
    return {
        **defaults,
        "url": url,
        "model": model,
        "checks": ["models", *checks],
        "timeout": 60.0,
        "request_timeout": 30.0,
    }


def test_no_request_fails_while_a_graph_is_updated(stage: Stage, deployed: Deployed) -> None:
    """Frontend and worker are replaced under load, as clients of the Service see it."""
    before = pods_of(stage, UPDATED)
    load = {"name": "load", "concurrency": 4, "rate": 8, "duration": 24, "max_tokens": 8, "slo": {"error_rate": 0}}
    said: Json = {}
    relay = Relay(stage, f"{UPDATED}-frontend")
    with relay as url:
        thread = threading.Thread(target=lambda: said.update(program.probe(probe_options(url, [load]))))
        thread.start()
        wait(lambda: relay.posts > 5 or not thread.is_alive())  # the load has begun
        graph = small(render(UPDATED, max_model_len=4096, environment={"CHANGED": "1"}))
        stage.apply(graph)
        outcomes = Waiter(stage.client, Request(NAMESPACE, (UPDATED,), 120.0), lambda text, _kind: print(text)).run()
        thread.join()
    assert outcomes[UPDATED].why == "ready"
    assert not before & pods_of(stage, UPDATED), "nothing was replaced"
    assert said["passed"], said["checks"][-1]["reason"]
    assert said["checks"][-1]["details"]["error_rate"] == 0


def pods_of(stage: Stage, name: str) -> set[str]:
    rows = stage.get("pods", "-l", f"ai-on-eks.dynamo/example={name}")["items"]
    return {row["metadata"]["name"] for row in rows if not row["metadata"].get("deletionTimestamp")}


def test_nothing_is_left_after_all_are_removed(stage: Stage, deployed: Deployed) -> None:
    wanted = tuple(deployed.outcomes)
    stage.kubectl("delete", "dgd", *wanted, "--wait=false")
    request = Request(NAMESPACE, wanted, 120.0, gone=True)
    outcomes = Waiter(stage.client, request, lambda text, _kind: print(text)).run()
    assert {outcome.why for outcome in outcomes.values()} == {"gone"}
    kinds = "deployments,replicasets,pods,services,serviceaccounts,roles,rolebindings,configmaps,jobs,pvc,dcd,dgd"
    rows = stage.get(kinds)["items"]
    left = [
        f"{row['kind']} {row['metadata']['name']}"
        for row in rows
        if any(row["metadata"]["name"].startswith(f"{name}-") for name in wanted)
        or (row["metadata"].get("labels") or {}).get("ai-on-eks.dynamo/example")
    ]
    assert left == []
