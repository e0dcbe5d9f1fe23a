# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter grafana_dashboard."""

from __future__ import annotations

DOCUMENTATION = r"""
name: grafana_dashboard
short_description: Make Grafana's JSON of a dashboard from a short description
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Makes a dashboard from rows of panels that each say which question they answer and by which queries.
positional: _input
options:
  _input:
    description:
      - The description, with C(name), C(title), C(answers), C(variables) and C(rows) of C(panels).
      - A panel has C(title), C(answers), C(queries) (C(expr), C(legend)), and may have C(kind) (V(timeseries), V(stat),
        V(bargauge), V(table), V(logs)), C(unit), C(bad_above), C(width) and C(since).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Make a dashboard
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'gpu.yml') | from_yaml | ai_on_eks.dynamo.grafana_dashboard }}"
"""

RETURN = r"""
_value:
  description: The dashboard as Grafana's sidecar reads it.
  type: str
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._observe import dashboards


def grafana_dashboard(description: object) -> str:
    """Make; see DOCUMENTATION."""
    if not isinstance(description, Mapping):
        raise AnsibleFilterError(f"grafana_dashboard needs a description; got {type(description).__name__}.")
    try:
        return json.dumps(dashboards.dashboard(description), indent=1, sort_keys=True)
    except (KeyError, ValueError) as error:
        raise AnsibleFilterError(f"Failed to make a dashboard: {error}. Mend its description.") from error


class FilterModule:
    """The collection's filter grafana_dashboard."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"grafana_dashboard": grafana_dashboard}
