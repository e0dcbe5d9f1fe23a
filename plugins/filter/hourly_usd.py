# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter hourly_usd."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hourly_usd
short_description: Say what a list of AWS resources costs per hour
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Adds up list prices (on demand, us-east-1) from a table in this collection. Needs no network.
positional: _input
options:
  _input:
    description: >-
      EC2 instance types, and kinds of resources that have one price, for example V(eks_cluster) or V(nat_gateway).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Say what a small cluster costs
  ansible.builtin.debug:
    msg: "{{ (['eks_cluster', 'm5.xlarge', 'm5.xlarge'] | ai_on_eks.dynamo.hourly_usd).usd }} USD an hour"
"""

RETURN = r"""
_value:
  description: The sum, and what it lacks.
  type: dict
  contains:
    usd:
      description: US dollars an hour of all that the table knows.
      type: float
      sample: 0.484
    unknown:
      description: What the table does not know.
      type: list
      elements: str
      sample: []
    as_of:
      description: Month of the prices.
      type: str
      sample: 2026-11
"""

import typing as t
from collections.abc import Callable, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils import _prices as prices


def hourly_usd(resources: object) -> dict[str, t.Any]:
    """Add up; see DOCUMENTATION."""
    if not isinstance(resources, Sequence) or isinstance(resources, (str, bytes)):
        raise AnsibleFilterError(f"hourly_usd needs a list of names; got {type(resources).__name__}.")
    table = {**prices.HOURLY, **prices.EC2_HOURLY}
    names = [str(name) for name in resources]
    known = sum(table[name] for name in names if name in table)
    return {
        "usd": round(known, 3),
        "unknown": sorted({name for name in names if name not in table}),
        "as_of": prices.AS_OF,
    }


class FilterModule:
    """The collection's filter hourly_usd."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Name of the filter and the function behind it."""
        return {"hourly_usd": hourly_usd}
