# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo 0.4.1 whole: its charts, etcd and NATS on volumes, its operator, and graphs whose processes are real."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import FilterModule
from rehearsal import process
from rehearsal.charts import package, repository
from rehearsal.nodes.machines.volumes import ACCOUNT as DRIVER_ACCOUNT
from rehearsal.nodes.machines.volumes import ADDON
from rehearsal.paths import REPO
from tests.integration.nodes.conftest import CLUSTER, NAMESPACE, World, trust, wait
from tests.integration.nodes.test_dynamo import MODEL, ask, forwarded, models

VERSION = "0.4.1"
EXAMPLES = REPO / "roles" / "dynamo_example" / "files" / "examples"
CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "gp3"},
    "provisioner": "ebs.csi.aws.com",
    "volumeBindingMode": "WaitForFirstConsumer",
    "parameters": {"type": "gp3"},
}
PROXY = "registry.k8s.io/kubebuilder/kube-rbac-proxy"
VALUES = {
    "dynamo-operator": {
        "namespaceRestriction": {"enabled": False},
        "controllerManager": {
            "kubeRbacProxy": {"image": {"repository": "registry.k8s.io/kubebuilder/kube-rbac-proxy"}}
        },
    },
    "etcd": {
        "image": {"repository": "bitnamilegacy/etcd"},
        "global": {"security": {"allowInsecureImages": True}},
        "persistence": {"storageClass": "gp3"},
    },
    "nats": {"config": {"jetstream": {"fileStore": {"pvc": {"storageClassName": "gp3"}}}}},
}


