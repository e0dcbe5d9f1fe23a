# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A cluster of the embedded AWS that graphs can run on: node agent, real Karpenter with pools, the platform 1.6.1."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import to_graph
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import Client, connect
from rehearsal import localhttp, ports
from rehearsal.charts import repository
from rehearsal.charts.server import Behaviour, server
from rehearsal.paths import ACCOUNT
from tests.integration.nodes.conftest import CLUSTER, EVERYTHING, World, running, trust, wait
from tests.integration.nodes.test_machines import PLUGIN

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "roles" / "dynamo_example" / "files" / "examples"
NAMESPACE = "dynamo-cloud"
VERSION = "1.6.1"
OPERATOR = "dynamo-platform-dynamo-operator-controller-manager"
# An image that the machine only pretends to run: ready at once, and costs nothing.
PRETENDED = "registry.k8s.io/pause:3.10.0"
Json = dict[str, Any]


def pool(name: str, families: Sequence[str], gpus: int = 24, taint: bool = True) -> Json:
    """A NodePool as the role karpenter_gpu makes them, cut down to what decides about placement."""
    requirements = [
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
        {"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": list(families)},
    ]
    template: Json = {
        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "any"},
        "requirements": requirements,
        "expireAfter": "Never",
    }
    if taint:
        template["taints"] = [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name},
        "spec": {
            "limits": {"nvidia.com/gpu": str(gpus), "cpu": "512"},
            "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "Never"},
            "template": {"spec": template},
        },
    }


