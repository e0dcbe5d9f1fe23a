# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""From the answers of AWS to a report, with questions that were refused."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import AwsError, hint
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight import report, survey
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.survey import Answers

DAY = datetime.date(2026, 11, 22)
POOL = {"name": "gpu", "instance_families": ["g5"], "instance_sizes": ["2xlarge"]}
PLAN = report.Plan("us-west-2", "dyn", pools=[POOL], version="1.35")
ZONES = [{"ZoneName": f"us-west-2{letter}", "ZoneId": f"usw2-az{letter}"} for letter in "abc"]
QUOTAS = {"g": 16.0, "standard": 64.0, "elastic_ips": 5.0, "vpcs": 5.0, "nat_gateways": 5.0, "clusters": 100.0}


def answers(**others: Any) -> Answers:
    types = ("m5.xlarge", "g5.2xlarge")
    usual: dict[str, Any] = {
        "zones": ZONES,
        "subnets": [],
        "instances": [],
        "addresses": [],
        "vpcs": [],
        "nat_gateways": [],
        "clusters": [],
        "cluster": {},
        "offerings": [{"InstanceType": name, "Location": zone["ZoneName"]} for name in types for zone in ZONES],
        "quotas": QUOTAS,
        "service_roles": ["AWSServiceRoleForAmazonEKS"],
    }
    return Answers({**usual, **others})


def levels(found: report.Report, *names: str) -> list[tuple[str, str]]:
    return [(item.name, item.level) for item in found.findings if item.name in names]


def test_an_empty_account_is_in_order() -> None:
    found = report.build(PLAN, answers(), DAY, limit=1.0)
    assert report.summary(found.findings)["error"] == 0
    assert found.zones == ["us-west-2a", "us-west-2b"]
    assert [item["name"] for item in found.instance_types] == ["m5.xlarge", "g5.2xlarge"]
    assert all(item["zones"] == found.zones for item in found.instance_types)
    assert found.kubernetes["status"] == "standard"
    assert levels(found, "cost_limit") == [("cost_limit", "ok")]


def owned(**others: Any) -> dict[str, Any]:
    return {"Tags": [{"Key": "Cluster", "Value": "dyn"}], **others}


def test_what_belongs_to_the_cluster_is_not_counted_twice() -> None:
    """Five VPCs of five, and as many addresses, but ours are among them: a second run must not stop."""
    full = answers(
        vpcs=[owned(), {}, {}, {}, {}],
        addresses=[owned(), {}, {}, {}, {}],
        nat_gateways=[owned(SubnetId="s"), *[{"SubnetId": "s"}] * 4, {"SubnetId": "elsewhere"}],
        subnets=[{"SubnetId": "s", "AvailabilityZone": "us-west-2a"}],
        clusters=["dyn"],
        quotas={**QUOTAS, "clusters": 1.0},
        instances=[
            {"InstanceType": "g5.2xlarge", "Tags": [{"Key": "kubernetes.io/cluster/dyn", "Value": "owned"}]},
            {"InstanceType": "g5.2xlarge"},
            {"InstanceType": "g5.2xlarge", "InstanceLifecycle": "spot"},
        ],
    )
    found = report.build(PLAN, full, DAY)
    assert {level for _, level in levels(found, "quota")} == {"ok"}
    used = {row["key"]: (row["used"], row["used_by_cluster"]) for row in found.quotas}
    assert used["g"] == (16, 8)
    assert used["nat_gateways"] == (5, 1)

    other = report.build(report.Plan("us-west-2", "second", pools=[POOL], version="1.35"), full, DAY)
    errors = [item.message for item in other.findings if item.level == "error"]
    assert len(errors) == 4
    assert any("VPCs per Region" in text and "5 of them used by others" in text for text in errors)


def test_no_gpu_quota_stops() -> None:
    found = report.build(PLAN, answers(quotas={**QUOTAS, "g": 0.0}), DAY)
    (error,) = [item for item in found.findings if item.level == "error"]
    assert (error.name, "No instance can start for pool gpu" in error.message) == ("quota", True)


def test_an_existing_cluster_needs_no_network_and_shows_its_own_version() -> None:
    cluster = {"version": "1.34", "resourcesVpcConfig": {"subnetIds": ["s"]}}
    plan = report.Plan("us-west-2", "dyn", mode="existing", pools=[POOL])
    subnets = [{"SubnetId": "s", "AvailabilityZone": "us-west-2c"}]
    found = report.build(plan, answers(cluster=cluster, subnets=subnets, quotas={**QUOTAS, "vpcs": 0.0}), DAY)
    assert found.zones == ["us-west-2c"]
    assert found.costs["rows"] == []
    assert [key for key, level in levels(found, "quota") if level != "ok"] == []
    assert "1.34 leaves standard support" in next(f.message for f in found.findings if f.name == "kubernetes_version")


