# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter switched_off."""

from __future__ import annotations

DOCUMENTATION = r"""
name: switched_off
short_description: Name the entries of a list that changes switch off
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Returns the names that P(ai_on_eks.dynamo.with_changes#filter) drops, because C(enabled) is false.
positional: _input, changes
options:
  _input:
    description: The entries, dicts that have a C(name).
    type: list
    elements: dict
    required: true
  changes:
    description: Name to keys.
    type: dict
"""

EXAMPLES = r"""
- name: Name the pools that are not wanted
  ansible.builtin.debug:
    msg: "{{ karpenter_gpu_pools | ai_on_eks.dynamo.switched_off({'p5-gpu-karpenter': {'enabled': false}}) }}"
"""

RETURN = r"""
_value:
  description: The names.
  type: list
  elements: str
  sample: [p5-gpu-karpenter]
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._pools import changes as pools


def switched_off(entries: object, changes: object = None) -> list[str]:
    """Return the names that are dropped; see DOCUMENTATION."""
    try:
        listed, wanted = pools.checked(entries, changes)
        return pools.disabled(listed, wanted)
    except pools.ChangeError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The collection's filter switched_off."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"switched_off": switched_off}