def helm(world: World, *words: str) -> str:
    environment = {**os.environ, "KUBECONFIG": str(world.plane.layout.kubeconfig("admin"))}
    command = [str(world.toolchain.bin_dir / "helm"), "-n", NAMESPACE, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def give_storage(world: World) -> None:
    """What Terraform makes for claims: the driver's role, its add-on, their association."""
    iam, eks = world.client("iam"), world.client("eks")
    role = iam.create_role(RoleName="ebs-csi", AssumeRolePolicyDocument=trust("pods.eks.amazonaws.com"))["Role"]["Arn"]
    policy = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
    iam.attach_role_policy(RoleName="ebs-csi", PolicyArn=policy)
    namespace, account = DRIVER_ACCOUNT
    eks.create_pod_identity_association(clusterName=CLUSTER, namespace=namespace, serviceAccount=account, roleArn=role)
    eks.create_addon(clusterName=CLUSTER, addonName=ADDON)
    world.apply(CLASS)


def packed(folder: Path, name: str) -> str:
    source = next(item for item in repository.sources() if (item.folder.name, item.version) == (name, VERSION))
    archive = package.pack(source)
    (folder / archive.file_name).write_bytes(archive.data)
    return str(folder / archive.file_name)


def claimed(world: World) -> dict[str, dict[str, Any]]:
    """EBS volumes by the claim that they were made for."""
    rows = world.client("ec2").describe_volumes(Filters=[{"Name": "tag-key", "Values": ["CSIVolumeName"]}])["Volumes"]
    tags = [{tag["Key"]: tag["Value"] for tag in row["Tags"]} for row in rows]
    return {tag["kubernetes.io/created-for/pvc/name"]: row for tag, row in zip(tags, rows, strict=True)}


@pytest.fixture(scope="module")
def platform(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("charts")
    values = folder / "values.json"
    values.write_text(json.dumps(VALUES))
    give_storage(world)
    helm(world, "install", "dynamo-crds", packed(folder, "dynamo-crds"))
    chart = packed(folder, "dynamo-platform-0.4")
    helm(world, "install", "dynamo-platform", chart, "-f", str(values), "--wait", "--timeout", "4m")
    yield
    # the hook of an upgrade comes to its end with the image that can be pulled
    helm(world, "upgrade", "dynamo-platform", chart, "-f", str(values), "--set=nats.natsBox.enabled=false")
    helm(world, "uninstall", "dynamo-platform", "--wait")
    world.kubectl("delete", "pvc", "--all", "--wait=false")
    wait(lambda: claimed(world) == {})
    helm(world, "uninstall", "dynamo-crds")
    assert "dynamographdeployments.nvidia.com" in world.kubectl("get", "crds", "-o", "name"), "they are kept"
    world.kubectl("delete", "crd", "dynamographdeployments.nvidia.com", "dynamocomponentdeployments.nvidia.com")


def graph(name: str) -> dict[str, Any]:
    """An example as the collection writes it for this version, on a node without GPUs."""
    import yaml

    definition = yaml.safe_load((EXAMPLES / f"{name}.yml").read_text())
    made: dict[str, Any] = FilterModule().filters()["to_graph"](definition, VERSION, namespace=NAMESPACE)
    for service in made["spec"]["services"].values():
        service["resources"] = {"requests": {"cpu": "100m"}}
        for key in ("nodeSelector", "tolerations"):
            service["extraPodSpec"].pop(key, None)
    return made


def keys(url: str, prefix: str) -> list[str]:
    """Keys of Dynamo's etcd."""
    key = prefix.encode()
    body = {
        "key": base64.b64encode(key).decode(),
        "range_end": base64.b64encode(key[:-1] + bytes([key[-1] + 1])).decode(),
        "keys_only": True,
    }
    rows = ask(f"{url}/v3/kv/range", body).get("kvs") or []
    return [base64.b64decode(row["key"]).decode() for row in rows]


def state(world: World, name: str) -> str:
    return str(world.get("dgd", name).get("status", {}).get("state", ""))


def test_etcd_and_nats_keep_their_data_on_volumes(world: World, platform: None) -> None:
    del platform
    volumes = claimed(world)
    assert set(volumes) == {"data-dynamo-platform-etcd-0", "dynamo-platform-nats-js-dynamo-platform-nats-0"}
    sizes = {name: (row["Size"], row["VolumeType"]) for name, row in volumes.items()}
    assert sorted(sizes.values()) == [(1, "gp3"), (10, "gp3")]
    nodes = {node["metadata"]["name"]: node for node in world.get("nodes")["items"]}
    for pod in world.get("pods", "-l", "app.kubernetes.io/name=etcd")["items"]:
        zone = nodes[pod["spec"]["nodeName"]]["metadata"]["labels"]["topology.kubernetes.io/zone"]
        assert volumes["data-dynamo-platform-etcd-0"]["AvailabilityZone"] == zone
    operator = world.get("pods", "-l", "control-plane=controller-manager")["items"][0]
    assert [row["ready"] for row in operator["status"]["containerStatuses"]] == [True, True]


def test_a_graph_answers_a_chat_and_leaves_nothing_in_etcd(world: World, platform: None) -> None:
    del platform
    world.apply(graph("vllm"))
    wait(lambda: state(world, "vllm") == "successful", 120)
    frontend = world.get("deployment", "vllm-frontend")["spec"]["template"]["spec"]["containers"][0]
    env = {row["name"]: row.get("value") for row in frontend["env"]}
    assert env["ETCD_ENDPOINTS"] == f"dynamo-platform-etcd.{NAMESPACE}.svc.cluster.local:2379"
    assert env["NATS_SERVER"] == f"nats://dynamo-platform-nats.{NAMESPACE}.svc.cluster.local:4222"
    with forwarded(world, "svc/vllm-frontend", 8000) as url:
        wait(lambda: models(url) == [MODEL])
        chat = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
        answer = ask(f"{url}/v1/chat/completions", chat)
        assert answer["choices"][0]["message"]["content"].strip()
        # this age counts one token less
        assert answer["usage"]["completion_tokens"] == 7
    with forwarded(world, "svc/dynamo-platform-etcd", 2379) as etcd:
        assert [key for key in keys(etcd, "instances/") if "/backend/generate:" in key]
        registered = "/vllm/components/VllmWorker/endpoint"
        ask(f"{etcd}/v3/kv/put", {"key": base64.b64encode(registered.encode()).decode(), "value": "eA=="})
        world.kubectl("delete", "dgd", "vllm")
        wait(lambda: "vllm-" not in world.kubectl("get", "deployments,services,pods", "-o", "name"))
        wait(lambda: keys(etcd, "instances/") == [] and keys(etcd, "/vllm/") == [])


def test_hello_world(world: World, platform: None) -> None:
    del platform
    world.apply(graph("hello-world"))
    wait(lambda: state(world, "hello-world") == "successful", 120)
    logs = ("logs", "deployment/hello-world-frontend")
    assert process.wait_until(lambda: "Hello star!" in world.kubectl(*logs, check=False), 60, 0.5)
    world.kubectl("delete", "dgd", "hello-world")
    wait(lambda: "hello-world-" not in world.kubectl("get", "deployments,pods", "-o", "name"))


def chat_status(url: str) -> int:
    """HTTP status of a chat."""
    chat = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}
    try:
        return 200 if ask(f"{url}/v1/chat/completions", chat)["choices"] else 0
    except urllib.error.HTTPError as error:
        return error.code


def test_a_frontend_is_deaf_once_a_worker_left_until_it_starts_anew(world: World, platform: None) -> None:
    """What the role dynamo_example heals after an update; Dynamo 0.5.1 does not do it any more."""
    del platform
    made = graph("vllm")
    worker = made["spec"]["services"]["VllmWorker"]
    worker["replicas"] = 2
    world.apply(made)
    with forwarded(world, "svc/dynamo-platform-etcd", 2379) as etcd:

        def serving() -> list[str]:
            return [key for key in keys(etcd, "instances/") if "/backend/generate:" in key]

        wait(lambda: len(serving()) == 2, 120)
        wait(lambda: state(world, "vllm") == "successful", 120)
        with forwarded(world, "svc/vllm-frontend", 8000) as url:
            wait(lambda: chat_status(url) == 200)
            worker["replicas"] = 1
            world.apply(made)
            wait(lambda: len(serving()) == 1)
            wait(lambda: chat_status(url) == 503)
            assert models(url) == [MODEL]
        world.kubectl("delete", "pod", "-l", "nvidia.com/dynamo-component=Frontend", "--wait=true")
        world.kubectl("rollout", "status", "deployment/vllm-frontend", "--timeout=120s")
        with forwarded(world, "svc/vllm-frontend", 8000) as url:
            wait(lambda: chat_status(url) == 200)
        assert len(serving()) == 1
    world.kubectl("delete", "dgd", "vllm")
    wait(lambda: "vllm-" not in world.kubectl("get", "deployments,services,pods", "-o", "name"))
