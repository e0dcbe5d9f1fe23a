# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of Dynamo 0.4's engine workers, translated for its mocker. Pure.

Endpoints and roles as ai-dynamo 0.4.1 works them out (dynamo/vllm/args.py, dynamo/sglang/args.py,
dynamo/trtllm/utils/trtllm_utils.py): its workers take their namespace from DYNAMO_NAMESPACE, those of TensorRT-LLM
from nothing but --endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.nodes.runtime.engine_args import DEFAULT_BLOCK_SIZE, ENGINES, ArgumentError, block_size, named, split

_NAMESPACE_VARIABLE, _NAMESPACE = "DYNAMO_NAMESPACE", "dynamo"
_TRTLLM, _TRTLLM_NEXT = "dynamo.tensorrt_llm.generate", "dynamo.tensorrt_llm_next.generate"
# Came with later releases: a worker of 0.4 ends with "unrecognized arguments".
_LATER = {
    "vllm": ("--disaggregation-mode", "--connector", "--discovery-backend", "--request-plane", "--event-plane"),
    "sglang": ("--discovery-backend", "--request-plane", "--event-plane"),
    "trtllm": ("--discovery-backend", "--request-plane", "--event-plane"),
}
_SPEEDUP_RATIO = 10.0
_SETTINGS = {"--max-num-seqs": "max_num_seqs", "--max-num-batched-tokens": "max_num_batched_tokens"}


@dataclass(frozen=True)
class OldWorker:
    """What an engine worker of 0.4 was asked to serve."""

    model: str
    served_name: str
    endpoint: str
    silent: bool
    """Whether it registers no model, being the half that the other one calls."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The mocker's engine settings."""


def _endpoint(engine: str, values: Mapping[str, str], flags: set[str], environ: Mapping[str, str]) -> tuple[str, bool]:
    """Return (namespace.component.endpoint, whether it is the silent half)."""
    namespace = environ.get(_NAMESPACE_VARIABLE) or _NAMESPACE
    mode = values.get("--disaggregation-mode", "")
    if engine == "vllm":
        silent = "--is-prefill-worker" in flags
        return f"{namespace}.{'prefill' if silent else 'backend'}.generate", silent
    given = values.get("--endpoint", "").removeprefix("dyn://")
    if engine == "sglang":
        silent = mode == "prefill"
        return given or f"{namespace}.{'prefill' if silent else 'backend'}.generate", silent
    strategy = values.get("--disaggregation-strategy", "decode_first")
    silent = mode == ("prefill" if strategy == "decode_first" else "decode")
    return given or (_TRTLLM_NEXT if silent else _TRTLLM), silent


def translate(module: str, args: Sequence[str], environ: Mapping[str, str]) -> OldWorker:
    """Translate an engine worker's command line.

    Raises:
        ArgumentError: for a flag that Dynamo 0.4 does not have.
    """
    engine = ENGINES[module]
    pairs = split(args)
    later = [flag for flag, _ in pairs if flag in _LATER[engine]]
    if later:
        raise ArgumentError(f"{module}: error: unrecognized arguments: {' '.join(later)}")
    values = {flag: value for flag, value in pairs if value is not None}
    model, served = named(values)
    endpoint, silent = _endpoint(engine, values, {flag for flag, _ in pairs}, environ)
    settings: dict[str, Any] = {
        "speedup_ratio": float(environ.get("REHEARSAL_SPEEDUP_RATIO") or _SPEEDUP_RATIO),
        # 0.4's mocker divides a request into blocks of this size and refuses blocks of one token
        "block_size": max(int(block_size(values, DEFAULT_BLOCK_SIZE[engine])), 2),
    }
    settings |= {key: int(values[flag]) for flag, key in _SETTINGS.items() if values.get(flag, "").isdigit()}
    return OldWorker(model, served, endpoint, silent, settings)
