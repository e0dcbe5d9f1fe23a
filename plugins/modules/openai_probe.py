# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module: prove that an OpenAI-compatible endpoint really serves."""

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_probe
short_description: Prove that an OpenAI-compatible endpoint really serves
version_added: 1.0.0
description:
  - Asks an OpenAI-compatible endpoint and judges what it answers - that the process lives, that the model is listed
    B(and) answers, that completions and streams are correct and complete, that bad requests are refused properly, that
    the counters of the frontend rise by exactly what was sent.
  - An answer is judged by its form, never by its words. One that holds the word C(error) passes, an empty one fails.
  - Works with any server of that interface, and knows the differences between the versions of NVIDIA Dynamo.
  - Needs nothing but Python for a O(url).
requirements:
  - kubernetes >= 24.2.0 (Python package), for a O(service), a O(pod) or the check C(log)
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._endpoint
attributes:
  check_mode:
    support: full
    details:
      - Sends nothing. Returns every check as skipped, with what it would send, and C(skipped).
  diff_mode:
    support: N/A
    details:
      - Changes nothing.
  idempotent:
    support: full
    details:
      - Changes nothing but the files of O(reports), and never reports C(changed).
options:
  model:
    description:
      - Id of the model to ask.
      - Without it, the model that C(/v1/models) lists; when it lists several, the checks that need one fail.
    type: str
  checks:
    description:
      - Checks to make, in this order. Each is a name, or a dict with the key C(name) and parameters.
      - C(live) - GET C(/live) answers.
      - C(health) - C(/health) says healthy, and lists a worker where it lists workers.
      - C(models) - the model is listed exactly once, and a first request is answered.
      - C(ready) - every type of worker that the model needs is there (Dynamo 1.3 and newer).
      - C(chat), C(chat_stream), C(completions) - an answer is correct, complete and not empty.
      - C(errors) - an unknown model and malformed JSON are refused with the right status.
      - C(metrics) - the request counter of the Dynamo frontend rises by exactly what was sent.
      - C(log) - a pod wrote a line that matches C(pattern). For graphs without an HTTP endpoint; in a cluster only. Not
        among the checks that are made by default.
      - What an endpoint does not offer is skipped with the reason.
      - "Parameters of every check: C(required) (a skip counts as a failure; default C(false))."
      - "Parameters of the checks that generate text: C(prompt) and C(max_tokens) (default 64)."
      - "Parameters of C(log): C(selector) (labels of the pods), C(pattern) (a regular expression of Python) and
        C(container) (default: the first one of each pod)."
    type: list
    elements: raw
  timeout:
    description:
      - Seconds, from the start, for all waiting together. The probe waits while nothing listens, while no worker has
        registered the model and while the endpoint is overloaded (404 without a body, 429, 502, 503, 504, 529).
      - Other answers end a check at once.
    type: float
    default: 120
  request_timeout:
    description: Seconds for one request, up to the last byte of its answer. The first one of a model may need long.
    type: float
    default: 60
  fail_on_failure:
    description: Whether the task fails when a check fails. If not, look at RV(passed).
    type: bool
    default: true
  title:
    description: Name of what is probed, for the reports. The target by default.
    type: str
  reports:
    description: Files to write the result to; folders are made when they are missing.
    type: dict
    suboptions:
      json:
        description: The result as JSON, with a C(schema) number.
        type: path
      junit:
        description: JUnit XML, for CI systems.
        type: path
      html:
        description: One page for people, that needs no other file.
        type: path
seealso:
  - name: OpenAI API
    description: The interface that is tested.
    link: https://platform.openai.com/docs/api-reference/chat
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
"""

EXAMPLES = r"""
- name: Probe the graph vllm through the Kubernetes API
  ai_on_eks.dynamo.openai_probe:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    namespace: dynamo-cloud
    service: vllm-frontend
    model: Qwen/Qwen3-0.6B
  register: probe

- name: Show what the model said
  ansible.builtin.debug:
    var: probe.answer

