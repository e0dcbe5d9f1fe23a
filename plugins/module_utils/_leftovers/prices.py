# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a forgotten resource costs per month."""

from __future__ import annotations

import typing as t

from .._prices import AS_OF, EC2_HOURLY, GB_MONTH, HOURLY, HOURS_PER_MONTH, MONTHLY

__all__ = ["AS_OF", "EC2_HOURLY", "GB_MONTH", "HOURLY", "HOURS_PER_MONTH", "MONTHLY", "monthly_usd"]


def monthly_usd(kind: str, item: dict[str, t.Any]) -> float | None:
    """Monthly price of one resource, 0.0 for free kinds, None where the price depends on use or is not in the table."""
    if kind == "ec2_instance":
        hourly = EC2_HOURLY.get(str(item.get("InstanceType")))
        return None if hourly is None else round(hourly * HOURS_PER_MONTH, 2)
    if kind in HOURLY:
        return round(HOURLY[kind] * HOURS_PER_MONTH, 2)
    if kind in MONTHLY:
        return MONTHLY[kind]
    if kind in ("ebs_volume", "ebs_snapshot", "fsx_file_system"):
        size = item.get("Size") or item.get("VolumeSize") or item.get("StorageCapacity") or 0
        return round(GB_MONTH[kind] * float(size), 2)
    if kind == "efs_file_system":
        size = (item.get("SizeInBytes") or {}).get("Value") or 0
        return round(GB_MONTH[kind] * float(size) / 1024**3, 2)
    if kind in ("s3_bucket", "ecr_repository", "log_group", "capacity_reservation", "amp_workspace"):
        return None
    return 0.0
