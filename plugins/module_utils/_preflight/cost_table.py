# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The cost of an install as text, and the limit that a user sets to it."""

from __future__ import annotations

import math
import typing as t

from .. import _prices as table
from .._prices import HOURS_PER_MONTH
from .findings import ERROR, OK, Finding

Json = t.Mapping[str, t.Any]
WIDTH = 74


def lines(costs: Json) -> list[str]:
    """Write the result ``costs`` of aws_preflight_info as a table.

    No line begins with a space or is longer than WIDTH, so that Ansible's YAML output leaves all as they are.

    Args:
        costs: rows, nodes, examples, by_use, hourly_usd, region.
    """
    text = [f"USD, list prices of {costs['region']}; those with * are of {table.REGION}, {table.AS_OF}"]
    if costs["rows"]:
        text.append(_line("ALWAYS", "number", "each/h", "per hour", "per month"))
        for row in costs["rows"]:
            month = usd(row["monthly_usd"], 2)
            each, hour = usd(row["unit_usd"], 4), usd(row["hourly_usd"], 4)
            text.append(_line(_marked(row["item"], row), str(row["quantity"]), each, hour, month))
        month = usd(costs["hourly_usd"] * HOURS_PER_MONTH, 2)
        text.append(_line("sum", "", "", usd(costs["hourly_usd"], 4), month))
    else:
        text.append("ALWAYS nothing (this run makes nothing that costs by the hour)")
    if costs["nodes"]:
        text.append(_line("WHILE A NODE RUNS", "GPUs", "disk/h", "on demand", "spot"))
    for node in costs["nodes"]:
        name = _marked(f"{node['pool']}, {node['instance_type']}", node)
        prices = usd(node["disk_usd"], 4), usd(node["on_demand_usd"], 4), usd(node["spot_usd"], 4)
        text.append(_line(name, str(node["gpus"]), *prices))
    if costs["examples"]:
        text.append(_line("WHILE AN EXAMPLE RUNS (its nodes, with disks)", "", "", "per hour", ""))
    for item in costs["examples"]:
        text.append(_line(f"{item['name']} ({item['nodes']})", "", "", usd(item["hourly_usd"], 4), ""))
    if costs["by_use"] and costs["rows"]:
        text += ["BY USE, ON TOP", *costs["by_use"]]
    return text


def _marked(item: str, row: Json) -> str:
    return item if row["source"] == "aws" else f"{item} *"


def usd(value: float | None, digits: int) -> str:
    """Write a price; a question mark when nobody knows it."""
    return "?" if value is None else f"{value:,.{digits}f}"


def _line(item: str, number: str, each: str, hour: str, month: str) -> str:
    room = 38 if number or each else 53
    return f"{_short(item, room):<{room}}{f'{number:>6}{each:>9}' if room == 38 else ''}{hour:>10}{month:>11}".rstrip()


def _short(text: str, room: int) -> str:
    return text if len(text) < room else f"{text[: room - 4]}..."


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
