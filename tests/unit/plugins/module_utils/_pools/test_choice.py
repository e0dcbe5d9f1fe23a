# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Which nodes Karpenter would make, by the roles' own pools and examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._pools import choice, choice_table
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.pricing import Prices

ROLES = Path(__file__).resolve().parents[5] / "roles"
POOLS: list[dict[str, Any]] = yaml.safe_load((ROLES / "karpenter_gpu/defaults/main.yml").read_text())[
    "karpenter_gpu_pools"
]


def example(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROLES / f"dynamo_example/files/examples/{name}.yml").read_text()))


def graph(pool: str, replicas: int = 1, placement: dict[str, Any] | None = None, **resources: Any) -> dict[str, Any]:
    component = {"name": "W", "node_pool": pool, "replicas": replicas, "resources": resources}
    return {"name": "own", "components": [{**component, "placement": placement or {}}]}


def chosen(definition: dict[str, Any]) -> list[tuple[str, int]]:
    return [(node.instance_type, len(node.pods)) for node in choice.nodes_of(definition, POOLS, Prices())]


def test_one_worker_gets_the_cheapest_node_that_holds_it() -> None:
    assert chosen(example("vllm")) == [("m5.xlarge", 1), ("g5.2xlarge", 1)]


def test_workers_of_a_batch_share_a_node_even_where_that_is_dearer() -> None:
    definition = example("vllm-disagg")
    assert chosen(definition) == [("m5.xlarge", 1), ("g5.12xlarge", 3)]
    nodes = choice.nodes_of(definition, POOLS, Prices())
    assert choice.total(nodes) == pytest.approx(0.192 + 5.672)
    assert choice.cheaper_apart(nodes, definition, POOLS, Prices()) == pytest.approx(0.192 + 3 * 1.212)


def test_replicas_that_gain_nothing_from_a_common_node_ask_for_their_own() -> None:
    assert chosen(example("multi-replica-vllm")) == [("m5.xlarge", 1), *[("g5.2xlarge", 1)] * 2]
    assert chosen(example("kv-routing")) == [("m5.xlarge", 1), *[("g5.2xlarge", 1)] * 4]


def test_workers_that_are_spread_get_nodes_of_their_own() -> None:
    asked = {"cpu": "4", "memory": "16Gi", "gpu": 1}
    assert chosen(graph("g5-gpu-karpenter", 2, {"spread": "node"}, **asked)) == [("g5.2xlarge", 1)] * 2


def test_more_than_the_largest_instance_takes_several() -> None:
    assert chosen(graph("g5-gpu-karpenter", 3, cpu="4", memory="16Gi", gpu=4)) == [
        ("g5.48xlarge", 2),
        ("g5.12xlarge", 1),
    ]


def test_types_that_a_component_wants_are_kept_to() -> None:
    wanted = {"instance_types": ["g5.48xlarge"]}
    assert chosen(graph("g5-gpu-karpenter", 1, wanted, cpu="4", memory="16Gi", gpu=1)) == [("g5.48xlarge", 1)]
    wanted = {"instance_families": ["p5en"]}
    assert chosen(graph("p5-gpu-karpenter", 1, wanted, cpu="4", memory="16Gi", gpu=8)) == [("p5en.48xlarge", 1)]


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (graph("g5-gpu-karpenter", cpu="4", memory="16Gi", gpu=9), "W wants 9 GPUs, 4 CPUs and 16 GiB; the largest"),
        (graph("none", cpu="1"), "there is no pool none"),
        (
            graph("g5-gpu-karpenter", 1, {"instance_families": ["g6"]}, cpu="1", gpu=1),
            "g5-gpu-karpenter has none of the instance types that W wants",
        ),
    ],
)
def test_what_fits_nowhere_is_said(definition: dict[str, Any], reason: str) -> None:
    (node,) = choice.nodes_of(definition, POOLS, Prices())
    assert node.instance_type == ""
    assert node.reason.startswith(reason)
    assert choice.total([node]) is None
    assert any(line.startswith(f"own: {reason}") for line in choice_table.lines([definition], POOLS, Prices()))


def test_spot_is_bought_where_a_pool_allows_it() -> None:
    spot = [{**POOLS[0], "capacity_types": ["spot", "on-demand"]}]
    prices = Prices({}, {}, {"g5.4xlarge": 0.4, "g5.2xlarge": 0.5})
    (node,) = choice.nodes_of(graph("g5-gpu-karpenter", cpu="4", memory="16Gi", gpu=1), spot, prices)
    assert (node.instance_type, node.capacity_type, node.usd) == ("g5.4xlarge", "spot", 0.4)


def test_the_table_of_all_examples_fits_the_screen() -> None:
    names = sorted(path.stem for path in (ROLES / "dynamo_example/files/examples").glob("*.yml"))
    lines = choice_table.lines([example(name) for name in names], POOLS, Prices())
    assert [line for line in lines if len(line) > choice_table.WIDTH or line != line.strip()] == []
    assert lines[0].split() == ["EXAMPLE", "NODEPOOL", "INSTANCE", "GPUS", "PODS", "USD/H"]
    assert "?" not in "".join(lines)
