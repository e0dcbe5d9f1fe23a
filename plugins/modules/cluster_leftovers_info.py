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
  - Looks through more than 35 kinds of AWS resources for those that belong to one cluster, by tag, by relation to
    saved ids such as the VPC, and by exact name, and prices what it finds.
  - Works when the cluster and the Terraform state are gone. It changes nothing.
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
      - Ids saved while the cluster still existed, as lists of strings. Known keys are C(vpc_ids), C(efs_ids),
        C(role_names), C(policy_arns), C(queue_urls), C(oidc_provider_arns) and C(kms_key_ids).
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
  description: What is still there.
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
monthly_usd:
  description: Sum of the known monthly prices in USD.
  returned: always
  type: float
  sample: 105.85
prices_as_of:
  description: Month of the price table.
  returned: always
  type: str
  sample: 2026-11
kinds_checked:
  description: Kinds that were looked for and could be read.
  returned: always
  type: list
  elements: str
problems:
  description: Kinds that could not be read, with AWS's reason.
  returned: always
  type: list
  elements: dict
  sample: [{kind: fsx_file_system, error: AccessDenied}]
api_calls:
  description: Requests sent, repetitions included.
  returned: always
  type: int
  sample: 61
scans:
  description: How many times the account was looked through.
  returned: always
  type: int
  sample: 1
"""

import dataclasses
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import finder, kinds, prices

if t.TYPE_CHECKING:
    from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.kinds import Kind


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


def carries(tags: t.Mapping[str, str], wanted: str) -> bool:
    """Tell whether a resource carries a tag, given as key or as key=value."""
    key, equals, value = wanted.partition("=")
    return key in tags and (not equals or tags[key] == value)


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
        },
        supports_check_mode=True,
    )
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        module.fail_json(msg=missing_required_lib("boto3"), exception=str(error))
        return

    session = boto3.session.Session(region_name=module.params["region"])
    config = Config(retries={"mode": "adaptive", "max_attempts": 8}, max_pool_connections=16)
    chosen = wanted_kinds(module)
    deadline = time.monotonic() + module.params["wait_timeout"]
    scans, calls, clean = 0, 0, 0
    while True:
        scan = finder.find(
            lambda service: session.client(service, config=config),
            module.params["cluster_name"],
            module.params["region"],
            module.params["manifest"],
            chosen,
        )
        scans, calls = scans + 1, calls + scan.api_calls
        tag = module.params["with_tag"]
        found = [item for item in scan.leftovers if not tag or carries(item.tags, tag)]
        clean = 0 if any(not item.pending for item in found) else clean + 1
        if clean >= module.params["stable_polls"] or time.monotonic() >= deadline:
            break
        time.sleep(module.params["poll_interval"])

    module.exit_json(
        changed=False,
        leftovers=[dataclasses.asdict(item) for item in found],
        monthly_usd=round(sum(item.monthly_usd or 0 for item in found), 2),
        prices_as_of=prices.AS_OF,
        kinds_checked=scan.kinds_checked,
        problems=scan.errors,
        api_calls=calls,
        scans=scans,
    )


if __name__ == "__main__":
    main()
