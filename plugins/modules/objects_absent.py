# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin objects_absent."""

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
  - When objects stay, it says which finalizers hold them, whose these are and what to do. While it waits, it shows what
    it waits for.
  - With O(release), it takes the place of a controller that is dead or stuck. What that controller would have removed
    inside the cluster is deleted; what is outside (instances, load balancers, volumes) is only looked for. An object
    behind which nothing is left any more loses the finalizers of its kind's own controller, and this is reported.
    A finalizer that this collection does not know is never taken off.
  - Runs on the controller.
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
      field_selector:
        description: Fields that the objects must have, for example V(spec.type=LoadBalancer) of Services.
        type: str
        default: ""
      annotations:
        description: Annotations that the objects must carry.
        type: dict
        default: {}
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
  release:
    description:
      - How to go on when a controller does not take its finalizers off. Without it, no finalizer is ever taken off.
      - Known are NodeClaims, NodePools, EC2NodeClasses and Nodes of Karpenter, graphs, their components and requests,
        Applications and ApplicationSets, Services, Ingresses and Gateways with load balancers, claims and volumes.
    type: dict
    suboptions:
      cluster_name:
        description: Name of the EKS cluster, as AWS's tags have it.
        type: str
        required: true
      region:
        description: Its region.
        type: str
        required: true
      after:
        description:
          - Seconds that a controller has as long as it lives. Without a ready pod for 5 seconds, it counts as dead, and
            nobody waits for it.
        type: int
        default: 120
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

- name: Remove Karpenter's nodes, also when Karpenter is dead
  ai_on_eks.dynamo.objects_absent:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    objects:
      - {api_version: karpenter.sh, kind: NodePool}
      - {api_version: karpenter.sh, kind: NodeClaim}
    release:
      cluster_name: "{{ ai_on_eks_cluster.name }}"
      region: "{{ ai_on_eks_cluster.region }}"
"""

RETURN = r"""
deleted:
  description: What was deleted, as C(Kind namespace/name); in check mode, what would be.
  returned: always
  type: list
  elements: str
  sample: [DynamoGraphDeployment dynamo-cloud/vllm]
released:
  description: Objects whose finalizers were taken off, which ones, and what was seen before.
  returned: always
  type: list
  elements: dict
  sample:
    - object: NodeClaim g5-gpu-karpenter-x2x7c
      finalizers: [karpenter.sh/termination]
      proof: EC2 has no instance of it that is not terminated
remaining:
  description: What did not go, with its finalizers and what stands behind it.
  returned: always
  type: list
  elements: dict
blockers:
  description: For everything that did not go, what it is, who owns what holds it, and what to do.
  returned: always
  type: list
  elements: dict
  sample:
    - what: "NodeClaim g5-x2x7c: held by karpenter.sh/termination, behind it: instance i-0a1b is running"
      owner: Karpenter
      next: Look at its log (kubectl logs -n karpenter deploy/karpenter).
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 3.5
"""
