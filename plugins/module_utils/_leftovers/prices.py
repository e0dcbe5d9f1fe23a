# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a forgotten resource costs per month: by the Pricing API, and by the dated table behind it."""

from __future__ import annotations

import collections
import typing as t

from .._preflight import pricing
from .._prices import (
    AS_OF,
    EC2_HOURLY,
    EFS_MIB_MONTH,
    FSX_GB_MONTH,
    GB_MONTH,
    HOURLY,
    HOURS_PER_MONTH,
    MONTHLY,
    PROVISIONED_IOPS_MONTH,
    VOLUME_GB_MONTH,
    gp3_hourly,
)
from .asking import Clients
from .kind import Json

if t.TYPE_CHECKING:
    from .finder import Leftover

__all__ = ["AS_OF", "EC2_HOURLY", "GB_MONTH", "HOURLY", "HOURS_PER_MONTH", "MONTHLY", "ask", "monthly_usd", "put_on"]

# What costs by use that the listing does not tell.
_BY_USE = ("s3_bucket", "ecr_repository", "log_group", "capacity_reservation", "amp_workspace", "grafana_workspace")
TABLE = pricing.Prices()


def monthly_usd(kind: str, item: Json, prices: pricing.Prices = TABLE) -> float | None:
    """Return the monthly price of one resource, 0.0 for free kinds, None where it depends on use or nobody knows."""
    if kind in _BY_USE:
        return float(item["storedBytes"]) / 1024**3 * GB_MONTH[kind] if item.get("storedBytes") else None
    if kind in _RULES:
        return _RULES[kind](item, prices)
    if kind in HOURLY:
        return prices.hourly(kind) * HOURS_PER_MONTH
    return float(prices.products.get(kind, MONTHLY.get(kind, 0.0)))


def _instance(item: Json, prices: pricing.Prices) -> float | None:
    if (item.get("State") or {}).get("Name") in ("stopped", "stopping", "shutting-down"):
        return 0.0
    hourly = prices.instance(str(item.get("InstanceType")))
    return None if hourly is None else hourly * HOURS_PER_MONTH


def _volume(item: Json, prices: pricing.Prices) -> float:
    size, kind = float(item.get("Size") or 0), str(item.get("VolumeType") or "gp3")
    if kind == "gp3":
        speed = {"iops": int(item.get("Iops") or 0), "mib": int(item.get("Throughput") or 0)}
        return gp3_hourly(size, gb_month=prices.gb_month("ebs_volume"), **speed) * HOURS_PER_MONTH
    month = size * VOLUME_GB_MONTH.get(kind, prices.gb_month("ebs_volume"))
    return month + (int(item.get("Iops") or 0) * PROVISIONED_IOPS_MONTH if kind in ("io1", "io2") else 0.0)


def _file_system(item: Json, prices: pricing.Prices) -> float:
    size = float((item.get("SizeInBytes") or {}).get("Value") or 0) / 1024**3
    return (
        size * prices.gb_month("efs_file_system") + float(item.get("ProvisionedThroughputInMibps") or 0) * EFS_MIB_MONTH
    )


def _lustre(item: Json, prices: pricing.Prices) -> float:
    speed = int((item.get("LustreConfiguration") or {}).get("PerUnitStorageThroughput") or 0)
    return float(item.get("StorageCapacity") or 0) * FSX_GB_MONTH.get(speed, prices.gb_month("fsx_file_system"))


def _endpoint(item: Json, prices: pricing.Prices) -> float:
    if item.get("VpcEndpointType", "Interface") != "Interface":
        return 0.0
    return max(1, len(item.get("SubnetIds") or [])) * prices.hourly("vpc_endpoint") * HOURS_PER_MONTH


def _cluster(item: Json, prices: pricing.Prices) -> float:
    extended = prices.hourly("eks_extended_support") if item.get("_extended") else 0.0
    return (prices.hourly("eks_cluster") + extended) * HOURS_PER_MONTH


_RULES: dict[str, t.Callable[[Json, pricing.Prices], float | None]] = {
    "ec2_instance": _instance,
    "ebs_volume": _volume,
    "ebs_snapshot": lambda item, prices: float(item.get("VolumeSize") or 0) * prices.gb_month("ebs_snapshot"),
    "efs_file_system": _file_system,
    "fsx_file_system": _lustre,
    "vpc_endpoint": _endpoint,
    "eks_cluster": _cluster,
    "recovery_point": lambda item, prices: (
        float(item.get("BackupSizeBytes") or 0) / 1024**3 * prices.gb_month("recovery_point")
    ),
}


def ask(clients: Clients, region: str, found: t.Iterable[Leftover]) -> pricing.Prices:
    """Ask the Pricing API for what was found; what it does not answer is missing, and the table's price stands.

    Args:
        clients: makes boto3 clients, "pricing" in a region that has the API.
        region: whose prices are meant.
        found: what was found.
    """
    items = list(found)
    for one in items:
        if one.kind == "eks_cluster":
            one.item["_extended"] = _is_extended(clients, str(one.item.get("version") or ""))
    kinds = {one.kind for one in items} | (
        {"eks_extended_support"} if any(one.item.get("_extended") for one in items) else set()
    )
    products = [product for product in (*pricing.PRODUCTS, *pricing.LEFT_BEHIND) if product.key in kinds]
    answers = {
        query: _lists(clients, region, *query)
        for query in dict.fromkeys((one.service, one.filters) for one in products)
    }
    types = collections.Counter(str(one.item["InstanceType"]) for one in items if one.item.get("InstanceType"))
    instances = {}
    for name in types:
        fields = (("instanceType", name), *pricing.INSTANCE_FILTERS)
        price = pricing.instance_price(_lists(clients, region, "AmazonEC2", fields), name)
        if price is not None:
            instances[name] = price
    return pricing.Prices(instances, pricing.product_prices(answers, products))


def _is_extended(clients: Clients, version: str) -> bool:
    """Tell whether EKS bills extended support for a version of Kubernetes."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = clients("eks").describe_cluster_versions(clusterVersions=[version])
    except (AttributeError, BotoCoreError, ClientError):
        return False
    statuses = {str(one.get("versionStatus") or one.get("status")).upper() for one in answer["clusterVersions"]}
    return bool(statuses & {"EXTENDED_SUPPORT", "EXTENDED-SUPPORT"})


def _lists(clients: Clients, region: str, service: str, fields: tuple[tuple[str, str], ...]) -> list[str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        paginator = clients("pricing").get_paginator("get_products")
        pages = paginator.paginate(ServiceCode=service, Filters=pricing.filters_of(region, *fields))
        return [text for page in pages for text in page["PriceList"]]
    except (BotoCoreError, ClientError):  # the table stands behind it
        return []


def put_on(found: t.Iterable[Leftover], prices: pricing.Prices) -> None:
    """Write the monthly price of each resource on it; what AWS is deleting on its own bills no more."""
    for one in found:
        usd = 0.0 if one.pending else monthly_usd(one.kind, one.item, prices)
        one.monthly_usd = None if usd is None else round(usd, 2)
