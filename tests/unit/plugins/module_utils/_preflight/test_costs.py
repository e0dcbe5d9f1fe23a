# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Costs: from variables and prices to rows, to text, and to a limit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils import _prices as table
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight import cost_table, costs, needs, pricing
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.pricing import Prices

ROOT = Path(__file__).resolve().parents[5]
KARPENTER = yaml.safe_load((ROOT / "roles/karpenter_gpu/defaults/main.yml").read_text(encoding="utf-8"))
POOLS, CLASSES = KARPENTER["karpenter_gpu_pools"], KARPENTER["karpenter_gpu_node_classes"]


def items(variables: dict[str, Any], prices: Prices | None = None, extended: bool = False) -> dict[str, costs.Row]:
    return {row.item: row for row in costs.rows(variables, prices or Prices(), extended)}


def unquoted(value: Any) -> Any:
    """A default as hcl2 reads it, without the quotes and markers that some of its versions leave in."""
    if isinstance(value, dict):
        return {unquoted(key): unquoted(item) for key, item in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


def test_defaults_are_terraforms() -> None:
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "terraform").glob("variables*.tf")):
        for block in hcl2.loads(path.read_text(encoding="utf-8")).get("variable", []):
            for name, body in block.items():
                found[unquoted(name)] = unquoted(body.get("default"))
    assert {name: found[name] for name in costs.DEFAULTS} == costs.DEFAULTS


def test_the_defaults_cost_what_they_cost() -> None:
    found = items({})
    assert {name: row.quantity for name, row in found.items()} == {
        "EKS control plane": 1,
        "core nodes (m5.xlarge)": 2,
        "their disks (gp3, 100 GiB)": 2,
        "NAT gateways": 1,
        "public IPv4 addresses": 1,
        "KMS key": 1,
    }
    total, unknown = costs.total(found.values())
    assert total == pytest.approx(0.10 + 2 * 0.192 + 2 * 8 / 730 + 0.045 + 0.005 + 1 / 730)
    assert unknown == []


def test_switches_change_the_rows() -> None:
    found = items(
        {
            "eks_cluster_version": "1.33",
            "availability_zones": ["a", "b", "c"],
            "single_nat_gateway": "false",
            "vpc_interface_endpoints": ["ecr.api", "sts"],
            "core_node_instance_types": ["x9.huge"],
            "core_node_scaling": {"desired": 3},
            "enable_gpu_node_group": True,
            "gpu_node_scaling": {"desired": 1},
            "gpu_node_instance_types": ["g6.xlarge"],
            "deploy_fsx_volume": True,
            "kms_key_arn": "arn:aws:kms:us-west-2:123456789012:key/x",
        },
        extended=True,
    )
    assert found["NAT gateways"].quantity == found["public IPv4 addresses"].quantity == 3
    assert found["interface endpoints"].quantity == 6
    assert found["extended support of 1.33"].hourly_usd == 0.5
    assert found["core nodes (x9.huge)"].hourly_usd is None
    assert found["GPU node group (g6.xlarge)"].hourly_usd == 0.805
    assert found["FSx for Lustre (1200 GiB)"].hourly_usd == pytest.approx(1200 * 0.34 / 730)
    assert "KMS key" not in found
    assert costs.total(found.values())[1] == ["core nodes (x9.huge)"]


def test_a_network_that_is_there_costs_nothing_new() -> None:
    given = {"vpc_id": "vpc-1", "private_subnet_ids": ["a", "b"], "vpc_interface_endpoints": ["sts"]}
    rows = {row.item: row.quantity for row in costs.rows(given, Prices(), extended=False, zones=3)}
    assert not {"NAT gateways", "public IPv4 addresses"} & set(rows)
    assert rows["interface endpoints"] == 3
    assert not [line for line in costs.by_use(given, Prices()) if "NAT" in line]


