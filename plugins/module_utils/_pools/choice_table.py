# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What Karpenter would choose, as a table. Pure."""

from __future__ import annotations

import typing as t

from .._preflight.pricing import Prices
from .._prices import AS_OF, REGION
from .choice import Json, Node, cheaper_apart, nodes_of, total

# Ansible shows a list of strings as YAML: a line that begins with a space, or is longer, would be quoted or folded.
WIDTH = 78
_HEAD = ["EXAMPLE", "NODEPOOL", "INSTANCE", "GPUS", "PODS", "USD/H"]


def lines(definitions: t.Sequence[Json], pools: t.Sequence[Json], prices: Prices) -> list[str]:
    """Return the table of all examples, with what is to be known about it at the end."""
    rows, notes = [_HEAD], []
    for definition in definitions:
        name, nodes = str(definition.get("name", "")), nodes_of(definition, pools, prices)
        rows += [_row(name, node) for node in nodes]
        if len(nodes) > 1:
            pods = sum(len(node.pods) for node in nodes)
            rows.append([name, "together", "", "", str(pods), _usd(total(nodes))])
        notes += [f"{name}: {node.reason}" for node in nodes if node.reason]
        less = cheaper_apart(nodes, definition, pools, prices)
        if less is not None:
            notes.append(f"{name}: {less:.3f} with a node for each worker (-e spread=node)")
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    about = [
        "In an empty cluster, where Karpenter first of all wants few nodes.",
        f"List prices of {REGION}, {AS_OF}, on demand, without disks.",
    ]
    return [*table, *notes, *about]


def _row(name: str, node: Node) -> list[str]:
    kind = "" if node.capacity_type == "on-demand" else f" ({node.capacity_type})"
    instance = f"{node.instance_type}{kind}" if node.instance_type else "none"
    gpus = f"{node.gpus_used} of {node.gpus}" if node.gpus else "-"
    return [name, node.pool, instance, gpus, str(len(node.pods)), _usd(node.usd)]


def _usd(price: float | None) -> str:
    return "?" if price is None else f"{price:.3f}"
