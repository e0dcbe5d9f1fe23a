# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter cost_lines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cost_lines
short_description: Show what an installation costs as a table of text
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Writes the costs that M(ai_on_eks.dynamo.aws_preflight_info) returned as lines of at most 74 columns, so that none
    of Ansible's outputs breaks them.
positional: _input
options:
  _input:
    description: RV(ai_on_eks.dynamo.aws_preflight_info#module:costs).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the costs
  ansible.builtin.debug:
    msg: "{{ before.costs | ai_on_eks.dynamo.cost_lines }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample: ["USD, list prices of us-west-2; those with * are of us-east-1, 2026-11"]
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight import cost_table


def cost_lines(costs: object) -> list[str]:
    """Write; see DOCUMENTATION."""
    if not isinstance(costs, Mapping) or "rows" not in costs:
        raise AnsibleFilterError("cost_lines needs the costs that aws_preflight_info returned.")
    return cost_table.lines(costs)


class FilterModule:
    """The collection's filter cost_lines."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"cost_lines": cost_lines}
