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
  - Measures latency and throughput under load, with limits and a comparison with an earlier run.
  - Needs nothing but Python for a O(url).
  - On a connection C(local) without C(become) it runs in Ansible itself and shows what it does and until when it waits.
    Elsewhere it runs as a module, which says nothing before it ends.
requirements:
  - kubernetes >= 24.2.0 (Python package), for a O(service), a O(pod) or the checks C(log) and C(worker_metrics)
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
      - Checks to make, in this order. Each is a name, or a dict with the key C(name) and the options of that check.
        By default C(live), C(health), C(models), C(ready), C(chat), C(chat_stream), C(completions), C(errors) and
        C(metrics).
      - "Options of every check: C(required) (a skip counts as a failure; default C(false)) and C(label) (its name in
        the result, for several checks of one kind)."
      - What an endpoint does not offer is skipped with the reason. Every option is described in C(docs/probe.md) of the
        collection.
      - "C(live): GET C(/live) answers."
      - "C(health): C(/health) says healthy, and lists a worker where it lists workers."
      - "C(models): the model is listed exactly once, and a first request is answered."
      - "C(ready): every type of worker that the model needs is there (Dynamo 1.3 and newer)."
      - "C(chat), C(completions), C(responses): an answer is correct, complete and not empty. C(chat_stream): the same
        for a stream, which must not come all at once. Options C(prompt) and C(max_tokens) (default 64); of
        C(chat_stream) also C(buffered) (a stream that comes all at once is fine)."
      - "C(embeddings): vectors are finite, of one length, and the same as numbers and as base64. Option C(model)."
      - "C(tool_call): the model calls a tool with arguments that fit its schema, and answers with the tool's result.
        Options C(prompt), C(max_tokens), C(tool), C(tool_choice), C(tool_result)."
      - "C(structured_output): an answer fits a JSON schema. Options C(prompt), C(max_tokens), C(schema), C(format)
        (C(json_schema) or C(json_object))."
      - "C(logprobs) (option C(top)), C(stop) (option C(stop)), C(seed) (option C(seed)): these parameters do what they
        should. Options C(prompt) and C(max_tokens) too."
      - "C(errors): bad requests are refused with the right status, never with 5xx or a hang. Options C(cases) (of
        C(unknown_model), C(bad_json), C(negative_max_tokens), C(over_context), C(wrong_content_type), C(wrong_key)),
        C(context_tokens), C(timeout)."
      - "C(metrics): the counters of requests and tokens rise by exactly what was sent. Option C(settle) (seconds)."
      - "C(cancel): when a client hangs up in mid-stream, the gauge of running requests returns. Options C(prompt),
        C(max_tokens), C(chunks), C(settle)."
      - "C(worker_ids), C(prefix_affinity), C(spread), C(disaggregation): what Dynamo's router did, by the ids of the
        workers that made an answer. Options C(workers) (number that must be there), C(requests), C(prefix_words),
        C(share)."
      - "C(worker_metrics): the workers' own health and metrics. Options C(selector) (labels of their pods) and C(port)
        (default C(9090)), or C(urls); C(families), C(send), C(settle)."
      - "C(prometheus): every ready pod with the labels C(selector) is a target of Prometheus that is up. In a cluster
        only. Options C(namespace), C(service) (default C(prometheus)) and C(port) (default C(9090)) of Prometheus, or
        C(url); C(settle) (seconds). Skipped where no such Service is."
      - "C(log): a pod wrote a line that matches C(pattern). For graphs without an HTTP endpoint; in a cluster only.
        Options C(selector), C(pattern), C(container)."
      - "C(load): many measured requests. Options C(concurrency) (1 to 64), C(requests) or C(duration) (seconds),
        C(rate) (requests per second of an open loop), C(seed), C(warmup), C(ramp), C(longest), C(max_tokens),
        C(prompts) (C(short), C(long), C(shared_prefix), C(file)), C(prompt_words), C(prompt_file), C(body),
        C(calibrate), C(slo), C(baseline), C(tolerance), C(keep_records), C(records_file)."
      - "C(load_job): a load from inside the cluster, for more than 64 streams: makes a Job that runs aiperf near the
        pods of the O(service), reads its result from its log, and removes it, also when it fails. Options
        C(concurrency) (128), C(requests) or C(duration), C(rate), C(warmup), C(max_tokens), C(prompt_words), C(seed),
        C(image), C(version) (of aiperf, where the image has none), C(resources), C(node_selector), C(endpoint) (URL
        inside the cluster), C(timeout) (1800), C(slo), C(baseline), C(tolerance), C(keep_records). The O(api_key) is
        not sent."
    type: list
    elements: raw
  timeout:
    description:
      - Seconds, from the start, for all waiting together. The probe waits while nothing listens, while no worker has
        registered the model and while the endpoint is overloaded (404 without a body, 429, 502, 503, 504, 529).
        C(Retry-After) is honoured.
      - Other answers end a check at once. A stream that has begun and a measured request are never sent again.
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

