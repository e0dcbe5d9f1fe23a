# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a forgotten resource costs per month: list prices in USD, us-east-1, 730 hours a month, as of November 2026."""

from __future__ import annotations

import typing as t

AS_OF = "2026-11"
HOURS_PER_MONTH = 730

EC2_HOURLY = {
    "g5.xlarge": 1.006,
    "g5.2xlarge": 1.212,
    "g5.4xlarge": 1.624,
    "g5.8xlarge": 2.448,
    "g5.12xlarge": 5.672,
    "g5.16xlarge": 4.096,
    "g5.24xlarge": 8.144,
    "g5.48xlarge": 16.288,
    "g6.xlarge": 0.805,
    "g6.2xlarge": 0.978,
    "g6.4xlarge": 1.323,
    "g6.12xlarge": 4.602,
    "g6e.xlarge": 1.861,
    "g6e.2xlarge": 2.242,
    "g6e.12xlarge": 10.493,
    "m5.large": 0.096,
    "m5.xlarge": 0.192,
    "m5.2xlarge": 0.384,
    "m5.4xlarge": 0.768,
    "m6i.xlarge": 0.192,
    "m6i.2xlarge": 0.384,
    "p4d.24xlarge": 21.958,
    "p5.48xlarge": 55.04,
    "p5en.48xlarge": 63.296,
}
HOURLY = {
    "eks_cluster": 0.10,
    "nat_gateway": 0.045,
    "elastic_ip": 0.005,
    "load_balancer": 0.0225,
    "classic_load_balancer": 0.025,
    "vpc_endpoint": 0.01,
}
MONTHLY = {"kms_key": 1.0, "secret": 0.40, "hosted_zone": 0.50, "cloudwatch_alarm": 0.10}
GB_MONTH = {"ebs_volume": 0.08, "ebs_snapshot": 0.05, "fsx_file_system": 0.14}


def monthly_usd(kind: str, item: dict[str, t.Any]) -> float | None:
    """Monthly price of one resource, 0.0 for free kinds, None where the price depends on use or is not in the table."""
    if kind == "ec2_instance":
        hourly = EC2_HOURLY.get(str(item.get("InstanceType")))
        return None if hourly is None else round(hourly * HOURS_PER_MONTH, 2)
    if kind in HOURLY:
        return round(HOURLY[kind] * HOURS_PER_MONTH, 2)
    if kind in MONTHLY:
        return MONTHLY[kind]
    if kind in GB_MONTH:
        size = item.get("Size") or item.get("VolumeSize") or item.get("StorageCapacity") or 0
        return round(GB_MONTH[kind] * float(size), 2)
    if kind == "efs_file_system":
        size = (item.get("SizeInBytes") or {}).get("Value") or 0
        return round(0.30 * float(size) / 1024**3, 2)
    if kind in ("s3_bucket", "ecr_repository", "log_group", "capacity_reservation", "amp_workspace"):
        return None
    return 0.0
