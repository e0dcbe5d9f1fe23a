# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""A server of the embedded AWS as a process of its own, with an installing user that may do little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
REGION = "us-west-2"
ACCOUNT = "123456789012"
CA = "LS0tLS1CRUdJTg=="
START_SECONDS = 60
INSTALLER_POLICY = {
    "read": {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["ec2:Describe*", "eks:Describe*"], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": "ec2:CreateVpc",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestTag/Cluster": "mine"}},
            },
            {
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": "arn:aws:ec2:*:*:vpc/*",
                "Condition": {"StringEquals": {"ec2:CreateAction": "CreateVpc"}},
            },
            {
                "Effect": "Allow",
                "Action": "ec2:DeleteVpc",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:ResourceTag/Cluster": "mine"}},
            },
        ],
    }
}


@dataclass
class Aws:
    """A running server."""

    url: str
    data: Path
    process: subprocess.Popen[str]
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, who: str = "admin", **keys: str) -> Any:
        """A boto3 client of the user ``admin`` or ``credentials`` (the installing user), or with keys of its own."""
        if keys:
            return self._new_client(service, keys)
        if (service, who) not in self._clients:
            found = json.loads((self.data / f"{who}.json").read_text())
            self._clients[(service, who)] = self._new_client(
                service, {name: found[name] for name in ("access_key_id", "secret_access_key")}
            )
        return self._clients[(service, who)]

    def _new_client(self, service: str, keys: dict[str, str]) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            aws_session_token=keys.get("session_token"),
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def admin(self, method: str, path: str, content: Any = None) -> Any:
        """Call the admin API; an error answer becomes ``{"error": …, "status": …}``."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}/rehearsal/{path}", body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {**json.load(error), "status": error.code}


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The server."""
    data = tmp_path_factory.mktemp("aws")
    policy = data / "installer-policy.json"
    policy.write_text(json.dumps(INSTALLER_POLICY))
    log = (data / "log").open("w")
    command = [sys.executable, "-m", "rehearsal.aws", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--installer-policy", str(policy)],
        cwd=ROOT,
        env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"},
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + START_SECONDS
    while not (data / "server.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the server did not start: {(data / 'log').read_text()}")
        time.sleep(0.05)
    yield Aws(json.loads((data / "server.json").read_text())["url"], data, process)
    process.terminate()
    assert process.wait(timeout=START_SECONDS) == 0
    log.close()
    assert "Traceback" not in (data / "log").read_text()


@pytest.fixture
def empty(aws: Aws) -> Iterator[None]:
    """The account is empty before and after the test."""
    assert aws.admin("GET", "inventory") == {}
    yield
    aws.admin("DELETE", "faults")
    assert aws.admin("GET", "inventory") == {}


@dataclass
class Network:
    """A VPC with two private subnets."""

    vpc: str
    subnets: list[str]


@pytest.fixture
def network(aws: Aws, empty: None) -> Iterator[Network]:
    """A VPC with subnets in two zones."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.8.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    yield Network(vpc, subnets)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def trust(service: str) -> str:
    """A trust policy for a service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def make_role(aws: Aws) -> Iterator[Callable[..., str]]:
    """Make roles; they go after the test."""
    iam, made = aws.client("iam"), []

    def make(name: str, service: str, *statements: dict[str, Any]) -> str:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]
        made.append(name)
        if statements:
            document = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(document))
        return str(role["Arn"])

    yield make
    for name in made:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


@pytest.fixture
def cluster(aws: Aws, network: Network, make_role: Callable[..., str]) -> Iterator[str]:
    """An ACTIVE cluster named ``dyn``."""
    eks = aws.client("eks")
    eks.create_cluster(
        name="dyn",
        version="1.33",
        roleArn=make_role("dyn-cluster", "eks.amazonaws.com"),
        resourcesVpcConfig={"subnetIds": network.subnets},
        accessConfig={"authenticationMode": "API"},
    )
    aws.admin("POST", "eks/clusters/dyn/active", {"endpoint": "https://127.0.0.1:1", "certificate_authority": CA})
    yield "dyn"
    for group in eks.list_nodegroups(clusterName="dyn")["nodegroups"]:
        eks.delete_nodegroup(clusterName="dyn", nodegroupName=group)
    eks.delete_cluster(name="dyn")
    aws.admin("POST", "eks/clusters/dyn/deleted", {})
