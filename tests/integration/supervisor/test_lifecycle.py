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
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal import localhttp, paths, process, state
from rehearsal.kube.pki import Pki
from rehearsal.kube.rest import Rest
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


def client(copy: Copy, service: str) -> Any:
    """A client of the account's administrator."""
    admin = json.loads((copy.work.aws / "admin.json").read_text())
    return boto3.client(
        service,
        endpoint_url=copy.state.aws_endpoint,
        region_name=paths.REGION,
        aws_access_key_id=admin["access_key_id"],
        aws_secret_access_key=admin["secret_access_key"],
    )


def trust(service: str) -> str:
    """A trust policy for a service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_cluster(copy: Copy) -> Any:
    """Create the cluster `demo` as its administrator; return the EKS client."""
    ec2, eks = client(copy, "ec2"), client(copy, "eks")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"{paths.REGION}{zone}")
        for number, zone in enumerate("ab")
    ]
    document = trust("eks.amazonaws.com")
    role = client(copy, "iam").create_role(RoleName="cluster", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    network = {"subnetIds": [subnet["Subnet"]["SubnetId"] for subnet in subnets]}
    access = {"authenticationMode": "API"}
    eks.create_cluster(name="demo", version="1.33", roleArn=role, resourcesVpcConfig=network, accessConfig=access)
    return eks


def make_nodes(copy: Copy, eks: Any) -> None:
    """Give the cluster `demo` a node group of one."""
    iam = client(copy, "iam")
    role = iam.create_role(RoleName="nodes", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"]
    eks.create_nodegroup(
        clusterName="demo",
        nodegroupName="core",
        nodeRole=role,
        subnets=eks.describe_cluster(name="demo")["cluster"]["resourcesVpcConfig"]["subnetIds"],
        instanceTypes=["m5.large"],
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
    )


def api(copy: Copy) -> Rest:
    """The API server of the cluster `demo` as its administrator."""
    files = Pki(copy.work.cluster("demo") / "pki")
    return Rest(copy.state.clusters[0].endpoint, files.ca, files.cert("admin"), files.key("admin"))


def read(copy: Copy, path: str) -> Any:
    """What the API server says."""
    status, text = api(copy).call("GET", path)
    assert status == 200, text
    return json.loads(text)


def kubelets(copy: Copy) -> dict[str, str]:
    """Ready nodes and the versions of their kubelets."""
    return {
        node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"]
        for node in read(copy, "/api/v1/nodes")["items"]
        if any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])
    }


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


def upgrade(copy: Copy, eks: Any) -> None:
    """The control plane changes its version: address, certificates, objects and nodes stay; then the nodes follow."""
    make_nodes(copy, eks)
    assert process.wait_until(lambda: len(kubelets(copy)) == 1, 60, poll=0.5)
    before, published = kubelets(copy), eks.describe_cluster(name="demo")["cluster"]
    assert (read(copy, "/version")["minor"], published["version"]) == ("33", "1.33")
    assert [version[:6] for version in before.values()] == ["v1.33."]
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"from": "1.33"}}
    api(copy).ensure("/api/v1/namespaces/default/configmaps", kept)
    etcd = copy.pid("demo/etcd")
    update = eks.update_cluster_version(name="demo", version="1.34")["update"]["id"]
    assert eks.describe_cluster(name="demo")["cluster"]["status"] == "UPDATING"

    def done() -> bool:
        return bool(eks.describe_update(name="demo", updateId=update)["update"]["status"] == "Successful")

    assert process.wait_until(done, 60, poll=0.5), copy.command("status", code=1)
    shown = eks.describe_cluster(name="demo")["cluster"]
    assert (shown["version"], shown["status"]) == ("1.34", "ACTIVE")
    assert (shown["endpoint"], shown["certificateAuthority"]) == (
        published["endpoint"],
        published["certificateAuthority"],
    )
    version = read(copy, "/version")
    assert (version["minor"], version["gitVersion"][:6], version["emulationMinor"]) == ("34", "v1.34.", "34")
    assert read(copy, "/api/v1/namespaces/default/configmaps/kept")["data"] == {"from": "1.33"}
    assert copy.pid("demo/etcd") == etcd
    assert kubelets(copy) == before, "nodes stay what they are"
    eks.update_nodegroup_version(clusterName="demo", nodegroupName="core", version="1.34")
    assert process.wait_until(lambda: [text[:6] for text in kubelets(copy).values()] == ["v1.34."], 60, poll=0.5)
    assert not set(kubelets(copy)) & set(before)
    assert [part.name for part in copy.state.processes if part.restarts] == ["demo/kube-scheduler"]


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
    upgrade(copy, eks)
    agent = copy.pid("demo/node-agent")
    eks.delete_nodegroup(clusterName="demo", nodegroupName="core")
    eks.delete_cluster(name="demo")
    assert process.wait_until(lambda: copy.state.clusters == [], 90)
    assert not agent.alive()
    assert not copy.work.cluster("demo").exists()
    assert process.wait_until(lambda: eks.list_clusters()["clusters"] == [], 30)
    assert [found.name for found in copy.state.processes] == ["aws", "charts"]


def test_the_embedded_aws_alone_with_realistic_times(copy: Copy) -> None:
    copy.command("up", "--no-control-plane", "--latency", "realistic", "--latency-factor", "300")
    began = time.monotonic()
    eks = make_cluster(copy)
    assert eks.describe_cluster(name="demo")["cluster"]["status"] == "CREATING"
    assert process.wait_until(lambda: eks.describe_cluster(name="demo")["cluster"]["status"] == "ACTIVE", 30)
    assert time.monotonic() - began >= 1.8, "nine minutes, three hundred times as fast"
    assert [found.name for found in copy.state.processes] == ["aws", "charts"]
    assert "were used" in copy.command("permissions")
