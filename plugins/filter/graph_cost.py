# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter graph_cost."""

from __future__ import annotations

DOCUMENTATION = r"""
name: graph_cost
short_description: Say what the nodes of an example cost per hour
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Counts the nodes that Karpenter would make for an example in an empty cluster, few and each of the cheapest type
    that holds its pods, and adds up their prices and those of their disks. Nodes that run already may take some of it.
  - Needs no network. Without O(prices), list prices of us-east-1 on demand from a table in this collection count.
positional: _input, pools, node_classes, prices, overrides
options:
  _input:
    description: Definition of the example.
    type: dict
    required: true
  pools:
    description: Pools, as in O(ai_on_eks.dynamo.karpenter_gpu#role:main:karpenter_gpu_pools).
    type: list
    elements: dict
    required: true
  node_classes:
    description: Node classes, as in O(ai_on_eks.dynamo.karpenter_gpu#role:main:karpenter_gpu_node_classes).
    type: list
    elements: dict
    required: true
  prices:
    description: Prices, as in the RV(ai_on_eks.dynamo.aws_preflight_info#module:costs) of the preflight.
    type: dict
  overrides:
    description:
      - What is changed about the example, as for P(ai_on_eks.dynamo.to_graph#filter).
      - C(name), C(replicas), C(nodes), C(node_pool) and C(tensor_parallel) count.
    type: dict
"""

EXAMPLES = r"""
- name: Say what an example costs
  ansible.builtin.debug:
    msg: "{{ definition | ai_on_eks.dynamo.graph_cost(karpenter_gpu_pools, karpenter_gpu_node_classes) }}"
"""

RETURN = r"""
_value:
  description: Name, nodes in words, and US dollars an hour (none when a price is not known).
  type: dict
  sample: {name: vllm, nodes: "1 m5.xlarge, 1 g5.2xlarge", hourly_usd: 1.589}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.definition import DefinitionError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.overrides import counts
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.plain import plain
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight import costs, needs, pricing


def graph_cost(
    definition: object, pools: object, node_classes: object, prices: object = None, overrides: object = None
) -> dict[str, Any]:
    """Add up; see DOCUMENTATION."""
    if not isinstance(definition, Mapping) or "components" not in definition:
        raise AnsibleFilterError("graph_cost needs the definition of an example, with its components.")
    if prices is not None and not isinstance(prices, Mapping):
        raise AnsibleFilterError(f"graph_cost needs a dict of prices; got {type(prices).__name__}.")
    if overrides is not None and not isinstance(overrides, Mapping):
        raise AnsibleFilterError(f"graph_cost needs a dict of overrides; got {type(overrides).__name__}.")
    known = pricing.from_dict(prices or {})
    listed = _list("pools", pools)
    try:
        changed = _changed(definition, overrides or {})
    except DefinitionError as error:
        raise AnsibleFilterError(str(error)) from error
    wanted = needs.of_example(changed, listed, prices=known)
    name = str(changed.get("name", ""))
    return costs.example_cost(name, wanted, listed, _list("node_classes", node_classes), known).as_dict()


def _changed(definition: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition with the changes that cost or save something."""
    degree, nodes = (int(overrides.get(key) or 0) for key in ("tensor_parallel", "nodes"))
    # Components and roles that this definition does not have are another one's, or refused elsewhere.
    replicas = counts(plain(overrides.get("replicas") or {}))
    components = []
    for entry in definition["components"]:
        resources = dict(entry.get("resources") or {})
        component = {**entry, "resources": resources}
        asked = replicas.get(str(entry.get("name")), replicas.get(str(entry.get("role")), entry.get("replicas", 1)))
        component["replicas"] = int(asked)
        if resources.get("gpu"):
            resources["gpu"] = degree or resources["gpu"]
            component["nodes"] = nodes or int(entry.get("nodes", 1))
            component["node_pool"] = overrides.get("node_pool") or entry.get("node_pool")
        components.append(component)
    spread = overrides.get("spread")
    placement = {**(definition.get("placement") or {}), **({"spread": spread} if spread else {})}
    return {
        **definition,
        "placement": placement,
        "components": components,
        "name": overrides.get("name") or definition.get("name", ""),
    }


def _list(name: str, value: object) -> Sequence[Any]:
    """Return the value when it is a list, else say that it must be one."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise AnsibleFilterError(f"graph_cost needs a list of {name}; got {type(value).__name__}.")
    return value


class FilterModule:
    """The collection's filter graph_cost."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"graph_cost": graph_cost}
