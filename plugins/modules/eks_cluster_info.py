# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module eks_cluster_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster_info
short_description: Collect the cluster facts of an EKS cluster
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Returns everything the collection knows a cluster by, from what EKS says now and from the outputs of the Terraform
    configuration that made it.
  - For a cluster that something else made, the rest is looked up in AWS. Subnets are private or public by their routes,
    not by their tags; those of the node groups go before those of the control plane. Security groups are those that
    most nodes have. The role of Karpenter's nodes is one with an access entry for nodes that belongs to no node group.
requirements:
  - boto3 (Python package)
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._attributes.info_module
options:
  name:
    description: Name of the cluster.
    type: str
    required: true
  region:
    description: AWS region that it is in.
    type: str
    required: true
  outputs:
    description:
      - Outputs of the Terraform configuration, or facts that were saved earlier. Without them they are looked up.
    type: dict
    default: {}
  mode:
    description: Who made the cluster; goes into the facts.
    type: str
    choices: [terraform, existing]
    default: existing
  kubeconfig:
    description: Path of the kubeconfig that belongs to the cluster; goes into the facts.
    type: path
    default: ""
seealso:
  - module: ai_on_eks.dynamo.eks_kubeconfig
  - module: ai_on_eks.dynamo.eks_readiness_info
"""

EXAMPLES = r"""
- name: Look a cluster up that something else has made
  ai_on_eks.dynamo.eks_cluster_info:
    name: platform
    region: us-west-2
  register: found
"""

RETURN = r"""
clusters:
  description: The facts of the cluster, an empty list when there is none of that name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
      sample: dynamo-on-eks
    arn:
      description: ARN.
      type: str
      sample: arn:aws:eks:us-west-2:123456789012:cluster/dynamo-on-eks
    region:
      description: Region.
      type: str
      sample: us-west-2
    account:
      description: Account.
      type: str
      sample: "123456789012"
    partition:
      description: Partition.
      type: str
      sample: aws
    version:
      description: Kubernetes minor version.
      type: str
      sample: "1.35"
    status:
      description: Status in EKS.
      type: str
      sample: ACTIVE
    endpoint:
      description: Address of the API server.
      type: str
    ca:
      description: Certificate authority of the API server (PEM, base64).
      type: str
    kubeconfig:
      description: O(kubeconfig).
      type: str
    context:
      description: Context of the cluster in it.
      type: str
    mode:
      description: O(mode).
      type: str
    vpc_id:
      description: VPC.
      type: str
    private_subnet_ids:
      description: Subnets of the nodes.
      type: list
    public_subnet_ids:
      description: Subnets with a route to an internet gateway.
      type: list
    cluster_security_group_id:
      description: Security group that EKS made.
      type: str
    node_security_group_id:
      description: Security group of the nodes.
      type: str
    node_security_group_ids:
      description: All security groups that the nodes have.
      type: list
    node_role_name:
      description: Name of the role of Karpenter's nodes.
      type: str
    node_role_arn:
      description: ARN of the role of Karpenter's nodes.
      type: str
    karpenter_role_arn:
      description: ARN of the role of Karpenter's controller.
      type: str
    interruption_queue:
      description: Name of Karpenter's queue.
      type: str
    efs_id:
      description: File system for models.
      type: str
    efs_access_point_id:
      description: Its access point.
      type: str
    fsx_id:
      description: Lustre file system for models.
      type: str
    fsx_dns_name:
      description: Its address.
      type: str
    fsx_mount_name:
      description: What of it is mounted.
      type: str
    model_bucket:
      description: Bucket for models.
      type: str
    amp_endpoint:
      description: Address of the workspace of Amazon Managed Service for Prometheus that Terraform made, if any.
      type: str
    oidc_issuer:
      description: OpenID Connect issuer.
      type: str
    service_cidr:
      description: Network of the Services.
      type: str
    authentication_mode:
      description: How the cluster knows who may use it, V(API), V(API_AND_CONFIG_MAP) or V(CONFIG_MAP).
      type: str
    karpenter:
      description:
        - A Karpenter that somebody else runs in the cluster, from O(outputs), empty when there is none. See
          M(ai_on_eks.dynamo.eks_readiness_info).
      type: dict
    tags:
      description: Tags of what was made for the cluster.
      type: dict
deletion_protection:
  description: Whether EKS refuses to delete the cluster.
  returned: always
  type: bool
caller:
  description: Account and ARN of the principal that asked.
  returned: success
  type: dict
  sample: {"account": "123456789012", "arn": "arn:aws:iam::123456789012:user/installer"}
"""

import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster import FIELDS, facts_of
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import Aws, AwsError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.discover import discover


def main() -> None:
    """Ask EKS, and return the facts."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "outputs": {"type": "dict", "default": {}},
            "mode": {"type": "str", "choices": ["terraform", "existing"], "default": "existing"},
            "kubeconfig": {"type": "path", "default": ""},
        },
        supports_check_mode=True,
    )
    name, outputs = module.params["name"], module.params["outputs"]
    try:
        aws = Aws(module.params["region"])
    except ImportError:
        module.fail_json(msg=missing_required_lib("boto3"), exception=traceback.format_exc())
    try:
        caller = aws.caller()
        answer = aws.ask(f"look up the cluster {name} in {aws.region}", "eks", "describe_cluster", name=name)
        if answer is None:
            module.exit_json(changed=False, clusters=[], caller=caller, deletion_protection=False)
        described = answer["cluster"]
        known = any(outputs.get(field) for field in FIELDS if field.endswith("_subnet_ids"))
        discovered = {} if known else discover(aws, described)
    except AwsError as exc:
        module.fail_json(msg=str(exc))
    facts = facts_of(described, outputs, discovered, module.params["mode"], module.params["kubeconfig"])
    protected = bool(described.get("deletionProtection"))
    module.exit_json(changed=False, clusters=[facts], caller=caller, deletion_protection=protected)


if __name__ == "__main__":
    main()
