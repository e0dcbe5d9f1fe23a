# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module objects_wait."""

from __future__ import annotations

DOCUMENTATION = r"""
module: objects_wait
short_description: Wait until Kubernetes objects are ready, all in one call
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Asks the API server until all objects are ready at the same time, and says of each one that is not, why.
  - Conditions and workloads only count for the newest generation of the object.
  - Ends at once when waiting cannot help (a container that keeps crashing, an image name that is invalid), and after
    one minute when it seldom does (an image that cannot be pulled, a secret that does not exist).
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.info_module
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._cluster
options:
  objects:
    description:
      - The objects to wait for.
      - C(Deployment), C(StatefulSet) and C(DaemonSet) are ready when all pods of the newest version are,
        C(Service) with one ready endpoint, C(ValidatingWebhookConfiguration) and C(MutatingWebhookConfiguration)
        when every webhook has a CA, C(CustomResourceDefinition) when it is served and its conversion webhook has a CA,
        C(Job) when it has completed, C(Application) of Argo CD when it is Synced and Healthy for its newest source, all
        other kinds by a condition.
    type: list
    elements: dict
    required: true
    suboptions:
      api_version:
        description: Group and version.
        type: str
        required: true
      kind:
        description: Kind.
        type: str
        required: true
      name:
        description: Name. Exactly one of O(objects[].name) and O(objects[].label_selector) is needed.
        type: str
        default: ""
      label_selector:
        description: All objects with these labels must be ready, and there must be one.
        type: str
        default: ""
      namespace:
        description: Namespace; empty for objects of the whole cluster.
        type: str
        default: ""
      condition:
        description:
          - Type of the condition that must be C(True).
          - By default C(Ready). Not for kinds that have a rule of their own.
        type: str
        default: ""
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 300
  hint:
    description: What a person should do when the wait fails; the last sentence of the message.
    type: str
    default: Look at the objects' events with 'kubectl describe'.
"""

EXAMPLES = r"""
- name: Wait until Karpenter can make nodes
  ai_on_eks.dynamo.objects_wait:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    timeout: 180
    objects:
      - {api_version: apps/v1, kind: Deployment, namespace: karpenter, name: karpenter}
      - {api_version: karpenter.k8s.aws/v1, kind: EC2NodeClass, name: gpu}
      - {api_version: karpenter.sh/v1, kind: NodePool, name: g5-gpu-karpenter}
"""

RETURN = r"""
ready:
  description: Whether all objects are ready.
  returned: always
  type: bool
  sample: true
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 3.5
objects:
  description: What was found, in the order asked for.
  returned: always
  type: list
  elements: dict
  sample:
    - kind: EC2NodeClass
      namespace: ""
      name: gpu
      ready: false
      reason: "SubnetsReady is False (SubnetsNotFound: SubnetSelector did not match any Subnets)"
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.client import ApiCluster
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.wait import Outcome, Target, wait

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
            "name": {"type": "str", "default": ""},
            "label_selector": {"type": "str", "default": ""},
            "namespace": {"type": "str", "default": ""},
            "condition": {"type": "str", "default": ""},
        },
    },
    "timeout": {"type": "int", "default": 300},
    "hint": {"type": "str", "default": "Look at the objects' events with 'kubectl describe'."},
}


def describe(outcome: Outcome) -> dict[str, t.Any]:
    """Turn an outcome into the module's result."""
    objects = [
        {
            "kind": x.kind,
            "namespace": x.namespace,
            "name": x.name or x.label_selector,
            "ready": verdict.ready,
            "reason": verdict.reason,
        }
        for x, verdict in outcome.verdicts.items()
    ]
    return {"ready": not outcome.missing, "seconds": round(outcome.seconds, 1), "objects": objects}


def explain(outcome: Outcome, hint: str) -> str:
    """Say what is not ready and why; the fatal reasons first."""
    worst = sorted(outcome.missing.items(), key=lambda item: (not item[1].fatal, not item[1].doubtful))
    lines = "; ".join(f"{target}: {verdict.reason}" for target, verdict in worst)
    total = len(outcome.verdicts)
    return f"Failed to wait for {len(worst)} of {total} objects ({outcome.seconds:.0f} s): {lines}. {hint}"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    for item in module.params["objects"]:
        if bool(item["name"]) == bool(item["label_selector"]):
            module.fail_json(msg=f"Failed to wait for {item['kind']}: give either name or label_selector.")
    targets = [Target(**item) for item in module.params["objects"]]
    try:
        cluster = ApiCluster(connect(module.params["kubeconfig"], module.params["context"]))
        outcome = wait(cluster, targets, module.params["timeout"])
    except KubeError as error:
        module.fail_json(msg=f"Failed to wait for {len(targets)} objects: {error}")
    else:
        result = describe(outcome)
        if outcome.missing:
            module.fail_json(msg=explain(outcome, module.params["hint"]), **result)
        module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
