# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module graph_wait: the documentation; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: graph_wait
short_description: Wait until Dynamo graphs are ready, and explain why one is not
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Follows graphs by watch, from the DynamoGraphDeployment through its components and Deployments to the pods, each
    with its own generation, and returns within a second of the last pod becoming ready.
  - Ends early, with the cause and what to do next, when a graph cannot become ready, for example because of an image
    that does not exist, an engine that refuses its arguments, a NodePool that is missing, or an operator that is not
    there. A problem that may heal by itself, for example missing capacity, is put up with for O(patience) seconds.
  - Shows a line of progress on every change, and every 30 seconds without one.
  - That a graph is ready means that its pods are. With O(ask), each graph is asked as soon as it is ready, all of them
    at the same time, and only a graph that has answered is done.
  - Runs on the controller and reads only.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._cluster
attributes:
  check_mode:
    support: full
    details:
      - Changes nothing in any mode, and looks once instead of waiting in check mode.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  namespace:
    description: Namespace of the graphs.
    type: str
    default: dynamo-cloud
  name:
    description: Name of one graph. Exactly one of O(name) and O(names) is needed.
    type: str
  names:
    description: Names of several graphs. They are waited for together.
    type: list
    elements: str
  state:
    description:
      - V(ready) waits until the newest definition of each graph has all its pods ready.
      - V(absent) waits until the graphs, their components, Deployments and pods are gone.
    type: str
    choices: [ready, absent]
    default: ready
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 1800
  patience:
    description: Seconds to put up with a problem that may heal by itself.
    type: int
    default: 120
  timeouts:
    description:
      - Seconds for one pod in one phase, by phase, V(0) for no limit. Phases are C(scheduling) (until it has a node),
        C(pull) (until its node has image and volumes) and C(start) (until it is ready).
      - What is not given is 600 for C(scheduling), 900 for C(pull) and 1200 for C(start). O(timeout) ends all of them.
    type: dict
    default: {}
  ask:
    description:
      - How to ask the graphs, by name. What it takes are the options C(service), C(model), C(checks) and
        C(request_timeout) of M(ai_on_eks.dynamo.openai_probe).
      - Graphs that are not named here need not answer. In check mode nothing is asked.
    type: dict
    default: {}
  answer_timeout:
    description: Seconds for a graph that is ready to answer. O(timeout) does not end them.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Wait until the graph vllm is ready
  ai_on_eks.dynamo.graph_wait:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    name: vllm

- name: Wait until the graph vllm has answered a chat
  ai_on_eks.dynamo.graph_wait:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    name: vllm
    timeouts: {pull: 1800}
    ask:
      vllm: {service: vllm-frontend, model: Qwen/Qwen3-0.6B, checks: [models, chat]}

- name: Wait until two graphs and everything of them are gone
  ai_on_eks.dynamo.graph_wait:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    names: [vllm, hello-world]
    state: absent
    timeout: 300
"""

RETURN = r"""
ready:
  description: Whether all graphs are what was waited for.
  returned: always
  type: bool
  sample: true
state:
  description: State of the graph as its operator reports it, V(absent) when there is none.
  returned: when one graph was asked for
  type: str
  sample: successful
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 143.2
components:
  description: Components of the graph.
  returned: when one graph was asked for
  type: list
  elements: dict
  sample: [{name: VllmWorker, kind: Deployment, replicas: 1, updated: 1, ready: 1, current: true}]
pods:
  description: Pods of the graph.
  returned: when one graph was asked for
  type: list
  elements: dict
  sample: [{name: vllm-w-1, component: VllmWorker, node: n1, ready: true, restarts: 0, status: Running, phase: ready}]
nodes:
  description: Names of the nodes that the graph runs on.
  returned: when one graph was asked for
  type: list
  elements: str
  sample: [ip-10-0-1-7.us-west-2.compute.internal]
diagnosis:
  description:
    - Why the graph is not ready, empty when it is. C(reason) is a word for programs, C(subject) is the object at fault,
      C(message) the cause, C(next) what to do, C(log) the last log lines where those tell something.
  returned: when one graph was asked for
  type: dict
  sample:
    reason: image_not_found
    subject: Pod/vllm-w-1
    message: "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.9 cannot be pulled: not found"
    next: "Check the image's name and tag: nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.9"
    log: []
phase:
  description:
    - How far the graph has come, V(scheduling), V(pull), V(start), V(answer) or V(done), as its hindmost pod.
  returned: when one graph was asked for
  type: str
  sample: done
phase_seconds:
  description: How long it was in each phase.
  returned: when one graph was asked for
  type: dict
  sample: {scheduling: 61.2, pull: 48.0, start: 33.1, answer: 0.7}
answer:
  description: What the graph answered, empty when it was not asked.
  returned: when one graph was asked for
  type: dict
  sample: {passed: true, text: Paris., message: "", model: Qwen/Qwen3-0.6B, checks: [], seconds: 0.7}
graphs:
  description: The same for every graph, with its C(name) and C(endpoint), in the order asked for.
  returned: always
  type: list
  elements: dict
"""
