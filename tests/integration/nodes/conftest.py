# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A cluster of the embedded AWS with a node agent whose waits are short, and two nodes of a managed group."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal import localhttp, ports, process
from rehearsal.cluster import Description, Setting, agent_config
from rehearsal.kube import flags
from rehearsal.kube.control_plane import Aws, ControlPlane, base_env
from rehearsal.part import Part, Spec
from rehearsal.paths import ACCOUNT, REGION, WorkDir
from rehearsal.toolchain import Toolchain

CLUSTER = "demo"
NAMESPACE = "test"
RUNTIME = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1"
TIMINGS = {"backoff_scale": 0.1, "probe_scale": 0.2, "poll_seconds": 0.5}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class World:
    """One cluster that runs."""

    endpoint: str
    plane: ControlPlane
    work: Path
    toolchain: Toolchain
    agent: Part
    nodes_dir: Path

    def client(self, service: str) -> Any:
        keys = json.loads((self.work / "aws" / "admin.json").read_text())
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
        )

    def kubectl(self, *words: str, data: Any = None, check: bool = True) -> str:
        kubeconfig = self.plane.layout.kubeconfig("admin")
        done = subprocess.run(
            [str(self.toolchain.bin_dir / "kubectl"), "--kubeconfig", str(kubeconfig), "-n", NAMESPACE, *words],
            input=json.dumps(data) if data is not None else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done.stdout if check else done.stdout + done.stderr

    def apply(self, *objects: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", data={"apiVersion": "v1", "kind": "List", "items": list(objects)})

    def get(self, *words: str) -> dict[str, Any]:
        return dict(json.loads(self.kubectl("get", *words, "-o", "json")))

    def pod(self, name: str) -> dict[str, Any]:
        return self.get("pod", name)

    def wait_pod(self, name: str, condition: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        """Wait until a pod is as wanted; fail with its status."""
        limit = time.monotonic() + seconds
        while True:
            pod = self.pod(name)
            if condition(pod):
                return pod
            assert time.monotonic() < limit, json.dumps(pod["status"], indent=1)
            time.sleep(0.2)

    def events(self, name: str) -> list[tuple[str, str]]:
        rows = self.get("events", "--field-selector", f"involvedObject.name={name}")["items"]
        return [(row["reason"], row["message"]) for row in rows]

    def fault(self, *faults: dict[str, Any]) -> None:
        (self.nodes_dir / "faults.json").write_text(json.dumps(list(faults)))


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    assert process.wait_until(condition, seconds, 0.2), "what was waited for did not come"


def container(pod: dict[str, Any]) -> dict[str, Any]:
    rows = pod["status"].get("containerStatuses") or [{}]
    return dict(rows[0])


def is_ready(pod: dict[str, Any]) -> bool:
    rows = pod["status"].get("conditions") or []
    return any(row["type"] == "Ready" and row["status"] == "True" for row in rows)


def make_pod(name: str, script: str, **more: Any) -> dict[str, Any]:
    """A pod of a Dynamo image that runs a shell script."""
    spec = more.pop("spec", {})
    main = {"name": "main", "image": RUNTIME, "command": ["/bin/sh", "-c", script], **more}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": name}},
        "spec": {"containers": [main], "terminationGracePeriodSeconds": 3, **spec},
    }


@contextmanager
def running(work: Path) -> Iterator[World]:
    """Start the embedded AWS, a cluster and its node agent in `work`, and end them."""
    toolchain = Toolchain.find()
    book = ports.PortBook()
    env = base_env(toolchain.bin_dir, os.environ)
    endpoint = f"http://127.0.0.1:{book.assign('aws')}"
    policy = work / "policy.json"
    policy.write_text(json.dumps(EVERYTHING))
    argv = [sys.executable, "-m", "rehearsal.aws", "--port", str(book.assign("aws")), "--data", str(work / "aws")]
    aws = Part(Spec("aws", lambda: [*argv, "--installer-policy", str(policy)], env, work, work, work / "aws.log"))
    layout = flags.Layout(
        name=CLUSTER,
        directory=work / "cluster",
        bin_dir=toolchain.bin_dir,
        ports=flags.Ports(*[book.assign(name) for name in "abcdef"]),
        service_cidr="172.20.0.0/16",
        issuer="https://kubernetes.default.svc",
        egress_socket=work / "s" / "egress",
    )
    python = Path(sys.executable)
    plane = ControlPlane(layout, Aws(endpoint, work / "aws" / "admin.json", REGION), python, work / "logs", work, env)
    setting = Setting(WorkDir(work), toolchain.bin_dir, toolchain.dynamo_python, endpoint, env)
    config = agent_config(Description(CLUSTER, REGION, ACCOUNT), layout, setting)
    config["timings"] = TIMINGS
    agent_file = work / "agent.json"
    agent_argv = [sys.executable, "-m", "rehearsal.nodes", "--config", str(agent_file)]
    agent = Part(Spec("agent", lambda: agent_argv, env, work, work, work / "agent.log", grace=25))
    try:
        aws.start()
        aws.wait_for(lambda: localhttp.succeeds(f"{endpoint}/rehearsal/health"), 60)
        made = World(endpoint, plane, work, toolchain, agent, Path(config["work_dir"]))
        subnets = create_cluster(made)
        plane.start()
        agent_file.write_text(json.dumps(config))
        agent.start()
        agent.wait_for((made.nodes_dir / "agent.ready").exists, 60)
        body = {
            "endpoint": layout.server,
            "certificate_authority": base64.b64encode(layout.pki.ca.read_bytes()).decode(),
        }
        localhttp.post_json(f"{endpoint}/rehearsal/eks/clusters/{CLUSTER}/active", body)
        create_nodes(made, subnets)
        made.kubectl("create", "namespace", NAMESPACE)
        wait(lambda: "default" in made.kubectl("get", "serviceaccounts", "-o", "name"))
        yield made
    finally:
        agent.stop()
        plane.stop()
        aws.stop()
    assert process.owned(work) == []


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("nodes")) as made:
        yield made


def create_cluster(world: World) -> list[str]:
    ec2, iam = world.client("ec2"), world.client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        str(
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
                "SubnetId"
            ]
        )
        for number, zone in enumerate("ab")
    ]
    role = iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=trust("eks.amazonaws.com"))["Role"]["Arn"]
    iam.create_role(RoleName="node", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    world.client("eks").create_cluster(
        name=CLUSTER,
        roleArn=role,
        resourcesVpcConfig={"subnetIds": subnets},
        accessConfig={"authenticationMode": "API"},
    )
    return subnets


def create_nodes(world: World, subnets: list[str]) -> None:
    world.client("eks").create_nodegroup(
        clusterName=CLUSTER,
        nodegroupName="core",
        nodeRole=f"arn:aws:iam::{ACCOUNT}:role/node",
        subnets=subnets,
        instanceTypes=["m5.2xlarge"],
        scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 2},
        labels={"NodeGroupType": "core"},
    )
    wait(lambda: world.kubectl("get", "nodes", "--no-headers").count(" Ready ") == 2)
