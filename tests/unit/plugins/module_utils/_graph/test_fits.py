# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a cluster has what the pods of graphs ask for; from rendered examples, in both API versions."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import SCHEMA, to_graph
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import fits
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.look import _choices

Json = dict[str, t.Any]
CHOICES = {
    "karpenter.sh/capacity-type": ["on-demand"],
    "karpenter.k8s.aws/instance-family": ["g5"],
    "karpenter.k8s.aws/instance-size": ["2xlarge", "12xlarge"],
}


def cluster(**change: t.Any) -> Json:
    return {
        "namespace": {"name": "dynamo-cloud", "exists": True, "pod_security": ""},
        "platform": {"orchestrators": []},
        "pools": [{"name": "g5-gpu-karpenter", "choices": CHOICES}, {"name": "cpu-karpenter", "choices": {}}],
        "claims": ["weights"],
        "efa_plugin": True,
        **change,
    }


def graph(version: str = "1.6.1", **overrides: t.Any) -> Json:
    given = yaml.safe_load((SCHEMA.parent / "examples" / "vllm.yml").read_text(encoding="utf-8"))
    return to_graph(given, version, overrides=overrides)


@pytest.mark.parametrize("version", ["1.0.2", "1.6.1"])
@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({}, ""),
        ({"instance_types": "g5.12xlarge", "capacity_type": "on-demand"}, ""),
        ({"instance_families": "g5,g6"}, ""),
        ({"instance_types": "g5.4xlarge,g5.2xlarge"}, ""),
        (
            {"capacity_type": "spot"},
            "The component VllmWorker of the graph vllm wants karpenter.sh/capacity-type = spot, which the NodePool "
            "g5-gpu-karpenter does not offer (it has on-demand)",
        ),
        ({"instance_types": "g5.4xlarge"}, "wants node.kubernetes.io/instance-type = g5.4xlarge"),
        ({"instance_types": "g6.2xlarge,g6.4xlarge"}, "= g6.2xlarge, g6.4xlarge, which the NodePool"),
        ({"instance_families": "p5"}, "wants karpenter.k8s.aws/instance-family = p5"),
        ({"model_source": "pvc://weights/x"}, ""),
        ({"model_source": "pvc://other/x"}, "mounts the PersistentVolumeClaim other, which is not in the namespace"),
        ({"model_cache": "model-cache-efs"}, ""),
        ({"nodes": 2}, "The component VllmWorker of the graph vllm spans several nodes"),
    ],
)
def test_what_pods_ask_for(version: str, overrides: Json, words: str) -> None:
    found = fits.faults(cluster(), [graph(version, **overrides)])
    assert len(found) == (1 if words else 0)
    assert words in " ".join(found)


def test_a_pool_that_names_types() -> None:
    pool = {"name": "g5-gpu-karpenter", "choices": {"node.kubernetes.io/instance-type": ["g5.2xlarge"]}}
    assert fits.faults(cluster(pools=[pool]), [graph(instance_types="g5.2xlarge")]) == []
    assert fits.faults(cluster(pools=[pool]), [graph(instance_types="g5.4xlarge")])


@pytest.mark.parametrize("orchestrator", ["grove", "lws"])
def test_who_starts_pods_on_several_nodes(orchestrator: str) -> None:
    assert fits.faults(cluster(platform={"orchestrators": [orchestrator]}), [graph(nodes=2)]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"efa_plugin": False}, ["there is no EFA device plugin"]),
        (
            {"namespace": {"name": "dynamo-cloud", "exists": True, "pod_security": "baseline"}},
            ["enforces the pod security baseline, which forbids the capability IPC_LOCK"],
        ),
    ],
)
def test_efa(change: Json, words: list[str]) -> None:
    found = fits.faults(cluster(**change), [graph(efa=1)])
    assert len(found) == len(words)
    assert all(word in found[0] for word in words)
    assert fits.faults(cluster(**change), [graph()]) == []


def test_choices_of_a_pool() -> None:
    requirements = [
        {"key": "a", "operator": "In", "values": ["x", "y"]},
        {"key": "b", "operator": "Gt", "values": ["3"]},
    ]
    assert _choices({"spec": {"template": {"spec": {"requirements": requirements}}}}) == {"a": ["x", "y"]}


@pytest.mark.parametrize("version", ["0.4.1", "1.6.1"])
def test_claims_of_a_graph(version: str) -> None:
    assert fits.claims_of(graph(version, model_cache="model-cache-efs")) == ["model-cache-efs"]
    assert fits.claims_of(graph(version)) == []
    assert fits.claims_of({"metadata": {"name": "empty"}}) == []
