# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter scheduler_faults."""

from __future__ import annotations

DOCUMENTATION = r"""
name: scheduler_faults
short_description: Say whether the schedulers of a cluster suit a Dynamo release
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Looks at Grove, the KAI scheduler and LeaderWorkerSet, by the table of what works with what.
positional: _input, wanted, version
options:
  _input:
    description: Deployments of the cluster, as the API server returns them.
    type: list
    elements: dict
    required: true
  wanted:
    description: For C(grove), C(kai-scheduler) and C(lws) what is wanted, V(none), V(install) or V(use).
    type: dict
    required: true
  version:
    description: The Dynamo release.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse schedulers that do not suit
  ansible.builtin.assert:
    that: faults | length == 0
  vars:
    faults: "{{ deployments.resources | ai_on_eks.dynamo.scheduler_faults({'grove': 'use'}, '1.6.1') }}"
"""

RETURN = r"""
_value:
  description: What is wrong, each a sentence with what to do.
  type: list
  elements: str
"""

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._platform import schedulers
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._version import VersionError, parse


def scheduler_faults(
    deployments: Sequence[Mapping[str, t.Any]], wanted: Mapping[str, str], version: object
) -> list[str]:
    """Work out; see DOCUMENTATION."""
    try:
        return schedulers.faults(wanted, deployments, parse(str(version)))
    except VersionError as exc:
        raise AnsibleFilterError(f"Failed to judge the schedulers: {exc}") from exc


class FilterModule:
    """The collection's filter scheduler_faults."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Name of the filter and the function behind it."""
        return {"scheduler_faults": scheduler_faults}