def test_given_subnets_tell_the_zones() -> None:
    given = {"vpc_id": "vpc-1", "private_subnet_ids": ["s", "t"], "vpc_interface_endpoints": ["sts"]}
    subnets = [{"SubnetId": name, "AvailabilityZone": f"us-west-2{zone}"} for name, zone in (("s", "b"), ("t", "c"))]
    plan = report.Plan("us-west-2", "dyn", variables=given, version="1.35")
    found = report.build(plan, answers(subnets=subnets, quotas={**QUOTAS, "vpcs": 0.0}), DAY)
    assert found.zones == ["us-west-2b", "us-west-2c"]
    assert report.summary(found.findings)["error"] == 0
    assert next(row for row in found.costs["rows"] if row["item"] == "interface endpoints")["quantity"] == 2


@pytest.mark.parametrize("question", [name for name in survey.ACTIONS if name not in ("cluster", "quotas", "prices")])
def test_every_question_may_be_refused(question: str) -> None:
    denied = AwsError(f"Failed to ask: no. {hint('AccessDenied')}", "AccessDeniedException")
    found = report.build(PLAN, answers(**{question: denied}), DAY)
    refused = [item for item in found.findings if item.message.startswith("Not checked")]
    assert [item.level for item in refused] == ["warning"]
    assert survey.ACTIONS[question][0] in refused[0].message
    assert report.summary(found.findings)["error"] == 0


def test_nothing_goes_on_without_knowing_the_cluster() -> None:
    denied = AwsError(f"Failed to ask: no. {hint('AccessDenied')}", "AccessDeniedException")
    found = report.build(PLAN, answers(cluster=denied), DAY)
    assert levels(found, "cluster") == [("cluster", "error")]
    assert found.clusters == []
    there = report.build(PLAN, answers(cluster={"name": "dyn", "arn": "a", "status": "ACTIVE", "version": "1.35"}), DAY)
    assert there.clusters == [{"name": "dyn", "arn": "a", "status": "ACTIVE", "version": "1.35"}]


class FakeAws:
    """Answers with nothing, and refuses some operations."""

    region = "us-west-2"

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked: list[str] = []

    def client(self, service: str) -> Any:
        class Client:
            describe_cluster_versions = None

        return Client()

    def _check(self, operation: str) -> None:
        self.asked.append(operation)
        if operation in self.refused:
            raise AwsError(f"Failed to ask: no. {hint('AccessDenied')}", "AccessDenied")

    def ask(self, action: str, service: str, operation: str, **parameters: Any) -> Any:
        self._check(operation)
        if operation == "get_aws_default_service_quota":
            if parameters["QuotaCode"] == "L-C4BD4855":
                raise AwsError("gone", "NoSuchResourceException")
            return {"Quota": {"Value": 7}}
        return {"AvailabilityZones": [], "Addresses": [], "cluster": {"version": "1.35"}}

    def pages(self, action: str, service: str, operation: str, key: str, **parameters: Any) -> list[Any]:
        self._check(operation)
        return [{"QuotaCode": "L-DB2E81BA", "Value": 3.0}] if operation == "list_service_quotas" else []


def ask(aws: FakeAws, **wanted: Any) -> Answers:
    return survey.survey(aws, aws, survey.Wanted("dyn", ("g5.2xlarge",), ("g5.2xlarge",), **wanted))  # type: ignore[arg-type]


def test_quotas_that_the_account_has_none_of_its_own_of_are_awss() -> None:
    found = ask(FakeAws()).get("quotas")
    assert (found["g"], found["vpcs"]) == (3.0, 7.0)
    assert "p5-spot" not in found


def test_prices_are_asked_for_on_request_only() -> None:
    aws = FakeAws()
    ask(aws, prices=False)
    assert not {"get_products", "describe_spot_price_history"} & set(aws.asked)
    ask(aws)
    assert {"get_products", "describe_spot_price_history"} <= set(aws.asked)


def test_a_refused_question_leaves_the_others() -> None:
    found = ask(FakeAws("list_service_quotas", "get_products", "list_roles"))
    assert set(found.errors()) == {"quotas error", "prices error", "service_roles"}
    assert found.get("quotas") == {}
    assert found.get("cluster") == {"version": "1.35"}
