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

from .._pools.quantities import types_of_pool
from .._prices import FSX_GB_MONTH, GB_MONTH, GB_ONCE, HOURS_PER_MONTH, MONTHLY, gp3_hourly
from .needs import SPOT, Need
from .pricing import Prices
from .shapes import Shape, shape_of

Json = t.Mapping[str, t.Any]
# Defaults of terraform/variables.tf for the variables that cost; a test compares them.
DEFAULTS: dict[str, t.Any] = {
    "eks_cluster_version": "1.33",
    "eks_support_type": "EXTENDED",
    "enabled_log_types": ["api", "audit", "authenticator"],
    "kms_key_arn": "",
    "enable_cluster_addons": {},
    "vpc_id": "",
    "private_subnet_ids": [],
    "availability_zones_count": 2,
    "availability_zones": [],
    "single_nat_gateway": True,
    "vpc_interface_endpoints": [],
    "core_node_instance_types": ["m5.xlarge"],
    "core_node_scaling": {},
    "core_node_disk_gib": 100,
    "enable_gpu_node_group": False,
    "gpu_node_instance_types": ["g6.4xlarge"],
    "gpu_node_scaling": {},
    "gpu_node_disk_gib": 200,
    "capacity_block_reservation_id": "",
    "enable_aws_efs_csi_driver": True,
    "deploy_fsx_volume": False,
    "fsx_storage_capacity_gib": 1200,
    "fsx_throughput_per_tib": 500,
    "enable_model_bucket": False,
    "ecr_repositories": [],
    "enable_amazon_prometheus": False,
}
# Defaults of the attributes of the objects among them.
SCALING = {
    "core_node_scaling": {"min": 2, "max": 8, "desired": 2},
    "gpu_node_scaling": {"min": 0, "max": 1, "desired": 0},
}
# terraform/gpu_nodes.tf
GPU_DISK_IOPS, GPU_DISK_MIB = 16000, 1000


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


class VariableError(ValueError):
    """A variable has a value that Terraform would refuse; the message says which."""


def effective(variables: Json) -> dict[str, t.Any]:
    """Return the variables that cost, with Terraform's defaults where they are not set.

    Raises:
        VariableError: one is not of its type.
    """
    found = {name: _converted(name, variables.get(name), value) for name, value in DEFAULTS.items()}
    for name, attributes in SCALING.items():
        given = found[name].items()
        found[name] = {**attributes, **{key: _converted(key, value, attributes.get(key, 0)) for key, value in given}}
    return found


def _converted(name: str, value: t.Any, default: t.Any) -> t.Any:
    """Return a value in the type of the default, as Terraform converts it."""
    if value is None:
        return default
    if isinstance(default, bool) and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if isinstance(default, int) and not isinstance(default, bool) and str(value).isdigit():
        return int(str(value))
    if isinstance(default, str) and isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(default, (list, dict)) and isinstance(value, type(default)):
        return value
    kind = {bool: "true or false", int: "a whole number", str: "text", list: "a list", dict: "a map"}[type(default)]
    raise VariableError(f"the Terraform variable {name} must be {kind}; got {value!r}")


def own_network(variables: Json) -> bool:
    """Tell whether Terraform makes the VPC."""
    return not effective(variables)["vpc_id"]


def zones_count(variables: Json) -> int:
    """Return in how many zones Terraform makes subnets, when it makes the VPC."""
    inputs = effective(variables)
    return len(inputs["availability_zones"]) or int(inputs["availability_zones_count"])


def nat_count(variables: Json) -> int:
    """Return how many NAT gateways Terraform makes; each has an Elastic IP."""
    if not own_network(variables):
        return 0
    return 1 if effective(variables)["single_nat_gateway"] else zones_count(variables)


def core_nodes(variables: Json) -> tuple[str, int]:
    """Return type and first number of the nodes of the group core."""
    inputs = effective(variables)
    return str(inputs["core_node_instance_types"][0]), int(inputs["core_node_scaling"]["desired"])


def gpu_nodes(variables: Json) -> tuple[str, int]:
    """Return type and first number of the nodes of the group gpu; "" and 0 when there is none."""
    inputs = effective(variables)
    count = int(inputs["gpu_node_scaling"]["desired"]) if inputs["enable_gpu_node_group"] else 0
    return (str(inputs["gpu_node_instance_types"][0]), count) if count else ("", 0)


