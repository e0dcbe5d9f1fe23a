# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The estimate of GPU memory: what fits, what does not, and what is suggested."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.memory_faults import memory_faults
from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import SCHEMA
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.capacity import model_of
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.gpus import FAMILIES
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.memory import longest, need, places

FILES = Path(SCHEMA).parent
MODELS: dict[str, t.Any] = yaml.safe_load((FILES / "models.yml").read_text(encoding="utf-8"))
EXAMPLES = sorted(path.stem for path in (FILES / "examples").glob("*.yml"))
POOLS = {"g5-gpu-karpenter": ["g5"], "cpu-karpenter": ["m5", "m6i"]}
LARGE = "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"


def example(name: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = yaml.safe_load((FILES / "examples" / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def cluster(**pools: list[str]) -> dict[str, t.Any]:
    every = {**POOLS, **{name.replace("_", "-"): families for name, families in pools.items()}}
    return {"pools": [{"name": name, "families": families} for name, families in every.items()]}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_fits(name: str) -> None:
    assert memory_faults(cluster(), example(name), MODELS) == []
    model = example(name).get("model")
    assert not model or model in MODELS


def test_numbers_that_are_known() -> None:
    # 8.03 billion 16-bit weights are 15 GiB; a token of this model takes 128 KiB of cache.
    model = model_of("x", MODELS["deepseek-ai/DeepSeek-R1-Distill-Llama-8B"])
    assert model.weights_gib == pytest.approx(14.96, abs=0.01)
    assert model.kv_gib(8192) == pytest.approx(1.0)
    found = need(model, FAMILIES["g5"], 1, 8192)
    assert (found.weights, found.kv) == pytest.approx((14.96, 1.0), abs=0.01)
    assert found.fits
    assert not need(model, FAMILIES["g5"], 1, 131072).fits
    # More cards than KV heads copy the cache.
    few = model_of("x", {**MODELS["Qwen/Qwen3-8B"], "kv_heads": 2})
    assert need(few, FAMILIES["g5"], 8, 4096).kv == pytest.approx(need(few, FAMILIES["g5"], 2, 4096).kv)


def test_the_guides_70b_on_four_small_cards() -> None:
    found = memory_faults(
        cluster(g6e_gpu_karpenter=["g6e"], p5_gpu_karpenter=["p5"]),
        example("vllm"),
        MODELS,
        {"model": LARGE, "tensor_parallel": "4", "max_model_len": "32768"},
    )
    assert len(found) == 1
    assert found[0].startswith(
        f"VllmWorker does not fit: {LARGE} needs about 36.9 GiB on each of 4 A10G (32.9 of weights"
    )
    assert "and the pool g5-gpu-karpenter offers 20.2" in found[0]
    assert "Try -e tensor_parallel=8, or " in found[0]
    assert "-e tensor_parallel=4 -e node_pool=g6e-gpu-karpenter" in found[0]
    assert "-e tensor_parallel=4 -e node_pool=p5-gpu-karpenter" in found[0]


def test_what_fits_is_not_complained_about() -> None:
    overrides = {"model": LARGE, "tensor_parallel": 4, "max_model_len": 32768, "node_pool": "g6e-gpu-karpenter"}
    assert memory_faults(cluster(g6e_gpu_karpenter=["g6e"]), example("vllm"), MODELS, overrides) == []


def test_only_vllm_needs_room_for_the_longest_request() -> None:
    model = "deepseek-ai/DeepSeek-R1-Distill-Llama-8B"
    (fault,) = memory_faults(cluster(), example("vllm"), MODELS, {"model": model})
    tokens = longest(model_of(model, MODELS[model]), FAMILIES["g5"], 1)
    assert f"-e max_model_len={tokens // 1024 * 1024}" in fault
    assert memory_faults(cluster(), example("vllm"), MODELS, {"model": model, "max_model_len": tokens}) == []
    assert memory_faults(cluster(), example("sglang"), MODELS, {"model": model}) == []


def test_the_smallest_card_of_a_pool_counts() -> None:
    overrides = {"model": "Qwen/Qwen3-14B", "max_model_len": 8192}
    mixed = {"pools": [{"name": "g5-gpu-karpenter", "families": ["g5", "g6e"]}]}
    assert memory_faults(mixed, example("vllm"), MODELS, overrides)
    mixed["pools"][0]["families"] = ["g6e"]
    assert memory_faults(mixed, example("vllm"), MODELS, overrides) == []


def test_nothing_that_could_be_suggested() -> None:
    huge = {"org/huge": {"parameters": 1000, "bytes": 2, "layers": 61, "kv_heads": 8, "head_dim": 128, "context": 4096}}
    (fault,) = memory_faults(cluster(), example("vllm"), huge, {"model": "org/huge"})
    assert fault.endswith("No single node is large enough; use a quantised model, or several nodes.")
    large = {"org/large": {**huge["org/huge"], "parameters": 200}}
    (fault,) = memory_faults(cluster(), example("vllm"), large, {"model": "org/large"})
    assert fault.endswith("No pool of this cluster is large enough; 8 A100 (p4de) would be.")


def test_a_model_that_nobody_knows_is_refused_with_the_reason() -> None:
    (fault,) = memory_faults(cluster(), example("vllm"), MODELS, {"model": "org/unknown"})
    assert fault.startswith("It is not known how large the model org/unknown is: it is not in files/models.yml. Say it")
    (fault,) = memory_faults(cluster(), example("vllm"), MODELS, {"model": "org/unknown"}, {"org/unknown": "because"})
    assert "is: because. Say it with dynamo_example_models ({org/unknown: {parameters: 8, bytes: 2" in fault


def test_several_nodes_share_the_weights() -> None:
    overrides = {"model": LARGE, "tensor_parallel": 4, "max_model_len": 8192}
    assert memory_faults(cluster(), example("vllm"), MODELS, overrides)
    assert memory_faults(cluster(), example("vllm"), MODELS, {**overrides, "nodes": 2}) == []


def test_a_pool_that_nobody_knows_is_let_through() -> None:
    assert memory_faults({"pools": []}, example("vllm"), MODELS, {"model": LARGE}) == []
    assert places(model_of(LARGE, MODELS[LARGE]), 4096, ["g5", "nothing"]) == [("g5", 8)]


@pytest.mark.parametrize(
    ("overrides", "word"),
    [
        ({"tensor_parallel": 3}, "tensor_parallel must be one of 1, 2, 4, 8"),
        ({"tensor_parallel": "many"}, "tensor_parallel must be a number; got 'many'"),
        ({"max_model_len": -1}, "max_model_len must not be negative"),
        ({"arguments": [1]}, "arguments must be a dict"),
    ],
)
def test_bad_overrides(overrides: dict[str, t.Any], word: str) -> None:
    with pytest.raises(AnsibleFilterError, match=word):
        memory_faults(cluster(), example("vllm"), MODELS, overrides)
