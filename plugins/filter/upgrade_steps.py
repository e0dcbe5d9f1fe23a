# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter upgrade_steps."""

from __future__ import annotations

DOCUMENTATION = r"""
name: upgrade_steps
short_description: Say which Kubernetes versions lie between what a cluster runs and what it shall run
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - EKS moves a control plane up by one minor version at a time, and never down. This returns the steps.
  - A wanted version that is older than the current one is an error.
positional: _input, wanted
options:
  _input:
    description: The Kubernetes minor version that the cluster runs.
    type: str
    required: true
  wanted:
    description: The one that it shall run.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Say how many steps it takes
  ansible.builtin.debug:
    msg: "{{ '1.33' | ai_on_eks.dynamo.upgrade_steps('1.35') }}"
"""

RETURN = r"""
_value:
  description: The versions to move to, in order; empty when the cluster runs the wanted one.
  type: list
  elements: str
  sample: ["1.34", "1.35"]
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.upgrade import UpgradeError, steps


def upgrade_steps(current: object, wanted: object) -> list[str]:
    """Work out; see DOCUMENTATION."""
    try:
        return steps(str(current), str(wanted))
    except UpgradeError as exc:
        raise AnsibleFilterError(f"Failed to find a way to the wanted version: {exc}") from exc


class FilterModule:
    """The collection's filter upgrade_steps."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"upgrade_steps": upgrade_steps}
