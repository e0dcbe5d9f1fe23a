# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A cluster that something else made: seen for what it is, completed when asked, used, and left as it was.

The installing user holds exactly the published policies for such clusters, and none of the installer's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal import localhttp, paths, playbook, process, state
from tests.integration.existing.foreign import Foreign

POLICIES = paths.REPO / "docs" / "iam" / "existing-policy.json"
ACTIVE_SECONDS = 120
ADDED = {"aws-ebs-csi-driver", "aws-efs-csi-driver", "eks-pod-identity-agent"}


class House:
    """A rehearsal of its own with somebody else's cluster in it."""

    def __init__(self, root: Path) -> None:
        self.work = paths.WorkDir(root)
        self.command("up")
        self.url = state.read(self.work.state_file).aws_endpoint
        self.foreign = Foreign(self.client)
        self.installer = json.loads((self.work.aws / "credentials.json").read_text())["user_arn"]

    def command(self, name: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "rehearsal", name, "--dir", str(self.work.root)],
            cwd=paths.REPO,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def client(self, service: str) -> Any:
        admin = json.loads((self.work.aws / "admin.json").read_text())
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=paths.REGION,
            aws_access_key_id=admin["access_key_id"],
            aws_secret_access_key=admin["secret_access_key"],
        )

    def build(self) -> None:
        """Make the cluster, and let the installing user have what is published for it."""
        self.foreign.make()
        eks, began = self.client("eks"), time.monotonic()
        while eks.describe_cluster(name=self.foreign.name)["cluster"]["status"] != "ACTIVE":
            assert time.monotonic() - began < ACTIVE_SECONDS, "the cluster did not become active"
            time.sleep(0.2)
        self.foreign.furnish(self.installer)
        iam, user = self.client("iam"), self.installer.rpartition("/")[2]
        for policy in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
            if not policy["PolicyName"].endswith("cleanup-scan"):
                iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])
        for name, document in json.loads(POLICIES.read_text()).items():
            iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(document))

    def play(self, *arguments: str, fails: bool = False) -> tuple[dict[str, Any], str]:
        """Run a playbook as a user would; return its ledger and its output."""
        env = {name: value for name, value in os.environ.items() if name not in {"AWS_PROFILE", "AWS_SESSION_TOKEN"}}
        dumped = subprocess.run(
            ["bash", "-c", f". {self.work.env_file} && env -0"], env=env, capture_output=True, text=True, check=True
        )
        whole = dict(line.split("=", 1) for line in dumped.stdout.split("\0") if "=" in line)
        options = [
            "-i",
            "inventories/rehearsal",
            "-e",
            "cluster_mode=existing",
            "-e",
            f"cluster_name={self.foreign.name}",
        ]
        log = self.work.logs / "play.log"
        done = playbook.run(arguments[0], [*options, *arguments], whole, log, self.work.logs / "l.json", lambda: "")
        output = log.read_text()
        assert (done.code != 0) == fails, output[-6000:]
        assert done.ledger is not None
        return done.ledger, output

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.work.root / "run" / "cluster.json").read_text())
        return found

    def inventory(self) -> dict[str, set[str]]:
        found = localhttp.get_json(f"{self.url}/rehearsal/inventory")
        return {kind: set(ids) for kind, ids in found.items()}

    def addons(self) -> set[str]:
        return set(self.client("eks").list_addons(clusterName=self.foreign.name)["addons"])

    def discovery_tags(self) -> set[str]:
        found = self.client("ec2").describe_tags(Filters=[{"Name": "key", "Values": ["*discovery"]}])["Tags"]
        return {tag["ResourceId"] for tag in found}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root = tmp_path_factory.mktemp("existing") / "w"
    try:
        made = House(root)
        made.build()
        yield made
    finally:
        subprocess.run(
            [sys.executable, "-m", "rehearsal", "down", "--dir", str(root)], cwd=paths.REPO, check=True, text=True
        )
        assert process.owned(root) == []


def test_somebody_elses_cluster_is_completed_used_and_left_as_it_was(house: House) -> None:
    foreign = house.foreign
    before, own_addons = house.inventory(), house.addons()

    # Without consent: the list of what is missing, and nothing is touched.
    _ledger, output = house.play("install.yml", "--tags", "eks_infra", fails=True)
    assert "3 of the things that Dynamo needs are missing. pod_identity_agent: the EKS Pod Identity agent" in " ".join(
        output.split()
    )
    assert "Add -e eks_infra_adopt=true" in output
    assert house.inventory() == before

    # With it: the platform comes up on what was added.
    house.play("install.yml", "-e", "eks_infra_adopt=true", "--skip-tags", "observability")
    facts = house.facts
    security_group = facts["cluster_security_group_id"]
    assert (facts["mode"], facts["vpc_id"], facts["authentication_mode"]) == (
        "existing",
        foreign.vpc,
        "API_AND_CONFIG_MAP",
    )
    assert facts["private_subnet_ids"] == foreign.private
    assert facts["public_subnet_ids"] == foreign.public
    assert facts["node_security_group_ids"] == [security_group]
    assert facts["node_role_name"] == f"{foreign.name}-us-west-2-karp-node"
    assert facts["karpenter_role_arn"].endswith(f":role/{foreign.name}-us-west-2-karpenter")
    assert facts["interruption_queue"] == f"{foreign.name}-karpenter"
    assert facts["karpenter"] == {}
    assert facts["oidc_issuer"]
    assert facts["tags"] == {"Owner": "platform-team", "ManagedBy": "terraform"}
    assert house.addons() == own_addons | ADDED
    assert house.discovery_tags() == {*foreign.private, security_group}

    # Again: nothing to do.
    ledger, _output = house.play("install.yml", "-e", "eks_infra_adopt=true", "--tags", "eks_infra,karpenter_gpu")
    assert ledger["changed"] == 0

    # And back: the cluster is what it was.
    house.play("cleanup.yml", "-e", f"confirm={foreign.name}")
    assert house.inventory() == before
    assert house.addons() == own_addons
    assert house.discovery_tags() == set()
    assert house.client("eks").list_pod_identity_associations(clusterName=foreign.name)["associations"] == []
    assert house.client("eks").describe_cluster(name=foreign.name)["cluster"]["status"] == "ACTIVE"
