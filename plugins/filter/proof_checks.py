# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter proof_checks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: proof_checks
short_description: Say which checks prove a Dynamo graph
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Turns the C(proof) of a graph definition into checks for M(ai_on_eks.dynamo.openai_probe), for the graph as it is
    deployed. Pods are named by their labels, workers are counted by their replicas, and a check is required only from
    the Dynamo version on that its proof names.
positional: _input, graph
options:
  _input:
    description: The C(proof) of a definition. An empty one means every check of an endpoint.
    type: dict
    required: true
  graph:
    description: The graph, an entry of RV(ai_on_eks.dynamo.graph_info#module:graphs).
    type: dict
    required: true
  load:
    description: Options of a check C(load) to add. Empty adds none.
    type: dict
    default: {}
  load_job:
    description: Options of a check C(load_job) to add. Empty adds none.
    type: dict
    default: {}
  prometheus:
    description: >-
      Options of a check C(prometheus) to add, for the pods of the graph that have metrics. Empty adds none.
    type: dict
    default: {}
  extra:
    description: Checks to add, names or dicts.
    type: list
    elements: raw
    default: []
"""

EXAMPLES = r"""
- name: Prove a graph with a router for KV caches
  ai_on_eks.dynamo.openai_probe:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    namespace: dynamo-cloud
    service: kv-routing-frontend
    checks: "{{ proof | ai_on_eks.dynamo.proof_checks(found.graphs | first) }}"
  vars:
    proof:
      kind: openai
      checks: [models, {name: prefix_affinity, components: [Worker], required: true, since: 1.0.0}]
"""

RETURN = r"""
_value:
  description: The checks.
  type: list
  elements: dict
  sample: [{"name": "models"}, {"name": "prefix_affinity", "workers": 4, "required": true}]
"""

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import proof as proofs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.plain import plain


def proof_checks(
    proof: object,
    graph: object,
    load: Mapping[str, t.Any] | None = None,
    prometheus: Mapping[str, t.Any] | None = None,
    extra: Sequence[t.Any] = (),
    load_job: Mapping[str, t.Any] | None = None,
) -> list[t.Any]:
    """Say which checks; see DOCUMENTATION."""
    if not isinstance(proof, Mapping) or not isinstance(graph, Mapping) or "name" not in graph:
        raise AnsibleFilterError("proof_checks needs the proof of a definition, and a graph of graph_info.")
    found: list[t.Any] = list(proofs.checks(plain(proof), plain(graph)))
    found += plain(list(extra))
    if proof.get("kind") == "log":
        return found
    found += [{"name": name, **plain(options)} for name, options in (("load", load), ("load_job", load_job)) if options]
    if prometheus:
        found.append({"name": "prometheus", "selector": proofs.watched(plain(graph)), **plain(prometheus)})
    return found


class FilterModule:
    """The collection's filter proof_checks."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Name of the filter and the function behind it."""
        return {"proof_checks": proof_checks}
