# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Instances become Nodes, and Nodes go with their instances."""

from __future__ import annotations

import json
from typing import Any

from rehearsal import process
from rehearsal.paths import ACCOUNT
from tests.integration.nodes.conftest import CLUSTER, World, is_ready, make_pod, trust, wait

PLUGIN = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "nvidia-device-plugin"},
    "spec": {
        "selector": {"matchLabels": {"app": "plugin"}},
        "template": {
            "metadata": {"labels": {"app": "plugin"}},
            "spec": {
                "tolerations": [{"operator": "Exists"}],
                "containers": [{"name": "main", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.20.0"}],
            },
        },
    },
}


def nodes(world: World) -> dict[str, dict[str, Any]]:
    """Nodes by instance."""
    rows = json.loads(world.kubectl("get", "nodes", "-o", "json"))["items"]
    return {str(row["spec"]["providerID"]).rpartition("/")[2]: row for row in rows}


def launch(world: World, role: str) -> str:
    """Start an instance as Karpenter does; return its id."""
    iam, ec2 = world.client("iam"), world.client("ec2")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    iam.create_instance_profile(InstanceProfileName=role)
    iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    subnet = next(row for row in ec2.describe_subnets()["Subnets"] if row["CidrBlock"] == "10.1.0.0/24")
    tags = {
        "karpenter.sh/nodepool": "g5",
        "eks:eks-cluster-name": CLUSTER,
        f"kubernetes.io/cluster/{CLUSTER}": "owned",
    }
    started = ec2.run_instances(
        ImageId=image,
        InstanceType="g5.12xlarge",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet["SubnetId"],
        IamInstanceProfile={"Name": role},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ],
    )
    return str(started["Instances"][0]["InstanceId"])


def gpus(world: World, instance: str) -> tuple[str | None, str | None]:
    """Return (capacity, allocatable) of a node's GPUs."""
    status = nodes(world)[instance]["status"]
    return status["capacity"].get("nvidia.com/gpu"), status["allocatable"].get("nvidia.com/gpu")


def test_managed_nodes_carry_their_groups_labels(world: World) -> None:
    labels = [row["metadata"]["labels"] for row in nodes(world).values()]
    assert {row["eks.amazonaws.com/nodegroup"] for row in labels} == {"core"}
    assert {row["NodeGroupType"] for row in labels} == {"core"}
    assert {row["topology.kubernetes.io/zone"] for row in labels} == {"us-west-2a", "us-west-2b"}


def test_a_gpu_machine_of_karpenter(world: World) -> None:
    instance = launch(world, "gpu-node")
    log = world.work / "agent.log"
    wait(lambda: f"Instance {instance} does not join the cluster" in log.read_text())
    assert instance not in nodes(world)

    world.client("eks").create_access_entry(
        clusterName=CLUSTER, principalArn=f"arn:aws:iam::{ACCOUNT}:role/gpu-node", type="EC2_LINUX"
    )
    wait(lambda: instance in nodes(world))
    node = nodes(world)[instance]
    assert {"key": "karpenter.sh/unregistered", "effect": "NoExecute"} in node["spec"]["taints"]
    assert gpus(world, instance) == (None, None)

    world.apply(PLUGIN)
    wait(lambda: gpus(world, instance) == ("4", "4"))
    world.kubectl("delete", "daemonset", "nvidia-device-plugin")
    wait(lambda: gpus(world, instance) == ("4", "0"))

    world.client("ec2").terminate_instances(InstanceIds=[instance])
    wait(lambda: instance not in nodes(world))


def test_pods_end_with_their_machine(world: World) -> None:
    ec2 = world.client("ec2")
    before = nodes(world)
    instance, node = next(iter(before.items()))
    name = node["metadata"]["name"]
    world.apply(make_pod("lonely", "exec sleep 601", spec={"nodeSelector": {"kubernetes.io/hostname": name}}))
    world.wait_pod("lonely", is_ready)
    ec2.terminate_instances(InstanceIds=[instance])
    wait(lambda: instance not in nodes(world))
    wait(lambda: not [one for one in process.owned(world.work) if one.command == "sleep 601"], 10)
