# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin terraform_stack."""

from __future__ import annotations

DOCUMENTATION = r"""
module: terraform_stack
short_description: Bring a Terraform configuration into a state, with live progress
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Copies a configuration into a work directory, initialises it when its inputs have changed, plans, and applies the
    plan if there is anything to do.
  - While Terraform works, it shows what is done, what is being made and for how long; no terminal is needed for that.
  - On an interrupt Terraform ends in good order and saves its state; the next run goes on from there. What was being
    made then is kept if AWS went on with it, and what was being made when Terraform was killed is imported, for the
    resource types that take long (C(docs/terraform-state.md) lists them).
  - A cluster that exists but is not in the state ends the run before anything is made. A left-over log group is taken
    over.
  - Runs on the controller, with the controller's environment (C(AWS_PROFILE), C(TF_CLI_CONFIG_FILE), ...).
requirements:
  - Terraform 1.10 or newer, or OpenTofu 1.10 or newer (see O(binary))
  - boto3 (Python package) for O(backend.create_bucket), and to find what AWS already has
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
attributes:
  check_mode:
    support: full
    details:
      - Plans and returns what would change. The work directory is written in check mode too, or there would be nothing
        to plan.
  diff_mode:
    support: full
    details:
      - Shows the attributes that the plan changes; sensitive ones are masked.
  idempotent:
    support: full
options:
  source:
    description:
      - Directory of the configuration. It is never written to. Its folders C(tests) and C(profiles) and its variable
        files are left out.
      - Required for O(state=present); otherwise what the work directory holds is used.
    type: path
  root_module:
    description:
      - Path of the root module inside O(source), for example V(examples/complete). The whole source is copied, so that
        modules beside it are found; Terraform runs in this directory of the copy, its state, plan and logs are there.
      - A O(work_dir) serves one root module. Without this option it is O(source) itself; without O(source) the one of
        the last run.
    type: str
  work_dir:
    description:
      - Directory that Terraform works in. Made when missing, for the user alone.
      - Keeps the state if there is no O(backend).
    type: path
    required: true
  state:
    description:
      - V(present) applies, V(absent) destroys, V(planned) plans and changes nothing, V(outputs) reads the outputs and
        refreshes nothing.
    type: str
    default: present
    choices: [present, absent, planned, outputs]
  variables:
    description:
      - Values of variables; they win over O(variables_files). Do not put secrets here.
      - With O(state=absent) and O(state=outputs), neither these nor O(variables_files) need be given again.
    type: dict
    default: {}
  variables_files:
    description: Variable files (C(*.tfvars), C(*.tfvars.json)); a later one wins.
    type: list
    elements: path
    default: []
  backend:
    description:
      - Where the state is kept. When it changes, the state moves along; in check mode it stays where it is.
      - Without it, in the work directory; without it and without O(source), where the last run kept it.
    type: dict
    suboptions:
      type:
        description: Kind of backend, for example V(s3).
        type: str
        required: true
      config:
        description:
          - Its configuration. With V(s3), C(bucket), C(key) and C(region) are required; C(encrypt) and C(use_lockfile)
            are true unless they are set.
        type: dict
        default: {}
      create_bucket:
        description:
          - Makes the bucket of V(s3) when it is missing, and makes it stricter where that is due. Public access is
            blocked, encryption (with C(kms_key_id) of the config, if given) and versioning are on; a policy that
            demands TLS and the tags are written when it has none.
          - A bucket that belongs to another account, or is in another region, is refused in any case.
        type: bool
        default: false
      tags:
        description: Tags of the bucket, for a bucket without tags.
        type: dict
        default: {}
  binary:
    description: Program to run, by name or path, for example V(tofu).
    type: str
    default: terraform
  parallelism:
    description: How many resources are made at the same time.
    type: int
    default: 10
  lock_timeout:
    description: How long to wait for another run that holds the state.
    type: str
    default: 5m
  progress_interval:
    description: Seconds of silence after which a line says what is being made.
    type: int
    default: 10
  protect:
    description:
      - Beginnings of resource addresses. A plan that would delete or replace one of these is refused in
        O(state=present), unless it is tainted, that is, never was complete.
    type: list
    elements: str
    default: []
  keep:
    description:
      - Types of resources that O(state=absent) leaves alone, for example V(aws_efs_file_system). They are taken out of
        the state, so nothing here knows them afterwards. In check mode the plan still lists them.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Make the AWS resources
  ai_on_eks.dynamo.terraform_stack:
    source: "{{ playbook_dir }}/../terraform"
    work_dir: ~/.local/state/ai_on_eks_dynamo/dynamo-on-eks/terraform
    variables_files:
      - "{{ playbook_dir }}/../terraform/blueprint.tfvars"
    variables:
      region: us-west-2
    protect:
      - aws_eks_cluster.
  register: stack

- name: Keep the state in a bucket that is made on request
  ai_on_eks.dynamo.terraform_stack:
    source: "{{ playbook_dir }}/../terraform"
    work_dir: ~/.local/state/ai_on_eks_dynamo/dynamo-on-eks/terraform
    backend:
      type: s3
      create_bucket: true
      config:
        bucket: ai-on-eks-dynamo-111122223333-us-west-2
        key: dynamo-on-eks/terraform.tfstate
        region: us-west-2

- name: Destroy them
  ai_on_eks.dynamo.terraform_stack:
    work_dir: ~/.local/state/ai_on_eks_dynamo/dynamo-on-eks/terraform
    state: absent
"""

RETURN = r"""
outputs:
  description: Outputs of the configuration, without the sensitive ones.
  returned: success
  type: dict
  sample: {"name": "dynamo-on-eks"}
plan:
  description: What was (or in check mode would be) changed.
  returned: success
  type: dict
  contains:
    add:
      description: Number of resources added.
      type: int
      sample: 81
    change:
      description: Number of resources changed in place.
      type: int
      sample: 0
    destroy:
      description: Number of resources destroyed.
      type: int
      sample: 0
    import:
      description: Number of resources that exist and are only taken into the state.
      type: int
      sample: 0
    changes:
      description: The changes.
      type: list
      elements: dict
      sample: [{"address": "aws_vpc.this", "action": "create", "reason": ""}]
    drift:
      description:
        - What something else than Terraform has changed or deleted since the last apply. C(attributes) are those that
          the configuration sets and that differ; what AWS changes of its own accord is not drift. C(undone) tells
          whether the plan puts it back.
      type: list
      elements: dict
      sample: [{"address": "aws_sqs_queue.this", "action": "update", "attributes": ["tags_all"], "undone": true}]
also:
  description: What was done (or in check mode would be done) beside the plan.
  returned: success
  type: list
  elements: str
  sample: ["aws_eks_cluster.this kept"]
state_in:
  description: Where the state is.
  returned: success
  type: str
  sample: s3://ai-on-eks-dynamo-111122223333-us-west-2/dynamo-on-eks/terraform.tfstate
resources:
  description: Addresses of the resources in the state afterwards.
  returned: success
  type: list
  elements: str
  sample: ["aws_vpc.this"]
seconds:
  description: Duration.
  returned: always
  type: float
  sample: 612.4
diagnostics:
  description: Terraform's own error diagnostics.
  returned: failure
  type: list
  elements: dict
"""
