# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter to_graph."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_graph
short_description: Turn a graph definition into a DynamoGraphDeployment
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Checks a definition against the collection's schema and writes it as the custom resource that the given Dynamo
    version understands, V(v1alpha1) services or V(v1beta1) components, with that version's images, commands and flags.
  - Needs neither a cluster nor a network, and changes nothing.
positional: _input, version
options:
  _input:
    description: The definition, as in the files below C(roles/dynamo_example/files/examples).
    type: dict
    required: true
  version:
    description: The Dynamo version, with or without a leading C(v).
    type: str
    required: true
  namespace:
    description: Namespace of the graph.
    type: str
    default: dynamo-cloud
  overrides:
    description: Changes to the definition. Empty values are ignored, unknown keys are refused.
    type: dict
    default: {}
    suboptions:
      name:
        description: Another name for the graph.
        type: str
      model:
        description: Another model, as its Hugging Face id; with O(overrides.model_source) the name to serve it by.
        type: str
      model_source:
        description: Where the model is when not at Hugging Face, C(s3://BUCKET/PREFIX) or C(pvc://CLAIM/PATH).
        type: str
      model_revision:
        description: Commit, tag or branch of the model; needs O(overrides.model_cache).
        type: str
      model_cache:
        description: PersistentVolumeClaim that holds the model before the graph starts.
        type: str
      adapters:
        description: LoRA adapters by name, each with its source, C(hf://), C(s3://) or C(file://).
        type: dict
      registry:
        description: Registry and path of the images.
        type: str
        default: nvcr.io/nvidia/ai-dynamo
      image_tag:
        description: Another tag for all images.
        type: str
      images:
        description: Whole image references by component, with a tag or a digest.
        type: dict
      image_pull_secrets:
        description: Names of pull secrets in the graph's namespace.
        type: list
        elements: str
      hf_token_secret:
        description: Name of a Secret with the key E(HF_TOKEN), for graphs that have a model.
        type: str
      replicas:
        description: Number of replicas by component or role, as a dict or as C(decode=2,prefill=1).
        type: raw
      scaling:
        description: Ranges of replicas by component or role, as a dict of V(min) and V(max) or as C(worker=1-4).
        type: raw
      node_pool:
        description: Karpenter NodePool for every component with GPUs.
        type: str
      frontend_pool:
        description: Karpenter NodePool for every component without. In the pool of the engines it takes their image.
        type: str
      instance_types:
        description: EC2 instance types for components with GPUs.
        type: list
        elements: str
      instance_families:
        description: EC2 instance families for components with GPUs.
        type: list
        elements: str
      capacity_type:
        description: How the machines of components with GPUs are bought.
        type: str
        choices: [on-demand, spot, reserved]
      capacity_reservation:
        description: Id of the EC2 capacity reservation for components with GPUs.
        type: str
      spread:
        description: What replicas of a component with GPUs should rather not share.
        type: str
        choices: [zone, node]
      efa:
        description: EFA interfaces of every replica with GPUs.
        type: int
      efa_huge_pages:
        description: Huge pages for EFA, for example C(5120Mi). Only for nodes that Karpenter does not make.
        type: str
      tensor_parallel:
        description: GPUs of every replica of every engine, over which it divides its model.
        type: int
      nodes:
        description: Nodes of every replica of every engine, each with its GPUs.
        type: int
      max_model_len:
        description: Tokens of the longest request that engines take.
        type: int
      arguments:
        description: Further arguments for every engine, without the leading dashes.
        type: dict
      environment:
        description: Further environment variables for every component.
        type: dict
  source:
    description: Where the definition came from, for messages.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what the example vllm becomes with Dynamo 1.6.1
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'examples/vllm.yml') | from_yaml | ai_on_eks.dynamo.to_graph('1.6.1') }}"

- name: The same with three workers and images of one's own registry
  ansible.builtin.debug:
    msg: "{{ definition | ai_on_eks.dynamo.to_graph('v1.6.1', namespace='models', overrides=overrides) }}"
  vars:
    overrides:
      registry: registry.example.com/dynamo
      replicas:
        VllmWorker: 3
"""

RETURN = r"""
_value:
  description: One object of the kind C(DynamoGraphDeployment).
  type: dict
  sample:
    apiVersion: nvidia.com/v1beta1
    kind: DynamoGraphDeployment
    metadata: {name: vllm, namespace: dynamo-cloud}
    spec: {backendFramework: vllm, components: []}
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils import _version
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import definition as definitions
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import overrides as changes
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import render
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.plain import plain
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.rules import UnknownVersionError

SCHEMA = Path(__file__).resolve().parents[2] / "roles" / "dynamo_example" / "files" / "example.schema.json"


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """Read the schema that the collection ships."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


def to_graph(
    definition: object,
    version: object,
    namespace: str = "dynamo-cloud",
    overrides: object = None,
    source: str = "",
) -> dict[str, Any]:
    """Render; see DOCUMENTATION."""
    if not isinstance(overrides or {}, Mapping):
        raise AnsibleFilterError(f"to_graph needs a dict of overrides; got {type(overrides).__name__}.")
    try:
        checked = definitions.check(plain(definition), schema(), source)
        return render.to_graph(checked, str(version), str(namespace), changes.read(plain(overrides or {})))
    except (definitions.DefinitionError, UnknownVersionError, _version.VersionError) as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The collection's filter to_graph."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"to_graph": to_graph}
