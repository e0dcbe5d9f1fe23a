# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters cost_lines and graph_cost: what they say, and wrong input."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter import cost_lines as lines_filter
from ansible_collections.ai_on_eks.dynamo.plugins.filter import graph_cost as cost_filter
from ansible_collections.ai_on_eks.dynamo.plugins.filter.cost_lines import cost_lines
from ansible_collections.ai_on_eks.dynamo.plugins.filter.graph_cost import graph_cost

POOLS = [{"name": "gpu", "node_class": "c", "instance_families": ["g5"], "instance_sizes": ["2xlarge"]}]
CLASSES = [{"name": "c", "disk_gib": 73}]
DEFINITION = {"name": "mine", "components": [{"node_pool": "gpu", "replicas": 2, "resources": {"gpu": 1}}]}


def test_are_registered() -> None:
    assert lines_filter.FilterModule().filters() == {"cost_lines": cost_lines}
    assert cost_filter.FilterModule().filters() == {"graph_cost": graph_cost}


def test_an_example_costs_its_nodes_and_their_disks() -> None:
    found = graph_cost(DEFINITION, POOLS, CLASSES)
    assert found == {"name": "mine", "nodes": "2 g5.2xlarge", "hourly_usd": pytest.approx(2 * (1.212 + 0.008))}
    known = graph_cost(DEFINITION, POOLS, CLASSES, {"instances": {"g5.2xlarge": 1.0}})
    assert known["hourly_usd"] == pytest.approx(2 * (1.0 + 0.008))


def test_what_is_changed_about_the_example_counts() -> None:
    definition = {"name": "mine", "components": [{"name": "W", "node_pool": "gpu", "resources": {"gpu": 1}}]}
    more = graph_cost(definition, POOLS, CLASSES, None, {"name": "second", "replicas": {"W": 3}})
    assert (more["name"], more["nodes"]) == ("second", "3 g5.2xlarge")
    big = [{**POOLS[0], "name": "big", "instance_sizes": ["12xlarge", "48xlarge"]}]
    wide = graph_cost(definition, big, CLASSES, None, {"node_pool": "big", "tensor_parallel": 8})
    assert wide["nodes"] == "1 g5.48xlarge"
    none = graph_cost(definition, POOLS, CLASSES, None, {"replicas": {"W": 0}})
    assert none["hourly_usd"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((DEFINITION, POOLS, CLASSES, None, 1), "dict of overrides"),
        ((None, POOLS, CLASSES), "definition of an example"),
        ((DEFINITION, "gpu", CLASSES), "list of pools"),
        ((DEFINITION, POOLS, {}), "list of node_classes"),
        ((DEFINITION, POOLS, CLASSES, 1), "dict of prices"),
    ],
)
def test_wrong_input_is_explained(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        graph_cost(*arguments)


def test_lines_need_the_costs_of_a_preflight() -> None:
    with pytest.raises(AnsibleFilterError, match="aws_preflight_info"):
        cost_lines({"findings": []})
    nothing = {"region": "r", "rows": [], "nodes": [], "examples": [], "by_use": [], "hourly_usd": 0}
    assert cost_lines(nothing)[0].startswith("USD, list prices of r")
