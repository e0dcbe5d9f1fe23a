# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module graph_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: graph_info
short_description: Look at Dynamo graphs, the platform under them and the nodes they run on
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Reads graphs with their components and pods, the operator, Karpenter's NodePools and NodeClaims, and the nodes, in
    one call, and says what is wrong and what to do about it.
  - Of Secrets it reads names only, never contents.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.info_module
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._cluster
options:
  namespace:
    description: Namespace of the graphs.
    type: str
    default: dynamo-cloud
"""

EXAMPLES = r"""
- name: Look at the graphs
  ai_on_eks.dynamo.graph_info:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
  register: found

- name: Say what is wrong
  ansible.builtin.debug:
    msg: "{{ found.problems }}"
"""

RETURN = r"""
graphs:
  description: Graphs of the namespace, as M(ai_on_eks.dynamo.graph_wait) returns them, with what made them.
  returned: always
  type: list
  elements: dict
  sample:
    - name: vllm
      state: successful
      ready: true
      endpoint: {service: vllm-frontend, port: 8000}
      definition: vllm
      version: 1.6.1
      model: Qwen/Qwen3-0.6B
namespace:
  description: The namespace, whether it exists, and the level of pod security that it enforces ("" for none).
  returned: always
  type: dict
  sample: {name: dynamo-cloud, exists: true, pod_security: baseline}
platform:
  description:
    - Whether graphs are known to the cluster, in which API version to read them, the operators, and who could place a
      component over several nodes (V(grove), V(lws)).
  returned: always
  type: dict
  sample:
    installed: true
    api_version: v1beta1
    operators:
      - namespace: dynamo-cloud
        name: dynamo-platform-dynamo-operator-controller-manager
        ready: true
        version: 1.6.1
    orchestrators: [grove]
pools:
  description: Karpenter's NodePools.
  returned: always
  type: list
  elements: dict
  sample:
    - name: g5-gpu-karpenter
      ready: true
      message: ""
      families: [g5]
      choices:
        karpenter.sh/capacity-type: [on-demand]
      limits: {nvidia.com/gpu: "8"}
      used: {nvidia.com/gpu: "1"}
node_claims:
  description: Karpenter's NodeClaims.
  returned: always
  type: list
  elements: dict
  sample:
    - name: g5-gpu-karpenter-x7k2p
      pool: g5-gpu-karpenter
      instance_type: g5.2xlarge
      zone: us-west-2a
      capacity_type: on-demand
      ready: true
      node: ip-10-0-1-7.us-west-2.compute.internal
      failed: false
      message: ""
nodes:
  description: Nodes of the cluster.
  returned: always
  type: list
  elements: dict
  sample:
    - name: ip-10-0-1-7.us-west-2.compute.internal
      ready: true
      pool: g5-gpu-karpenter
      instance_type: g5.2xlarge
      zone: us-west-2a
      gpus: 1
      version: v1.35.4-eks
secrets:
  description: Names of the Secrets in the namespace.
  returned: always
  type: list
  elements: str
  sample: [hf-token-secret]
claims:
  description: Names of the PersistentVolumeClaims in the namespace.
  returned: always
  type: list
  elements: str
  sample: [model-cache-efs]
efa_plugin:
  description: Whether the cluster has an EFA device plugin.
  returned: always
  type: bool
  sample: false
problems:
  description: What is wrong, and what to do about it.
  returned: always
  type: list
  elements: dict
  sample:
    - subject: DynamoGraphDeployment/vllm
      message: "no_capacity: NodeClaim g5-gpu-karpenter-x7k2p: InsufficientCapacityError"
      next: Choose another pool, zone or instance family, or wait for capacity
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.look import look
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect

ARGUMENTS: dict[str, t.Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "dynamo-cloud"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        found = look(connect(module.params["kubeconfig"], module.params["context"]), module.params["namespace"])
    except KubeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
