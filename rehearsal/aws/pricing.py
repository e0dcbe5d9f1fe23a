# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The price list service: on-demand prices of Linux instances, and of what else an install makes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.ec2_prices import on_demand_price
from rehearsal.aws.operations import Context, Result, operation

#: AWS gives at most this many products in one answer.
PAGE = 100
#: What usage types of a region begin with; those of us-east-1 begin with nothing where a service is older than regions.
USAGE_PREFIX = {"us-west-2": "USW2-", "us-east-1": "USE1-"}
METAL = {"Compute Instance (bare metal)": True, "Compute Instance": False}
#: Service, attributes, end of the usage type, unit, US dollars. Source: the price pages of the services, us-west-2.
OTHERS: tuple[tuple[str, dict[str, str], str, str, float], ...] = (
    ("AmazonEKS", {"productFamily": "Compute"}, "AmazonEKS-Hours:perCluster", "Hours", 0.10),
    ("AmazonEKS", {"productFamily": "Compute"}, "AmazonEKS-Hours:extendedSupport", "Hours", 0.50),
    ("AmazonEC2", {"productFamily": "NAT Gateway"}, "NatGateway-Hours", "Hrs", 0.045),
    ("AmazonEC2", {"productFamily": "NAT Gateway"}, "NatGateway-Bytes", "GB", 0.045),
    ("AmazonEC2", {"productFamily": "Storage", "volumeApiName": "gp3"}, "EBS:VolumeUsage.gp3", "GB-Mo", 0.08),
    ("AmazonEFS", {"productFamily": "Storage"}, "TimedStorage-ByteHrs", "GB-Mo", 0.30),
    ("AmazonVPC", {"group": "VPCPublicIPv4Address"}, "PublicIPv4:InUseAddress", "Hrs", 0.005),
    ("AmazonVPC", {"productFamily": "VpcEndpoint"}, "VpcEndpoint-Hours", "Hrs", 0.01),
)


@operation("pricing", "GetProducts")
def get_products(context: Context) -> Result:
    """List the products that the filters name."""
    params = context.params
    filters = {entry["Field"]: entry["Value"] for entry in params.get("Filters", [])}
    region = str(filters.get("regionCode", context.region))
    products = [*others(region, str(params.get("ServiceCode")), filters), *_instances(region, params, filters)]
    start, size = int(params.get("NextToken") or 0), min(int(params.get("MaxResults") or PAGE), PAGE)
    answer: dict[str, Any] = {
        "FormatVersion": "aws_v1",
        "PriceList": [json.dumps(item) for item in products[start : start + size]],
    }
    if start + size < len(products):
        answer["NextToken"] = str(start + size)
    return answer


def _instances(region: str, params: dict[str, Any], filters: dict[str, str]) -> list[dict[str, Any]]:
    """Products of Linux instances, if the question is about them."""
    asked = params.get("ServiceCode") == "AmazonEC2" and filters.get("operatingSystem", "Linux") == "Linux"
    return wanted(region, filters) if asked and filters.get("productFamily", "Compute Instance") in METAL else []


def others(region: str, service: str, filters: dict[str, str]) -> Iterable[dict[str, Any]]:
    """Products of a service that are no instances."""
    for code, attributes, usage, unit, usd in OTHERS:
        fields = {**attributes, "regionCode": region, "usagetype": USAGE_PREFIX.get(region, "") + usage}
        if code == service and all(fields.get(name) == value for name, value in filters.items()):
            yield _product(code, fields, unit, usd)


def wanted(region: str, filters: dict[str, str]) -> list[dict[str, Any]]:
    """Products of instances of a region, metal ones or the others as the filters say."""
    metal = METAL.get(filters.get("productFamily", ""))
    asked = [filters["instanceType"]] if "instanceType" in filters else None
    names = sorted(shape["InstanceType"] for shape in backend("ec2", region).describe_instance_types(asked))
    return [product(region, name) for name in names if metal is None or (".metal" in name) == metal]


def product(region: str, instance_type: str) -> dict[str, Any]:
    """An instance type in the shape of AWS's price list."""
    fields = {"instanceType": instance_type, "regionCode": region, "operatingSystem": "Linux"}
    return _product("AmazonEC2", fields, "Hrs", on_demand_price(region, instance_type))


def _product(service: str, attributes: dict[str, str], unit: str, usd: float) -> dict[str, Any]:
    dimension = {"unit": unit, "beginRange": "0", "pricePerUnit": {"USD": f"{usd:.10f}"}}
    return {
        "product": {"attributes": attributes},
        "serviceCode": service,
        "terms": {"OnDemand": {"term": {"priceDimensions": {"dimension": dimension}}}},
    }
