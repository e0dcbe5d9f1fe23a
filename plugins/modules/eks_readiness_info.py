# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module eks_readiness_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_readiness_info
short_description: Say what an EKS cluster lacks to run NVIDIA Dynamo
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Looks at a cluster that something else made, in AWS and inside the cluster, and says what is there, what is missing,
    what it is needed for and what to do.
  - Returns the variables with which the Terraform configuration C(terraform/adopt) adds what can be added. What an
    earlier adoption added is known by its tags and stays in them; what others made never gets in.
  - Changes nothing.
requirements:
  - boto3 (Python package)
  - kubernetes >= 24.2.0 (Python package)
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._attributes.info_module
options:
  cluster:
    description:
      - The cluster facts, as M(ai_on_eks.dynamo.eks_cluster_info) returns them. Their kubeconfig must be there already.
    type: dict
    required: true
  parts:
    description: What an adoption may add.
    type: list
    elements: str
    choices: [karpenter, pod_identity_agent, ebs_csi, efs_csi, fsx_csi, efs, discovery]
    default: [karpenter, pod_identity_agent, ebs_csi, efs_csi, discovery]
  karpenter_namespace:
    description: Namespace that this collection's Karpenter runs in, or will.
    type: str
    default: karpenter
seealso:
  - module: ai_on_eks.dynamo.eks_cluster_info
"""

EXAMPLES = r"""
- name: Look a cluster up that something else has made
  ai_on_eks.dynamo.eks_cluster_info:
    name: platform
    region: us-west-2
    kubeconfig: ~/.kube/platform
  register: found

- name: See what it lacks
  ai_on_eks.dynamo.eks_readiness_info:
    cluster: "{{ found.clusters[0] }}"
  register: readiness

- name: Show what is missing
  ansible.builtin.debug:
    msg: "{{ readiness.findings | selectattr('missing') }}"
"""

RETURN = r"""
ready:
  description: Whether nothing is missing that is required.
  returned: success
  type: bool
  sample: false
findings:
  description: What Dynamo needs or can use, in the order in which it is needed.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description:
        - V(access_entries), V(private_subnets), V(nodes), or one of the O(parts).
      type: str
      sample: pod_identity_agent
    found:
      description: What is there, empty for nothing.
      type: str
      sample: add-on v1.3.10-eksbuild.2
    missing:
      description: What is not, empty when all is well.
      type: str
      sample: the EKS Pod Identity agent
    needed_for:
      description: Why it matters.
      type: str
      sample: roles of Karpenter and the CSI drivers
    what_to_do:
      description: How to get it, empty when all is well.
      type: str
      sample: Add -e eks_infra_adopt=true, or install the EKS add-on eks-pod-identity-agent.
    required:
      description: Whether the installation cannot go on without it.
      type: bool
      sample: true
    adoptable:
      description: Whether an adoption adds what is missing.
      type: bool
      sample: true
    ours:
      description: Whether an adoption has added it.
      type: bool
      sample: false
adoption:
  description: Variables of C(terraform/adopt).
  returned: success
  type: dict
  sample: {enable_karpenter: true, addons: [eks-pod-identity-agent]}
cluster:
  description:
    - O(cluster), completed by what only the inside of the cluster knows. C(karpenter) says what is to be known of a
      Karpenter that somebody else runs (C(installed), C(foreign), C(auto_mode), C(version), C(namespace), C(name)), and
      is empty when there is none. Role of the nodes and queue are that Karpenter's.
  returned: success
  type: dict
node_groups:
  description: Managed node groups with C(name), C(role_arn), C(subnets), C(instance_types) and C(desired).
  returned: success
  type: list
  elements: dict
addons:
  description: Names of the EKS add-ons that are installed.
  returned: success
  type: list
  elements: str
storage_classes:
  description: Storage classes with C(name), C(provisioner), C(default) and C(file_system).
  returned: success
  type: list
  elements: dict
"""

import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster import empty_facts
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import Aws, AwsError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._readiness import (
    PARTS,
    Wish,
    judge,
    look_inside,
    survey,
)


def main() -> None:
    """Look, judge, return."""
    module = AnsibleModule(
        argument_spec={
            "cluster": {"type": "dict", "required": True},
            "parts": {
                "type": "list",
                "elements": "str",
                "choices": list(PARTS),
                "default": ["karpenter", "pod_identity_agent", "ebs_csi", "efs_csi", "discovery"],
            },
            "karpenter_namespace": {"type": "str", "default": "karpenter"},
        },
        supports_check_mode=True,
    )
    facts = {**empty_facts(), **module.params["cluster"]}
    wish = Wish(tuple(module.params["parts"]), module.params["karpenter_namespace"])
    try:
        of_aws = survey(Aws(facts["region"]), facts)
        inside = look_inside(connect(facts["kubeconfig"], facts["context"]))
    except ImportError:
        module.fail_json(msg=missing_required_lib("boto3"), exception=traceback.format_exc())
    except AwsError as error:
        module.fail_json(msg=str(error))
    except KubeError as error:
        module.fail_json(msg=f"Failed to look into the cluster {facts['name']}: {error}")
    judged = judge(facts, of_aws, inside, wish)
    module.exit_json(
        changed=False,
        ready=not any(finding["missing"] and finding["required"] for finding in judged["findings"]),
        findings=judged["findings"],
        adoption=judged["adoption"],
        cluster=judged["facts"],
        node_groups=of_aws["node_groups"],
        addons=of_aws["addons"],
        storage_classes=inside["storage_classes"],
    )


if __name__ == "__main__":
    main()
