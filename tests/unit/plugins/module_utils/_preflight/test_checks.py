# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Versions, zones, regions, accounts, service-linked roles and tools."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import AwsError, hint
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight import findings, places, tools, versions
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.findings import Finding
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight.needs import Need

DAY = datetime.date(2026, 11, 22)
CALLER = {"account": "111111111111", "arn": "arn:aws:iam::111111111111:user/me"}


@pytest.mark.parametrize(
    ("version", "level", "words"),
    [
        ("1.30", "error", "has not served Kubernetes 1.30 since 2026-07-23"),
        ("1.33", "warning", "0.50 USD an hour more (365 a month), until 2027-07-29"),
        ("1.34", "info", "leaves standard support on 2026-12-02"),
        ("1.35", "ok", "standard support until 2027-03-27"),
        ("1.99", "error", "EKS does not serve Kubernetes 1.99"),
        ("abc", "error", "EKS does not serve Kubernetes abc"),
    ],
)
def test_versions_by_day(version: str, level: str, words: str) -> None:
    finding = versions.check(version, versions.TABLE, DAY, 0.5)
    assert (finding.level, finding.name) == (level, "kubernetes_version")
    assert words in finding.message
    assert bool(finding.next) == (level != "ok")


def test_the_table_does_not_forbid_what_is_newer_than_it() -> None:
    assert versions.check("1.37", versions.TABLE, DAY, 0.5, certain=False).level == "warning"
    assert versions.check("1.20", versions.TABLE, DAY, 0.5, certain=False).level == "error"
    assert "EKS was not asked" in versions.check("1.33", versions.TABLE, DAY, 0.5, certain=False).message


def test_a_version_that_eks_upgrades_by_itself_says_so() -> None:
    assert "EKS upgrades it by itself" in versions.check("1.33", versions.TABLE, DAY, 0.5, "STANDARD").message


def test_the_last_day_of_support_counts() -> None:
    assert versions.status_of("1.33", versions.TABLE, datetime.date(2026, 7, 29)) == "standard"
    assert versions.status_of("1.33", versions.TABLE, datetime.date(2026, 7, 30)) == "extended"
    assert versions.status_of("1.33", versions.TABLE, datetime.date(2027, 7, 30)) == "gone"


def test_versions_without_dates_are_left_out() -> None:
    when = datetime.datetime(2026, 7, 29, tzinfo=datetime.timezone.utc)
    full = {"clusterVersion": "1.33", "endOfStandardSupportDate": when, "endOfExtendedSupportDate": when}
    assert [item.version for item in versions.from_eks([full, {"clusterVersion": "1.40"}])] == ["1.33"]


ZONES = [
    {"ZoneName": "us-east-1c", "ZoneId": "use1-az3"},
    {"ZoneName": "us-east-1a", "ZoneId": "use1-az1"},
    {"ZoneName": "us-east-1b", "ZoneId": "use1-az2", "State": "available"},
    {"ZoneName": "us-east-1-bos-1a", "ZoneId": "x", "OptInStatus": "not-opted-in", "ZoneType": "local-zone"},
]


def test_zones_are_those_that_terraform_takes() -> None:
    offered = places.zones_of_region(ZONES)
    assert list(offered) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert places.chosen_zones(offered, [], 2) == ["us-east-1a", "us-east-1b"]
    assert places.chosen_zones(offered, [], 4) == ["us-east-1a", "us-east-1b"]
    assert [f.level for f in places.check_zones(offered, ["us-east-1a", "us-east-1b"], "us-east-1")] == ["ok"]
    barred, absent = places.check_zones(offered, ["us-east-1c", "us-east-1x"], "us-east-1")
    assert "no control plane into us-east-1c" in barred.message
    assert "no availability zone us-east-1x" in absent.message
    assert "us-east-1a, us-east-1b" in absent.next


def test_types_that_cannot_be_had() -> None:
    offered = {"g5.2xlarge": ["b", "c"], "m5.xlarge": ["a", "b"], "p5.48xlarge": ["c"]}
    wanted = [
        Need("core", ("m5.xlarge",), at_once=True),
        Need("pool g5", ("g5.2xlarge", "g5.4xlarge")),
        Need("pool p5", ("p5.48xlarge",)),
        Need("pool g7", ("g7.xlarge",)),
        Need("example x", ("g7.xlarge",), group="example x"),
    ]
    partly, elsewhere, nowhere = places.check_offerings(wanted, offered, ["a", "b"])
    assert (partly.level, partly.message) == ("info", "Of a, b only b offers g5.2xlarge, g5.4xlarge (pool g5).")
    assert elsewhere.level == "error"
    assert "availability_zones to zones that have them (c)" in elsewhere.next
    assert "another region" in nowhere.next
    assert places.check_offerings(wanted[:1], offered, ["a", "b"])[0].level == "ok"


def test_the_region() -> None:
    known = ["us-west-2", "eu-central-1"]
    assert places.check_region("us-west-2", known, {}, {"AWS_REGION": "us-west-2"}) == []
    (typo,) = places.check_region("us-wst-2", known, {}, {})
    assert (typo.level, "Did you mean us-west-2?" in typo.next) == ("error", True)
    (other,) = places.check_region("us-west-2", known, {"name": "dyn", "region": "eu-central-1"}, {"AWS_REGION": "x"})
    assert other.level == "error"
    assert "cluster dyn in eu-central-1, not in us-west-2" in other.message
    (shell,) = places.check_region("us-west-2", known, {}, {"AWS_DEFAULT_REGION": "eu-central-1"})
    assert shell.level == "info"


