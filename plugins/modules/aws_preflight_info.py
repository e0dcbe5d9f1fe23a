#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aws_preflight_info
short_description: Find out what would stop an EKS installation, and what it would cost
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Looks at the account, the region, tools, service quotas, instance types in each availability zone, the support of
    the Kubernetes version and service-linked roles, and compares them with what the node group, Karpenter's pools and
    the examples will ask for. Everything that it says comes with what to do about it.
  - Lists what an installation costs by the hour before anything is made.
  - What the principal may not look at is reported as not checked, with the missing permission. Only the account, and
    whether the cluster is there, must be known.
  - It changes nothing and asks several questions at a time.
requirements:
  - boto3 (Python package)
  - python-hcl2 (Python package), for O(variables_files) that are no JSON
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._attributes.info_module
options:
  region:
    description: AWS region of the cluster.
    type: str
    required: true
  cluster_name:
    description:
      - Name of the cluster, whether it is there or not. What belongs to it counts as part of what it needs.
    type: str
    required: true
  account_id:
    description: AWS account that this must be. With an empty string any account will do.
    type: str
    default: ""
  saved:
    description:
      - Cluster facts that an earlier run saved. Another account or region than theirs is an error.
    type: dict
    default: {}
  mode:
    description:
      - V(terraform) when a run makes the cluster, its network and its nodes.
      - V(existing) when the cluster is there, so that only what comes into it counts.
    type: str
    choices: [terraform, existing]
    default: terraform
  kubernetes_version:
    description:
      - Kubernetes minor version that is wanted. With an empty string C(eks_cluster_version) of the variables, or what
        the cluster runs with O(mode=existing).
    type: str
    default: ""
  variables_files:
    description: Variables files of the Terraform configuration; a later one wins.
    type: list
    elements: path
    default: []
  variables:
    description: Further variables of the Terraform configuration; they win over the files.
    type: dict
    default: {}
  pools:
    description: Karpenter's pools, as in the option O(ai_on_eks.dynamo.karpenter_gpu#role:main:karpenter_gpu_pools).
    type: list
    elements: dict
    default: []
  node_classes:
    description:
      - Node classes of the pools, as in O(ai_on_eks.dynamo.karpenter_gpu#role:main:karpenter_gpu_node_classes).
    type: list
    elements: dict
    default: []
  examples_dir:
    description: Directory with definitions of examples; their nodes are counted and priced. Empty for none.
    type: path
    default: ""
  needs:
    description: Further instances that will be asked for.
    type: list
    elements: dict
    default: []
    suboptions:
      purpose:
        description: Who asks, in a few words.
        type: str
        default: own need
      instance_types:
        description: Instance types that will do, the smallest first.
        type: list
        elements: str
        required: true
      count:
        description: How many.
        type: int
        default: 1
      capacity_type:
        description: How they are bought.
        type: str
        choices: [on-demand, spot]
        default: on-demand
  tools:
    description: Programs on this machine whose version is checked.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The program.
        type: str
        choices: [terraform, tofu, aws, helm]
        required: true
      path:
        description: Its name or path. Without it, O(tools[].name).
        type: str
        default: ""
  packages:
    description: Whether to check the Python packages of the interpreter that runs this module.
    type: bool
    default: false
  prices:
    description:
      - Whether to ask AWS for the prices of the region. Without it, or where AWS does not say, a table of
        list prices of us-east-1 counts.
    type: bool
    default: true
  cost_limit_per_hour:
    description:
      - USD an hour that everything may cost together that is there always. A higher sum is an error, and so is one that
        lacks a price. Nodes of pools do not count, they come and go with what is deployed.
    type: float
  ignore:
    description: Names of findings that must not be errors; they become warnings.
    type: list
    elements: str
    default: []
seealso:
  - module: ai_on_eks.dynamo.eks_cluster_info
  - plugin: ai_on_eks.dynamo.cost_lines
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look before anything is made
  ai_on_eks.dynamo.aws_preflight_info:
    region: us-west-2
    cluster_name: dynamo-on-eks
    kubernetes_version: "1.35"
    variables:
      single_nat_gateway: false
    tools:
      - name: terraform
      - name: aws
    cost_limit_per_hour: 1.5
  register: before

- name: Stop on errors
  ansible.builtin.assert:
    that: before.findings | selectattr('level', 'eq', 'error') | length == 0

- name: Ask whether my own service fits into the quotas
  ai_on_eks.dynamo.aws_preflight_info:
    region: us-west-2
    cluster_name: platform
    mode: existing
    needs:
      - purpose: reranker
        instance_types: [g6.xlarge]
        count: 4
"""

RETURN = r"""
findings:
  description: What was found, the worst first.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The check, for example V(quota) or V(kubernetes_version).
      type: str
      sample: quota
    level:
      description: V(error) would fail, V(warning) goes on but costs or will fail later, V(info) is good to know, V(ok).
      type: str
      sample: error
    message:
      description: What is the case.
      type: str
    next:
      description: What to do about it; empty for V(ok).
      type: str
summary:
  description: How many findings there are of each level.
  returned: always
  type: dict
  sample: {"error": 0, "warning": 1, "info": 0, "ok": 9}
caller:
  description: Account and ARN of the principal that asked; empty when AWS refused it.
  returned: always
  type: dict
  sample: {"account": "123456789012", "arn": "arn:aws:iam::123456789012:user/installer"}
tools:
  description: The O(tools), with path, version and whether that will do.
  returned: always
  type: list
  elements: dict
  sample: [{name: aws, path: /usr/bin/aws, version: 2.31.0, ok: true}]
clusters:
  description: The cluster, with name, ARN, status and version; an empty list when there is none of that name.
  returned: when AWS answers
  type: list
  elements: dict
  sample:
    - {name: dynamo-on-eks, arn: "arn:aws:eks:us-west-2:123456789012:cluster/dynamo-on-eks", status: ACTIVE,
       version: "1.35"}
zones:
  description: Availability zones of the cluster, or those that it will have.
  returned: when AWS answers
  type: list
  elements: str
  sample: [us-west-2a, us-west-2b]
quotas:
  description: Service quotas, what is in use of them, and what will be needed in all.
  returned: when AWS answers
  type: list
  elements: dict
  sample:
    - {key: g, service: ec2, code: L-DB2E81BA, title: Running On-Demand G and VT instances, unit: vCPUs, quota: 64,
       used: 8, used_by_cluster: 8, needed: 32}
instance_types:
  description: Types that may be asked for, with size, zones of the cluster that have them, and prices in USD an hour.
  returned: when AWS answers
  type: list
  elements: dict
  sample:
    - {name: g5.2xlarge, vcpus: 8, gpus: 1, memory_gib: 32.0, zones: [us-west-2a], on_demand_usd: 1.212, spot_usd: 0.42}
kubernetes:
  description: The wanted version, its support (V(standard), V(extended), V(gone), V(unknown)), and all that EKS serves.
  returned: when AWS answers
  type: dict
  sample: {version: "1.35", running: "", status: standard, extended_support_usd: 0.5, source: eks, served: []}
service_roles:
  description: Service-linked roles of the account.
  returned: when AWS answers
  type: list
  elements: str
  sample: [AWSServiceRoleForAmazonEKS]
costs:
  description:
    - What everything costs in USD. RV(costs.rows) is there always, RV(costs.nodes) is the smallest node of each pool
      while it runs, RV(costs.examples) the nodes of each example while it runs.
      P(ai_on_eks.dynamo.cost_lines#filter) shows it.
  returned: when AWS answers
  type: dict
  contains:
    hourly_usd:
      description: Sum of the rows.
      type: float
      sample: 0.69
    unknown:
      description: Rows whose price nobody knows.
      type: list
      elements: str
    rows:
      description: What costs by the hour whether it is used or not.
      type: list
      elements: dict
      sample: [{item: NAT gateways, quantity: 1, unit_usd: 0.045, hourly_usd: 0.045, monthly_usd: 32.85, source: aws}]
    nodes:
      description: The smallest node of each pool.
      type: list
      elements: dict
    examples:
      description: The nodes of each example.
      type: list
      elements: dict
    by_use:
      description: What costs by use, in words.
      type: list
      elements: str
    prices:
      description: Prices that AWS gave, for P(ai_on_eks.dynamo.graph_cost#filter).
      type: dict
    region:
      description: Region of the prices.
      type: str
"""

import concurrent.futures
import dataclasses
import datetime
import os
import sys
import traceback
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import Aws, AwsError, hint
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight import (
    costs,
    needs,
    places,
    report,
    survey,
    tools,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.findings import (
    ERROR,
    Finding,
    cause,
    softened,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._tfvars import TfvarsError, hcl2_missing, merge_files

ARGUMENTS: dict[str, t.Any] = {
    "region": {"type": "str", "required": True},
    "cluster_name": {"type": "str", "required": True},
    "account_id": {"type": "str", "default": ""},
    "saved": {"type": "dict", "default": {}},
    "mode": {"type": "str", "choices": ["terraform", "existing"], "default": "terraform"},
    "kubernetes_version": {"type": "str", "default": ""},
    "variables_files": {"type": "list", "elements": "path", "default": []},
    "variables": {"type": "dict", "default": {}},
    "pools": {"type": "list", "elements": "dict", "default": []},
    "node_classes": {"type": "list", "elements": "dict", "default": []},
    "examples_dir": {"type": "path", "default": ""},
    "needs": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "purpose": {"type": "str", "default": "own need"},
            "instance_types": {"type": "list", "elements": "str", "required": True},
            "count": {"type": "int", "default": 1},
            "capacity_type": {"type": "str", "choices": ["on-demand", "spot"], "default": "on-demand"},
        },
    },
    "tools": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "choices": ["terraform", "tofu", "aws", "helm"], "required": True},
            "path": {"type": "str", "default": ""},
        },
    },
    "packages": {"type": "bool", "default": False},
    "prices": {"type": "bool", "default": True},
    "cost_limit_per_hour": {"type": "float"},
    "ignore": {"type": "list", "elements": "str", "default": []},
}


def read_examples(directory: str) -> list[dict[str, t.Any]]:
    """Return the definitions in a directory, in the order of the menu."""
    if not directory:
        return []
    import yaml

    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(Path(directory).glob("*.yml"))]
    return sorted(found, key=lambda item: (item.get("position", 0), item.get("name", "")))


def plan_of(module: AnsibleModule) -> report.Plan:
    """Return what the run is about to do; fails on files that cannot be read."""
    options = module.params
    files = options["variables_files"]
    if hcl2_missing() and any(not path.endswith(".json") for path in files):
        module.fail_json(msg=missing_required_lib("python-hcl2"), exception=hcl2_missing())
    try:
        variables = {**merge_files(files), **options["variables"]}
        examples = read_examples(options["examples_dir"])
    except (TfvarsError, OSError) as error:
        module.fail_json(msg=str(error))
    plan = report.Plan(
        region=options["region"],
        cluster_name=options["cluster_name"],
        mode=options["mode"],
        variables=variables,
        pools=options["pools"],
        node_classes=options["node_classes"],
        examples=examples,
        further=[needs.of_input(item) for item in options["needs"]],
        version=options["kubernetes_version"],
    )
    try:
        inputs = costs.effective(variables)
    except costs.VariableError as error:
        module.fail_json(msg=f"Failed to read the inputs of {plan.cluster_name}: {error}. Correct it.")
    if plan.made and not plan.version:
        plan = dataclasses.replace(plan, version=inputs["eks_cluster_version"])
    return plan


def ask_aws(module: AnsibleModule, plan: report.Plan, findings: list[Finding]) -> dict[str, t.Any]:
    """Ask AWS, add findings, and return the fields of the result that come from it."""
    options = module.params
    try:
        aws = Aws(plan.region)
    except ImportError:
        module.fail_json(msg=missing_required_lib("boto3"), exception=traceback.format_exc())
    import boto3

    session = boto3.session.Session()
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("eks", partition_name=partition)
    ]
    findings += places.check_region(plan.region, known, options["saved"], os.environ)
    if any(finding.level == ERROR for finding in findings if finding.name == "region"):
        return {"caller": {}}
    try:
        caller = aws.caller()
    except AwsError as error:
        why = cause(error).partition(": ")[2]
        findings.append(Finding("credentials", ERROR, f"AWS does not accept the credentials: {why}.", hint(error.code)))
        return {"caller": {}}
    account = places.check_account(caller, options["account_id"], options["saved"])
    findings.append(account)
    if account.level == ERROR:
        return {"caller": caller}
    wanted = survey.Wanted(plan.cluster_name, plan.instance_types(), plan.priced_types(), options["prices"])
    answers = survey.survey(aws, Aws(survey.PRICING_REGION), wanted)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    try:
        built = report.build(plan, answers, today, options["cost_limit_per_hour"])
    except ValueError as error:
        module.fail_json(msg=f"Failed to check the costs: {error}.")
    findings += built.findings
    return {
        "caller": caller,
        "zones": built.zones,
        "quotas": built.quotas,
        "instance_types": built.instance_types,
        "kubernetes": built.kubernetes,
        "service_roles": built.service_roles,
        "costs": built.costs,
        "clusters": built.clusters,
    }


def main() -> None:
    """Ask the machine and AWS at the same time, and judge."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    findings: list[Finding] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        asked = [
            pool.submit(tools.ask, item["name"], item["path"] or item["name"], os.environ) for item in options["tools"]
        ]
        found = ask_aws(module, plan_of(module), findings)
        judged = [tools.check_tool(future.result()) for future in asked]
    findings += [finding for _row, finding in judged]
    if options["packages"]:
        findings += tools.check_packages(tools.installed(), sys.executable)
    findings = softened(findings, options["ignore"])
    module.exit_json(
        changed=False,
        findings=[finding.as_dict() for finding in findings],
        summary=report.summary(findings),
        tools=[row for row, _finding in judged],
        **found,
    )


if __name__ == "__main__":
    main()
