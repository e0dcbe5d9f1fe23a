# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Judge what the Responses and the Embeddings API answer. Pure; Failed says what is wrong."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
import typing as t

from .judge import Completion, check_model, check_usage, quoted, refuse_error, require_text
from .session import Failed

STATUSES = {"completed": "stop", "incomplete": "length"}


def response(document: t.Any, model: str, max_tokens: int) -> Completion:
    """Judge an answer of the Responses API. Dynamo 0.4.1 sends no usage; what is sent must add up."""
    document = refuse_error(document)
    if document.get("object") != "response":
        raise Failed(f"object is {json.dumps(document.get('object'))}, not response")
    if str(document.get("status")) not in STATUSES:
        raise Failed(f"status is {json.dumps(document.get('status'))}, not {' or '.join(STATUSES)}")
    check_model(document, model)
    output = document.get("output")
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    found = Completion(
        content=parts_of(items, "message", "output_text"),
        reasoning=parts_of(items, "reasoning", "reasoning_text"),
        finish_reason=STATUSES[document["status"]],
    )
    usage = document.get("usage")
    if isinstance(usage, dict):
        names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens", "total_tokens": "total_tokens"}
        usage = {ours: usage.get(theirs) for ours, theirs in names.items()}
    found.prompt_tokens, found.completion_tokens = check_usage(usage, max_tokens)
    return require_text(found)


def parts_of(items: list[dict[str, t.Any]], kind: str, part: str) -> str:
    """Joined text of the parts of one type, in the items of one type."""
    contents = [item.get("content") for item in items if item.get("type") == kind]
    parts = [entry for content in contents if isinstance(content, list) for entry in content if isinstance(entry, dict)]
    return "".join(str(entry.get("text") or "") for entry in parts if entry.get("type") == part)


def vectors(document: t.Any, count: int) -> list[list[float]]:
    """The vectors of an embeddings answer, in the order of their inputs."""
    document = refuse_error(document)
    data = document.get("data")
    if not isinstance(data, list) or len(data) != count or not all(isinstance(entry, dict) for entry in data):
        raise Failed(f"{count} vectors were asked for; data is {quoted(json.dumps(data))}")
    indexes = [entry.get("index") for entry in data]
    if sorted(indexes, key=str) != list(range(count)):
        raise Failed(f"the vectors have the indexes {indexes}")
    found = [vector(entry.get("embedding")) for entry in sorted(data, key=lambda entry: int(entry["index"]))]
    if len({len(entry) for entry in found}) != 1 or not found[0]:
        raise Failed(f"the vectors have {', '.join(str(len(entry)) for entry in found)} numbers")
    if not all(math.isfinite(number) for entry in found for number in entry):
        raise Failed("a vector holds a number that is not finite")
    if not all(any(entry) for entry in found):
        raise Failed("a vector is all zeros")
    return found


def vector(value: t.Any) -> list[float]:
    """One vector, from numbers or from base64 of little-endian 32-bit floats."""
    if isinstance(value, str):
        try:
            data = base64.b64decode(value, validate=True)
            return list(struct.unpack(f"<{len(data) // 4}f", data))
        except (binascii.Error, ValueError, struct.error) as error:
            raise Failed(f"a vector is no base64 of 32-bit floats: {quoted(value, 40)}") from error
    if not isinstance(value, list) or not all(
        isinstance(number, (int, float)) and not isinstance(number, bool) for number in value
    ):
        raise Failed(f"a vector is no list of numbers: {quoted(json.dumps(value), 40)}")
    return [float(number) for number in value]


def difference(one: list[list[float]], other: list[list[float]]) -> float:
    """Largest difference between two lists of vectors; infinite when their shapes differ."""
    if [len(entry) for entry in one] != [len(entry) for entry in other]:
        return math.inf
    pairs = ((a, b) for left, right in zip(one, other) for a, b in zip(left, right))
    return max((abs(a - b) for a, b in pairs), default=0.0)
