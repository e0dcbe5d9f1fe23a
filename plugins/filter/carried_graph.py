# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter carried_graph."""

from __future__ import annotations

DOCUMENTATION = r"""
name: carried_graph
short_description: Turn a graph of the cluster into one that can be applied again with another Dynamo release
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Takes away what the API server and the operator added, and gives NVIDIA's images the tag of the release.
  - Commands and arguments stay as they are; whether the release still knows them is what
    P(ai_on_eks.dynamo.platform_upgrade#filter) says.
positional: _input, version
options:
  _input:
    description: A DynamoGraphDeployment, as the API server returns it.
    type: dict
    required: true
  version:
    description: The Dynamo release of the images.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Apply a graph again
  kubernetes.core.k8s:
    definition: "{{ graphs.resources[0] | ai_on_eks.dynamo.carried_graph('1.6.1') }}"
"""

RETURN = r"""
_value:
  description: The graph.
  type: dict
"""

import typing as t
from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._platform import upgrade
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._version import VersionError


def carried_graph(graph: Mapping[str, t.Any], version: object) -> dict[str, t.Any]:
    """Work out; see DOCUMENTATION."""
    try:
        return upgrade.carry(graph, str(version))
    except VersionError as exc:
        raise AnsibleFilterError(f"Failed to carry the graph over: {exc}") from exc


class FilterModule:
    """The collection's filter carried_graph."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Name of the filter and the function behind it."""
        return {"carried_graph": carried_graph}
