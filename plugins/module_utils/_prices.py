# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""List prices of AWS in USD: us-east-1, on demand, Linux, 730 hours a month. The one table behind every cost shown.

Where the Pricing API can be asked, its answer for the region goes before this table.
"""

from __future__ import annotations

AS_OF = "2026-11"
REGION = "us-east-1"
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
    "g6.8xlarge": 2.014,
    "g6.12xlarge": 4.602,
    "g6.16xlarge": 3.397,
    "g6.24xlarge": 6.675,
    "g6.48xlarge": 13.350,
    "g6e.xlarge": 1.861,
    "g6e.2xlarge": 2.242,
    "g6e.4xlarge": 3.004,
    "g6e.8xlarge": 4.529,
    "g6e.12xlarge": 10.493,
    "g6e.16xlarge": 7.577,
    "g6e.24xlarge": 15.066,
    "g6e.48xlarge": 30.131,
    "m5.large": 0.096,
    "m5.xlarge": 0.192,
    "m5.2xlarge": 0.384,
    "m5.4xlarge": 0.768,
    "m5.8xlarge": 1.536,
    "m6i.large": 0.096,
    "m6i.xlarge": 0.192,
    "m6i.2xlarge": 0.384,
    "m6i.4xlarge": 0.768,
    "m6i.8xlarge": 1.536,
    "m7i.large": 0.1008,
    "m7i.xlarge": 0.2016,
    "m7i.2xlarge": 0.4032,
    "m7i.4xlarge": 0.8064,
    "m7i.8xlarge": 1.6128,
    "p4d.24xlarge": 21.958,
    "p5.48xlarge": 55.04,
    "p5en.48xlarge": 63.296,
}
HOURLY = {
    "eks_cluster": 0.10,
    # What EKS takes on top of that for a Kubernetes version that has left standard support.
    "eks_extended_support": 0.50,
    "nat_gateway": 0.045,
    "elastic_ip": 0.005,
    "load_balancer": 0.0225,
    "classic_load_balancer": 0.025,
    # An interface endpoint, in each zone; gateway endpoints are free.
    "vpc_endpoint": 0.01,
    "transit_gateway_attachment": 0.05,
    # In each zone.
    "fast_snapshot_restore": 0.75,
}
MONTHLY = {"kms_key": 1.0, "secret": 0.40, "hosted_zone": 0.50, "cloudwatch_alarm": 0.10}
# Per GB that is there for a month.
GB_MONTH = {
    "ebs_volume": 0.08,
    "ebs_snapshot": 0.05,
    "efs_file_system": 0.30,
    "fsx_file_system": 0.14,
    "s3_bucket": 0.023,
    "ecr_repository": 0.10,
    "log_group": 0.03,
    # A backup of a file system.
    "recovery_point": 0.05,
}
# EBS volumes of other types than gp3, per GB-month.
VOLUME_GB_MONTH = {"gp2": 0.10, "io1": 0.125, "io2": 0.125, "st1": 0.045, "sc1": 0.015, "standard": 0.05}
PROVISIONED_IOPS_MONTH = 0.065
# EFS with provisioned throughput, per MiB a second and month.
EFS_MIB_MONTH = 6.0
# FSx for Lustre on SSD by its throughput in MB/s for each TiB, per GB-month.
FSX_GB_MONTH = {125: 0.145, 250: 0.210, 500: 0.340, 1000: 0.600}
# Per GB that goes through once.
GB_ONCE = {"nat_gateway": 0.045, "vpc_endpoint": 0.01, "log_ingestion": 0.50}
# gp3: what goes beyond 3,000 operations and 125 MiB a second, per month.
GP3_IOPS_MONTH = 0.005
GP3_MIB_MONTH = 0.04
GP3_FREE_IOPS = 3000
GP3_FREE_MIB = 125


def gp3_hourly(gib: float, iops: int = GP3_FREE_IOPS, mib: int = GP3_FREE_MIB, gb_month: float | None = None) -> float:
    """Return what a gp3 volume costs an hour.

    Args:
        gib: its size in GiB.
        iops: its operations per second.
        mib: its throughput in MiB per second.
        gb_month: price of a GB for a month, where it is known better than from the table.
    """
    month = gib * (GB_MONTH["ebs_volume"] if gb_month is None else gb_month)
    month += max(0, iops - GP3_FREE_IOPS) * GP3_IOPS_MONTH + max(0, mib - GP3_FREE_MIB) * GP3_MIB_MONTH
    return month / HOURS_PER_MONTH