def test_the_account() -> None:
    assert places.check_account(CALLER, "", {}).level == "ok"
    assert places.check_account(CALLER, "111111111111", {"account": "111111111111"}).level == "ok"
    assert "eks_infra_account_id is 222222222222" in places.check_account(CALLER, "222222222222", {}).message
    other = places.check_account(CALLER, "", {"name": "dyn", "account": "333333333333"})
    assert (other.level, "dyn in account 333333333333" in other.message) == ("error", True)


def test_service_roles() -> None:
    automatic = ["AWSServiceRoleForAmazonEKS", "AWSServiceRoleForAmazonEKSNodegroup", "AWSServiceRoleForAutoScaling"]
    assert [f.level for f in places.check_service_roles(automatic, spot=False, efs=False)] == ["ok"]
    assert [f.level for f in places.check_service_roles(automatic, spot=True, efs=True)] == ["info", "error"]


@pytest.mark.parametrize(
    ("name", "said", "level", "words"),
    [
        ("terraform", '{"terraform_version": "1.11.4"}', "ok", "Terraform 1.11.4"),
        ("terraform", 'Warning: x\n{"terraform_version": "1.9.8"}', "error", "1.9.8, older than 1.10.0"),
        ("tofu", '{"terraform_version": "1.10.0-rc1"}', "ok", "1.10.0-rc1"),
        ("aws", "aws-cli/2.31.0 Python/3.13", "ok", "2.31.0"),
        ("aws", "aws-cli/2.6.4 Python/3.9", "error", "older than 2.7.0"),
        ("aws", "aws-cli/1.18.69 Python/3.8", "error", "older than 1.24.0"),
        ("helm", "v3.21.4+g1", "ok", "3.21.4"),
        ("helm", "v4.0.1+g1", "error", "does not work with it"),
        ("helm", "segmentation fault", "error", "does not tell its version"),
    ],
)
def test_tools(name: str, said: str, level: str, words: str) -> None:
    row, finding = tools.check_tool(tools.Seen(name, name, f"/bin/{name}", said))
    assert (finding.level, row["ok"]) == (level, level == "ok")
    assert words in finding.message


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_programs_are_asked_and_their_absence_is_no_crash(tmp_path: Path) -> None:
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    script(tmp_path / "helm", "echo v3.20.0+gabc")
    assert tools.ask("helm", "helm", environment) == tools.Seen(
        "helm", "helm", str(tmp_path / "helm"), "v3.20.0+gabc\n"
    )
    row, finding = tools.check_tool(tools.ask("terraform", str(tmp_path / "none"), environment))
    assert (row["path"], finding.level) == ("", "error")
    assert "not on PATH" in finding.message


def test_the_aws_cli_is_not_started_when_its_place_tells_its_version(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin"}
    bundle = script(tmp_path / "aws-cli/v2/2.31.0/dist/aws", "exit 1")
    (tmp_path / "aws").symlink_to(bundle)
    assert tools.ask("aws", str(tmp_path / "aws"), environment).said == "aws-cli/2.31.0"
    packaged = script(tmp_path / "venv/bin/aws", "exit 1")
    (tmp_path / "venv/lib/python3.12/site-packages/awscli-1.40.2.dist-info").mkdir(parents=True)
    assert tools.ask("aws", str(packaged), environment).said == "aws-cli/1.40.2"
    other = script(tmp_path / "other/bin/aws", "echo aws-cli/2.9.1 Python/3.11")
    assert tools.ask("aws", str(other), environment).said.startswith("aws-cli/2.9.1")


def test_packages() -> None:
    there = dict.fromkeys(tools.PACKAGES, "99.0")
    assert [f.level for f in tools.check_packages(there, "python")] == ["ok"]
    missing, old = tools.check_packages(
        {**{k: v for k, v in there.items() if k != "boto3"}, "kubernetes": "18.0"}, "py"
    )
    assert (missing.level, missing.next) == ("error", "Run py -m pip install boto3")
    assert old.level == "warning"


def test_what_may_not_be_asked_is_one_warning_for_each_check() -> None:
    denied = AwsError(f"Failed to list: no. {hint('AccessDenied')}", "AccessDenied")
    broken = AwsError(f"Failed to list: no way.. {hint('Throttling')}", "Throttling")
    one, two = findings.not_checked(
        "quota", [("a", denied, ("x:A", "x:B")), ("b", denied, ("x:A",)), ("c", broken, ())]
    )
    assert one.message == "Not checked: a, b. The principal may not x:A, x:B."
    assert two.message == "Not checked: c. Failed to list: no way."
    assert {one.level, two.level} == {"warning"}


def test_ignored_errors_are_warnings_and_the_worst_comes_first() -> None:
    given = [Finding("a", "ok", ""), Finding("b", "error", ""), Finding("c", "warning", ""), Finding("d", "error", "")]
    assert [(f.name, f.level) for f in findings.softened(given, ["b"])] == [
        ("d", "error"), ("b", "warning"), ("c", "warning"), ("a", "ok"),
    ]  # fmt: skip
