# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter graph_extras."""

from __future__ import annotations

DOCUMENTATION = r"""
name: graph_extras
short_description: Say what is applied beside a graph
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Writes C(DynamoModel) objects for LoRA adapters, autoscalers, and a proxy with API keys behind a load balancer, an
    Ingress or a Gateway.
  - Refuses an entrance without encryption, without API keys, or for everybody, unless that is said to be meant.
positional: _input, overrides, options
options:
  _input:
    description: The graph's definition.
    type: dict
    required: true
  overrides:
    description: Changes to it, as for P(ai_on_eks.dynamo.to_graph#filter).
    type: dict
    required: true
  options:
    description: What is asked for.
    type: dict
    required: true
    suboptions:
      namespace:
        description: Namespace of the graph.
        type: str
        required: true
      version:
        description: The Dynamo version.
        type: str
        required: true
      exposure:
        description: How clients outside the cluster reach it, as in C(dynamo_example_exposure). Empty for not at all.
        type: dict
        required: true
      gateway_image:
        description: Image of the proxy, an nginx that needs no root.
        type: str
      gateway_pool:
        description: Karpenter NodePool of the proxy.
        type: str
      autoscaler:
        description: Who sets the replicas of components with a range.
        type: str
        choices: [hpa, keda]
        default: hpa
      scaling_target:
        description: Per cent of the requested CPU (V(hpa), 70), or requests in flight for each replica (V(keda), 16).
        type: int
      prometheus:
        description: Address of Prometheus, for V(keda).
        type: str
"""

EXAMPLES = r"""
- name: Show what lets clients in
  ansible.builtin.debug:
    msg: "{{ (definition | ai_on_eks.dynamo.graph_extras({}, options)).exposure }}"
  vars:
    options:
      namespace: dynamo-cloud
      version: 1.6.1
      exposure:
        kind: nlb
        certificate_arn: arn:aws:acm:us-west-2:123456789012:certificate/0123
        allowed_cidrs: [10.0.0.0/8]
"""

RETURN = r"""
_value:
  description: Objects by part, and the Secret of API keys that the entrance needs.
  type: dict
  sample: {adapters: [], scaling: [], exposure: [], api_keys_secret: ""}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils import _version
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import exposure, extras, gateway
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import overrides as changes
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.definition import DefinitionError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.plain import plain
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.rules import UnknownVersionError


def graph_extras(definition: object, overrides: object, options: object) -> dict[str, Any]:
    """Write; see DOCUMENTATION."""
    for value in (definition, overrides, options):
        if not isinstance(value, Mapping):
            raise AnsibleFilterError("graph_extras needs dicts: a definition, overrides and options.")
    try:
        given, chosen = plain(definition), extras.options(plain(options))
        changed = changes.read(plain(overrides))
        found: dict[str, Any] = dict(extras.objects(given, changed, chosen))
        entrance = exposure.read(chosen.exposure)
    except (DefinitionError, UnknownVersionError, _version.VersionError) as error:
        raise AnsibleFilterError(str(error)) from error
    name = changed.name or str(given["name"])
    return {**found, "api_keys_secret": gateway.secret_of(name, entrance) if entrance and found["exposure"] else ""}


class FilterModule:
    """The collection's filter graph_extras."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name of the filter and the function behind it."""
        return {"graph_extras": graph_extras}
