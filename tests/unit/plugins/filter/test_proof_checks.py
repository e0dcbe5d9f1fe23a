# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks that prove a graph, made of its definition and of how it is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.proof_checks import proof_checks
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import specs

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = sorted((ROOT / "roles" / "dynamo_example" / "files" / "examples").glob("*.yml"))
VERSIONS = ("0.4.1", "1.6.1", "")


def deployed(definition: dict[str, Any], version: str = "1.6.1", **replicas: int) -> dict[str, Any]:
    """The graph of a definition, as graph_info shows it."""
    components = [
        {"name": part["name"], "replicas": replicas.get(part["name"], part.get("replicas", 1))}
        for part in definition["components"]
    ]
    return {"name": definition["name"], "version": version, "managed": True, "components": components}


def example(name: str) -> dict[str, Any]:
    """The definition of an example."""
    found: dict[str, Any] = yaml.safe_load(next(path for path in EXAMPLES if path.stem == name).read_text())
    return found


def by_name(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Checks by their names."""
    return {check["name"]: check for check in found}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_module_takes_the_proof_of_every_example(path: Path, version: str) -> None:
    definition = yaml.safe_load(path.read_text())
    found = proof_checks(definition["proof"], deployed(definition, version), {"requests": 20}, {"namespace": "x"})
    read = specs.parse(found)
    if definition["proof"]["kind"] == "log":
        assert [spec.name for spec in read] == ["log"]
        return
    assert {"models", "chat", "chat_stream", "metrics", "worker_metrics", "load", "prometheus"} <= {
        s.name for s in read
    }
    # What the older one cannot say is not held against it.
    required = {spec.name for spec in read if spec.required}
    assert (required == {"worker_metrics"}) == (
        version != "1.6.1" or definition["name"] in ("vllm", "sglang", "trtllm")
    )


def test_routing_is_required_where_there_is_something_to_choose() -> None:
    definition = example("kv-routing")
    found = by_name(proof_checks(definition["proof"], deployed(definition)))
    assert found["prefix_affinity"] == {"name": "prefix_affinity", "workers": 4, "required": True}
    assert found["spread"] == {"name": "spread", "workers": 4, "required": True}
    small = by_name(proof_checks(definition["proof"], deployed(definition, Worker=1)))
    assert small["spread"] == {"name": "spread", "workers": 1}
    old = by_name(proof_checks(definition["proof"], deployed(definition, "0.4.1")))
    assert old["spread"] == {"name": "spread", "workers": 4}


def test_pods_are_named_by_their_labels() -> None:
    definition = example("vllm-disagg")
    found = by_name(proof_checks(definition["proof"], deployed(definition), prometheus={"namespace": "monitoring"}))
    assert found["worker_metrics"]["selector"] == (
        "ai-on-eks.dynamo/example=vllm-disagg,nvidia.com/dynamo-component in (VllmDecodeWorker,VllmPrefillWorker)"
    )
    assert found["prometheus"] == {
        "name": "prometheus",
        "namespace": "monitoring",
        "selector": "ai-on-eks.dynamo/example=vllm-disagg,nvidia.com/metrics-enabled=true",
    }
    foreign = {**deployed(definition), "managed": False}
    selector = by_name(proof_checks(definition["proof"], foreign))["worker_metrics"]["selector"]
    assert selector.startswith("nvidia.com/dynamo-graph-deployment-name=vllm-disagg,")


def test_a_definition_that_is_not_at_hand() -> None:
    graph = deployed(example("vllm"))
    found = proof_checks({}, graph, extra=["seed", {"name": "stop", "stop": "."}])
    assert [check["name"] for check in found[:-2]] == [
        *("live", "health", "models", "ready", "chat", "chat_stream", "completions", "errors", "metrics", "worker_ids"),
        "worker_metrics",
    ]
    assert found[-2:] == ["seed", {"name": "stop", "stop": "."}]
    assert "required" not in found[-3]


def test_options_reach_the_check() -> None:
    proof = {"kind": "openai", "checks": [{"name": "chat", "required": True, "options": {"max_tokens": 5}}]}
    assert proof_checks(proof, deployed(example("vllm"))) == [{"name": "chat", "max_tokens": 5, "required": True}]


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="needs the proof of a definition, and a graph"):
        proof_checks({}, {"no": "name"})
