# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The role teardown where something leaked an interface into the network that Terraform destroys."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rehearsal.bootstrap.places import Places
from tests.integration.terraform.conftest import REGION, ROOT, Aws, Tiny

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: ai_on_eks.dynamo.teardown}
      tags: [teardown_terraform, teardown_verify]
"""
SECONDS = 400


def install(aws: Aws, name: str, folder: Path) -> Path:
    """Make the small cluster where the role looks for it; return its state directory."""
    state = folder / "state"
    state.mkdir()
    Tiny(aws, name, state / "terraform").install()
    return state


def leak(aws: Aws, name: str, description: str, **tags: str) -> str:
    """Leave an interface that nothing uses in a subnet of the cluster."""
    ec2 = aws.client("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "tag:Cluster", "Values": [name]}])["Subnets"]
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    tagged = {"TagSpecifications": [{"ResourceType": "network-interface", "Tags": pairs}]} if tags else {}
    made = ec2.create_network_interface(SubnetId=subnets[0]["SubnetId"], Description=description, **tagged)
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def clean(aws: Aws, name: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Run the role."""
    play, inputs = state.parent / "play.yml", state.parent / "inputs.json"
    play.write_text(PLAYBOOK)
    given: dict[str, Any] = {
        "cluster_name": name,
        "region": REGION,
        "confirm": name,
        "state_dir": str(state),
        "patience": 1,
        "api_timeout": 2,
        "workloads_timeout": 10,
        "sweep_timeout": 20,
        "verify_timeout": 20,
        "poll_interval": 0.2,
    }
    variables = {f"teardown_{key}": value for key, value in given.items()}
    inputs.write_text(json.dumps({"ansible_python_interpreter": sys.executable, **variables}))
    bin_dir = Path(sys.executable).parent
    return subprocess.run(
        [str(bin_dir / "ansible-playbook"), "-i", "localhost,", "-c", "local", "-e", f"@{inputs}", str(play)],
        cwd=ROOT,
        env={
            **aws.environment,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": f"{Places.here().bin_dir}:{bin_dir}:{aws.environment['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_an_interface_that_a_dead_node_left_is_cleared_away_and_terraform_goes_on(aws: Aws, tmp_path: Path) -> None:
    state = install(aws, "leaky", tmp_path)
    # as the VPC CNI names and leaves them
    leak(aws, "leaky", "aws-K8S-i-0123456789abcdef0")
    run = clean(aws, "leaky", state)
    assert run.returncode == 0, run.stdout[-6000:]
    assert "terraform | Destroy the rest" in run.stdout
    assert aws.vpcs("leaky") == 0
    assert "Nothing is left of leaky" in run.stdout


def test_an_interface_of_somebody_else_is_named_and_not_touched(aws: Aws, tmp_path: Path) -> None:
    state = install(aws, "held", tmp_path)
    foreign = leak(aws, "held", "backup appliance", team="backup")
    run = clean(aws, "held", state)
    said = " ".join(run.stdout.split())
    assert run.returncode != 0
    assert foreign in said
    assert "DependencyViolation" in said
    ec2 = aws.client("ec2")
    assert ec2.describe_network_interfaces(NetworkInterfaceIds=[foreign])["NetworkInterfaces"]
    # Its owner removes it; the next run does the rest.
    ec2.delete_network_interface(NetworkInterfaceId=foreign)
    run = clean(aws, "held", state)
    assert run.returncode == 0, run.stdout[-6000:]
    assert aws.vpcs("held") == 0