- name: Probe any endpoint, and keep a page for people and a file for the CI system
  ai_on_eks.dynamo.openai_probe:
    url: https://inference.example.com/v1
    api_key: "{{ lookup('ansible.builtin.env', 'INFERENCE_API_KEY') }}"
    checks:
      - models
      - name: chat
        prompt: Explain in two sentences what a load balancer does.
        max_tokens: 200
      - name: metrics
        required: true
    timeout: 300
    reports:
      html: reports/inference.html
      junit: reports/inference.xml

- name: Prove a graph without an HTTP endpoint by its log
  ai_on_eks.dynamo.openai_probe:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    namespace: dynamo-cloud
    checks:
      - name: log
        selector: nvidia.com/dynamo-component=Frontend,nvidia.com/dynamo-namespace=hello-world
        pattern: 'Received response: .+'
"""

RETURN = r"""
passed:
  description: Whether no check failed and at least one was made. Absent in check mode.
  type: bool
  returned: not in check mode
  sample: true
checks:
  description: The checks in the order in which they were made.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the check.
      type: str
      sample: chat
    result:
      description: V(passed), V(failed) or V(skipped).
      type: str
      sample: passed
    evidence:
      description: What was seen.
      type: str
      sample: '"It runs containers on many machines." (9 tokens, finish_reason stop)'
    reason:
      description: Why it failed or was skipped.
      type: str
      sample: ""
    seconds:
      description: How long it took, waiting included.
      type: float
      sample: 0.41
counts:
  description: Number of checks by result.
  type: dict
  returned: always
  sample: {"passed": 8, "failed": 0, "skipped": 1}
answer:
  description: What the model answered first; empty when no check asked it, or when it did not answer.
  type: str
  returned: always
  sample: It runs containers on many machines.
model:
  description: The model that was asked.
  type: str
  returned: always
  sample: Qwen/Qwen3-0.6B
models:
  description: Ids that the endpoint lists; empty when no check asked for them.
  type: list
  elements: str
  returned: always
  sample: ["Qwen/Qwen3-0.6B"]
requests:
  description:
    - Times of every measured request, in milliseconds from the moment it was sent. V(null) where there is no such time.
  type: list
  elements: dict
  returned: always
  contains:
    check:
      description: Check that sent it.
      type: str
      sample: chat_stream
    path:
      description: Path of the request.
      type: str
      sample: /v1/chat/completions
    status:
      description: Status of the answer.
      type: int
      sample: 200
    stream:
      description: Whether the answer was streamed.
      type: bool
      sample: true
    connect_ms:
      description: Time to open the connection, before the request was sent.
      type: float
      sample: 0.6
    ttft_ms:
      description: Time to the first token that is not empty, content or reasoning.
      type: float
      sample: 51.8
    itl_ms:
      description: Mean time between the chunks that carry tokens.
      type: float
      sample: 10.1
    tpot_ms:
      description: Time per token after the first, by the token count of the server.
      type: float
      sample: 10.2
    e2e_ms:
      description: Time to the end of the answer.
      type: float
      sample: 371.3
    chunks:
      description: Chunks that carried tokens.
      type: int
      sample: 32
    prompt_tokens:
      description: Tokens of the prompt, as the server counts.
      type: int
      sample: 21
    completion_tokens:
      description: Tokens of the answer, as the server counts.
      type: int
      sample: 32
target:
  description: What was probed.
  type: str
  returned: always
  sample: service dynamo-cloud/vllm-frontend
title:
  description: Name of what was probed.
  type: str
  returned: always
  sample: vllm
started:
  description: When the probe began, in UTC.
  type: str
  returned: always
  sample: "2026-01-31T12:00:00.000Z"
seconds:
  description: How long the probe took.
  type: float
  returned: always
  sample: 1.32
schema:
  description: Version of this result and of the JSON report.
  type: int
  returned: always
  sample: 1
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import cluster, report, runner
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client, Target, url_target

