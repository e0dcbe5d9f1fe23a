# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight against an AWS that enforces permissions: a clean account, each fault, and the role around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.ai_on_eks.dynamo.plugins.modules import aws_preflight_info
from rehearsal.toolchain import Toolchain

ROOT = Path(__file__).resolve().parents[3]
REGION = "us-west-2"
START_SECONDS = 120
KARPENTER = yaml.safe_load((ROOT / "roles/karpenter_gpu/defaults/main.yml").read_text(encoding="utf-8"))
USUAL = {
    "region": REGION,
    "cluster_name": "dyn",
    "variables_files": [str(ROOT / "terraform/profiles/current.tfvars")],
    "pools": KARPENTER["karpenter_gpu_pools"],
    "node_classes": KARPENTER["karpenter_gpu_node_classes"],
    "examples_dir": str(ROOT / "roles/dynamo_example/files/examples"),
    "prices": False,
}
Json = dict[str, Any]
Look = Callable[..., Json]


@dataclass
class Aws:
    """A running server."""

    url: str
    data: Path

    def keys(self, who: str) -> Json:
        """Access key of a user: ``credentials`` (the installing user) or ``admin``."""
        return dict(json.loads((self.data / f"{who}.json").read_text(encoding="utf-8")))

    def admin(self, method: str, path: str, content: Any = None) -> Any:
        """Call the admin API."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}/rehearsal/{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def environment(self, keys: Json) -> dict[str, str]:
        """Environment variables of somebody who works with it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(self.data / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.data / "none"),
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An embedded AWS whose installing user has the published policies."""
    data = tmp_path_factory.mktemp("aws")
    policy = str(ROOT / "docs/iam/installer-policy.json")
    command = [sys.executable, "-m", "rehearsal.aws", "--port", "0", "--data", str(data), "--installer-policy", policy]
    with (data / "log").open("w", encoding="utf-8") as log:
        environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true"}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while not (data / "server.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start: {(data / 'log').read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield Aws(json.loads((data / "server.json").read_text(encoding="utf-8"))["url"], data)
        process.terminate()
        assert process.wait(timeout=START_SECONDS) == 0


@pytest.fixture
def aws(server: Aws) -> Iterator[Aws]:
    """The server; faults and quotas are put back afterwards, and nothing was made."""
    yield server
    server.admin("DELETE", "faults")
    server.admin("DELETE", "quotas")
    assert server.admin("GET", "inventory") == {}


@pytest.fixture
def look(aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Look:
    """Run the module in this process, as the installing user or with another access key."""

    def run(keys: Json | None = None, **options: Any) -> Json:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in aws.environment(keys or aws.keys("credentials")).items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value)
        with patch_module_args({**USUAL, **options}), pytest.raises(SystemExit):
            aws_preflight_info.main()
        return dict(json.loads(capsys.readouterr().out))

    return run


def errors(found: Json) -> list[Json]:
    return [item for item in found["findings"] if item["level"] == "error"]


def test_a_clean_account_is_in_order_and_priced_by_aws(aws: Aws, look: Look) -> None:
    aws.admin("DELETE", "calls")
    found = look(cost_limit_per_hour=0.75, prices=True)
    assert errors(found) == []
    assert not [item for item in found["findings"] if item["message"].startswith("Not checked")]
    report = aws.admin("GET", "calls")
    assert (report["denials"], report["unimplemented"]) == ([], {})
    assert [item["code"] for item in report["errors"]] == ["ResourceNotFoundException"]  # there is no cluster yet
    assert found["caller"]["account"] == "123456789012"
    assert found["zones"] == ["us-west-2a", "us-west-2b"]
    assert {row["key"]: row["quota"] for row in found["quotas"]}["g"] == 64
    assert {row["source"] for row in found["costs"]["rows"] if row["item"] != "KMS key"} == {"aws"}
    assert found["costs"]["nodes"][0]["spot_usd"] > 0
    assert found["costs"]["hourly_usd"] == pytest.approx(0.5573, abs=0.001)


@pytest.mark.parametrize(
    ("name", "options", "message", "advice"),
    [
        ("account", {"account_id": "999999999999"}, "eks_infra_account_id is 999999999999", "AWS_PROFILE"),
        ("region", {"region": "us-wst-2"}, "knows no region us-wst-2", "Did you mean us-west-2?"),
        ("kubernetes_version", {"kubernetes_version": "1.20"}, "does not serve Kubernetes 1.20", "1.35"),
        ("cost_limit", {"cost_limit_per_hour": 0.4}, "0.56 USD an hour, more than the limit of 0.40", "core_node"),
        (
            "zones",
            {"variables": {"availability_zones": ["us-west-2a", "us-west-2x"]}},
            "no availability zone",
            "Choose",
        ),
        (
            "instance_types",
            {"variables": {"core_node_instance_types": ["m99.xlarge"]}},
            "None of us-west-2a, us-west-2b offers m99.xlarge",
            "another region",
        ),
    ],
)
def test_each_wrong_input_gives_one_error(look: Look, name: str, options: Json, message: str, advice: str) -> None:
    (error,) = errors(look(**options))
    assert error["name"] == name
    assert message in error["message"]
    assert advice in error["next"]


def test_expired_credentials_give_one_error(aws: Aws, look: Look) -> None:
    fault = {"kind": "fail", "action": "sts:GetCallerIdentity", "code": "ExpiredToken", "status": 403}
    aws.admin("POST", "faults", {**fault, "message": "The security token included in the request is expired"})
    found = look()
    assert [(item["name"], item["next"]) for item in found["findings"]] == [
        ("credentials", "The credentials have expired: sign in again.")
    ]
    assert found["caller"] == {}
    assert "costs" not in found


@pytest.mark.parametrize(
    ("service", "code", "message"),
    [
        ("ec2", "L-DB2E81BA", "No instance can start for pool g5-gpu-karpenter"),
        ("ec2", "L-1216C47A", "The install needs 8 vCPUs"),
        ("vpc", "L-F678F1CE", "The install needs 1 VPCs"),
    ],
)
def test_a_quota_of_nothing_gives_one_error(aws: Aws, look: Look, service: str, code: str, message: str) -> None:
    aws.admin("POST", "quotas", {"service": service, "code": code, "value": 0})
    (error,) = errors(look())
    assert message in error["message"]
    assert f"--quota-code {code} --desired-value" in error["next"]


def test_a_question_that_fails_is_reported_and_not_fatal(aws: Aws, look: Look) -> None:
    for action in ("servicequotas:ListServiceQuotas", "ec2:DescribeInstanceTypes"):
        aws.admin("POST", "faults", {"kind": "fail", "action": action, "code": "UnsupportedOperation"})
    found = look()
    assert errors(found) == []
    refused = [item for item in found["findings"] if item["message"].startswith("Not checked")]
    assert sorted(item["name"] for item in refused) == ["instance_types", "quota"]
    assert all("UnsupportedOperation" in item["message"] for item in refused)


def test_without_any_permission_it_says_what_is_missing(aws: Aws, look: Look) -> None:
    admin = aws.keys("admin")
    iam = boto3.client(
        "iam",
        endpoint_url=aws.url,
        region_name=REGION,
        aws_access_key_id=admin["access_key_id"],
        aws_secret_access_key=admin["secret_access_key"],
    )
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    try:
        keys = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
        found = look(keys, prices=True)
    finally:
        iam.delete_access_key(UserName="nobody", AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName="nobody")
    assert [(item["name"], "eks:DescribeCluster" in item["message"]) for item in errors(found)] == [("cluster", True)]
    refused = [item["message"] for item in found["findings"] if item["message"].startswith("Not checked")]
    for action in ("servicequotas:ListServiceQuotas", "pricing:GetProducts", "eks:DescribeClusterVersions"):
        assert any(action in text for text in refused), action
    assert found["costs"]["hourly_usd"] > 0
    assert {row["source"] for row in found["costs"]["rows"]} == {"table"}


def playbook(aws: Aws, state: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    command = ["ansible-playbook", "-i", "inventories/aws", "install.yml", "--tags", "eks_infra_preflight"]
    path = os.pathsep.join([str(Toolchain.find().bin_dir), str(Path(sys.executable).parent), os.environ["PATH"]])
    inputs = ["-e", f"dynamo_state_dir={state}", "-e", "dynamo_region=us-west-2", "-e", "profile=current"]
    return subprocess.run(
        [*command, *inputs, *extra],
        cwd=ROOT,
        env={**aws.environment(aws.keys("credentials")), "PATH": path, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_role_shows_everything_and_stops_before_anything_is_made(aws: Aws, tmp_path: Path) -> None:
    aws.admin("POST", "quotas", {"service": "ec2", "code": "L-DB2E81BA", "value": 0})
    brave = '{"eks_infra_preflight_ignore": ["quota"]}'
    stopped = playbook(aws, tmp_path, "-e", brave, "-e", "cost_limit_per_hour=0.4")
    assert stopped.returncode != 0, stopped.stdout
    said = " ".join(stopped.stdout.split())
    assert "WARNING (quota) No instance can start for pool g5-gpu-karpenter" in said, stopped.stderr
    assert "EKS control plane 1 0.1000 0.1000 73.00" in said
    assert "Failed to prepare dynamo-on-eks: This would cost 0.56 USD an hour, more than the limit of 0.40" in said
    assert not (tmp_path / "terraform").exists()
