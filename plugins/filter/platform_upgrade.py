# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter platform_upgrade."""

from __future__ import annotations

DOCUMENTATION = r"""
name: platform_upgrade
short_description: Say how the platform gets from one Dynamo release to another, and which graphs notice
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Returns the releases to install one after the other, one minor release at a time, what changed between them, and the
    graphs that would break, or whose workers would hold their GPUs twice.
  - Needs no cluster. A wanted release that is older than the installed one is an error.
positional: _input, wanted, graphs
options:
  _input:
    description: The installed release; empty when there is none.
    type: str
    required: true
  wanted:
    description: The wanted release.
    type: str
    required: true
  graphs:
    description: The DynamoGraphDeployments of the cluster, as the API server returns them.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Say what an upgrade would do
  ansible.builtin.debug:
    msg: "{{ ('0.4.1' | ai_on_eks.dynamo.platform_upgrade('1.6.1', graphs.resources)).lines }}"
"""

RETURN = r"""
_value:
  description: The way.
  type: dict
  contains:
    steps:
      description: Releases to install, the wanted one last; empty when it is installed.
      type: list
      elements: str
      sample: ["1.5.1", "1.6.1"]
    consent:
      description: Whether the minor release changes.
      type: bool
      sample: true
    reversible:
      description: For each step, whether it can be taken back when it fails.
      type: dict
      sample: {"1.5.1": false, "1.6.1": true}
    changes:
      description: What changed between the two.
      type: list
      elements: str
      sample: ["1.4.0: NATS is not installed any more"]
    graphs:
      description: Graphs that would break.
      type: list
      elements: dict
      sample:
        - name: vllm
          namespace: dynamo-cloud
          version: 0.4.1
          gpus: 1
          doubles: true
          how: render
          reasons: ["names of workers carry a hash: the workers of older graphs would run a second time"]
    lines:
      description: All of it as lines for a person.
      type: list
      elements: str
      sample: ["From Dynamo 1.4.2 to 1.6.1: 1.5.1, then 1.6.1."]
"""

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._platform import upgrade
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._version import VersionError


def platform_upgrade(
    installed: object, wanted: object, graphs: Sequence[Mapping[str, t.Any]] = (), examples: Sequence[str] = ()
) -> dict[str, t.Any]:
    """Work out; see DOCUMENTATION."""
    try:
        way = upgrade.plan(str(installed or ""), str(wanted), graphs, examples)
    except upgrade.UpgradeError as exc:
        raise AnsibleFilterError(str(exc)) from exc
    except VersionError as exc:
        raise AnsibleFilterError(f"Failed to find a way to Dynamo {wanted}: {exc}") from exc
    starts = [way["installed"], *way["steps"]]
    reversible = {step: upgrade.is_reversible(start, step) for start, step in zip(starts, way["steps"])}
    return {**way, "reversible": reversible, "lines": upgrade.describe(way)}


class FilterModule:
    """The collection's filter platform_upgrade."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Name of the filter and the function behind it."""
        return {"platform_upgrade": platform_upgrade}
