# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What pools, examples and users ask for, and what the quotas say to that."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight import needs, quotas, shapes
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.needs import Need
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.quotas import Asked, Used

GPU_POOL: dict[str, Any] = {"name": "gpu", "instance_families": ["g5"], "instance_sizes": ["12xlarge", "2xlarge"]}
CPU_POOL: dict[str, Any] = {"name": "cpu", "instance_families": ["m6i", "m5"], "instance_sizes": ["2xlarge", "xlarge"]}
POOLS = [GPU_POOL, CPU_POOL]
EXAMPLE: dict[str, Any] = {
    "name": "big",
    "node_pool": "cpu",
    "components": [
        {"name": "Frontend", "replicas": 1, "resources": {"cpu": "1", "memory": "2Gi"}},
        {"name": "Router", "replicas": 2, "resources": {"cpu": "500m", "memory": "2Gi"}},
        {"name": "Worker", "node_pool": "gpu", "replicas": 3, "resources": {"cpu": "4", "memory": "16Gi", "gpu": 1}},
        {"name": "Wide", "node_pool": "gpu", "resources": {"cpu": "4", "memory": "16Gi", "gpu": 4}},
    ],
}


@pytest.mark.parametrize(
    ("name", "vcpus", "gpus", "memory"),
    [
        ("g5.2xlarge", 8, 1, 32),
        ("g5.12xlarge", 48, 4, 192),
        ("p5.48xlarge", 192, 8, 0),
        ("m5.large", 2, 0, 8),
        ("c7i.xlarge", 4, 0, 8),
        ("m5.metal", 0, 0, 0),
    ],
)
def test_sizes_follow_from_names(name: str, vcpus: int, gpus: int, memory: float) -> None:
    assert shapes.shape_of(name) == shapes.Shape(name, vcpus, gpus, memory)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("g6e.xlarge", "g"), ("gr6.4xlarge", "g"), ("vt1.3xlarge", "g"), ("p4d.24xlarge", "p"), ("p5en.48xlarge", "p5"),
     ("m7i.large", "standard"), ("im4gn.large", "standard"), ("inf2.xlarge", ""), ("trn1.2xlarge", ""), ("x", "")],
)  # fmt: skip
def test_every_type_belongs_to_one_quota(name: str, kind: str) -> None:
    assert shapes.quota_class(name) == kind


