# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter model_cache."""

from __future__ import annotations

DOCUMENTATION = r"""
name: model_cache
short_description: Say what has to be there before graphs start with models from a shared volume
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Writes a PersistentVolume with its claim for a file system of the cluster, and one Job for each model, which fetches
    it onto that volume.
  - A Job's name follows from what it does, so that the same wish makes no second one.
positional: _input, overrides, options
options:
  _input:
    description: Definitions of the graphs.
    type: list
    elements: dict
    required: true
  overrides:
    description: Changes to each definition, in the same order, as for P(ai_on_eks.dynamo.to_graph#filter).
    type: list
    elements: dict
    required: true
  options:
    description: How models are cached.
    type: dict
    required: true
    suboptions:
      cache:
        description: V(efs), V(fsx), or the name of a claim that is there. Empty for no cache.
        type: str
        required: true
      namespace:
        description: Namespace of claim and Jobs.
        type: str
        required: true
      script:
        description: Contents of C(fetch_model.py).
        type: str
        required: true
      cluster:
        description: The cluster facts.
        type: dict
        required: true
      size:
        description: Size that volume and claim state. EFS and Lustre do not heed it.
        type: str
        default: 500Gi
      image:
        description: Image with Python, for models of Hugging Face.
        type: str
      s3_image:
        description: Image with the AWS command line, for models in a bucket.
        type: str
      cpu:
        description: CPUs of a Job.
        type: str
        default: "1"
      memory:
        description: Memory of a Job, requested and at most.
        type: str
        default: 2Gi
      node_pool:
        description: Karpenter NodePool of the Jobs.
        type: str
      timeout:
        description: Seconds that a Job may take.
        type: int
        default: 3600
      endpoint:
        description: Address of a mirror of Hugging Face.
        type: str
      ignore:
        description: Patterns of files that are not fetched.
        type: list
        elements: str
      token_secret:
        description: Name of a Secret with the key E(HF_TOKEN).
        type: str
      service_account:
        description: Service account that may read the bucket.
        type: str
"""

EXAMPLES = r"""
- name: Show the Jobs
  ansible.builtin.debug:
    msg: "{{ [definition] | ai_on_eks.dynamo.model_cache([overrides], options) }}"
  vars:
    overrides: {model_cache: model-cache-efs}
    options:
      cache: efs
      namespace: dynamo-cloud
      cluster: "{{ ai_on_eks_cluster }}"
      script: "{{ lookup('ansible.builtin.file', 'fetch_model.py') }}"
      image: python:3.12-slim
"""

RETURN = r"""
_value:
  description: Name of the claim, objects to apply in that order, and names of the Jobs to wait for.
  type: dict
  sample: {claim: model-cache-efs, storage: [], jobs: [], wait_for: [fetch-0123456789]}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import cache
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import overrides as changes
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.definition import DefinitionError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.plain import plain


def model_cache(definitions: object, overrides: object, options: object) -> dict[str, Any]:
    """Write; see DOCUMENTATION."""
    given, changed = plain(definitions), plain(overrides)
    if not isinstance(given, Sequence) or not isinstance(changed, Sequence) or len(given) != len(changed):
        raise AnsibleFilterError("model_cache needs a list of definitions and one of overrides, equally long.")
    if not isinstance(options, Mapping):
        raise AnsibleFilterError(f"model_cache needs a dict of options; got {type(options).__name__}.")
    try:
        graphs = [(definition, changes.read(entry)) for definition, entry in zip(given, changed)]
        return cache.objects(graphs, cache.options(plain(options)))
    except DefinitionError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The collection's filter model_cache."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"model_cache": model_cache}
