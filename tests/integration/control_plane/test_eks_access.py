# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A real control plane and the embedded AWS: who gets in with `aws eks get-token`, and who does not."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal import localhttp, ports, process
from rehearsal.kube import flags
from rehearsal.kube.control_plane import Aws, ControlPlane, base_env
from rehearsal.part import Part, Spec
from rehearsal.paths import ACCOUNT, REGION
from rehearsal.toolchain import Toolchain

CLUSTER = "demo"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
POLICIES = "arn:aws:eks::aws:cluster-access-policy"


def trust(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class World:
    """One cluster of the embedded AWS that runs."""

    endpoint: str
    plane: ControlPlane
    work: Path
    bin_dir: Path
    credentials: dict[str, str]

    def client(self, service: str, credentials: dict[str, str] | None = None) -> Any:
        key = credentials or self.credentials
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key["access_key_id"],
            aws_secret_access_key=key["secret_access_key"],
            aws_session_token=key.get("session_token"),
        )

    def env(self, credentials: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        extra = {"AWS_SESSION_TOKEN": credentials["session_token"]} if "session_token" in credentials else {}
        return {
            **kept,
            **extra,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": credentials["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": credentials["secret_access_key"],
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def aws(self, credentials: dict[str, str], *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *arguments],
            env=self.env(credentials),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def token(self, credentials: dict[str, str], cluster: str = CLUSTER) -> str:
        text = self.aws(credentials, "eks", "get-token", "--cluster-name", cluster, "--output", "json")
        return str(json.loads(text)["status"]["token"])

    def kubectl(self, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        config = self.work / "anybody.kubeconfig"
        layout = self.plane.layout
        config.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [
                        {
                            "name": "c",
                            "cluster": {"server": layout.server, "certificate-authority": str(layout.pki.ca)},
                        }
                    ],
                    "users": [{"name": "u", "user": {"token": token}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "c",
                }
            )
        )
        return subprocess.run(
            [str(self.bin_dir / "kubectl"), "--kubeconfig", str(config), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    def role(self, name: str) -> tuple[str, dict[str, str]]:
        """Make a role; return its ARN and the credentials of a session."""
        arn = self.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
        )["Role"]["Arn"]
        session = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody")["Credentials"]
        return arn, {
            "access_key_id": session["AccessKeyId"],
            "secret_access_key": session["SecretAccessKey"],
            "session_token": session["SessionToken"],
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    work = tmp_path_factory.mktemp("eks")
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
    try:
        aws.start()
        aws.wait_for(lambda: localhttp.succeeds(f"{endpoint}/rehearsal/health"), 60)
        credentials = json.loads((work / "aws" / "credentials.json").read_text())
        made = World(endpoint, plane, work, toolchain.bin_dir, credentials)
        create_cluster(made)
        plane.start()
        body = {
            "endpoint": layout.server,
            "certificate_authority": base64.b64encode(layout.pki.ca.read_bytes()).decode(),
        }
        localhttp.post_json(f"{endpoint}/rehearsal/eks/clusters/{CLUSTER}/active", body)
        yield made
    finally:
        plane.stop()
        aws.stop()
    assert process.owned(work) == []


def create_cluster(world: World) -> None:
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    role = world.client("iam").create_role(
        RoleName="cluster", AssumeRolePolicyDocument=trust({"Service": "eks.amazonaws.com"})
    )["Role"]["Arn"]
    world.client("eks").create_cluster(
        name=CLUSTER,
        roleArn=role,
        resourcesVpcConfig={"subnetIds": [subnet["SubnetId"] for subnet in subnets]},
        accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
    )


def test_the_creator_is_administrator(world: World) -> None:
    token = world.token(world.credentials)
    who = json.loads(world.kubectl(token, "auth", "whoami", "-o", "json").stdout)["status"]["userInfo"]
    assert who["username"].startswith(f"arn:aws:iam::{ACCOUNT}:user/")
    assert "system:masters" not in who["groups"]
    assert world.kubectl(token, "auth", "can-i", "*", "*", "--all-namespaces").stdout.strip() == "yes"


def test_update_kubeconfig_and_kubectl_work_as_on_eks(world: World, tmp_path: Path) -> None:
    config = tmp_path / "config"
    world.aws(world.credentials, "eks", "update-kubeconfig", "--name", CLUSTER, "--kubeconfig", str(config))
    env = world.env(world.credentials)
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    kubectl = [str(world.bin_dir / "kubectl"), "--kubeconfig", str(config), "get", "namespaces", "-o", "name"]
    done = subprocess.run(kubectl, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "namespace/default" in done.stdout.split()


def test_a_role_without_access_entry_is_nobody(world: World) -> None:
    _, session = world.role("stranger")
    done = world.kubectl(world.token(session), "get", "namespaces")
    assert done.returncode != 0
    assert "You must be logged in" in done.stderr


def test_a_viewer_reads_and_cannot_write(world: World) -> None:
    arn, session = world.role("viewer")
    eks = world.client("eks")
    eks.create_access_entry(clusterName=CLUSTER, principalArn=arn, kubernetesGroups=["auditors"])
    eks.associate_access_policy(
        clusterName=CLUSTER,
        principalArn=arn,
        policyArn=f"{POLICIES}/AmazonEKSViewPolicy",
        accessScope={"type": "cluster"},
    )
    token = world.token(session)
    who = json.loads(world.kubectl(token, "auth", "whoami", "-o", "json").stdout)["status"]["userInfo"]
    assert "auditors" in who["groups"]
    assert who["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/viewer/somebody"
    assert world.kubectl(token, "auth", "can-i", "list", "pods", "-A").stdout.strip() == "yes"
    assert world.kubectl(token, "auth", "can-i", "create", "pods").stdout.strip() == "no"
    assert world.kubectl(token, "auth", "can-i", "get", "secrets").stdout.strip() == "no"


def test_an_editor_of_one_namespace_edits_that_one_alone(world: World) -> None:
    arn, session = world.role("editor")
    assert world.kubectl(world.token(world.credentials), "create", "namespace", "team").returncode == 0
    eks = world.client("eks")
    eks.create_access_entry(clusterName=CLUSTER, principalArn=arn)
    eks.associate_access_policy(
        clusterName=CLUSTER,
        principalArn=arn,
        policyArn=f"{POLICIES}/AmazonEKSEditPolicy",
        accessScope={"type": "namespace", "namespaces": ["team"]},
    )
    token = world.token(session)
    assert world.kubectl(token, "auth", "can-i", "create", "deployments", "-n", "team").stdout.strip() == "yes"
    assert world.kubectl(token, "auth", "can-i", "create", "deployments", "-n", "default").stdout.strip() == "no"


def test_a_token_for_another_cluster_does_not_open_this_one(world: World) -> None:
    done = world.kubectl(world.token(world.credentials, cluster="another"), "get", "namespaces")
    assert "You must be logged in" in done.stderr


def test_a_key_that_does_not_exist_or_does_not_sign_is_nobody(world: World) -> None:
    unknown = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "x"}
    forged = {**world.credentials, "secret_access_key": "x"}
    for credentials in (unknown, forged):
        done = world.kubectl(world.token(credentials), "get", "namespaces")
        assert "You must be logged in" in done.stderr


def test_no_token_is_in_the_authenticators_log(world: World) -> None:
    token = world.token(world.credentials)
    world.kubectl(token, "get", "namespaces")
    log = world.plane.authenticator.spec.log.read_text()
    assert "accepted" in log
    assert token not in log
    assert "X-Amz-Signature" not in log