ARGUMENTS: dict[str, t.Any] = {
    "url": {"type": "str"},
    "service": {"type": "str"},
    "pod": {"type": "str"},
    "port": {"type": "str"},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "namespace": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "model": {"type": "str"},
    "checks": {"type": "list", "elements": "raw"},
    "timeout": {"type": "float", "default": 120},
    "request_timeout": {"type": "float", "default": 60},
    "fail_on_failure": {"type": "bool", "default": True},
    "title": {"type": "str"},
    "reports": {
        "type": "dict",
        "options": {"json": {"type": "path"}, "junit": {"type": "path"}, "html": {"type": "path"}},
    },
}

LogReader = t.Callable[[str, str], "list[tuple[str, list[str]]]"]


def reach(params: dict[str, t.Any]) -> tuple[Target, LogReader | None]:
    """Make the target, and a reader of logs where there is a cluster. Raises ValueError, OSError and KubeError."""
    if params["url"]:
        target = url_target(params["url"], validate_certs=params["validate_certs"], ca_path=params["ca_path"] or "")
        return target, None
    client = connect(params["kubeconfig"], params["context"])
    names = {key: params[key] or "" for key in ("namespace", "service", "pod", "port")}
    return cluster.cluster_target(client, **names), cluster.log_reader(client, names["namespace"])


def describe(params: dict[str, t.Any]) -> str:
    """Name the target without reaching it."""
    if params["url"]:
        return str(params["url"])
    kind = "service" if params["service"] else "pod" if params["pod"] else ""
    return f"{kind} {params['namespace']}/{params[kind]}" if kind else f"namespace {params['namespace']}"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        ARGUMENTS,
        supports_check_mode=True,
        mutually_exclusive=[("url", "service", "pod")],
        required_one_of=[("url", "service", "pod", "namespace")],
        required_by={"service": ("kubeconfig", "context", "namespace"), "pod": ("kubeconfig", "context", "namespace")},
    )
    params: dict[str, t.Any] = module.params
    target_name = describe(params)
    title = params["title"] or target_name
    try:
        specs = runner.parse_checks(params["checks"])
        only_logs = all(spec.name == "log" for spec in specs)
        if not only_logs and not (params["url"] or params["service"] or params["pod"]):
            raise ValueError("one of url, service and pod is needed; without them only the check log can be made")
        if not params["url"] and not (params["kubeconfig"] and params["context"] and params["namespace"]):
            raise ValueError("kubeconfig, context and namespace are needed to reach a cluster")
        if params["timeout"] < 0 or params["request_timeout"] <= 0:
            raise ValueError("timeout must not be negative, and request_timeout must be above 0")
    except ValueError as error:
        module.fail_json(msg=f"Failed to read the options: {error}")
    if module.check_mode:
        planned = runner.planned(specs, target_name, params["model"] or "")
        result = report.document(planned, title)
        del result["passed"]
        module.exit_json(changed=False, skipped=True, msg="check mode: nothing was sent", **result)
    try:
        target, read_logs = reach(params)
        client = Client(target, api_key=params["api_key"] or "")
    except (ValueError, OSError, KubeError) as error:
        module.fail_json(msg=f"Failed to probe {target_name}: {error}")
    session = Session(
        client,
        model=params["model"] or "",
        timeout=params["timeout"],
        request_timeout=params["request_timeout"],
        read_logs=read_logs,
    )
    outcome = runner.run(session, specs)
    result = report.redact(report.document(outcome, title), params["api_key"] or "")
    try:
        report.write(result, params["reports"] or {})
    except OSError as error:
        module.fail_json(msg=f"Failed to write the report {error.filename}: {error.strerror}.", changed=False, **result)
    if outcome.passed or not params["fail_on_failure"]:
        module.exit_json(changed=False, **result)
    module.fail_json(
        msg=f"Failed to probe {title}: {report.redact(outcome.verdict(), params['api_key'] or '')}",
        changed=False,
        **result,
    )


if __name__ == "__main__":
    main()
