# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter dynamo_version."""

from __future__ import annotations

DOCUMENTATION = r"""
name: dynamo_version
short_description: Choose the Dynamo version, and say where it came from
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Takes the places where a version can be given, the most important first, and returns the first that has a value.
  - A leading C(v) is accepted and dropped.
  - A value that is given but is no version is an error, it is never skipped.
positional: _input
options:
  _input:
    description: The candidates, the most important first.
    type: list
    elements: dict
    required: true
    suboptions:
      value:
        description: The version, for example V(1.6.1) or V(v0.4.1). Empty or V(none) means not given here.
        type: raw
        required: true
      source:
        description: What to call this place in messages.
        type: str
        required: true
"""

EXAMPLES = r"""
- name: Say which Dynamo version is used
  ansible.builtin.debug:
    msg: "Dynamo {{ found.version }} (from {{ found.source }})"
  vars:
    found: "{{ candidates | ai_on_eks.dynamo.dynamo_version }}"
    candidates:
      - source: the environment variable DYNAMO_VERSION
        value: "{{ lookup('ansible.builtin.env', 'DYNAMO_VERSION') }}"
      - source: the variable dynamo_version
        value: "{{ dynamo_version | default('') }}"
      - source: the default
        value: 1.6.1
"""

RETURN = r"""
_value:
  description: The chosen version.
  type: dict
  contains:
    version:
      description: Version of the charts, without a leading C(v).
      type: str
      sample: 0.9.0-post1
    tag:
      description: Tag of the images of that version.
      type: str
      sample: 0.9.0
    source:
      description: The O(_input[].source) it came from.
      type: str
      sample: the environment variable DYNAMO_VERSION
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils import _version


def dynamo_version(candidates: object) -> dict[str, str]:
    """Choose among the candidates; see DOCUMENTATION."""
    if not isinstance(candidates, Sequence) or isinstance(candidates, (str, bytes)):
        raise AnsibleFilterError(f"dynamo_version needs a list of candidates; got {type(candidates).__name__}.")
    if not all(isinstance(candidate, Mapping) for candidate in candidates):
        raise AnsibleFilterError("dynamo_version needs candidates with 'value' and 'source'.")
    try:
        version, source = _version.resolve(candidates)
    except _version.VersionError as error:
        raise AnsibleFilterError(str(error)) from error
    return {"version": str(version), "tag": version.tag, "source": source}


class FilterModule:
    """The collection's filter dynamo_version."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"dynamo_version": dynamo_version}
