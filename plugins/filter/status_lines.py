# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter status_lines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: status_lines
short_description: Show a cluster's platform, nodes and graphs on one screen
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Writes what M(ai_on_eks.dynamo.graph_info) found as a table of text, with what is wrong and what to do about it.
positional: _input, cluster, drift
options:
  _input:
    description: Result of M(ai_on_eks.dynamo.graph_info).
    type: dict
    required: true
  cluster:
    description: The cluster facts.
    type: dict
    required: true
  drift:
    description: What differs between AWS and Terraform's state. Without it, the screen says that nobody looked.
    type: dict
"""

EXAMPLES = r"""
- name: Show the status
  ansible.builtin.debug:
    msg: "{{ found | ai_on_eks.dynamo.status_lines(ai_on_eks_cluster) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample: ["Cluster    dyn (us-west-2, account 123456789012), Kubernetes 1.35, active"]
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import screen


def status_lines(found: object, cluster: object, drift: object = None) -> list[str]:
    """Write; see DOCUMENTATION."""
    if not isinstance(found, Mapping) or "platform" not in found:
        raise AnsibleFilterError("status_lines needs the result of graph_info.")
    if not isinstance(cluster, Mapping):
        raise AnsibleFilterError(f"status_lines needs the cluster facts; got {type(cluster).__name__}.")
    if drift is not None and not isinstance(drift, Mapping):
        raise AnsibleFilterError(f"status_lines needs a dict as drift; got {type(drift).__name__}.")
    return screen.lines(found, cluster, drift or None)


class FilterModule:
    """The collection's filter status_lines."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"status_lines": status_lines}
