# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Which engines of a graph have too little GPU memory for their model. Pure."""

from __future__ import annotations

import typing as t

from .memory import GIB, Model, fault
from .overrides import Overrides
from .program import degree_of, is_engine

# Engines that shorten requests by themselves start with little; less than this is of no use to anybody.
_USEFUL_TOKENS = 4096
_LENGTH_ARGUMENTS = ("max-model-len", "context-length", "max-seq-len")


def model_of(name: str, known: t.Mapping[str, t.Any]) -> Model:
    """Make a Model of one row of the table of models."""
    return Model(
        name=name,
        weights_gib=float(known["parameters"]) * 1e9 * float(known["bytes"]) / GIB,
        layers=int(known["layers"]),
        kv_heads=int(known["kv_heads"]),
        head_dim=int(known["head_dim"]),
        context=int(known["context"]),
    )


def faults(
    definition: t.Mapping[str, t.Any],
    overrides: Overrides,
    models: t.Mapping[str, t.Any],
    pools: t.Mapping[str, t.Sequence[str]],
    unknown: t.Mapping[str, str] | None = None,
) -> list[str]:
    """Return one sentence for every engine that does not fit, or for a model that nobody knows.

    Args:
        definition: the graph's definition.
        overrides: the user's changes.
        models: rows of the table of models by name.
        pools: instance families of the cluster's NodePools by name.
        unknown: why nothing is known of a model.
    """
    name = overrides.model or str(definition.get("model", ""))
    if not name:
        return []
    if name not in models:
        reason = (unknown or {}).get(name) or "it is not in files/models.yml"
        return [
            f"It is not known how large the model {name} is: {reason}. Say it with dynamo_example_models "
            f"({{{name}: {{parameters: 8, bytes: 2, layers: 32, kv_heads: 8, head_dim: 128, context: 131072}}}}, the "
            "numbers of its config.json)."
        ]
    model = model_of(name, models[name])
    found = []
    for entry in definition["components"]:
        if not is_engine(entry):
            continue
        pool = str(overrides.node_pool or entry.get("node_pool") or definition.get("node_pool", ""))
        tokens = _tokens(entry, str(definition["runtime"]), overrides)
        text = fault(model, pool, pools.get(pool, ()), degree_of(entry, overrides), tokens, pools)
        if text:
            found.append(f"{entry['name']} does not fit: {text}")
    return found


def _tokens(entry: t.Mapping[str, t.Any], runtime: str, overrides: Overrides) -> int:
    """Return the tokens that must fit; 0 for the model's own limit."""
    given = {**entry.get("arguments", {}), **overrides.arguments}
    asked = next((int(given[key]) for key in _LENGTH_ARGUMENTS if key in given), 0)
    length = overrides.max_model_len or asked
    return length if length or runtime == "vllm" else _USEFUL_TOKENS
