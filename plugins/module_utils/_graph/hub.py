# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What Hugging Face says about a model, as a row of the table of models. Pure.

Source: the hub's API (/api/models/<id>: safetensors.parameters counts values by type) and the model's config.json.
"""

from __future__ import annotations

import typing as t

Json = t.Mapping[str, t.Any]

# Bytes of one value, by the names that safetensors files use.
_BYTES = {
    "F64": 8.0,
    "I64": 8.0,
    "F32": 4.0,
    "I32": 4.0,
    "U32": 4.0,
    "BF16": 2.0,
    "F16": 2.0,
    "I16": 2.0,
    "F8_E4M3": 1.0,
    "F8_E5M2": 1.0,
    "I8": 1.0,
    "U8": 1.0,
    "BOOL": 1.0,
    "F4": 0.5,
}


class UnknownModelError(ValueError):
    """What the hub says does not tell the size of the model; the message says what is missing."""


def row(info: Json, config: Json) -> dict[str, t.Any]:
    """Return parameters (billions), bytes (per parameter), layers, kv_heads, head_dim, context and gated."""
    counts = (info.get("safetensors") or {}).get("parameters") or {}
    total = sum(int(count) for count in counts.values())
    if not total:
        raise UnknownModelError("the hub does not count its parameters (it has no safetensors)")
    strange = sorted(set(counts) - set(_BYTES))
    if strange:
        raise UnknownModelError(f"it has values of the type {', '.join(strange)}")
    size = sum(int(count) * _BYTES[kind] for kind, count in counts.items())
    # Models that see or hear keep the part that writes under a name of its own.
    text: Json = next(
        (config[key] for key in ("text_config", "llm_config", "language_config") if isinstance(config.get(key), dict)),
        config,
    )
    heads = _number(text, "num_attention_heads")
    return {
        "parameters": round(total / 1e9, 3),
        "bytes": round(size / total, 4),
        "layers": _number(text, "num_hidden_layers"),
        "kv_heads": int(text.get("num_key_value_heads") or heads),
        "head_dim": int(text.get("head_dim") or _number(text, "hidden_size") // heads),
        "context": _number(text, "max_position_embeddings"),
        "gated": bool(info.get("gated")),
    }


def _number(config: Json, key: str) -> int:
    try:
        found = int(config[key])
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownModelError(f"its config.json has no {key}") from error
    if found <= 0:
        raise UnknownModelError(f"{key} of its config.json is {found}")
    return found
