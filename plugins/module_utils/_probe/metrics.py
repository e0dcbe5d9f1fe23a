# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Read Prometheus' text format as far as counters need it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

LABELS = r'\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\}'
SAMPLE = re.compile(rf"^([a-zA-Z_:][\w:]*)(?:{LABELS})?\s+(\S+)(?:\s+-?\d+)?\s*$")
LABEL = re.compile(r'([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"')
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
# Labels of the frontend's request counter in every Dynamo from 0.4.1; newer ones add error_type. Its name has a prefix
# that the frontend's option --metrics-prefix can change, so the labels say which family it is.
REQUEST_LABELS = {"endpoint", "model", "request_type", "status"}
# Gauges of requests that are being answered, by what stands behind the prefix; the newer name first.
DYNAMO_GAUGES = ("active_requests", "inflight_requests")

# Counters of servers that are not Dynamo, by what they count: vLLM, llama.cpp.
OTHERS = (
    {
        "requests": "vllm:request_success_total",
        "prompt_tokens": "vllm:prompt_tokens_total",
        "completion_tokens": "vllm:generation_tokens_total",
    },
    {"computed_tokens": "llamacpp:prompt_tokens_total", "completion_tokens": "llamacpp:tokens_predicted_total"},
)


@dataclass(frozen=True)
class Sample:
    """One line: name, labels, value."""

    name: str
    labels: dict[str, str]
    value: float


def parse(text: str) -> list[Sample]:
    """Samples of an exposition; comments and lines that are no samples are left out."""
    found = []
    for line in text.splitlines():
        match = None if line.startswith("#") else SAMPLE.match(line)
        if match is None:
            continue
        labels = {
            name: re.sub(r'\\[\\"n]', lambda escape: ESCAPES[escape.group()], value)
            for name, value in LABEL.findall(match.group(2) or "")
        }
        try:
            found.append(Sample(match.group(1), labels, float(match.group(3))))
        except ValueError:
            continue
    return found


def request_family(samples: list[Sample]) -> str:
    """Name of the counter of the frontend's requests; "" when there is none (none was served yet, or not Dynamo)."""
    names = {s.name for s in samples if s.name.endswith("_requests_total") and set(s.labels) >= REQUEST_LABELS}
    return min(names, default="")


@dataclass(frozen=True)
class Counter:
    """One count of a server for one model, from a family of its metrics."""

    family: str
    value: float


def counters(samples: list[Sample], model: str) -> dict[str, Counter]:
    """What a server counts for one model.

    Kinds: requests (chat, answered with success), prompt_tokens or computed_tokens, completion_tokens;
    computed_tokens are those of the prompts without what came from the server's cache: llama.cpp counts these.
    Knows Dynamo's frontend, vLLM and llama.cpp; what a server does not count is absent. Empty: another server, or one
    that has served nothing yet.
    """
    family = request_family(samples)
    if family:
        prefix = family[: -len("requests_total")]
        wanted = {"endpoint": "chat_completions", "status": "success"}
        names = {"prompt_tokens": "input_sequence_tokens_sum", "completion_tokens": "output_sequence_tokens_sum"}
        tokens = {kind: Counter(prefix + name, total(samples, prefix + name, model)) for kind, name in names.items()}
        return {"requests": Counter(family, total(samples, family, model, wanted)), **tokens}
    there = {sample.name for sample in samples}
    for names in OTHERS:
        if set(names.values()) <= there:
            return {kind: Counter(name, total(samples, name, model)) for kind, name in names.items()}
    return {}


def gauge(samples: list[Sample], model: str) -> Counter | None:
    """Requests that a server is answering right now for one model; None when it does not tell."""
    family = request_family(samples)
    prefix = family[: -len("requests_total")]
    names = [prefix + name for name in DYNAMO_GAUGES] if family else []
    for name in (*names, "vllm:num_requests_running", "llamacpp:requests_processing"):
        if any(sample.name == name for sample in samples):
            return Counter(name, total(samples, name, model))
    return None


def total(samples: list[Sample], name: str, model: str, wanted: dict[str, str] | None = None) -> float:
    """Sum of one family's samples for one model. Dynamo 0.4.1 writes model labels in lower case; some have none."""
    found = 0.0
    for sample in samples:
        if sample.name != name:
            continue
        label = sample.labels.get("model", sample.labels.get("model_name", model))
        if label.lower() == model.lower() and all(
            sample.labels.get(key) == value for key, value in (wanted or {}).items()
        ):
            found += sample.value
    return found