- name: Prove that a graph with a router for KV caches works as one
  ai_on_eks.dynamo.openai_probe:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    namespace: dynamo-cloud
    service: kv-routing-frontend
    checks:
      - models
      - name: prefix_affinity
        workers: 2
        required: true
      - name: worker_metrics
        selector: nvidia.com/dynamo-component=VllmWorker,ai-on-eks.dynamo/example=kv-routing

- name: Hold an endpoint to its service level, and to last week
  ai_on_eks.dynamo.openai_probe:
    url: https://inference.example.com/v1
    checks:
      - models
      - name: load
        concurrency: 16
        duration: 60
        max_tokens: 128
        slo:
          ttft_p99_ms: 200
          itl_p99_ms: 50
          error_rate: 0
        baseline: reports/last-week.json
    reports:
      json: reports/this-week.json

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
    label:
      description: Its label; by default the name, from the second of that name on with a number.
      type: str
      sample: chat
    result:
      description: V(passed), V(failed) or V(skipped).
      type: str
      sample: passed
    required:
      description: Whether a skip was to count as a failure.
      type: bool
      sample: false
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
    details:
      description:
        - Data of this kind of check, described in C(docs/probe.md) of the collection. Of C(load) all its numbers, among
          them C(times), C(throughput), C(error_rate), C(slo) and C(baseline).
      type: dict
      sample: {}
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
transcript:
  description: What was said, for people.
  type: list
  elements: dict
  returned: always
  sample: []
requests:
  description:
    - Times of every measured request, in milliseconds from the moment it was sent. V(null) where there is no such time.
      Of a C(load) at most C(keep_records) requests.
  type: list
  elements: dict
  returned: always
  contains:
    check:
      description: Label of the check that sent it.
      type: str
      sample: chat_stream
    path:
      description: Path of the request.
      type: str
      sample: /v1/chat/completions
    status:
      description: Status of the answer, V(0) when there was none.
      type: int
      sample: 200
    stream:
      description: Whether the answer was streamed.
      type: bool
      sample: true
    started:
      description: Seconds from the start of a load's measurement until it was sent.
      type: float
      sample: 0.12
    queued_ms:
      description: Time that it waited for one of the streams of an open loop.
      type: float
      sample: 0.0
    connect_ms:
      description: Time to open the connection, before the request was sent. V(null) when an open one was used.
      type: float
      sample: 0.6
    ttft_ms:
      description: Time to the first token that is not empty, content or reasoning.
      type: float
      sample: 51.8
    ttft_content_ms:
      description: Time to the first content.
      type: float
      sample: 51.8
    ttft_reasoning_ms:
      description: Time to the first reasoning.
      type: float
      sample: null
    itl_ms:
      description: Mean time between the chunks that carry tokens.
      type: float
      sample: 10.1
    tpot_ms:
      description: Time per token after the first, by the token count of the server.
      type: float
      sample: 10.1
    ntpot_ms:
      description: Time of the whole answer per token.
      type: float
      sample: 11.6
    e2e_ms:
      description: Time to the end of the answer.
      type: float
      sample: 371.3
    server_ttft_ms:
      description: Time to the first token as Dynamo measured it, when the answer tells.
      type: float
      sample: 49.9
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
    error:
      description: What went wrong.
      type: str
      sample: ""
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
  sample: 2
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.program import (
    ARGUMENTS,
    RULES,
    OptionError,
    probe,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True, **RULES)
    try:
        result = probe(module.params, check_mode=module.check_mode)
    except OptionError as error:
        module.fail_json(msg=str(error))
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