def test_what_ec2_says_goes_before_the_rules() -> None:
    described = {
        "InstanceType": "g5.2xlarge",
        "VCpuInfo": {"DefaultVCpus": 9},
        "GpuInfo": {"Gpus": [{"Count": 2}]},
        "MemoryInfo": {"SizeInMiB": 2048},
    }
    assert shapes.from_ec2(described) == shapes.Shape("g5.2xlarge", 9, 2, 2.0)
    assert shapes.vcpus_of({"InstanceType": "m5.large", "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 1}}) == 1
    assert shapes.vcpus_of({"InstanceType": "m5.large"}) == 2


def test_a_pool_asks_for_one_node_of_its_smallest_type() -> None:
    assert needs.of_pools(POOLS) == [
        Need("pool gpu", ("g5.2xlarge", "g5.12xlarge")),
        Need("pool cpu", ("m5.xlarge", "m6i.xlarge", "m5.2xlarge", "m6i.2xlarge")),
    ]
    both = needs.of_pools([{**GPU_POOL, "capacity_types": ["reserved", "on-demand", "spot"]}])
    assert [need.capacity_type for need in both] == ["on-demand", "spot"]
    assert needs.of_pools([{"name": "free", "instance_families": ["g5"]}]) == []


def test_an_example_is_packed_as_karpenter_packs_it() -> None:
    found = {need.instance_types[0]: need.count for need in needs.of_example(EXAMPLE, POOLS)}
    # The three workers share the second of the two large nodes.
    assert found == {"m5.xlarge": 1, "g5.12xlarge": 2}
    assert needs.of_example({"name": "x", "components": [{"node_pool": "other"}]}, POOLS) == []


@pytest.mark.parametrize("wrong", ["g5", {"count": 1}, {"instance_types": []}, {"instance_types": ["a"], "n": 1}])
def test_a_wrong_need_is_explained(wrong: Any) -> None:
    with pytest.raises(needs.NeedError, match="a need is written like"):
        needs.of_input(wrong)


def test_a_users_need() -> None:
    item = {"purpose": "reranker", "instance_types": ["g6.xlarge"], "count": 4, "capacity_type": "spot"}
    assert needs.of_input(item) == Need("reranker", ("g6.xlarge",), 4, "spot")


def asked() -> dict[str, Asked]:
    core = Need("the node group core", ("m5.xlarge",), 2, at_once=True)
    return quotas.asked([core, *needs.of_pools(POOLS), *needs.of_example(EXAMPLE, POOLS)], {})


def test_quotas_are_asked_for_what_comes_together() -> None:
    found = asked()
    assert (found["standard"].at_once, found["standard"].least, found["standard"].most) == (8, 12, 12)
    assert (found["g"].at_once, found["g"].least, found["g"].most) == (0, 8, 96)
    assert found["g"].why_most == "example big"
    assert quotas.key_of("p5.48xlarge", "on-demand") == "p"
    assert quotas.key_of("p5.48xlarge", "spot") == "p5-spot"
    assert quotas.key_of("inf2.xlarge", "spot") == ""


@pytest.mark.parametrize(
    ("key", "value", "used", "level", "words"),
    [
        ("g", 0, Used(), "error", "No instance can start for pool gpu (1 x g5.2xlarge): the quota Running On-Demand G"),
        ("g", 8, Used(8, 0), "warning", "At present no instance can start"),
        ("g", 8, Used(8, 8), "warning", "Example big needs 96 vCPUs"),
        ("g", 96, Used(96, 96), "ok", ""),
        ("standard", 9, Used(4, 0), "error", "The install needs 8 vCPUs"),
        ("standard", 12, Used(8, 8), "ok", ""),
    ],
)
def test_quotas_are_judged_without_what_is_ours(key: str, value: int, used: Used, level: str, words: str) -> None:
    rows, findings = quotas.check({key: value}, {key: used}, asked(), "us-west-2")
    (finding,) = findings
    assert finding.level == level
    assert words in finding.message
    assert (rows[0]["quota"], rows[0]["used"], rows[0]["used_by_cluster"]) == (value, used.total, used.ours)
    if level != "ok":
        assert f"--quota-code {rows[0]['code']} --desired-value {used.others + rows[0]['needed']}" in finding.next


def test_a_quota_that_nobody_knows_is_not_judged() -> None:
    assert quotas.check({}, {}, asked(), "us-west-2") == ([], [])
    rows, findings = quotas.check({"p": 0}, {}, asked(), "us-west-2")
    assert (rows[0]["used"], findings) == (None, [])


def test_an_optional_pool_without_quota_is_a_warning_and_demands_nothing() -> None:
    wishes = [
        Need("pool g5", ("g5.2xlarge",)),
        Need("pool g6", ("g6.2xlarge",), optional=True),
        Need("pool p5", ("p5.48xlarge",), optional=True),
    ]
    wanted = quotas.asked(wishes, {})
    assert (wanted["g"].least, wanted["g"].most, wanted["p"].most) == (8, 8, 0)
    _rows, findings = quotas.check({"g": 8, "p": 0}, {}, wanted, "us-west-2")
    assert [(finding.level, finding.message) for finding in findings] == [
        ("ok", "Running On-Demand G and VT instances: 8 vCPUs, 8 needed."),
        (
            "warning",
            "No instance can start for pool p5 (1 x p5.48xlarge): "
            "the quota Running On-Demand P instances (L-417A185B) is 0 vCPUs.",
        ),
    ]
    assert findings[1].next.startswith("Nothing, unless a graph is to use that pool; else ask AWS for 192 or more")
