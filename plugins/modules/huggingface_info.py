# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module huggingface_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: huggingface_info
short_description: Ask the Hugging Face hub whether it knows a token, and which models the token opens
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - A hub that cannot be reached is no failure; RV(reachable) says so.
  - Downloads nothing, and never shows the token.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.info_module
options:
  token:
    description: The token.
    type: str
    required: true
  models:
    description: Models that it must open.
    type: list
    elements: str
    default: []
  endpoint:
    description: Address of the hub.
    type: str
    default: https://huggingface.co
  timeout:
    description: Seconds that one question may take.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Check the token
  ai_on_eks.dynamo.huggingface_info:
    token: "{{ lookup('ansible.builtin.env', 'HF_TOKEN') }}"
    models: [meta-llama/Llama-3.1-8B-Instruct]
  register: hub

- name: Refuse a token that does not open the model
  ansible.builtin.assert:
    that: hub.problems | length == 0
    fail_msg: "{{ hub.problems | join(' ') }}"
"""

RETURN = r"""
reachable:
  description: Whether the hub gave an answer.
  returned: always
  type: bool
  sample: true
reason:
  description: Why it did not.
  returned: always
  type: str
  sample: ""
problems:
  description: What is wrong with the token, and what to do.
  returned: always
  type: list
  elements: str
  sample: []
models:
  description: For each model V(open), V(gated), V(absent) or V(unknown).
  returned: always
  type: dict
  sample: {meta-llama/Llama-3.1-8B-Instruct: open}
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._hub import asker, check


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "token": {"type": "str", "required": True, "no_log": True},
            "models": {"type": "list", "elements": "str", "default": []},
            "endpoint": {"type": "str", "default": "https://huggingface.co"},
            "timeout": {"type": "float", "default": 5.0},
        },
        supports_check_mode=True,
    )
    endpoint = module.params["endpoint"]
    try:
        ask = asker(endpoint, module.params["token"], module.params["timeout"])
    except ValueError as error:
        module.fail_json(msg=f"Failed to ask the hub: {error}")
    module.exit_json(changed=False, **asdict(check(ask, endpoint, module.params["models"])))


if __name__ == "__main__":
    main()
