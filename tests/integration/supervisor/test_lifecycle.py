# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Up, down and everything that can go wrong between them, with the real parts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal import localhttp, paths, process, state
from rehearsal.process import Identity
from rehearsal.state import ProcessState


class Copy:
    """One rehearsal in a directory of its own, used by its commands alone."""

    def __init__(self, root: Path) -> None:
        self.work = paths.WorkDir(root)

    def command(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "rehearsal", *arguments, "--dir", str(self.work.root)],
            cwd=paths.REPO,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def state(self) -> state.State:
        return state.read(self.work.state_file)

    def process(self, name: str) -> ProcessState:
        return next(found for found in self.state.processes if found.name == name)

    def pid(self, name: str) -> Identity:
        identity = self.process(name).identity
        assert identity is not None
        return identity

    def serves(self) -> bool:
        return localhttp.succeeds(f"{self.state.aws_endpoint}/rehearsal/health")


def make_cluster(copy: Copy) -> Any:
    """Create the cluster `demo` as its administrator; return the EKS client."""
    admin = json.loads((copy.work.aws / "admin.json").read_text())

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=copy.state.aws_endpoint,
            region_name=paths.REGION,
            aws_access_key_id=admin["access_key_id"],
            aws_secret_access_key=admin["secret_access_key"],
        )

    ec2, eks = client("ec2"), client("eks")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"{paths.REGION}{zone}")
        for number, zone in enumerate("ab")
    ]
    statement = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = client("iam").create_role(RoleName="cluster", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    network = {"subnetIds": [subnet["Subnet"]["SubnetId"] for subnet in subnets]}
    eks.create_cluster(name="demo", roleArn=role, resourcesVpcConfig=network)
    return eks


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    made = Copy(tmp_path / "w")
    yield made
    made.command("down")
    assert process.owned(made.work.root) == []


def test_up_and_down_can_be_repeated(copy: Copy) -> None:
    assert "No rehearsal is up" in copy.command("status", code=1)
    assert "is ready" in copy.command("up")
    first = copy.state
    assert copy.serves()
    copy.command("up")
    assert copy.state == first, "a second up finds what is there"
    assert "running" in copy.command("status")
    assert "AWS_ENDPOINT_URL" in copy.command("env")
    assert copy.command("down") == "The rehearsal is down.\n"
    assert copy.command("down") == "Nothing was up.\n"
    assert "no rehearsal is up" in copy.command("env", code=1)
    assert process.owned(copy.work.root) == []


def test_two_copies_run_side_by_side(copy: Copy, tmp_path: Path) -> None:
    other = Copy(tmp_path / "other")
    copy.command("up")
    other.command("up")
    try:
        assert set(copy.state.ports.values()).isdisjoint(other.state.ports.values())
        other.command("down")
        assert copy.serves()
    finally:
        other.command("down")


def test_ports_are_kept_unless_somebody_took_them(copy: Copy) -> None:
    copy.command("up")
    before = copy.state.ports
    copy.command("down")
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", before["aws"]))
        squatter.listen()
        copy.command("up")
        after = copy.state.ports
    assert after["aws"] != before["aws"]
    assert after["charts"] == before["charts"]
    assert copy.serves()


def test_the_end_of_the_embedded_aws_is_said_with_what_to_do(copy: Copy) -> None:
    copy.command("up")
    os.kill(copy.pid("aws").pid, signal.SIGKILL)
    assert process.wait_until(lambda: bool(copy.state.troubles()), 30)
    page = copy.command("status", code=1)
    assert "aws is dead: killed by SIGKILL" in page
    assert "the account with it" in page
    copy.command("down")
    copy.command("up")
    assert copy.serves()


def test_another_part_is_started_again(copy: Copy) -> None:
    copy.command("up")
    before = copy.pid("charts")
    os.kill(before.pid, signal.SIGKILL)
    index = f"{copy.state.charts_url}/index.yaml"
    assert process.wait_until(lambda: copy.process("charts").restarts == 1, 30)
    assert process.wait_until(lambda: localhttp.succeeds(index), 30)
    assert "killed by SIGKILL" in copy.command("status")


def test_a_killed_supervisor_leaves_nothing_to_the_next(copy: Copy) -> None:
    copy.command("up")
    supervisor, orphan = copy.state.supervisor, copy.pid("aws")
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    assert process.wait_until(lambda: not supervisor.alive(), 10)
    assert orphan.alive()
    assert "ended without a goodbye" in copy.command("status", code=1)
    copy.command("up")
    assert not orphan.alive()
    assert copy.serves()


def test_down_ends_what_a_killed_supervisor_left(copy: Copy) -> None:
    copy.command("up")
    supervisor = copy.state.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    assert copy.command("down") == "The rehearsal is down.\n"
    assert process.owned(copy.work.root) == []


def test_a_start_that_fails_says_why_and_leaves_nothing(copy: Copy) -> None:
    copy.work.root.mkdir(parents=True)
    copy.work.charts.write_text("in the way")
    text = copy.command("up", code=1)
    assert "Failed" in text
    assert str(copy.work.charts) in text
    assert process.owned(copy.work.root) == []


def test_a_cluster_lives_as_long_as_eks_says(copy: Copy) -> None:
    copy.command("up")
    eks = make_cluster(copy)

    def status() -> str:
        return str(eks.describe_cluster(name="demo")["cluster"]["status"])

    assert process.wait_until(lambda: status() == "ACTIVE", 180, poll=0.5), copy.command("status", code=1)
    published = eks.describe_cluster(name="demo")["cluster"]
    # EKS says ACTIVE a moment before the supervisor writes down what it has told EKS.
    assert process.wait_until(lambda: copy.state.clusters[0].endpoint != "", 30)
    assert published["endpoint"] == copy.state.clusters[0].endpoint
    scheduler = copy.pid("demo/kube-scheduler")
    os.kill(scheduler.pid, signal.SIGKILL)
    assert process.wait_until(lambda: copy.process("demo/kube-scheduler").restarts == 1, 30)
    agent = copy.pid("demo/node-agent")
    eks.delete_cluster(name="demo")
    assert process.wait_until(lambda: copy.state.clusters == [], 90)
    assert not agent.alive()
    assert not copy.work.cluster("demo").exists()
    assert process.wait_until(lambda: eks.list_clusters()["clusters"] == [], 30)
    assert [found.name for found in copy.state.processes] == ["aws", "charts"]
