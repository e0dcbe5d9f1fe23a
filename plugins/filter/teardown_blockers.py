# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter teardown_blockers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: teardown_blockers
short_description: Say what keeps a phase of a cleanup from its end
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Turns the result of a task that failed into rows of what blocks, who owns it and what to do.
positional: _input, phase
options:
  _input:
    description: The result, for example C(ansible_failed_result).
    type: dict
    required: true
  phase:
    description: Name of the phase.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Note what blocks
  ansible.builtin.set_fact:
    blockers: "{{ ansible_failed_result | ai_on_eks.dynamo.teardown_blockers('nodes') }}"
"""

RETURN = r"""
_value:
  description: One row for each thing that blocks.
  type: list
  elements: dict
  sample:
    - phase: nodes
      what: "NodeClaim g5-x2x7c: held by karpenter.sh/termination"
      owner: Karpenter
      next: Look at its log (kubectl logs -n karpenter deploy/karpenter).
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._teardown import blockers


def teardown_blockers(result: Mapping[str, Any], phase: str) -> list[dict[str, str]]:
    """Return what blocks; see DOCUMENTATION."""
    return blockers.of(result, phase)


class FilterModule:
    """The collection's filter teardown_blockers."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"teardown_blockers": teardown_blockers}
