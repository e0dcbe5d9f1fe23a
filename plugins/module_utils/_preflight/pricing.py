# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Prices: what the Pricing API and EC2's spot market say, and the table behind them."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .. import _prices as table

Json = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Product:
    """Where a price of _prices stands in AWS's price list.

    Attributes:
        key: name in _prices.HOURLY, or in _prices.GB_MONTH.
        service: ServiceCode.
        filters: fields that must have a value, besides the region.
        usage: how the usage type ends that is meant (the beginning names the region).
    """

    key: str
    service: str
    filters: tuple[tuple[str, str], ...]
    usage: str


PRODUCTS = (
    Product("eks_cluster", "AmazonEKS", (), "AmazonEKS-Hours:perCluster"),
    Product("eks_extended_support", "AmazonEKS", (), "AmazonEKS-Hours:extendedSupport"),
    Product("nat_gateway", "AmazonEC2", (("productFamily", "NAT Gateway"),), "NatGateway-Hours"),
    Product("elastic_ip", "AmazonVPC", (("group", "VPCPublicIPv4Address"),), "PublicIPv4:InUseAddress"),
    Product("vpc_endpoint", "AmazonVPC", (("productFamily", "VpcEndpoint"),), "VpcEndpoint-Hours"),
    Product("ebs_volume", "AmazonEC2", (("productFamily", "Storage"), ("volumeApiName", "gp3")), "VolumeUsage.gp3"),
    Product("efs_file_system", "AmazonEFS", (("productFamily", "Storage"),), "TimedStorage-ByteHrs"),
)
# Further ones, which no install makes at once but which can be left behind.
LEFT_BEHIND = (
    Product("load_balancer", "AWSELB", (("productFamily", "Load Balancer-Application"),), "LoadBalancerUsage"),
    Product("classic_load_balancer", "AWSELB", (("productFamily", "Load Balancer"),), "LoadBalancerUsage"),
    Product("ebs_snapshot", "AmazonEC2", (("productFamily", "Storage Snapshot"),), "EBS:SnapshotUsage"),
    Product("kms_key", "awskms", (), "KMS-Keys"),
    Product("secret", "AWSSecretsManager", (), "AWSSecretsManager-Secrets"),
)
QUERIES = tuple(dict.fromkeys((product.service, product.filters) for product in PRODUCTS))
# What makes one price out of the many that an instance type has.
INSTANCE_FILTERS = (
    ("operatingSystem", "Linux"),
    ("preInstalledSw", "NA"),
    ("tenancy", "Shared"),
    ("capacitystatus", "Used"),
    ("productFamily", "Compute Instance"),
)


def filters_of(region: str, *fields: tuple[str, str]) -> list[dict[str, str]]:
    """Return filters in the form of GetProducts."""
    return [
        {"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in (("regionCode", region), *fields)
    ]


def listed(price_list: t.Iterable[str]) -> list[tuple[Json, float]]:
    """Return attributes and USD per unit of each product in an answer that has a price on demand.

    Where a price depends on the amount, the first step counts.
    """
    found = []
    for text in price_list:
        product = json.loads(text)
        for term in (product.get("terms", {}).get("OnDemand") or {}).values():
            steps = sorted(
                term.get("priceDimensions", {}).values(), key=lambda item: float(item.get("beginRange") or 0)
            )
            usd = [float(step["pricePerUnit"]["USD"]) for step in steps if "USD" in step.get("pricePerUnit", {})]
            if usd:
                found.append((product.get("product", {}).get("attributes", {}), usd[0]))
    return found


def instance_price(price_list: t.Iterable[str], instance_type: str) -> float | None:
    """Return USD an hour of an instance type; None when the answer does not have it."""
    prices = [usd for fields, usd in listed(price_list) if fields.get("instanceType") == instance_type and usd > 0]
    return min(prices) if prices else None


def product_prices(
    answers: t.Mapping[tuple[str, tuple[tuple[str, str], ...]], t.Sequence[str]],
    products: t.Iterable[Product] = PRODUCTS,
) -> dict[str, float]:
    """Return the prices of products by key, as far as the answers, by service and filters, have them."""
    found = {}
    for product in products:
        prices = [
            usd
            for fields, usd in listed(answers.get((product.service, product.filters), ()))
            if str(fields.get("usagetype", "")).endswith(product.usage) and usd > 0
        ]
        if prices:
            found[product.key] = min(prices)
    return found


def spot_prices(history: t.Iterable[Json], zones: t.Collection[str]) -> dict[str, float]:
    """Return the lowest present spot price of each instance type in some zones."""
    newest: dict[tuple[str, str], Json] = {}
    for item in history:
        key = (str(item["InstanceType"]), str(item["AvailabilityZone"]))
        if key[1] in zones and (key not in newest or item["Timestamp"] > newest[key]["Timestamp"]):
            newest[key] = item
    found: dict[str, float] = {}
    for (name, _zone), item in newest.items():
        found[name] = min(float(item["SpotPrice"]), found.get(name, float("inf")))
    return found


@dataclasses.dataclass(frozen=True)
class Prices:
    """Prices of a region, with the table behind them.

    Attributes:
        instances: USD an hour of instance types, from AWS.
        products: other prices by the keys of _prices, from AWS.
        spot: USD an hour of instance types on the spot market.
    """

    instances: t.Mapping[str, float] = dataclasses.field(default_factory=dict)
    products: t.Mapping[str, float] = dataclasses.field(default_factory=dict)
    spot: t.Mapping[str, float] = dataclasses.field(default_factory=dict)

    def instance(self, name: str) -> float | None:
        """Return USD an hour of an instance type, None when nobody knows."""
        return self.instances.get(name, table.EC2_HOURLY.get(name))

    def hourly(self, key: str) -> float:
        """Return USD an hour of a thing in _prices.HOURLY."""
        return self.products.get(key, table.HOURLY[key])

    def gb_month(self, key: str) -> float:
        """Return USD of a GB for a month of a thing in _prices.GB_MONTH."""
        return self.products.get(key, table.GB_MONTH[key])

    def listed(self, key: str) -> bool:
        """Tell whether AWS gave the price of an instance type or of a thing."""
        return key in self.instances or key in self.products

    def as_dict(self) -> dict[str, t.Any]:
        """Return it for a module's result, and for from_dict."""
        return {"instances": dict(self.instances), "products": dict(self.products), "spot": dict(self.spot)}


def from_dict(content: Json) -> Prices:
    """Return what as_dict wrote."""
    return Prices(content.get("instances") or {}, content.get("products") or {}, content.get("spot") or {})
