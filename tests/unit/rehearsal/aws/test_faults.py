# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.errors import AwsError
from rehearsal.aws.faults import Faults
from rehearsal.aws.latency import Latencies, checked
from rehearsal.aws.wire import Call, Credential


def call(service: str = "ec2", action: str = "CreateVpc", protocol: str = "ec2") -> Call:
    scope = ["AKIA", "20260101", "us-west-2", service, "aws4_request"]
    return Call(
        Credential(scope, ["host"], ""), service, service, "us-west-2", action, protocol, "POST", "/", "", {}, b""
    )


def code_of(faults: Faults, struck: Call) -> str | None:
    try:
        faults.strike(struck)
    except AwsError as error:
        return error.code
    return None


def test_throttle_until_the_count_is_used_up() -> None:
    faults = Faults()
    faults.add({"kind": "throttle", "action": "ec2:*", "count": 2})
    assert [code_of(faults, call()) for _ in range(3)] == ["RequestLimitExceeded", "RequestLimitExceeded", None]
    assert faults.report()[0]["hits"] == 2


def test_throttling_is_worded_by_service() -> None:
    faults = Faults()
    faults.add({"kind": "throttle", "action": "*"})
    assert code_of(faults, call("eks", "CreateCluster", "rest-json")) == "ThrottlingException"
    assert code_of(faults, call("iam", "CreateRole", "query")) == "Throttling"
    assert code_of(faults, call("s3", "PutObject", "rest-xml")) == "SlowDown"


def test_fail_hits_one_action_only() -> None:
    faults = Faults()
    faults.add({"kind": "fail", "action": "ec2:CreateNatGateway", "code": "NatGatewayLimitExceeded", "message": "full"})
    assert code_of(faults, call()) is None
    with pytest.raises(AwsError, match="full") as caught:
        faults.strike(call(action="CreateNatGateway"))
    assert (caught.value.code, caught.value.status) == ("NatGatewayLimitExceeded", 400)


def test_no_capacity_matches_what_it_names() -> None:
    faults = Faults()
    faults.add({"kind": "no_capacity", "instance_types": ["g5.*"], "zones": ["us-west-2a"]})
    assert faults.lacks_capacity("g5.2xlarge", "us-west-2a", "spot")
    assert not faults.lacks_capacity("g5.2xlarge", "us-west-2b", "spot")
    assert not faults.lacks_capacity("m5.large", "us-west-2a", "spot")
    assert code_of(faults, call(action="CreateFleet")) is None


def test_remove() -> None:
    faults = Faults()
    kept = faults.add({"kind": "throttle", "action": "eks:*"})
    faults.add({"kind": "throttle", "action": "ec2:*"})
    assert faults.remove("f-2") == 1
    assert [fault["id"] for fault in faults.report()] == [kept["id"]]
    assert faults.remove() == 1
    assert faults.remove("f-1") == 0


@pytest.mark.parametrize(
    "fault", [None, {}, {"kind": "flood"}, {"kind": "throttle"}, {"kind": "fail", "action": "x", "code": "y", "z": 1}]
)
def test_refused_faults(fault: Any) -> None:
    with pytest.raises(ValueError, match="fault"):
        Faults().add(fault)


def test_latency_of_a_state_does_not_hold_the_answer_back() -> None:
    latencies = Latencies({"eks:CreateCluster": 60.0, "ec2:CreateVpc": 0.05})
    started = time.monotonic()
    latencies.wait("eks:CreateCluster")
    latencies.wait("ec2:DescribeVpcs")
    assert time.monotonic() - started < 0.05
    latencies.wait("ec2:CreateVpc")
    assert time.monotonic() - started >= 0.05


def test_star_is_for_answers_only() -> None:
    latencies = Latencies({"*": 0.2})
    assert latencies.seconds("ec2:DescribeVpcs") == 0.2
    assert latencies.seconds("eks:CreateCluster") == 0.0


@pytest.mark.parametrize("table", [[], {"eks:CreateCluster": "9"}, {"eks:CreateCluster": -1}, {"a": True}])
def test_refused_latencies(table: Any) -> None:
    with pytest.raises(ValueError, match="latenc"):
        checked(table)


def test_latency_file(tmp_path: Path) -> None:
    path = tmp_path / "latency.json"
    path.write_text('{"eks:CreateCluster": 9}', encoding="utf-8")
    assert Latencies.from_file(path).report() == {"eks:CreateCluster": 9.0}
