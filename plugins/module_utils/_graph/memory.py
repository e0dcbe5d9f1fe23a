# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Estimate whether a model fits into the memory of the GPUs that it is given. Pure.

What an engine needs on each card: its share of the weights, its share of the KV cache for at least one request of full
length, and some room for activations, CUDA graphs and the CUDA context.
Source of the KV formula: 2 (key and value) x layers x KV heads x head size x bytes per value, for every token.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .gpus import FAMILIES, Gpu

GIB = 1024**3
# vLLM's --gpu-memory-utilization, which the other engines come close to with their own fractions.
USED_SHARE = 0.9
# Activations, CUDA graphs and the CUDA context of one process. Measured values lie between 1 and 2 GiB.
OVERHEAD_GIB = 1.5
# KV caches hold 16-bit values unless an engine is told otherwise.
KV_BYTES = 2
# The degrees of tensor parallelism that engines take in one node.
DEGREES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Model:
    """What counts of a model.

    Attributes:
        name: its Hugging Face id.
        weights_gib: size of its weights.
        layers: number of layers that keep a KV cache.
        kv_heads: number of KV heads of one layer.
        head_dim: values of one head.
        context: tokens of the longest request.
    """

    name: str
    weights_gib: float
    layers: int
    kv_heads: int
    head_dim: int
    context: int

    def kv_gib(self, tokens: int) -> float:
        """Return the KV cache of one request in GiB."""
        return 2 * self.layers * self.kv_heads * self.head_dim * KV_BYTES * tokens / GIB


@dataclass(frozen=True)
class Need:
    """What one worker needs on each of its cards, and what a card offers; GiB."""

    weights: float
    kv: float
    overhead: float
    offered: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.weights + self.kv + self.overhead

    @property
    def fits(self) -> bool:
        """Whether it is enough."""
        return self.total <= self.offered


def need(model: Model, gpu: Gpu, degree: int, tokens: int) -> Need:
    """Return what a worker with tensor parallelism `degree` needs for requests of `tokens` tokens."""
    # Fewer KV heads than cards are copied, not divided.
    share = min(degree, model.kv_heads)
    return Need(
        weights=model.weights_gib / degree,
        kv=model.kv_gib(tokens) / share,
        overhead=OVERHEAD_GIB,
        offered=gpu.gib * USED_SHARE,
    )


def longest(model: Model, gpu: Gpu, degree: int) -> int:
    """Return how many tokens one request may have there; 0 when not even the weights fit."""
    found = need(model, gpu, degree, 0)
    room = found.offered - found.total
    per_token = model.kv_gib(1) / min(degree, model.kv_heads)
    return max(0, min(model.context, int(room / per_token)))


def places(model: Model, tokens: int, families: t.Sequence[str]) -> list[tuple[str, int]]:
    """Return the smallest degree that fits for each family where one does, as (family, degree)."""
    found = []
    for family in families:
        gpu = FAMILIES.get(family)
        for degree in DEGREES:
            if gpu and degree <= gpu.counts[-1] and need(model, gpu, degree, tokens).fits:
                found.append((family, degree))
                break
    return found


def fault(
    model: Model, pool: str, families: t.Sequence[str], degree: int, tokens: int, pools: t.Mapping[str, t.Sequence[str]]
) -> str:
    """Return why a worker does not fit on the cards of its pool, with what would; "" when it does, or nobody knows.

    Args:
        model: the model.
        pool: name of the worker's NodePool.
        families: the instance families that the pool may choose from; the smallest card counts.
        degree: GPUs of the worker.
        tokens: the longest request; 0 for the model's own limit.
        pools: instance families of every NodePool of the cluster, for the suggestion.
    """
    cards = [FAMILIES[family] for family in families if family in FAMILIES]
    if not cards:
        return ""
    gpu = min(cards, key=lambda card: card.memory_mib)
    asked = min(tokens, model.context) if tokens else model.context
    found = need(model, gpu, degree, asked)
    if found.fits:
        return ""
    what = (
        f"{model.name} needs about {found.total:.1f} GiB on each of {degree} {gpu.name} ({found.weights:.1f} of "
        f"weights, {found.kv:.1f} of KV cache for one request of {asked} tokens, {found.overhead:.1f} of overhead), "
        f"and the pool {pool} offers {found.offered:.1f}."
    )
    return f"{what} {_suggest(model, gpu, pool, degree, asked, pools)}"


def _suggest(
    model: Model, gpu: Gpu, pool: str, degree: int, tokens: int, pools: t.Mapping[str, t.Sequence[str]]
) -> str:
    options = []
    shorter = longest(model, gpu, degree)
    if shorter >= 2048:
        options.append(f"-e max_model_len={shorter // 1024 * 1024}")
    for name, families in pools.items():
        options += [
            f"-e tensor_parallel={more}" + ("" if name == pool else f" -e node_pool={name}")
            for _family, more in places(model, tokens, families)[:1]
        ]
    if options:
        return "Try " + ", or ".join(options) + "."
    elsewhere = places(model, tokens, list(FAMILIES))
    if elsewhere:
        family, more = elsewhere[0]
        return f"No pool of this cluster is large enough; {more} {FAMILIES[family].name} ({family}) would be."
    return "No single node is large enough; use a quantised model, or several nodes."
