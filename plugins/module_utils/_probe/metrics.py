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


def served(samples: list[Sample], model: str) -> int:
    """Chat completions that were answered with success for one model. Dynamo writes model labels in lower case."""
    family = request_family(samples)
    return int(
        sum(
            sample.value
            for sample in samples
            if sample.name == family
            and sample.labels.get("model", "").lower() == model.lower()
            and sample.labels.get("endpoint") == "chat_completions"
            and sample.labels.get("status") == "success"
        )
    )
