# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter graph_faults."""

from __future__ import annotations

DOCUMENTATION = r"""
name: graph_faults
short_description: Say what a cluster lacks for some graphs
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Compares graphs with what M(ai_on_eks.dynamo.graph_info) found, and returns everything that is missing at once, so
    that nothing is applied that cannot work.
positional: _input, graphs
options:
  _input:
    description: Result of M(ai_on_eks.dynamo.graph_info).
    type: dict
    required: true
  graphs:
    description: The graphs, as P(ai_on_eks.dynamo.to_graph#filter) returns them.
    type: list
    elements: dict
    required: true
  image_pull_secrets:
    description: Names of pull secrets that have to exist.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Stop when something is missing
  ansible.builtin.assert:
    that: found | ai_on_eks.dynamo.graph_faults([graph]) | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for every fault, with what to do about it.
  type: list
  elements: str
  sample: ["The namespace dynamo-cloud does not exist; create it, or set dynamo_namespace."]
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import needs


def graph_faults(found: object, graphs: object, image_pull_secrets: Sequence[str] = ()) -> list[str]:
    """Compare; see DOCUMENTATION."""
    if not isinstance(found, Mapping) or "platform" not in found:
        raise AnsibleFilterError("graph_faults needs the result of graph_info.")
    if not isinstance(graphs, Sequence) or isinstance(graphs, str):
        raise AnsibleFilterError(f"graph_faults needs a list of graphs; got {type(graphs).__name__}.")
    return needs.faults(found, list(graphs), list(image_pull_secrets))


class FilterModule:
    """The collection's filter graph_faults."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"graph_faults": graph_faults}
