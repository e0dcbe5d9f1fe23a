# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The cost of an install as text of at most 100 columns, and the limit that a user sets to it."""

from __future__ import annotations

import math
import typing as t

from .. import _prices as table
from .._prices import HOURS_PER_MONTH
from .findings import ERROR, OK, Finding

Json = t.Mapping[str, t.Any]
WIDTH = 100


def lines(costs: Json) -> list[str]:
    """Write the result ``costs`` of aws_preflight_info as a table.

    Args:
        costs: rows, nodes, examples, by_use, hourly_usd, region.
    """
    region = costs["region"]
    text = [f"USD, on demand, list prices of {region}; with * of {table.REGION}, {table.AS_OF}"]
    if costs["rows"]:
        text.append(_line("Always", "number", "each/h", "per hour", "per month"))
        for row in costs["rows"]:
            mark = "" if row["source"] == "aws" else " *"
            text.append(
                _line(
                    f"  {row['item']}{mark}",
                    str(row["quantity"]),
                    usd(row["unit_usd"], 4),
                    usd(row["hourly_usd"], 4),
                    usd(row["monthly_usd"], 2),
                )
            )
        month = costs["hourly_usd"] * HOURS_PER_MONTH
        text.append(_line("  sum", "", "", usd(costs["hourly_usd"], 4), usd(month, 2)))
    else:
        text.append("Always: this run makes nothing that costs by the hour")
    if costs["nodes"]:
        text.append(_line("While a node of a pool runs", "GPUs", "disk/h", "on demand", "spot"))
    for node in costs["nodes"]:
        mark = "" if node["source"] == "aws" else " *"
        text.append(
            _line(
                f"  {node['pool']}: {node['instance_type']}{mark}",
                str(node["gpus"]),
                usd(node["disk_usd"], 4),
                usd(node["on_demand_usd"], 4),
                usd(node["spot_usd"], 4),
            )
        )
    if costs["examples"]:
        text.append(_line("While an example runs (its nodes, with disks)", "", "", "per hour", ""))
    text += [
        _line(f"  {item['name']}: {item['nodes']}", "", "", usd(item["hourly_usd"], 4), "")
        for item in costs["examples"]
    ]
    if costs["by_use"] and costs["rows"]:
        text += wrapped(f"By use, on top: {'; '.join(costs['by_use'])}.")
    return text


def usd(value: float | None, digits: int) -> str:
    """Write a price; a question mark when nobody knows it."""
    return "?" if value is None else f"{value:,.{digits}f}"


def _line(item: str, number: str, each: str, hour: str, month: str) -> str:
    if len(item) > 56 and not (number or each):
        return f"{item[:76]:<78}{hour:>10}{month:>12}".rstrip()
    return f"{item[:56]:<58}{number:>8}{each:>10}{hour:>12}{month:>12}".rstrip()


def wrapped(text: str, indent: str = "  ") -> list[str]:
    """Break a text into lines of at most WIDTH columns; a word that is longer stays whole."""
    found = [""]
    for word in text.split():
        if found[-1].strip() and len(found[-1]) + 1 + len(word) > WIDTH:
            found.append(indent + word)
        else:
            found[-1] = f"{found[-1]} {word}" if found[-1] else word
    return found


def check_limit(costs: Json, limit: float | None) -> Finding | None:
    """Judge the sum of what always costs by a limit in USD an hour; None when there is no limit.

    Raises:
        ValueError: the limit is no amount of money.
    """
    if limit is None:
        return None
    if not math.isfinite(limit) or limit < 0:
        raise ValueError(f"cost_limit_per_hour must be an amount of USD an hour, for example 1.50; got {limit}")
    name, total = "cost_limit", costs["hourly_usd"]
    if costs["unknown"]:
        return Finding(
            name,
            ERROR,
            f"Nobody can say whether this stays below {limit:.2f} USD an hour: "
            f"the price of {', '.join(costs['unknown'])} is not known.",
            "Allow pricing:GetProducts, choose other instance types, or leave cost_limit_per_hour out.",
        )
    if total <= limit:
        return Finding(name, OK, f"{total:.2f} USD an hour stays within the limit of {limit:.2f}.")
    largest = sorted(costs["rows"], key=lambda row: -row["hourly_usd"])[:3]
    shares = ", ".join(f"{row['item']} {row['hourly_usd']:.2f}" for row in largest)
    return Finding(
        name,
        ERROR,
        f"This would cost {total:.2f} USD an hour, more than the limit of {limit:.2f}. The largest shares: {shares}.",
        f"{_advice(costs['rows'])}, or raise cost_limit_per_hour.",
    )


def _advice(rows: t.Sequence[Json]) -> str:
    items = " ".join(row["item"] for row in rows)
    found = []
    if "extended support" in items:
        found.append("a newer eks_cluster_version (-e profile=current)")
    found.append("smaller core_node_instance_types or a smaller core_node_scaling")
    if any(row["item"] == "NAT gateways" and row["quantity"] > 1 for row in rows):
        found.append("single_nat_gateway = true")
    return "Choose " + " or ".join(found)
