#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster_leftovers_info
short_description: Find what an EKS cluster left behind in an AWS account
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Looks through more than 60 kinds of AWS resources for those that belong to one cluster, by tag, by relation to
    what is the cluster's or to saved ids, and by exact name, and prices what it finds.
  - Works when the cluster and the Terraform state are gone. It changes nothing.
  - What lies in the cluster's own VPC and carries somebody else's marks, or none, is reported as foreign. In a VPC that
    was given, only what is tagged as the cluster's counts. Names that begin alike do not count.
  - API calls grow with result pages, not with the number of resources in the account.
options:
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  region:
    description: AWS region of the cluster.
    type: str
    required: true
  manifest:
    description:
      - Ids saved while the cluster still existed, as lists of strings; only needed for what carries no tag of the
        cluster. Keys that are not known are ignored.
      - Each of C(efs_ids), C(fsx_ids), C(bucket_names), C(volume_ids), C(snapshot_ids), C(role_names), C(policy_arns),
        C(queue_urls), C(oidc_provider_arns), C(kms_key_ids) and C(log_groups) names resources that are the cluster's,
        unless their tags say another one.
      - C(volume_names) are names of PersistentVolumes, as the EBS CSI driver writes them on its volumes.
      - C(given_vpc_ids) are VPCs that somebody else made; what lies in them is the cluster's by tag only. C(vpc_ids)
        makes nothing the cluster's, a VPC is its own when it is tagged so.
      - C(state_buckets) are buckets that keep Terraform's state; they are reported as kept.
      - With C(account) (a string), backups of C(efs_ids) are found when the file systems are gone.
    type: dict
    default: {}
  kinds:
    description: Look only for these kinds. Empty means all. RV(kinds_checked) of a full scan lists the names.
    type: list
    elements: str
    default: []
  with_tag:
    description:
      - Report only resources that carry this tag, a key such as V(karpenter.sh/nodepool) or a key and its value such as
        V(ManagedBy=ai_on_eks.dynamo). Resources whose tags the scan does not see are left out then.
    type: str
    default: ""
  wait_timeout:
    description:
      - Seconds to look again until nothing is left (resources that AWS deletes on its own do not count).
      - V(0) looks once.
    type: int
    default: 0
  stable_polls:
    description:
      - How many scans in a row must agree that nothing is left, because AWS's listings are eventually consistent.
    type: int
    default: 1
  poll_interval:
    description: Seconds between two scans.
    type: float
    default: 5
  prices:
    description: Whether to ask AWS's Pricing API for what was found. Otherwise the prices of a dated table stand.
    type: bool
    default: true
requirements:
  - boto3
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.info_module
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
"""

EXAMPLES = r"""
- name: Show what a deleted cluster left behind
  ai_on_eks.dynamo.cluster_leftovers_info:
    cluster_name: dynamo-on-eks
    region: us-west-2
  register: leftovers

- name: Wait until Karpenter's instances are gone
  ai_on_eks.dynamo.cluster_leftovers_info:
    cluster_name: dynamo-on-eks
    region: us-west-2
    kinds: [ec2_instance]
    with_tag: karpenter.sh/nodepool
    wait_timeout: 600
"""

RETURN = r"""
leftovers:
  description: What is the cluster's and still there.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the resource.
      returned: always
      type: str
      sample: nat_gateway
    id:
      description: Id, ARN or name by which AWS knows it.
      returned: always
      type: str
      sample: nat-0123456789abcdef0
    name:
      description: Its Name tag.
      returned: always
      type: str
      sample: dynamo-on-eks
    region:
      description: Region, or V(global).
      returned: always
      type: str
      sample: us-west-2
    reason:
      description: Why it is counted as the cluster's.
      returned: always
      type: str
      sample: Cluster=dynamo-on-eks
    monthly_usd:
      description: List price per month; null where it depends on use.
      returned: always
      type: float
      sample: 32.85
    pending:
      description: Whether AWS is deleting it on its own.
      returned: always
      type: bool
      sample: false
    note:
      description: Why it matters.
      returned: always
      type: str
      sample: blocks its VPC
    tags:
      description: Its tags where the listing carries them.
      returned: always
      type: dict
    owned:
      description: Whether it is the cluster's.
      returned: always
      type: bool
    parent:
      description: What it is a part of, for example the file system of a mount target.
      returned: always
      type: str
