# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What an install costs an hour before it is made, what a node of each pool costs, and what an example costs.

Pure: from the variables of the Terraform configuration, pools and prices to rows.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._prices import GB_MONTH, GB_ONCE, HOURS_PER_MONTH, MONTHLY, gp3_hourly
from .needs import SPOT, Need, types_of_pool
from .pricing import Prices
from .shapes import Shape, shape_of

Json = t.Mapping[str, t.Any]
# Defaults of terraform/variables.tf for the variables that cost; a test compares them.
DEFAULTS: dict[str, t.Any] = {
    "eks_cluster_version": "1.33",
    "eks_support_type": "EXTENDED",
    "availability_zones_count": 2,
    "availability_zones": [],
    "single_nat_gateway": True,
    "core_node_instance_types": ["m5.xlarge"],
    "core_node_scaling": {},
    "core_node_disk_gib": 100,
    "enabled_log_types": ["api", "audit", "authenticator"],
    "enable_aws_efs_csi_driver": True,
    "enable_karpenter": True,
}
CORE_SCALING = {"min": 2, "max": 8, "desired": 2}


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        item: what it is.
        quantity: how many.
        unit_usd: USD an hour of one; None when nobody knows the price.
        listed: whether AWS gave the price for the region, instead of the table.
    """

    item: str
    quantity: int
    unit_usd: float | None
    listed: bool = False

    @property
    def hourly_usd(self) -> float | None:
        """USD an hour of all."""
        return None if self.unit_usd is None else self.quantity * self.unit_usd

    def as_dict(self) -> dict[str, t.Any]:
        """Return it for a module's result."""
        hourly = self.hourly_usd
        return {
            "item": self.item,
            "quantity": self.quantity,
            "unit_usd": None if self.unit_usd is None else round(self.unit_usd, 6),
            "hourly_usd": None if hourly is None else round(hourly, 6),
            "monthly_usd": None if hourly is None else round(hourly * HOURS_PER_MONTH, 2),
            "source": "aws" if self.listed else "table",
        }


@dataclasses.dataclass(frozen=True)
class NodeCost:
    """What one node of a pool costs an hour while it runs; None where nobody knows."""

    pool: str
    instance_type: str
    gpus: int
    on_demand_usd: float | None
    spot_usd: float | None
    disk_usd: float
    capacity_types: tuple[str, ...] = ()
    listed: bool = False

    def as_dict(self) -> dict[str, t.Any]:
        """Return it for a module's result."""
        row = dataclasses.asdict(self)
        row["capacity_types"] = list(self.capacity_types)
        row["source"] = "aws" if row.pop("listed") else "table"
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}


@dataclasses.dataclass(frozen=True)
class ExampleCost:
    """What the nodes of one example cost an hour while they run, with their disks."""

    name: str
    nodes: str
    hourly_usd: float | None

    def as_dict(self) -> dict[str, t.Any]:
        """Return it for a module's result."""
        hourly = None if self.hourly_usd is None else round(self.hourly_usd, 6)
        return {"name": self.name, "nodes": self.nodes, "hourly_usd": hourly}


def effective(variables: Json) -> dict[str, t.Any]:
    """Return the variables that cost, with Terraform's defaults where they are not set."""
    found = {name: variables[name] if variables.get(name) is not None else value for name, value in DEFAULTS.items()}
    found["core_node_scaling"] = {**CORE_SCALING, **found["core_node_scaling"]}
    return found


def zones_count(variables: Json) -> int:
    """Return in how many zones Terraform makes subnets."""
    inputs = effective(variables)
    return len(inputs["availability_zones"]) or int(inputs["availability_zones_count"])


def nat_count(variables: Json) -> int:
    """Return how many NAT gateways Terraform makes; each has an Elastic IP."""
    return 1 if effective(variables)["single_nat_gateway"] else zones_count(variables)


def core_nodes(variables: Json) -> tuple[str, int]:
    """Return type and first number of the nodes of the group core."""
    inputs = effective(variables)
    return str(inputs["core_node_instance_types"][0]), int(inputs["core_node_scaling"]["desired"])