def test_by_use_follows_the_switches() -> None:
    everything = {
        "enable_model_bucket": True,
        "ecr_repositories": ["a"],
        "enable_amazon_prometheus": True,
        "enable_cluster_addons": {"amazon-cloudwatch-observability": True},
        "capacity_block_reservation_id": "cr-1",
    }
    assert len(costs.by_use(everything, Prices())) == len(costs.by_use({}, Prices())) + 5
    nothing = costs.by_use({"enabled_log_types": [], "enable_aws_efs_csi_driver": False}, Prices())
    assert len(nothing) == len(costs.by_use({}, Prices())) - 2


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("single_nat_gateway", "yes", "true or false"),
        ("core_node_disk_gib", "100G", "a whole number"),
        ("availability_zones", "a", "a list"),
        ("core_node_scaling", {"desired": "two"}, "a whole number"),
        ("vpc_id", ["vpc-1"], "text"),
    ],
)
def test_a_variable_of_another_type_is_named(name: str, value: Any, kind: str) -> None:
    with pytest.raises(costs.VariableError, match=f"must be {kind}; got"):
        costs.effective({name: value})


def test_nodes_and_examples_with_their_disks() -> None:
    prices = Prices({"g5.2xlarge": 1.5}, {"ebs_volume": 0.1}, {"g5.2xlarge": 0.5})
    gpu, *others, cpu = costs.node_costs(POOLS, CLASSES, prices, {})
    assert [(node.instance_type, node.gpus) for node in others] == [
        ("g6.2xlarge", 1),
        ("g6e.2xlarge", 1),
        ("p5.48xlarge", 8),
    ]
    assert (gpu.instance_type, gpu.gpus, gpu.on_demand_usd, gpu.spot_usd, gpu.listed) == (
        "g5.2xlarge",
        1,
        1.5,
        0.5,
        True,
    )
    assert gpu.disk_usd == pytest.approx((200 * 0.1 + 13000 * 0.005 + 875 * 0.04) / 730)
    assert (cpu.spot_usd, cpu.listed) == (None, False)
    vllm = yaml.safe_load((ROOT / "roles/dynamo_example/files/examples/vllm.yml").read_text(encoding="utf-8"))
    cost = costs.example_cost("vllm", needs.of_example(vllm, POOLS), POOLS, CLASSES, prices)
    assert cost.nodes == "1 m5.xlarge, 1 g5.2xlarge"
    assert cost.hourly_usd == pytest.approx(1.5 + gpu.disk_usd + 0.192 + cpu.disk_usd)
    unknown = costs.example_cost("x", [needs.Need("x", ("z9.huge",))], POOLS, CLASSES, prices)
    assert unknown.hourly_usd is None


def result(variables: dict[str, Any], prices: Prices | None = None) -> dict[str, Any]:
    rows = costs.rows(variables, prices or Prices(), extended=True)
    total, unknown = costs.total(rows)
    nodes = costs.node_costs(POOLS, CLASSES, prices or Prices(), {})
    return {
        "region": "us-west-2",
        "rows": [row.as_dict() for row in rows],
        "hourly_usd": total,
        "unknown": unknown,
        "nodes": [row.as_dict() for row in nodes],
        "examples": [
            {"name": "a-rather-long-name-of-an-example", "nodes": "1 m5.xlarge, 12 g6e.12xlarge", "hourly_usd": None}
        ],
        "by_use": costs.by_use(variables, Prices()),
    }


def test_the_table_fits_and_marks_what_is_not_of_the_region() -> None:
    lines = cost_table.lines(result({"core_node_instance_types": ["x9.huge"]}, Prices({}, {"eks_cluster": 0.1})))
    assert max(map(len, lines)) <= cost_table.WIDTH
    assert not [line for line in lines if line.startswith(" ") or line != line.rstrip()]
    text = "\n".join(lines)
    assert "EKS control plane  " in text
    assert "NAT gateways *" in text
    assert "core nodes (x9.huge) *                     2        ?         ?          ?" in text
    nothing = {**result({}), "rows": [], "hourly_usd": 0}
    assert "makes nothing that costs" in cost_table.lines(nothing)[1]