foreign:
  description:
    - What is somebody else's and in the way, because it lies in the cluster's VPC or hangs on something of the
      cluster's. Has the fields of RV(leftovers). Nothing of this collection deletes it.
  returned: always
  type: list
  elements: dict
kept:
  description:
    - What is reported and never deleted, with the fields of RV(leftovers). Capacity reservations, which bill whether
      they are used or not, hosted zones and the bucket of Terraform's state.
  returned: always
  type: list
  elements: dict
monthly_usd:
  description: Sum of the known monthly prices of RV(leftovers) in USD.
  returned: always
  type: float
  sample: 105.85
prices_as_of:
  description: Month of the price table.
  returned: always
  type: str
  sample: 2026-11
priced_by_aws:
  description: Instance types and kinds whose price AWS gave; the others have that of the table.
  returned: always
  type: list
  elements: str
kinds_checked:
  description: Kinds that were looked for and could be read.
  returned: always
  type: list
  elements: str
problems:
  description:
    - Kinds that could not be read, with AWS's reason and code, the permission that was asked for, and whether it lacks.
    - V(tag_index) stands for the index of tags, without which only what has the cluster's name in its own is found.
  returned: always
  type: list
  elements: dict
  sample: [{kind: fsx_file_system, error: no, code: AccessDenied, denied: true, action: "fsx:DescribeFileSystems"}]
api_calls:
  description: Requests sent, repetitions included.
  returned: always
  type: int
  sample: 61
api_calls_by_service:
  description: The same by service.
  returned: always
  type: dict
  sample: {ec2: 27, iam: 5}
stable:
  description: Whether as many scans in a row as O(stable_polls) saw nothing left.
  returned: always
  type: bool
scans:
  description: How many times the account was looked through.
  returned: always
  type: int
  sample: 1
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import kinds, look, prices

if t.TYPE_CHECKING:
    from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.kind import Kind


def wanted_kinds(module: AnsibleModule) -> tuple[Kind, ...]:
    """The kinds that were asked for; fails on an unknown name."""
    names = module.params["kinds"]
    unknown = sorted(set(names) - set(kinds.BY_NAME))
    if unknown:
        module.fail_json(
            msg="Failed to look for leftovers: unknown kinds {}. Choose from {}.".format(
                ", ".join(unknown), ", ".join(sorted(kinds.BY_NAME))
            )
        )
    return tuple(kind for kind in kinds.KINDS if not names or kind.name in names)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "cluster_name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "manifest": {"type": "dict", "default": {}},
            "kinds": {"type": "list", "elements": "str", "default": []},
            "with_tag": {"type": "str", "default": ""},
            "wait_timeout": {"type": "int", "default": 0},
            "stable_polls": {"type": "int", "default": 1},
            "poll_interval": {"type": "float", "default": 5},
            "prices": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    chosen = wanted_kinds(module)
    try:
        connections = look.connect(module.params["region"])
    except ImportError as error:
        module.fail_json(msg=missing_required_lib("boto3"), exception=str(error))
        return
    scan, scans, stable = look.look(connections, module.params, chosen)
    everything = [*scan.leftovers, *scan.foreign, *scan.kept]
    by_aws = look.priced(connections, module.params["region"], everything, module.params["prices"])
    module.exit_json(
        changed=False,
        leftovers=look.results(scan.leftovers),
        foreign=look.results(scan.foreign),
        kept=look.results(scan.kept),
        monthly_usd=look.total(scan.leftovers),
        prices_as_of=prices.AS_OF,
        priced_by_aws=by_aws,
        kinds_checked=scan.kinds_checked,
        problems=scan.errors,
        api_calls=sum(connections.calls.values()),
        api_calls_by_service=dict(sorted(connections.calls.items())),
        stable=stable,
        scans=scans,
    )


if __name__ == "__main__":
    main()
