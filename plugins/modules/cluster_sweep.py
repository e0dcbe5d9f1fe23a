#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster_sweep
short_description: Delete what an EKS cluster left behind in an AWS account
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Deletes exactly what M(ai_on_eks.dynamo.cluster_leftovers_info) lists as the cluster's, in the order in which things
    depend on each other, in rounds until nothing changes. Needs neither a Terraform state nor the cluster's API server.
  - Foreign resources, capacity reservations, domains and the bucket of Terraform's state are never touched. Keys
    without which something that is kept could not be read stay as well.
  - KMS keys and secrets are scheduled for deletion in seven days, which is what AWS allows.
  - What cannot be deleted does not end the run. The rest goes on where that is safe, and the module fails at the end
    with AWS's reason, who holds the resource and what to do.
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
    description: Saved ids, as in M(ai_on_eks.dynamo.cluster_leftovers_info).
    type: dict
    default: {}
  kinds:
    description: Delete only these kinds. Empty means all.
    type: list
    elements: str
    default: []
  with_tag:
    description: Delete only what carries this tag, a key or a key and its value.
    type: str
    default: ""
  keep:
    description:
      - Kinds that stay, or groups of them, which are V(efs), V(fsx), V(buckets), V(logs), V(volumes), V(snapshots),
        V(images), V(secrets) and V(keys). The mount targets of a kept file system hold no data and go.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds for all rounds.
    type: int
    default: 900
  poll_interval:
    description: Seconds between two rounds.
    type: float
    default: 5
  stable_polls:
    description: How many scans in a row must see nothing left, because AWS's listings are eventually consistent.
    type: int
    default: 2
  fail_on_blocked:
    description: Whether to fail when something could not be deleted, or a kind could not be read.
    type: bool
    default: true
  prices:
    description: Whether to ask AWS's Pricing API. Otherwise the prices of a dated table stand.
    type: bool
    default: true
requirements:
  - boto3
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Delete what is left of a cluster whose Terraform state was lost
  ai_on_eks.dynamo.cluster_sweep:
    cluster_name: dynamo-on-eks
    region: us-west-2
    keep: [efs, buckets]

- name: Clear what keeps Terraform from deleting subnets
  ai_on_eks.dynamo.cluster_sweep:
    cluster_name: dynamo-on-eks
    region: us-west-2
    kinds: [network_interface, security_group, load_balancer, target_group]
    fail_on_blocked: false
"""

RETURN = r"""
deleted:
  description:
    - What was deleted, in the order in which it went, with the fields of C(leftovers) of
      M(ai_on_eks.dynamo.cluster_leftovers_info). In check mode what would be deleted.
    - C(pending) is true for what AWS deletes after some days.
  returned: always
  type: list
  elements: dict
kept:
  description: What stays because O(keep) or a rule says so, with C(why).
  returned: always
  type: list
  elements: dict
foreign:
  description: What is somebody else's and in the way.
  returned: always
  type: list
  elements: dict
pending:
  description: What AWS is deleting on its own.
  returned: always
  type: list
  elements: dict
blocked:
  description: What could not be deleted.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the resource.
      returned: always
      type: str
      sample: security_group
    id:
      description: Its id.
      returned: always
      type: str
      sample: sg-0123456789abcdef0
    name:
      description: Its Name tag.
      returned: always
      type: str
    parent:
      description: What it is a part of.
      returned: always
      type: str
    monthly_usd:
      description: What it goes on to cost.
      returned: always
      type: float
    reason:
      description: What AWS said, or what it waits for.
      returned: always
      type: str
    code:
      description: AWS's code, if AWS said something.
      returned: always
      type: str
      sample: DependencyViolation
    owner:
      description: Who holds it, as far as the scan can tell.
      returned: always
      type: str
      sample: ec2_instance i-0123456789abcdef0 (bastion) [vpc=vpc-1, without a mark of the cluster]
    hint:
      description: What to do next.
      returned: always
      type: str
monthly_usd:
  description: Monthly price that ended, in USD.
  returned: always
  type: float
left_monthly_usd:
  description: Monthly price of what is blocked or kept.
  returned: always
  type: float
prices_as_of:
  description: Month of the price table.
  returned: always
  type: str
problems:
  description: Kinds that could not be read.
  returned: always
  type: list
  elements: dict
rounds:
  description: How many times the account was looked through.
  returned: always
  type: int
api_calls:
  description: Requests sent, repetitions included.
  returned: always
  type: int
api_calls_by_service:
  description: The same by service.
  returned: always
  type: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import kinds, look, prices, report, sweep


def wanted(module: AnsibleModule) -> sweep.Order:
    """What is asked for; fails on an unknown name."""
    parameters = module.params
    unknown = sorted(set(parameters["kinds"]) - set(kinds.BY_NAME))
    if unknown:
        choices = ", ".join(sorted(kinds.BY_NAME))
        module.fail_json(msg=f"Failed to sweep: unknown kinds {', '.join(unknown)}. Choose from {choices}.")
    try:
        keep = frozenset(kinds.expand(parameters["keep"]))
    except ValueError as error:
        choices = ", ".join([*sorted(kinds.GROUPS), *sorted(kinds.BY_NAME)])
        module.fail_json(msg=f"Failed to sweep: nothing is called {error} that could be kept. Choose from {choices}.")
        raise
    return sweep.Order(
        cluster=parameters["cluster_name"],
        region=parameters["region"],
        manifest=parameters["manifest"],
        kinds=tuple(kind for kind in kinds.KINDS if not parameters["kinds"] or kind.name in parameters["kinds"]),
        tag=parameters["with_tag"],
        keep=keep,
        timeout=parameters["wait_timeout"],
        interval=parameters["poll_interval"],
        stable=parameters["stable_polls"],
    )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "cluster_name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "manifest": {"type": "dict", "default": {}},
            "kinds": {"type": "list", "elements": "str", "default": []},
            "with_tag": {"type": "str", "default": ""},
            "keep": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "int", "default": 900},
            "poll_interval": {"type": "float", "default": 5},
            "stable_polls": {"type": "int", "default": 2},
            "fail_on_blocked": {"type": "bool", "default": True},
            "prices": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    order = wanted(module)
    try:
        connections = look.connect(order.region)
    except ImportError as error:
        module.fail_json(msg=missing_required_lib("boto3"), exception=str(error))
        return
    work = sweep.preview if module.check_mode else sweep.sweep
    done = work(connections, order)
    look.priced(connections, order.region, report.everything(done), module.params["prices"])
    result: dict[str, t.Any] = {**report.result(done), "prices_as_of": prices.AS_OF, **report.calls(connections)}
    message = report.failure(done, order.cluster)
    if message and module.params["fail_on_blocked"] and not module.check_mode:
        module.fail_json(msg=message, changed=done.changed, **result)
    module.exit_json(changed=done.changed, **result)


if __name__ == "__main__":
    main()