def test_the_limit() -> None:
    found = result({"single_nat_gateway": False})
    assert cost_table.check_limit(found, None) is None
    within = cost_table.check_limit(found, 1.5)
    assert within
    assert within.level == "ok"
    above = cost_table.check_limit(found, 1.0)
    assert above
    assert above.level == "error"
    assert f"{found['hourly_usd']:.2f} USD an hour, more than the limit of 1.00" in above.message
    assert "extended support of 1.33 0.50, core nodes (m5.xlarge) 0.38" in above.message
    assert "-e profile=current" in above.next
    assert "single_nat_gateway = true" in above.next
    nothing = cost_table.check_limit({**found, "hourly_usd": 0, "rows": []}, 0)
    assert nothing
    assert nothing.level == "ok"


def test_an_unknown_price_is_above_every_limit() -> None:
    found = cost_table.check_limit(result({"core_node_instance_types": ["x9.huge"]}), 1000)
    assert found
    assert found.level == "error"
    assert "core nodes (x9.huge) is not known" in found.message


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf")])
def test_a_limit_is_an_amount_of_money(limit: float) -> None:
    with pytest.raises(ValueError, match=r"for example 1\.50"):
        cost_table.check_limit(result({}), limit)


def product(usage: str, usd: str, **attributes: str) -> str:
    dimensions = {
        "b": {"beginRange": "100", "pricePerUnit": {"USD": "0.0001"}},
        "a": {"beginRange": "0", "pricePerUnit": {"USD": usd}},
    }
    attributes["usagetype"] = usage
    terms = {"OnDemand": {"t": {"priceDimensions": dimensions}}}
    return json.dumps({"product": {"attributes": attributes}, "terms": terms})


def test_prices_of_a_price_list() -> None:
    answers = {
        ("AmazonEKS", ()): [
            product("EUC1-AmazonEKS-Hours:perCluster", "0.12"),
            product("EUC1-AmazonEKS-Hours:extendedSupport", "0.55"),
            product("EUC1-Fargate-GB-Hours", "9"),
        ],
        ("AmazonEC2", (("productFamily", "NAT Gateway"),)): [
            product("EUC1-NatGateway-Bytes", "0.05"),
            product("EUC1-NatGateway-Hours", "0.052"),
        ],
    }
    found = pricing.product_prices(answers)
    assert found == {"eks_cluster": 0.12, "eks_extended_support": 0.55, "nat_gateway": 0.052}
    prices = Prices({}, found)
    assert prices.hourly("nat_gateway") == 0.052
    assert prices.hourly("elastic_ip") == table.HOURLY["elastic_ip"]
    assert (prices.listed("nat_gateway"), prices.listed("elastic_ip")) == (True, False)
    assert pricing.from_dict(json.loads(json.dumps(prices.as_dict()))) == prices


def test_the_price_of_an_instance() -> None:
    listed = [product("x", "0.0000", instanceType="g5.xlarge"), product("y", "1.1", instanceType="g5.xlarge")]
    assert pricing.instance_price(listed, "g5.xlarge") == 1.1
    assert pricing.instance_price(listed, "g5.2xlarge") is None
    assert pricing.instance_price([json.dumps({"terms": {}})], "g5.xlarge") is None


def test_spot_prices_are_the_lowest_of_the_zones_and_the_newest() -> None:
    def item(zone: str, price: str, when: int) -> dict[str, Any]:
        return {"InstanceType": "g5.xlarge", "AvailabilityZone": zone, "SpotPrice": price, "Timestamp": when}

    history = [item("a", "0.2", 1), item("a", "0.5", 2), item("b", "0.4", 1), item("c", "0.1", 9)]
    assert pricing.spot_prices(history, ["a", "b"]) == {"g5.xlarge": 0.4}


def test_the_table_of_prices_covers_what_is_priced() -> None:
    assert {item.key for item in pricing.PRODUCTS} <= {*table.HOURLY, *table.GB_MONTH}
    assert table.gp3_hourly(100) == pytest.approx(8 / 730)
    assert table.gp3_hourly(200, 16000, 1000) == pytest.approx(116 / 730)
