# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter teardown_manifest."""

from __future__ import annotations

DOCUMENTATION = r"""
name: teardown_manifest
short_description: Write down by what a cluster's resources are found when it is gone
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Joins what an earlier run saved with what can be seen now, in the keys that
    P(ai_on_eks.dynamo.cluster_leftovers_info#module) and P(ai_on_eks.dynamo.cluster_sweep#module) read.
  - A VPC that does not carry the cluster's tags is noted as given, so that only what is tagged in it counts as the
    cluster's.
positional: _input, cluster, leftovers, volumes
options:
  _input:
    description: The manifest of an earlier run; empty for none.
    type: dict
    required: true
  cluster:
    description: Facts of the cluster; empty when it is gone.
    type: dict
  leftovers:
    description: What a scan found.
    type: list
    elements: dict
  volumes:
    description: Volumes, as P(ai_on_eks.dynamo.cluster_contents_info#module) returns them.
    type: list
    elements: dict
"""

EXAMPLES = r"""
- name: Write it down
  ansible.builtin.copy:
    dest: manifest.json
    content: "{{ {} | ai_on_eks.dynamo.teardown_manifest(ai_on_eks_cluster, scan.leftovers) | to_nice_json }}"
"""

RETURN = r"""
_value:
  description: The manifest.
  type: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._teardown import manifest


def teardown_manifest(
    saved: Mapping[str, Any],
    cluster: Mapping[str, Any] | None = None,
    leftovers: Sequence[Mapping[str, Any]] = (),
    volumes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the manifest; see DOCUMENTATION."""
    try:
        return manifest.build(saved, cluster or {}, leftovers, volumes)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"Failed to write the manifest: {error!r}. Give it what the modules return."
        ) from error


class FilterModule:
    """The collection's filter teardown_manifest."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"teardown_manifest": teardown_manifest}