def rows(variables: Json, prices: Prices, extended: bool, zones: int | None = None) -> list[Row]:
    """Return what Terraform makes that costs by the hour, whether it is used or not.

    Args:
        variables: variables of the Terraform configuration, from files and elsewhere.
        prices: of the region.
        extended: whether the Kubernetes version is in extended support.
        zones: number of zones, where the subnets are given and so the variables do not tell.
    """
    inputs, node, nat = effective(variables), core_nodes(variables), nat_count(variables)
    disk = gp3_hourly(float(inputs["core_node_disk_gib"]), gb_month=prices.gb_month("ebs_volume"))
    found = [Row("EKS control plane", 1, prices.hourly("eks_cluster"), prices.listed("eks_cluster"))]
    if extended:
        title = f"extended support of {inputs['eks_cluster_version']}"
        found.append(Row(title, 1, prices.hourly("eks_extended_support"), prices.listed("eks_extended_support")))
    found += [
        Row(f"core nodes ({node[0]})", node[1], prices.instance(node[0]), prices.listed(node[0])),
        Row(f"their disks (gp3, {inputs['core_node_disk_gib']} GiB)", node[1], disk, prices.listed("ebs_volume")),
    ]
    kind, count = gpu_nodes(variables)
    if count:
        gib = float(inputs["gpu_node_disk_gib"])
        disk = gp3_hourly(gib, GPU_DISK_IOPS, GPU_DISK_MIB, prices.gb_month("ebs_volume"))
        found.append(Row(f"GPU node group ({kind})", count, prices.instance(kind), prices.listed(kind)))
        found.append(Row(f"their disks (gp3, {gib:.0f} GiB)", count, disk))
    if nat:
        found.append(Row("NAT gateways", nat, prices.hourly("nat_gateway"), prices.listed("nat_gateway")))
        address = prices.hourly("elastic_ip")
        found.append(Row("public IPv4 addresses", nat, address, prices.listed("elastic_ip")))
    endpoints = len(inputs["vpc_interface_endpoints"]) * (zones or zones_count(variables))
    if endpoints:
        price = prices.hourly("vpc_endpoint")
        found.append(Row("interface endpoints", endpoints, price, prices.listed("vpc_endpoint")))
    if inputs["deploy_fsx_volume"]:
        size, speed = int(inputs["fsx_storage_capacity_gib"]), int(inputs["fsx_throughput_per_tib"])
        month = FSX_GB_MONTH.get(speed)
        hourly = None if month is None else size * month / HOURS_PER_MONTH
        found.append(Row(f"FSx for Lustre ({size} GiB)", 1, hourly))
    if not inputs["kms_key_arn"]:
        found.append(Row("KMS key", 1, MONTHLY["kms_key"] / HOURS_PER_MONTH))
    return found


def by_use(variables: Json, prices: Prices) -> list[str]:
    """Return what costs by use, which no table can know before: in words, with the price where there is one."""
    inputs = effective(variables)
    stored = {"s3_bucket": "models in S3", "ecr_repository": "images in ECR"}
    wanted = {"s3_bucket": inputs["enable_model_bucket"], "ecr_repository": inputs["ecr_repositories"]}
    found = [f"NAT traffic {GB_ONCE['nat_gateway']:.3f} per GB"] if own_network(variables) else []
    if inputs["enabled_log_types"]:
        once, month = GB_ONCE["log_ingestion"], GB_MONTH["log_group"]
        found.append(f"control plane logs {once:.2f} per GB and {month:.2f} per GB-month")
    if inputs["enable_aws_efs_csi_driver"]:
        found.append(
            f"models on EFS {prices.gb_month('efs_file_system'):.2f} per GB-month, and their reading and writing"
        )
    found += [f"{title} {GB_MONTH[key]:.3f} per GB-month" for key, title in stored.items() if wanted[key]]
    found.append(f"volumes of pods {prices.gb_month('ebs_volume'):.2f} per GB-month")
    if inputs["enable_amazon_prometheus"]:
        found.append("samples in Amazon Managed Prometheus")
    if inputs["enable_cluster_addons"].get("amazon-cloudwatch-observability"):
        found.append("metrics and logs of Container Insights")
    if inputs["capacity_block_reservation_id"]:
        found.append("the capacity block is prepaid")
    return found


def total(lines: t.Iterable[Row]) -> tuple[float, list[str]]:
    """Return the sum of all prices that are known, in USD an hour, and the items whose price is not."""
    hourly = [(row.item, row.hourly_usd) for row in lines]
    return sum(usd for _item, usd in hourly if usd is not None), [item for item, usd in hourly if usd is None]


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
    nodes = ", ".join(f"{need.count} {need.instance_types[0]}" for need in needs)
    return ExampleCost(name, nodes or "no nodes of its own", usd)
