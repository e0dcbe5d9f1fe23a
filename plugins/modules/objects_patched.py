# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module objects_patched."""

from __future__ import annotations

DOCUMENTATION = r"""
module: objects_patched
short_description: Merge a patch into all Kubernetes objects that match, in one call
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Merges a patch (JSON merge patch, C(null) removes a field) into every object that a selector matches, where it
    changes something.
  - Kinds that are not installed have nothing to patch.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  objects:
    description: What to patch.
    type: list
    elements: dict
    required: true
    suboptions:
      api_version:
        description: Group and version, or a group alone for the version that the API server prefers.
        type: str
        required: true
      kind:
        description: Kind.
        type: str
        required: true
      namespace:
        description: Namespace; empty for all of them, and for objects of the whole cluster.
        type: str
        default: ""
      name:
        description: Name; empty for all objects of the kind.
        type: str
        default: ""
      label_selector:
        description: Labels that the objects must carry.
        type: str
        default: ""
      patch:
        description: The patch.
        type: dict
        required: true
"""

EXAMPLES = r"""
- name: Let Karpenter start no more nodes
  ai_on_eks.dynamo.objects_patched:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    objects:
      - {api_version: karpenter.sh, kind: NodePool, patch: {spec: {limits: {cpu: "0"}}}}
"""

RETURN = r"""
patched:
  description: What was patched, as C(Kind namespace/name); in check mode, what would be.
  returned: always
  type: list
  elements: str
  sample: [NodePool g5-gpu-karpenter]
refused:
  description: What could not be patched, and why.
  returned: always
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects import patch
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.absent import Selector
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.absent_client import DeletingCluster

ARGUMENTS: dict[str, t.Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "required": True},
    "objects": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "api_version": {"type": "str", "required": True},
            "kind": {"type": "str", "required": True},
            "namespace": {"type": "str", "default": ""},
            "name": {"type": "str", "default": ""},
            "label_selector": {"type": "str", "default": ""},
            "patch": {"type": "dict", "required": True},
        },
    },
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    wanted = [
        (Selector(**{key: value for key, value in item.items() if key != "patch"}), item["patch"])
        for item in options["objects"]
    ]
    try:
        cluster = DeletingCluster(connect(options["kubeconfig"], options["context"]))
        result = patch.apply(cluster, wanted, change=not module.check_mode)
    except KubeError as error:
        module.fail_json(msg=f"Failed to patch objects: {error}")
        return
    found = {"changed": bool(result.patched), "patched": result.patched, "refused": result.refused}
    if result.refused:
        module.fail_json(
            msg=f"Failed to patch {len(result.refused)} objects: {'; '.join(result.refused)}. "
            "Look at who refuses it, a webhook or a policy.",
            **found,
        )
    module.exit_json(**found)


if __name__ == "__main__":
    main()
