# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter memory_faults."""

from __future__ import annotations

DOCUMENTATION = r"""
name: memory_faults
short_description: Say which workers have too little GPU memory for their model
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Estimates what a model needs on each GPU (weights, KV cache of one request, overhead), and compares it with the
    smallest card that the worker's NodePool may choose.
  - An engine of the runtime V(vllm) refuses to start when a request of full length would not fit, so there the whole
    length counts; the others shorten requests by themselves, so there 4096 tokens count.
  - A model that is not in O(models) is a fault too. Says nothing about pools whose instance families are unknown.
positional: _input, definition, models
options:
  _input:
    description: Result of M(ai_on_eks.dynamo.graph_info).
    type: dict
    required: true
  definition:
    description: The graph's definition.
    type: dict
    required: true
  models:
    description: What is known of models, as in C(roles/dynamo_example/files/models.yml).
    type: dict
    required: true
  overrides:
    description: The same as for P(ai_on_eks.dynamo.to_graph#filter).
    type: dict
    default: {}
  unknown:
    description: Why nothing is known of a model, by its name; part of what is said.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Say what would not fit
  ansible.builtin.debug:
    msg: "{{ found | ai_on_eks.dynamo.memory_faults(definition, models, overrides={'tensor_parallel': 4}) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each worker that does not fit, with what would.
  type: list
  elements: str
  sample: []
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import capacity
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import overrides as changes
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.definition import DefinitionError


def memory_faults(
    found: object, definition: object, models: object, overrides: object = None, unknown: object = None
) -> list[str]:
    """Estimate; see DOCUMENTATION."""
    if not isinstance(found, Mapping) or "pools" not in found:
        raise AnsibleFilterError("memory_faults needs the result of graph_info.")
    if not isinstance(definition, Mapping) or not isinstance(models, Mapping):
        raise AnsibleFilterError("memory_faults needs a definition and a dict of models.")
    try:
        chosen = changes.read(dict(overrides) if isinstance(overrides, Mapping) else {})
    except DefinitionError as error:
        raise AnsibleFilterError(str(error)) from error
    pools = {str(pool["name"]): list(pool["families"]) for pool in found["pools"]}
    reasons = dict(unknown) if isinstance(unknown, Mapping) else {}
    return capacity.faults(definition, chosen, models, pools, reasons)


class FilterModule:
    """The collection's filter memory_faults."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"memory_faults": memory_faults}
