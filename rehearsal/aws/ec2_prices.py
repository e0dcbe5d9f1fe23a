# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Hourly prices, so that the cheapest instance type wins as on AWS. Never shown as a cost to anybody.

Sources: on-demand list prices of us-west-2 for the types in the table; for others an estimate from size and GPUs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rehearsal.aws.account import backend, now
from rehearsal.aws.operations import Context, Result, operation

#: US dollars per hour, on demand, Linux.
ON_DEMAND = {
    "c5.xlarge": 0.17,
    "c6i.xlarge": 0.17,
    "c7i.xlarge": 0.1785,
    "m5.large": 0.096,
    "m5.xlarge": 0.192,
    "m6i.large": 0.096,
    "m6i.xlarge": 0.192,
    "m7i.xlarge": 0.2016,
    "t3.medium": 0.0416,
    "g5.xlarge": 1.006,
    "g5.2xlarge": 1.212,
    "g5.4xlarge": 1.624,
    "g5.8xlarge": 2.448,
    "g5.12xlarge": 5.672,
    "g5.48xlarge": 16.288,
    "g6.xlarge": 0.8048,
    "g6.2xlarge": 0.9776,
    "g6.12xlarge": 4.6016,
    "g6e.xlarge": 1.861,
    "g6e.2xlarge": 2.24208,
    "p5.48xlarge": 55.04,
}
VCPU, GIB, GPU_GIB = 0.034, 0.0045, 0.035
SPOT_SHARE = 0.35


@lru_cache(maxsize=4096)
def on_demand_price(region: str, instance_type: str) -> float:
    """Price of an instance type per hour in US dollars; infinite for a type that EC2 does not have."""
    if instance_type in ON_DEMAND:
        return ON_DEMAND[instance_type]
    known = backend("ec2", region).describe_instance_types([instance_type])
    if not known:
        return float("inf")
    shape: dict[str, Any] = known[0]
    gpu_mib = sum(gpu["Count"] * gpu["MemoryInfo"]["SizeInMiB"] for gpu in shape.get("GpuInfo", {}).get("Gpus", []))
    return float(
        shape["VCpuInfo"]["DefaultVCpus"] * VCPU
        + shape["MemoryInfo"]["SizeInMiB"] / 1024 * GIB
        + gpu_mib / 1024 * GPU_GIB
    )


def hourly_price(region: str, instance_type: str, spot: bool) -> float:
    """Price of an instance per hour in US dollars."""
    return on_demand_price(region, instance_type) * (SPOT_SHARE if spot else 1)


@operation("ec2", "DescribeSpotPriceHistory")
def describe_spot_price_history(context: Context) -> Result:
    """List the present spot price of every type and zone that the filters name."""
    params, ec2 = context.params, backend("ec2", context.region)
    filters = {entry["Name"]: entry["Values"] for entry in params.get("Filters", [])}
    if params.get("AvailabilityZone"):
        filters["availability-zone"] = [params["AvailabilityZone"]]
    products = params.get("ProductDescriptions") or filters.pop("product-description", None) or ["Linux/UNIX"]
    offerings = ec2.describe_spot_price_history(params.get("InstanceTypes"), filters)
    start, size = int(params.get("NextToken") or 0), int(params.get("MaxResults") or 1000)
    page = offerings[start : start + size]
    return {
        "SpotPriceHistory": [
            {
                "AvailabilityZone": offering["Location"],
                "InstanceType": offering["InstanceType"],
                "ProductDescription": products[0],
                "SpotPrice": f"{hourly_price(context.region, offering['InstanceType'], spot=True):.6f}",
                "Timestamp": now(),
            }
            for offering in page
        ],
        "NextToken": str(start + size) if start + size < len(offerings) else "",
    }
