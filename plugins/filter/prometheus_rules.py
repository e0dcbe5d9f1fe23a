# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter prometheus_rules."""

from __future__ import annotations

DOCUMENTATION = r"""
name: prometheus_rules
short_description: Make the groups of a PrometheusRule
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Makes recording rules, rules and alerts of objectives (multi-window burn rates) and other alerts.
positional: _input, settings, interval, docs
options:
  _input:
    description: C(records), C(objectives) and C(alerts).
    type: dict
    required: true
  settings:
    description: What stands for names between @ in them; C(objective) is the part that has to be fast enough.
    type: dict
    required: true
  interval:
    description: How often the rules are evaluated.
    type: str
    default: 30s
  docs:
    description: Address of the page with the runbooks.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Make rules
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'rules.yml') | from_yaml | ai_on_eks.dynamo.prometheus_rules(settings) }}"
  vars:
    settings: {objective: 0.99, ttft_seconds: 1.0, itl_seconds: 0.1, waiting: 10, kv_cache: 0.9}
"""

RETURN = r"""
_value:
  description: The groups.
  type: list
  elements: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._observe import rules


def prometheus_rules(data: object, settings: object, interval: str = "30s", docs: str = "") -> list[dict[str, Any]]:
    """Make; see DOCUMENTATION."""
    if not isinstance(data, Mapping) or not isinstance(settings, Mapping):
        raise AnsibleFilterError("prometheus_rules needs a dict of rules and a dict of settings.")
    try:
        return rules.groups(data, settings, str(interval), str(docs))
    except (KeyError, ValueError) as error:
        raise AnsibleFilterError(
            f"Failed to make the rules: {error}. Mend the rules or observability_alerts."
        ) from error


class FilterModule:
    """The collection's filter prometheus_rules."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"prometheus_rules": prometheus_rules}
