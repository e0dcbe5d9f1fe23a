# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a forgotten resource costs: AWS's prices before the table's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import prices
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.finder import Leftover

from .account import FakeClient, refusal


@pytest.mark.parametrize(
    ("kind", "item", "usd"),
    [
        ("eks_cluster", {}, 73.0),
        ("eks_cluster", {"_extended": True}, 438.0),
        ("ec2_instance", {"InstanceType": "g5.2xlarge"}, 884.76),
        ("ec2_instance", {"InstanceType": "g5.2xlarge", "State": {"Name": "stopped"}}, 0.0),
        ("ec2_instance", {"InstanceType": "x9.huge"}, None),
        ("ebs_volume", {"Size": 100, "VolumeType": "gp3", "Iops": 3000, "Throughput": 125}, 8.0),
        ("ebs_volume", {"Size": 100, "VolumeType": "gp3", "Iops": 4000, "Throughput": 225}, 17.0),
        ("ebs_volume", {"Size": 100, "VolumeType": "io2", "Iops": 1000}, 77.5),
        ("efs_file_system", {"SizeInBytes": {"Value": 10 * 1024**3}, "ProvisionedThroughputInMibps": 10.0}, 63.0),
        ("fsx_file_system", {"StorageCapacity": 1200, "LustreConfiguration": {"PerUnitStorageThroughput": 125}}, 174.0),
        ("vpc_endpoint", {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]}, 14.6),
        ("vpc_endpoint", {"VpcEndpointType": "Gateway"}, 0.0),
        ("nat_gateway", {}, 32.85),
        ("fast_snapshot_restore", {}, 547.5),
        ("recovery_point", {"BackupSizeBytes": 20 * 1024**3}, 1.0),
        ("log_group", {"storedBytes": 100 * 1024**3}, 3.0),
        ("s3_bucket", {}, None),
        ("secret", {}, 0.4),
        ("security_group", {}, 0.0),
    ],
)
def test_the_table(kind: str, item: dict[str, Any], usd: float | None) -> None:
    found = prices.monthly_usd(kind, item)
    assert (found if found is None else round(found, 2)) == usd


def product(usagetype: str, usd: float) -> str:
    dimension = {"pricePerUnit": {"USD": str(usd)}}
    terms = {"OnDemand": {"x": {"priceDimensions": {"y": dimension}}}}
    return json.dumps({"product": {"attributes": {"usagetype": usagetype}}, "terms": terms})


def test_aws_is_asked_for_what_was_found_and_no_more() -> None:
    aws = FakeClient({"get_products": {"PriceList": [product("EUC1-NatGateway-Hours", 0.052)]}})
    nat = Leftover("nat_gateway", "nat-1", "eu-central-1", "Cluster=dyn")
    group = Leftover("security_group", "sg-1", "eu-central-1", "Cluster=dyn")
    answered = prices.ask(lambda _service: aws, "eu-central-1", [nat, group])
    prices.put_on([nat, group], answered)
    assert (nat.monthly_usd, group.monthly_usd) == (37.96, 0.0)
    assert len(aws.asked("get_products")) == 1


def test_the_table_stands_behind_a_pricing_api_that_refuses() -> None:
    def refuse(**_: Any) -> None:
        raise refusal("AccessDeniedException", "GetProducts")

    nat = Leftover("nat_gateway", "nat-1", "us-west-2", "Cluster=dyn")
    answered = prices.ask(lambda _service: FakeClient({"get_products": refuse}), "us-west-2", [nat])
    prices.put_on([nat], answered)
    assert nat.monthly_usd == 32.85
