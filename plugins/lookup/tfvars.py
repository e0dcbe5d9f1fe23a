# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup tfvars."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tfvars
short_description: Read variables from Terraform variable files
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Returns the values of variables that are set in C(*.tfvars) or C(*.tfvars.json) files, as Terraform would see them.
  - Values only; an expression is an error that names file and line, never a string that looks like one.
requirements:
  - python-hcl2 (Python package, for files that are not JSON)
options:
  _terms:
    description: Names of the variables.
    type: list
    elements: str
    required: true
  files:
    description: Variable files; what a later one sets wins.
    type: list
    elements: path
    required: true
  default:
    description: Returned for a variable that no file sets. Without it such a variable is an error.
    type: raw
seealso:
  - module: ai_on_eks.dynamo.tfvars_info
"""

EXAMPLES = r"""
- name: Say which Dynamo version the profile asks for
  ansible.builtin.debug:
    msg: "{{ lookup('ai_on_eks.dynamo.tfvars', 'dynamo_stack_version', files=['blueprint.tfvars'], default='v1.6.1') }}"
"""

RETURN = r"""
_raw:
  description: The values, in the order of the names.
  type: list
  elements: raw
"""

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._tfvars import TfvarsError, merge_files


class LookupModule(LookupBase):  # type: ignore[misc]
    """Look variables up in Terraform variable files."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """Return one value per name."""
        self.set_options(var_options=variables, direct=kwargs)
        files = self.get_option("files")
        try:
            values = merge_files(files)
        except TfvarsError as exc:
            raise AnsibleError(str(exc)) from exc
        result = []
        for name in terms:
            if name in values:
                result.append(values[name])
            elif "default" in kwargs:
                result.append(self.get_option("default"))
            else:
                raise AnsibleError(
                    f"Failed to look up '{name}': no value in {', '.join(files)}. "
                    f"Set it there ({name} = ...), or give the lookup a default."
                )
        return result
