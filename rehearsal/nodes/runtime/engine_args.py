# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of Dynamo's engine workers, translated for dynamo.mocker: the same service without a GPU. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# module -> engine type of the mocker
ENGINES = {
    "dynamo.vllm": "vllm",
    "dynamo.sglang": "sglang",
    "dynamo.sglang.worker": "sglang",
    "dynamo.sglang.decode_worker": "sglang",
    "dynamo.trtllm": "trtllm",
}
# vLLM, SGLang and TensorRT-LLM cache in blocks of different size unless told otherwise.
DEFAULT_BLOCK_SIZE = {"vllm": "16", "sglang": "1", "trtllm": "32"}
_BLOCK_SIZE_FLAGS = ("--block-size", "--page-size", "--kv-block-size")
_MODEL_FLAGS = ("--model", "--model-path")
# Flags of an engine that mean the same to the mocker under the name given.
_SAME = {
    "--endpoint": "--endpoint",
    "--max-model-len": "--max-model-len",
    "--context-length": "--max-model-len",
    "--max-seq-len": "--max-model-len",
    "--max-num-seqs": "--max-num-seqs",
    "--max-running-requests": "--max-num-seqs",
    "--max-batch-size": "--max-num-seqs",
    "--max-num-batched-tokens": "--max-num-batched-tokens",
    "--max-num-tokens": "--max-num-batched-tokens",
    "--data-parallel-size": "--data-parallel-size",
    "--dp-size": "--data-parallel-size",
    "--discovery-backend": "--discovery-backend",
    "--request-plane": "--request-plane",
    "--response-plane": "--response-plane",
    "--event-plane": "--event-plane",
}
_SAME_SWITCHES = {
    "--no-enable-prefix-caching": "--no-enable-prefix-caching",
    "--disable-radix-cache": "--no-enable-prefix-caching",
}
# Gone from the engine workers of Dynamo 1.x: a real worker ends with "unrecognized arguments".
_REMOVED = ("--is-prefill-worker", "--is-decode-worker", "--connector", "--migration-limit", "--store-kv")
_ROLES = {
    "agg": "agg",
    "aggregated": "agg",
    "null": "agg",
    "prefill_and_decode": "agg",
    "prefill": "prefill",
    "decode": "decode",
}
# Fast enough for a rehearsal, slow enough that a stream arrives token by token.
_SPEEDUP_RATIO = "10"
# Given because the mocker cannot read it off a model without weights.
_KV_BYTES = "1024"


class ArgumentError(Exception):
    """The engine would refuse these arguments (exit code 2)."""


@dataclass(frozen=True)
class Worker:
    """What an engine worker was asked to serve."""

    engine: str
    model: str
    served_name: str
    role: str
    arguments: tuple[str, ...]  # for the mocker, without --model-path


def split(args: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return (flag, value) pairs: --a=b, --a b and switches; a word without a flag has the flag ""."""
    pairs: list[tuple[str, str | None]] = []
    words = list(args)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            pairs.append(("", word))
            continue
        flag, equals, value = word.partition("=")
        if equals:
            pairs.append((flag, value))
        elif words and not words[0].startswith("--"):
            pairs.append((flag, words.pop(0)))
        else:
            pairs.append((flag, None))
    return pairs


def named(values: Mapping[str, str]) -> tuple[str, str]:
    """Return (the model, the name that it is served under) from an engine's flags and values."""
    model = next((values[flag] for flag in _MODEL_FLAGS if flag in values), "Qwen/Qwen3-0.6B")
    return model, values.get("--served-model-name", model)


def block_size(values: Mapping[str, str], default: str) -> str:
    """Return the tokens of a cache block from an engine's flags and values."""
    return next((values[flag] for flag in _BLOCK_SIZE_FLAGS if flag in values), default)


def translate(module: str, args: Sequence[str], environ: Mapping[str, str]) -> Worker:
    """Translate an engine worker's command line.

    Raises:
        ArgumentError: for a flag that Dynamo 1.x no longer has, or an unknown disaggregation mode.
    """
    engine = ENGINES[module]
    pairs = split(args)
    removed = [flag for flag, _ in pairs if flag in _REMOVED]
    if removed:
        raise ArgumentError(f"{module}: error: unrecognized arguments: {' '.join(removed)}")
    values = {flag: value for flag, value in pairs if value is not None}
    model, served = named(values)
    asked = values.get("--disaggregation-mode") or environ.get(f"DYN_{engine.upper()}_DISAGGREGATION_MODE") or "agg"
    role = _ROLES.get(asked.lower())
    if role is None:
        raise ArgumentError(f"{module}: error: argument --disaggregation-mode: invalid choice: {asked!r}")
    block = block_size(values, DEFAULT_BLOCK_SIZE[engine])
    # The mocker hands a prefill on for vLLM and SGLang only; what the client sees is the same.
    mocked = "vllm" if engine == "trtllm" and role != "agg" else engine
    out = ["--model-name", served, "--engine-type", mocked, "--block-size", block]
    if engine == "sglang":
        out += ["--sglang-page-size", block]
    out += ["--disaggregation-mode", role, "--speedup-ratio", environ.get("REHEARSAL_SPEEDUP_RATIO", _SPEEDUP_RATIO)]
    out += ["--kv-bytes-per-token", _KV_BYTES]
    for flag, value in pairs:
        if flag in _SAME and value is not None:
            out += [_SAME[flag], value]
        elif flag in _SAME_SWITCHES:
            out.append(_SAME_SWITCHES[flag])
    return Worker(engine, model, served, role, tuple(out))


def move_port(args: Sequence[str], flag: str, ports: Mapping[int, int], default: int | None = None) -> list[str]:
    """Replace the port behind a flag by the local one; add the flag for `default` when it is not there."""
    moved: list[str] = []
    seen = False
    words = list(args)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name == flag and (equals or words):
            seen = True
            port = value if equals else words.pop(0)
            local = ports.get(int(port), int(port)) if port.isdigit() else port
            moved += [flag, str(local)]
        else:
            moved.append(word)
    if not seen and default is not None and default in ports:
        moved += [flag, str(ports[default])]
    return moved
