# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter node_choices."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_choices
short_description: Say which nodes Karpenter would make for examples, and what they cost
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Packs the pods of each example as Karpenter packs a batch, onto as few nodes as the pool's instance types allow,
    each of the cheapest type that holds them. Where graphs run already, Karpenter may use their nodes instead.
  - Needs no cluster and no network. List prices of us-east-1 from a table in this collection count, without disks.
positional: _input, pools
options:
  _input:
    description: Definitions of examples.
    type: list
    elements: dict
    required: true
  pools:
    description: Pools, as in O(ai_on_eks.dynamo.karpenter_gpu#role:main:karpenter_gpu_pools).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the table
  ansible.builtin.debug:
    msg: "{{ definitions | ai_on_eks.dynamo.node_choices(karpenter_gpu_pools) }}"
"""

RETURN = r"""
_value:
  description: The lines of a table.
  type: list
  elements: str
  sample:
    - "EXAMPLE  NODEPOOL          INSTANCE    GPUS    PODS  USD/H"
    - "vllm     cpu-karpenter     m5.xlarge   -       1     0.192"
    - "vllm     g5-gpu-karpenter  g5.2xlarge  1 of 1  1     1.212"
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._pools import choice_table
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.pricing import Prices


def node_choices(definitions: object, pools: object) -> list[str]:
    """Return the table; see DOCUMENTATION."""
    for name, value in (("definitions", definitions), ("pools", pools)):
        if not isinstance(value, Sequence) or any(not isinstance(item, Mapping) for item in value):
            raise AnsibleFilterError(f"node_choices needs a list of {name}, each a dict.")
    listed: Any = definitions
    known: Any = pools
    return choice_table.lines(listed, known, Prices())


class FilterModule:
    """The collection's filter node_choices."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"node_choices": node_choices}