def rows(variables: Json, prices: Prices, extended: bool) -> list[Row]:
    """Return what Terraform makes that costs by the hour, whether it is used or not.

    Args:
        variables: variables of the Terraform configuration, from files and elsewhere.
        prices: of the region.
        extended: whether the Kubernetes version is in extended support.
    """
    inputs, node, nat = effective(variables), core_nodes(variables), nat_count(variables)
    disk = gp3_hourly(float(inputs["core_node_disk_gib"]), gb_month=prices.gb_month("ebs_volume"))
    found = [Row("EKS control plane", 1, prices.hourly("eks_cluster"), prices.listed("eks_cluster"))]
    if extended:
        title = f"extended support of Kubernetes {inputs['eks_cluster_version']}"
        found.append(Row(title, 1, prices.hourly("eks_extended_support"), prices.listed("eks_extended_support")))
    found += [
        Row(f"core nodes ({node[0]})", node[1], prices.instance(node[0]), prices.listed(node[0])),
        Row(f"their disks (gp3, {inputs['core_node_disk_gib']} GiB)", node[1], disk, prices.listed("ebs_volume")),
        Row("NAT gateways", nat, prices.hourly("nat_gateway"), prices.listed("nat_gateway")),
        Row("public IPv4 addresses (of NAT gateways)", nat, prices.hourly("elastic_ip"), prices.listed("elastic_ip")),
        Row("KMS key (Kubernetes secrets)", 1, MONTHLY["kms_key"] / HOURS_PER_MONTH),
    ]
    return found


def by_use(variables: Json, prices: Prices) -> list[str]:
    """Return what costs by use, which no table can know before: in words, with the price."""
    inputs = effective(variables)
    found = [f"NAT traffic {GB_ONCE['nat_gateway']:.3f} per GB"]
    if inputs["enabled_log_types"]:
        found.append(
            f"control plane logs {GB_ONCE['log_ingestion']:.2f} per GB and {GB_MONTH['log_group']:.2f} per GB-month"
        )
    if inputs["enable_aws_efs_csi_driver"]:
        found.append(
            f"models on EFS {prices.gb_month('efs_file_system'):.2f} per GB-month, and reading and writing them"
        )
    found.append(f"volumes of pods {prices.gb_month('ebs_volume'):.2f} per GB-month")
    return found


def total(lines: t.Iterable[Row]) -> tuple[float, list[str]]:
    """Return the sum of all prices that are known, in USD an hour, and the items whose price is not."""
    hourly = [(row.item, row.hourly_usd) for row in lines]
    return sum(usd for _, usd in hourly if usd is not None), [item for item, usd in hourly if usd is None]


def node_costs(
    pools: t.Sequence[Json], node_classes: t.Sequence[Json], prices: Prices, shapes: t.Mapping[str, Shape]
) -> list[NodeCost]:
    """Return what the smallest node of each pool costs."""
    classes = {item["name"]: item for item in node_classes}
    found = []
    for pool in pools:
        types = types_of_pool(pool)
        if types:
            name = types[0]
            found.append(
                NodeCost(
                    str(pool["name"]),
                    name,
                    (shapes.get(name) or shape_of(name)).gpus,
                    prices.instance(name),
                    prices.spot.get(name),
                    disk_usd(classes.get(pool.get("node_class")) or {}, prices),
                    tuple(pool.get("capacity_types") or ["on-demand"]),
                    prices.listed(name),
                )
            )
    return found


def disk_usd(node_class: Json, prices: Prices) -> float:
    """Return what the disk of a node of a class costs an hour."""
    return gp3_hourly(
        float(node_class.get("disk_gib") or 20),
        int(node_class.get("disk_iops") or 0),
        int(node_class.get("disk_throughput") or 0),
        prices.gb_month("ebs_volume"),
    )


def example_cost(
    name: str, needs: t.Sequence[Need], pools: t.Sequence[Json], node_classes: t.Sequence[Json], prices: Prices
) -> ExampleCost:
    """Return what an example's nodes cost an hour; they come when it is deployed, and go with it.

    Args:
        name: of the example.
        needs: what needs.of_example says.
        pools: the pools that its nodes come from.
        node_classes: the node classes of those.
        prices: of the region.
    """
    classes = {item["name"]: item for item in node_classes}
    disks = {types_of_pool(pool): disk_usd(classes.get(pool.get("node_class")) or {}, prices) for pool in pools}
    usd: float | None = 0.0
    for need in needs:
        kind = need.instance_types[0]
        price = prices.spot.get(kind) if need.capacity_type == SPOT else prices.instance(kind)
        disk = next((value for types, value in disks.items() if kind in types), 0.0)
        usd = None if usd is None or price is None else usd + need.count * (price + disk)
    nodes = ", ".join(f"{need.count} x {need.instance_types[0]}" for need in needs)
    return ExampleCost(name, nodes or "no nodes of its own", usd)