def example(name: str) -> Json:
    """Return a definition that the collection ships."""
    found: Json = yaml.safe_load((EXAMPLES / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def names() -> list[str]:
    """Return the names of all examples, in the order of the menu."""
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in EXAMPLES.glob("*.yml")]
    return [str(entry["name"]) for entry in sorted(found, key=lambda entry: int(entry["position"]))]


def render(name: str, source: str = "vllm", **overrides: Any) -> Json:
    """Return an example as a DynamoGraphDeployment under another name."""
    graph: Json = to_graph(example(source), VERSION, NAMESPACE, {"name": name, **overrides})
    return graph


def component(graph: Json, name: str) -> Json:
    """Return one component of a graph."""
    return next(entry for entry in graph["spec"]["components"] if entry["name"] == name)


def container(graph: Json, name: str) -> Json:
    """Return the main container of one component."""
    found: Json = component(graph, name)["podTemplate"]["spec"]["containers"][0]
    return found


@dataclass
class Stage:
    """What the tests of graphs work with."""

    world: World
    client: Client
    kubeconfig: Path
    context: str
    charts: str
    faults: list[Json] = field(default_factory=list)

    def kubectl(self, *words: str, data: Any = None, check: bool = True) -> str:
        """Run kubectl in the graphs' namespace."""
        return self.world.kubectl("-n", NAMESPACE, *words, data=data, check=check)

    def get(self, *words: str) -> Json:
        """Return what `kubectl get -o json` says."""
        return dict(json.loads(self.kubectl("get", *words, "-o", "json")))

    def apply(self, *objects: Json) -> None:
        """Apply objects as the role does."""
        words = ("--server-side", "--force-conflicts", "--field-manager=ai_on_eks.dynamo", "-f", "-")
        self.kubectl("apply", *words, data={"apiVersion": "v1", "kind": "List", "items": list(objects)})

    def break_pods(self, *faults: Json) -> None:
        """Inject faults into pods, beside those that are there."""
        self.faults += faults
        self.world.fault(*self.faults)

    def break_aws(self, fault: Json) -> None:
        """Inject a fault into the embedded AWS."""
        localhttp.post_json(f"{self.world.endpoint}/rehearsal/faults", fault)

    def heal(self) -> None:
        """Take all faults back."""
        self.faults.clear()
        self.world.fault()
        localhttp.request("DELETE", f"{self.world.endpoint}/rehearsal/faults")

    def helm(self, *words: str) -> None:
        """Run helm as the administrator."""
        env = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.world.work)}
        done = subprocess.run(
            [str(self.world.toolchain.bin_dir / "helm"), *words], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    work = tmp_path_factory.mktemp("graphs")
    folder = tmp_path_factory.mktemp("charts")
    repository.build(folder)
    port = ports.choose()
    serving = server(Behaviour(folder), port)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    try:
        with running(work) as world:
            kubeconfig = world.plane.layout.kubeconfig("admin")
            context = str(yaml.safe_load(kubeconfig.read_text())["current-context"])
            client = connect(str(kubeconfig), context)
            made = Stage(world, client, kubeconfig, context, f"http://127.0.0.1:{port}")
            world.kubectl("create", "namespace", NAMESPACE)
            install_karpenter(made)
            install_platform(made)
            yield made
    finally:
        serving.shutdown()


def install_karpenter(stage: Stage) -> None:
    """Let Karpenter into AWS, and install it."""
    iam, eks = stage.world.client("iam"), stage.world.client("eks")
    iam.create_role(RoleName="karpenter", AssumeRolePolicyDocument=trust("pods.eks.amazonaws.com"))
    iam.put_role_policy(RoleName="karpenter", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    arn = f"arn:aws:iam::{ACCOUNT}:role/karpenter"
    eks.create_pod_identity_association(
        clusterName=CLUSTER, namespace="karpenter", serviceAccount="karpenter", roleArn=arn
    )
    install_pools(stage)


def install_pools(stage: Stage) -> None:
    """Install Karpenter's charts, a node class and the pools that examples ask for, as far as they are missing."""
    world = stage.world
    eks, ec2 = world.client("eks"), world.client("ec2")
    settings = [
        f"settings.clusterName={CLUSTER}",
        f"settings.clusterEndpoint={world.plane.layout.server}",
        "settings.batchMaxDuration=2s",
        "replicas=1",
        "controller.resources.requests.cpu=100m",
    ]
    where = ("--repo", stage.charts, "-n", "karpenter", "--create-namespace")
    stage.helm("upgrade", "--install", "karpenter-crd", "karpenter-crd", *where)
    stage.helm("upgrade", "--install", "karpenter", "karpenter", *where, *(f"--set={setting}" for setting in settings))
    subnets = [row["SubnetId"] for row in ec2.describe_subnets()["Subnets"] if row["CidrBlock"].startswith("10.1.")]
    group = eks.describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    node_class = {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": "any"},
        "spec": {
            "role": "node",
            "amiSelectorTerms": [{"alias": "al2023@v20260714"}],
            "subnetSelectorTerms": [{"id": subnet} for subnet in subnets],
            "securityGroupSelectorTerms": [{"id": group}],
        },
    }
    pools = [pool("g5-gpu-karpenter", ["g5"]), pool("cpu-karpenter", ["m5"], gpus=0, taint=False)]
    world.kubectl("apply", "-f", "-", data={"apiVersion": "v1", "kind": "List", "items": [node_class, *pools, PLUGIN]})
    world.kubectl("-n", "karpenter", "rollout", "status", "deployment/karpenter", "--timeout=120s")
    wait(lambda: ready(stage, "nodepools.karpenter.sh") >= len(pools), 60)


def install_platform(stage: Stage) -> None:
    """Install the Dynamo operator, if it is missing."""
    stage.helm("upgrade", "--install", "dynamo-platform", "dynamo-platform", "--repo", stage.charts, "-n", NAMESPACE)
    stage.kubectl("rollout", "status", f"deployment/{OPERATOR}", "--timeout=120s")
    # Its webhook serves a moment after its pod is ready.
    probe = render("probe")
    wait(lambda: applied(stage, probe), 60)


def ready(stage: Stage, kind: str) -> int:
    """Count objects with a true condition Ready."""
    rows = json.loads(stage.world.kubectl("get", kind, "-o", "json"))["items"]
    return sum(
        any(
            entry["type"] == "Ready" and entry["status"] == "True"
            for entry in (row.get("status") or {}).get("conditions") or []
        )
        for row in rows
    )


def applied(stage: Stage, graph: Json) -> bool:
    """Tell whether the API server would take a graph."""
    said = stage.kubectl("apply", "--dry-run=server", "-f", "-", data=graph, check=False)
    return "created (server dry run)" in said or "unchanged (server dry run)" in said
