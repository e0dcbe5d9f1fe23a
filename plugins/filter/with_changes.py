# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter with_changes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: with_changes
short_description: Change, add or drop single entries of a list by their names
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Takes a list of dicts that have a C(name), and changes by name.
  - Keys of a change go into the entry of that name; dicts, such as limits and labels, are merged.
  - A change for a name that is not there is a new entry, which must have the required keys.
  - C(enabled=false) drops an entry.
positional: _input, changes, required
options:
  _input:
    description: The entries.
    type: list
    elements: dict
    required: true
  changes:
    description: Name to keys.
    type: dict
  required:
    description: Keys that a new entry must have.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Buy spot for one pool, and do without another
  ansible.builtin.debug:
    msg: "{{ karpenter_gpu_pools | ai_on_eks.dynamo.with_changes(changes) }}"
  vars:
    changes:
      g6-gpu-karpenter: {capacity_types: [spot, on-demand]}
      p5-gpu-karpenter: {enabled: false}
"""

RETURN = r"""
_value:
  description: The entries with the changes.
  type: list
  elements: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._pools import changes as pools


def with_changes(entries: object, changes: object = None, required: object = ()) -> list[Mapping[str, Any]]:
    """Apply the changes; see DOCUMENTATION."""
    try:
        listed, wanted = pools.checked(entries, changes)
        return pools.changed(listed, wanted, [str(key) for key in required] if isinstance(required, Sequence) else [])
    except pools.ChangeError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The collection's filter with_changes."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"with_changes": with_changes}
