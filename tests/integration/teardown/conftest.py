# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The role teardown against a cluster without Terraform: control plane, node agent, real Karpenter, the platform."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import connect
from rehearsal import localhttp, ports
from rehearsal.charts import repository
from rehearsal.charts.server import Behaviour, server
from rehearsal.paths import ACCOUNT, REGION, REPO
from tests.integration.graph.conftest import NAMESPACE, Stage, install_karpenter, install_platform
from tests.integration.nodes.conftest import CLUSTER, running, trust, wait
from tests.integration.nodes.test_old_dynamo import give_storage

Json = dict[str, Any]
# What kubectl prints of an object with -o name; an error about a kind that is gone has no such words.
NAME = re.compile(r"[a-z0-9.]+/[a-z0-9.:-]+")
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: ai_on_eks.dynamo.teardown}
      tags: [teardown_plan, teardown_kubernetes, teardown_terraform, teardown_verify]
"""
# Short where a controller is dead; long enough for a slow machine where one lives.
TIMINGS = {
    "patience": 5,
    "api_timeout": 5,
    "graphs_timeout": 40,
    "workloads_timeout": 40,
    "nodes_timeout": 90,
    "charts_timeout": 60,
    "sweep_timeout": 90,
    "verify_timeout": 30,
    "poll_interval": 0.5,
}


@dataclass
class Run:
    """One run of the role that came to its end."""

    code: int
    output: str

    @property
    def said(self) -> str:
        """What it printed, with single spaces."""
        return " ".join(self.output.split())

    @property
    def changed(self) -> list[str]:
        """The tasks that changed something."""
        tasks = self.output.split("\nTASK [")[1:]
        return [task.partition("]")[0] for task in tasks if "\nchanged: " in task]


@dataclass
class House:
    """A cluster and the role."""

    stage: Stage
    folder: Path
    variables: Json = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """The state directory of the cluster."""
        return self.folder / "state"

    def start(self, *words: str, **variables: Any) -> subprocess.Popen[str]:
        """Start the role; variables are its own, without their prefix."""
        book = self.folder / "play.yml"
        book.write_text(PLAYBOOK, encoding="utf-8")
        own = {"cluster_name": CLUSTER, "region": REGION, "confirm": CLUSTER, "state_dir": str(self.state), **TIMINGS}
        given = {
            "ansible_python_interpreter": sys.executable,
            **{f"teardown_{key}": value for key, value in {**own, **self.variables, **variables}.items()},
        }
        inputs = self.folder / "inputs.json"
        inputs.write_text(json.dumps(given), encoding="utf-8")
        keys = json.loads((self.stage.world.work / "aws" / "admin.json").read_text())
        env = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "KUBE"))},
            "PATH": f"{self.stage.world.toolchain.bin_dir}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(REPO / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.stage.world.endpoint,
            "AWS_ACCESS_KEY_ID": keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
            "AWS_REGION": REGION,
        }
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local"]
        return subprocess.Popen(
            [*command, "-e", f"@{inputs}", *words, str(book)],
            cwd=REPO,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, **variables: Any) -> Run:
        """Run the role to its end, whatever that is."""
        process = self.start(*words, **variables)
        output, _ = process.communicate()
        (self.folder / "last.log").write_text(output, encoding="utf-8")
        return Run(process.returncode, output)

    def ok(self, *words: str, **variables: Any) -> Run:
        """Run the role to a good end."""
        run = self.run(*words, **variables)
        assert run.code == 0, run.output[-8000:]
        return run

    def refused(self, *parts: str, **variables: Any) -> Run:
        """Run the role, which has to fail with these words."""
        run = self.run(**variables)
        assert run.code != 0, run.output[-3000:]
        for part in parts:
            assert part in run.said, run.output[-5000:]
        return run

    def killed_at(self, phase: str, tags: str = "teardown_kubernetes") -> None:
        """Run the role and kill it, without a word, when it has begun with a phase."""
        process = self.start("--tags", tags)
        assert process.stdout is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if f"phase | Begin with {phase}]" in line:
                break
        else:
            pytest.fail(f"it did not come to {phase}: {seen[-5000:]}")
        (self.folder / "killed.log").write_text(seen, encoding="utf-8")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

    def inventory(self) -> Json:
        """Everything that the account holds, by kind."""
        return dict(localhttp.get_json(f"{self.stage.world.endpoint}/rehearsal/inventory"))

    def machines(self) -> list[str]:
        """Karpenter's instances that are not terminated."""
        pages = self.stage.world.client("ec2").describe_instances(
            Filters=[
                {"Name": "tag-key", "Values": ["karpenter.sh/nodepool"]},
                {
                    "Name": "instance-state-name",
                    "Values": ["pending", "running", "shutting-down", "stopping", "stopped"],
                },
            ]
        )
        return [row["InstanceId"] for page in pages["Reservations"] for row in page["Instances"]]

    @property
    def vpc(self) -> str:
        """The cluster's VPC."""
        cluster = self.stage.world.client("eks").describe_cluster(name=CLUSTER)["cluster"]
        return str(cluster["resourcesVpcConfig"]["vpcId"])

    def pods(self) -> int:
        """How many pods of graphs run."""
        rows = self.stage.get("pods", "-l", "nvidia.com/dynamo-component")["items"]
        return sum(row["status"].get("phase") == "Running" for row in rows)

    def kill(self, namespace: str, deployment: str) -> None:
        """Let a controller end and stay away."""
        kubectl = self.stage.world.kubectl
        selector = json.loads(kubectl("-n", namespace, "get", "deployment", deployment, "-o", "json"))["spec"][
            "selector"
        ]
        labels = ",".join(f"{key}={value}" for key, value in selector["matchLabels"].items())
        kubectl("-n", namespace, "scale", f"deployment/{deployment}", "--replicas=0")
        wait(lambda: kubectl("-n", namespace, "get", "pods", "-l", labels, "-o", "name") == "")

    def balance(self, name: str) -> str:
        """Make a Service with a load balancer whose controller is gone; return the load balancer."""
        balancing = self.stage.world.client("elbv2")
        subnets = self.stage.world.client("eks").describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"][
            "subnetIds"
        ]
        tags = {"elbv2.k8s.aws/cluster": CLUSTER, "service.k8s.aws/stack": f"{NAMESPACE}/{name}"}
        made = balancing.create_load_balancer(
            Name=f"k8s-{name}", Type="network", Subnets=subnets, Tags=[{"Key": k, "Value": v} for k, v in tags.items()]
        )["LoadBalancers"][0]
        meta = {"name": name, "namespace": NAMESPACE, "finalizers": ["service.k8s.aws/resources"]}
        spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
        self.stage.apply({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
        return str(made["LoadBalancerArn"])

    def balancers(self) -> list[str]:
        """All load balancers."""
        rows = self.stage.world.client("elbv2").describe_load_balancers()["LoadBalancers"]
        return [str(row["LoadBalancerArn"]) for row in rows]

    def old_platform(self, values: Json) -> None:
        """Install the platform of 0.4.1, whose definitions have the names of the present ones."""
        crds = [name for name in self.names("crd") if name.endswith(".nvidia.com")]
        self.stage.world.kubectl("delete", *crds)
        file = self.folder / "values.json"
        file.write_text(json.dumps(values))
        where = ("--repo", self.stage.charts, "--version", "0.4.1", "-n", NAMESPACE)
        self.stage.helm("install", "dynamo-crds", "dynamo-crds", *where)
        more = ("-f", str(file), "--wait", "--timeout", "2m")
        self.stage.helm("install", "dynamo-platform", "dynamo-platform", *where, *more)

    def stranger(self) -> None:
        """Put something of somebody else's beside the cluster."""
        world = self.stage.world
        world.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")
        world.client("iam").create_role(
            RoleName=f"{CLUSTER}-2-karpenter", AssumeRolePolicyDocument=trust("ec2.amazonaws.com")
        )
        world.client("sqs").create_queue(QueueName=f"{CLUSTER}-2-karpenter")

    def definitions(self) -> list[str]:
        """Everything in the cluster that a cleanup takes away, with the generation of what it changes before."""
        changed = "dgd,nodepools"
        others = (
            "dynamocomponentdeployments,deployments,statefulsets,jobs,pvc,pv,services,secrets,"
            "nodeclaims,ec2nodeclasses,mutatingwebhookconfigurations,validatingwebhookconfigurations"
        )
        name, leaving = "{.kind} {.metadata.namespace}/{.metadata.name}", "{.metadata.deletionTimestamp}"
        found: list[str] = []
        for kinds, row in ((changed, f"{name} {{.metadata.generation}} {leaving}"), (others, f"{name} {leaving}")):
            lines = f"jsonpath={{range .items[*]}}{row}\\n{{end}}"
            found += self.stage.world.kubectl("get", kinds, "-A", "-o", lines).splitlines()
        return sorted(found)

    def names(self, kind: str) -> list[str]:
        """Names of a kind in all namespaces; none when it is not installed."""
        said = self.stage.world.kubectl("get", kind, "-A", "-o", "name", check=False)
        return [word for word in said.split() if NAME.fullmatch(word)]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    charts = tmp_path_factory.mktemp("charts")
    repository.build(charts)
    port = ports.choose()
    serving = server(Behaviour(charts), port)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    try:
        with running(tmp_path_factory.mktemp("teardown")) as world:
            kubeconfig = world.plane.layout.kubeconfig("admin")
            context = str(yaml.safe_load(kubeconfig.read_text())["current-context"])
            stage = Stage(world, connect(str(kubeconfig), context), kubeconfig, context, f"http://127.0.0.1:{port}")
            made = House(stage, tmp_path_factory.mktemp("role"))
            mark(made)
            world.kubectl("create", "namespace", NAMESPACE)
            give_storage(world)
            install_karpenter(stage)
            install_platform(stage)
            yield made
    finally:
        serving.shutdown()


def mark(house: House) -> None:
    """Give everything that the cluster stands on the tags that Terraform would have given it."""
    tags = {"Cluster": CLUSTER, "ManagedBy": "ai_on_eks.dynamo"}
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    world = house.stage.world
    ec2 = world.client("ec2")
    network = world.client("eks").describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]
    ec2.create_tags(Resources=[network["vpcId"], *network["subnetIds"]], Tags=pairs)
    world.client("eks").tag_resource(resourceArn=f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}", tags=tags)
