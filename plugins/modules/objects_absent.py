# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module objects_absent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: objects_absent
short_description: Delete Kubernetes objects and wait until they are gone, all in one call
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Deletes every object that a selector matches and returns when none is left, with all that their finalizers guard.
  - Kinds that are not installed have nothing to delete.
  - When objects stay, it says which finalizers hold them. It never removes a finalizer.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._cluster
attributes:
  check_mode:
    support: full
    details:
      - Lists what it would delete.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  objects:
    description: What to delete. They are asked to go at the same time.
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
  delete:
    description: Whether to delete. V(false) only waits until nothing matches any more.
    type: bool
    default: true
  propagation:
    description: What happens to the objects' children, as in the Kubernetes API.
    type: str
    choices: [Background, Foreground, Orphan]
    default: Background
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 300
  hint:
    description: What a person should do when objects stay; the last sentence of the message.
    type: str
    default: Look at them with 'kubectl describe', and at the controller that owns the finalizer.
"""

EXAMPLES = r"""
- name: Remove all graphs and wait until their children are gone
  ai_on_eks.dynamo.objects_absent:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    objects:
      - {api_version: nvidia.com/v1beta1, kind: DynamoGraphDeployment}
"""

RETURN = r"""
deleted:
  description: What was deleted, as C(Kind namespace/name); in check mode, what would be.
  returned: always
  type: list
  elements: str
  sample: [DynamoGraphDeployment dynamo-cloud/vllm]
remaining:
  description: What did not go, with its finalizers.
  returned: always
  type: list
  elements: dict
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 3.5
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.absent import (
    Selector,
    explain,
    find,
    remove,
    title,
)
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
        },
    },
    "delete": {"type": "bool", "default": True},
    "propagation": {"type": "str", "choices": ["Background", "Foreground", "Orphan"], "default": "Background"},
    "timeout": {"type": "int", "default": 300},
    "hint": {
        "type": "str",
        "default": "Look at them with 'kubectl describe', and at the controller that owns the finalizer.",
    },
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    selectors = [Selector(**item) for item in options["objects"]]
    try:
        cluster = DeletingCluster(connect(options["kubeconfig"], options["context"]))
        if module.check_mode:
            would = [title(selector, obj) for selector, obj in find(cluster, selectors)] if options["delete"] else []
            module.exit_json(changed=bool(would), deleted=would, remaining=[], seconds=0.0)
        result = remove(cluster, selectors, options["timeout"], options["delete"], options["propagation"])
    except KubeError as error:
        module.fail_json(msg=f"Failed to remove objects: {error}")
    else:
        found = {"deleted": result.deleted, "remaining": result.remaining, "seconds": round(result.seconds, 1)}
        if result.remaining or result.problem:
            module.fail_json(msg=explain(result, options["hint"]), changed=bool(result.deleted), **found)
        module.exit_json(changed=bool(result.deleted), **found)


if __name__ == "__main__":
    main()
