# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The price list service, as far as Karpenter reads it: on-demand prices of Linux instances."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.ec2_prices import on_demand_price
from rehearsal.aws.operations import Context, Result, operation

#: AWS gives at most this many products in one answer.
PAGE = 100


@operation("pricing", "GetProducts")
def get_products(context: Context) -> Result:
    """List the products that the filters name, one for each instance type of the region."""
    params = context.params
    filters = {entry["Field"]: entry["Value"] for entry in params.get("Filters", [])}
    products = wanted(str(filters.get("regionCode", context.region)), filters) if _knows(params, filters) else []
    start, size = int(params.get("NextToken") or 0), min(int(params.get("MaxResults") or PAGE), PAGE)
    answer: dict[str, Any] = {
        "FormatVersion": "aws_v1",
        "PriceList": [json.dumps(product) for product in products[start : start + size]],
    }
    if start + size < len(products):
        answer["NextToken"] = str(start + size)
    return answer


def _knows(params: dict[str, Any], filters: dict[str, str]) -> bool:
    """Whether the question is about Linux instances; nothing else is in our list."""
    return params.get("ServiceCode") == "AmazonEC2" and filters.get("operatingSystem", "Linux") == "Linux"


def wanted(region: str, filters: dict[str, str]) -> list[dict[str, Any]]:
    """Products of a region, metal ones or the others as the filters say."""
    metal = {"Compute Instance (bare metal)": True, "Compute Instance": False}.get(filters.get("productFamily", ""))
    names = sorted(shape["InstanceType"] for shape in backend("ec2", region).describe_instance_types())
    if "instanceType" in filters:
        names = [name for name in names if name == filters["instanceType"]]
    return [product(region, name) for name in names if metal is None or (".metal" in name) == metal]


def product(region: str, instance_type: str) -> dict[str, Any]:
    """One product in the shape of AWS's price list."""
    price = f"{on_demand_price(region, instance_type):.10f}"
    return {
        "product": {"attributes": {"instanceType": instance_type, "regionCode": region, "operatingSystem": "Linux"}},
        "serviceCode": "AmazonEC2",
        "terms": {
            "OnDemand": {"term": {"priceDimensions": {"dimension": {"unit": "Hrs", "pricePerUnit": {"USD": price}}}}}
        },
    }
