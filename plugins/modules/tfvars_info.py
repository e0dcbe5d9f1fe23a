# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module tfvars_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tfvars_info
short_description: Read Terraform variable files
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Returns everything that C(*.tfvars) and C(*.tfvars.json) files set, as Terraform would see it.
  - Values only; an expression is an error that names file and line.
requirements:
  - python-hcl2 (Python package, for files that are not JSON)
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._attributes.info_module
options:
  files:
    description: Variable files; what a later one sets wins.
    type: list
    elements: path
    required: true
seealso:
  - plugin: ai_on_eks.dynamo.tfvars
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Read the guide's profile
  ai_on_eks.dynamo.tfvars_info:
    files:
      - terraform/blueprint.tfvars
  register: profile
"""

RETURN = r"""
tfvars:
  description: The variables by name.
  returned: success
  type: dict
  sample: {"name": "dynamo-on-eks", "eks_cluster_version": "1.35"}
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._tfvars import TfvarsError, hcl2_missing, merge_files


def main() -> None:
    """Read the files and return their variables."""
    module = AnsibleModule(
        argument_spec={"files": {"type": "list", "elements": "path", "required": True}},
        supports_check_mode=True,
    )
    files = module.params["files"]
    if hcl2_missing() and any(not path.endswith(".json") for path in files):
        module.fail_json(msg=missing_required_lib("python-hcl2"), exception=hcl2_missing())
    try:
        tfvars = merge_files(files)
    except TfvarsError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, tfvars=tfvars)


if __name__ == "__main__":
    main()
