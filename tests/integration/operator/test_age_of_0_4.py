# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The operator of 0.4 against a real API server and etcd, its faults included.

Comes before the tests of the present operator: both bring definitions of the same names, and these go again.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal import localhttp, ports
from rehearsal.dynamo.kube import Json, Resource
from rehearsal.dynamo.old_operator.names import COMPONENT, GRAPH
from rehearsal.dynamo.operator import consts as c
from rehearsal.nodes.pods.paths import bind_addresses
from tests.integration.operator.cluster import Cluster, mark_ready, wait_for
from tests.integration.operator.conftest import ROOT

NAMESPACE = "old"
RELEASE = "dynamo-platform"
MANAGER = "dynamo-platform-dynamo-operator-controller-manager"
ETCD_NAME = f"dynamo-platform-etcd.{NAMESPACE}.svc.cluster.local:2379"
VALUES = (
    "--set=dynamo-operator.namespaceRestriction.enabled=false",
    "--set=etcd.image.repository=bitnamilegacy/etcd",
    "--set=etcd.global.security.allowInsecureImages=true",
)
IMAGE = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.4.1"
PODS = Resource("", "v1", "pods", "Pod")


class OldOperator:
    """The operator's process with the arguments of its Deployment, started and ended as its pod would be."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.ports = {8081: ports.choose()}
        self.ports[8080] = ports.choose(None, list(self.ports.values()))
        deployment = cluster.client.get(c.DEPLOYMENT, NAMESPACE, MANAGER)
        assert deployment is not None
        containers = deployment["spec"]["template"]["spec"]["containers"]
        (manager,) = [item for item in containers if item["name"] == "manager"]
        self.arguments = bind_addresses(manager["args"], self.ports)
        self.kubeconfig = cluster.account_kubeconfig(NAMESPACE, MANAGER)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, etcd: str = "") -> None:
        """Start; `etcd` is where Dynamo's etcd is, by default the control plane's own, which is one like any other."""
        addresses = {ETCD_NAME: etcd or etcd_address(self.cluster)}
        env = {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "PYTHONPATH": str(ROOT),
            "POD_NAMESPACE": NAMESPACE,
            "REHEARSAL_ADDRESSES": json.dumps(addresses),
        }
        with (self.cluster.folder / "old-operator.log").open("ab") as log:
            command = [sys.executable, "-m", "rehearsal.dynamo.old_operator", *self.arguments]
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
        health = f"http://127.0.0.1:{self.ports[8081]}/readyz"
        wait_for("the operator", lambda: localhttp.succeeds(health), 30)

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0
        self.process = None


@pytest.fixture(scope="module")
def operator(cluster: Cluster, charts: str) -> Iterator[OldOperator]:
    cluster.namespace(NAMESPACE)
    for name, values in (("dynamo-crds", ()), (RELEASE, VALUES)):
        cluster.run("helm", "install", name, name, "--repo", charts, "--version", "0.4.1", "-n", NAMESPACE, *values)
    running = OldOperator(cluster)
    running.start()
    yield running
    for item in cluster.client.list(GRAPH, NAMESPACE)["items"]:
        cluster.client.delete(GRAPH, NAMESPACE, item["metadata"]["name"])
    wait_for("everything to go", lambda: cluster.client.list(COMPONENT, NAMESPACE)["items"] == [], 60)
    running.stop()
    for name in (RELEASE, "dynamo-crds"):
        cluster.run("helm", "uninstall", name, "-n", NAMESPACE)
    for resource in (GRAPH, COMPONENT):
        # the chart's annotation keeps them
        cluster.client.delete(c.DEFINITION, None, f"{resource.plural}.{resource.group}")
        wait_for(resource.plural, lambda resource=resource: gone(cluster, resource), 60)


def etcd_address(cluster: Cluster) -> str:
    return f"127.0.0.1:{cluster.layout.ports.etcd}"


def gone(cluster: Cluster, resource: Resource) -> bool:
    return cluster.client.get(c.DEFINITION, None, f"{resource.plural}.{resource.group}") is None


def service(kind: str, *command: str, **extra: Any) -> Json:
    main: Json = {"image": IMAGE}
    if command:
        main["command"] = list(command)
    return {"componentType": kind, "replicas": 1, "extraPodSpec": {"mainContainer": main}, **extra}


def graph(name: str, **services: Json) -> Json:
    usual = {
        "Frontend": service("frontend", envs=[{"name": "DYN_HTTP_PORT", "value": "9999"}]),
        "VllmDecodeWorker": service(
            "worker",
            *("python3", "-m", "dynamo.vllm"),
            resources={"requests": {"gpu": "1", "cpu": "4"}, "limits": {"gpu": "1", "memory": "16Gi"}},
        ),
    }
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"services": services or usual},
    }


def get(cluster: Cluster, resource: Resource, name: str) -> Json:
    found = cluster.client.get(resource, NAMESPACE, name)
    assert found is not None, f"{resource.kind} {name} is gone"
    return found


def of(cluster: Cluster, resource: Resource, name: str) -> list[str]:
    """Names of the kind that begin with a graph's name: this age puts no label with it on anything."""
    items = cluster.client.list(resource, NAMESPACE)["items"]
    return sorted(item["metadata"]["name"] for item in items if item["metadata"]["name"].startswith(f"{name}-"))


def state(cluster: Cluster, name: str) -> str:
    return str((get(cluster, GRAPH, name).get("status") or {}).get("state", ""))


def make_ready(cluster: Cluster, name: str) -> None:
    def settled() -> bool:
        mark_ready(cluster.client, NAMESPACE, f"{c.L_NAMESPACE}=dynamo-{name}")
        return state(cluster, name) == "successful"

    wait_for(f"graph {name} to be ready", settled)


def deploy(cluster: Cluster, made: Json, children: int) -> str:
    name = str(made["metadata"]["name"])
    cluster.client.create(GRAPH, NAMESPACE, made)
    wait_for("the Deployments", lambda: len(of(cluster, c.DEPLOYMENT, name)) == children, 20)
    return name


def remove(cluster: Cluster, name: str) -> None:
    cluster.client.delete(GRAPH, NAMESPACE, name)
    # a young garbage collector learns new definitions within half a minute
    wait_for("the children to go", lambda: of(cluster, c.DEPLOYMENT, name) == of(cluster, COMPONENT, name) == [], 90)


def test_what_is_made_and_when_it_is_ready(operator: OldOperator, cluster: Cluster) -> None:
    del operator
    name = deploy(cluster, graph("agg"), 2)
    living = get(cluster, GRAPH, name)
    assert living["metadata"]["finalizers"] == [c.FINALIZER]
    assert living["metadata"]["generation"] == 2, "the operator writes into the spec"
    main = living["spec"]["services"]["Frontend"]["extraPodSpec"]["mainContainer"]
    assert (main["name"], main["resources"]) == ("", {})
    children = ["agg-frontend", "agg-vllmdecodeworker"]
    assert of(cluster, COMPONENT, name) == of(cluster, c.DEPLOYMENT, name) == children
    wait_for("the Service", lambda: of(cluster, c.SERVICE, name) == ["agg-frontend"])
    frontend = get(cluster, c.DEPLOYMENT, "agg-frontend")
    labels = {
        c.L_COMPONENT: "Frontend",
        c.L_COMPONENT_TYPE: "frontend",
        c.L_NAMESPACE: "dynamo-agg",
        c.L_METRICS: "true",
        c.L_SELECTOR: "agg-frontend",
    }
    assert frontend["metadata"]["labels"] == labels
    assert get(cluster, c.SERVICE, "agg-frontend")["spec"]["selector"] == labels
    (container,) = frontend["spec"]["template"]["spec"]["containers"]
    env = {row["name"]: row["value"] for row in container["env"]}
    assert list(env) == sorted(env)
    assert env["DYN_HTTP_PORT"] == "8000", "the operator's value wins"
    assert env["ETCD_ENDPOINTS"] == ETCD_NAME
    assert "jq" in container["readinessProbe"]["exec"]["command"][2]
    worker = get(cluster, c.DEPLOYMENT, "agg-vllmdecodeworker")["spec"]["template"]["spec"]
    assert worker["containers"][0]["resources"] == {
        "requests": {"cpu": "4"},
        "limits": {"memory": "16Gi", "nvidia.com/gpu": "1"},
    }, "the request for a GPU is lost, the limit counts"
    assert worker["volumes"][0]["emptyDir"] == {"medium": "Memory", "sizeLimit": "4Gi"}
    wait_for("a first status", lambda: state(cluster, name) == "pending")
    make_ready(cluster, name)
    status = get(cluster, GRAPH, name)["status"]
    assert set(status) == {"state", "conditions"}
    assert status["conditions"][0]["message"] == "All resources are ready"
    rows = {row["type"]: row["status"] for row in get(cluster, COMPONENT, "agg-frontend")["status"]["conditions"]}
    assert rows == {"Available": "True", "DynamoComponentReady": "Unknown"}
    # drift stays, a child that is deleted comes again
    cluster.client.merge(c.DEPLOYMENT, NAMESPACE, "agg-frontend", {"spec": {"replicas": 3}})
    cluster.client.delete(c.SERVICE, NAMESPACE, "agg-frontend")
    wait_for("the Service again", lambda: cluster.client.get(c.SERVICE, NAMESPACE, "agg-frontend"), 10)
    assert get(cluster, c.DEPLOYMENT, "agg-frontend")["spec"]["replicas"] == 3
    # a service that is taken out goes on running, and is no longer counted
    cluster.client.merge(GRAPH, NAMESPACE, name, {"spec": {"services": {"VllmDecodeWorker": None}}})
    cluster.client.merge(GRAPH, NAMESPACE, name, {"spec": {"services": {"Frontend": {"replicas": 2}}}})
    wait_for("the change", lambda: get(cluster, c.DEPLOYMENT, "agg-frontend")["spec"]["replicas"] == 2, 10)
    make_ready(cluster, name)
    assert of(cluster, c.DEPLOYMENT, name) == children
    remove(cluster, name)


def test_what_is_wrong_stands_where_it_was_seen(operator: OldOperator, cluster: Cluster) -> None:
    del operator
    noimage = service("worker")
    del noimage["extraPodSpec"]["mainContainer"]["image"]
    cluster.client.create(GRAPH, NAMESPACE, graph("noimg", Main=noimage))

    def available() -> Json:
        item = cluster.client.get(COMPONENT, NAMESPACE, "noimg-main") or {}
        rows = (item.get("status") or {}).get("conditions") or []
        return next((row for row in rows if row["type"] == "Available" and row["status"] == "False"), {})

    row = wait_for("the component's condition", available, 20)
    assert row["message"].startswith(
        "Failed to reconcile DynamoComponentDeployment: create or update deployment: "
        'Deployment.apps "noimg-main" is invalid: spec.template.spec.containers[0].image: Required value'
    )
    assert state(cluster, "noimg") == "pending"
    one, other = (service("worker", "true", dynamoNamespace=value) for value in "xy")
    cluster.client.create(GRAPH, NAMESPACE, graph("apart", A=one, B=other))
    wait_for("the refusal", lambda: state(cluster, "apart") == "failed", 10)
    message = get(cluster, GRAPH, "apart")["status"]["conditions"][0]["message"]
    assert message.endswith("namespace mismatch for component B: graph uses namespace x but component specifies y")
    for name in ("noimg", "apart"):
        cluster.client.delete(GRAPH, NAMESPACE, name)
    wait_for("both to go", lambda: cluster.client.list(COMPONENT, NAMESPACE)["items"] == [], 60)


def etcd(cluster: Cluster, call: str, **body: str) -> Any:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in body.items()}
    return localhttp.post_json(f"http://{etcd_address(cluster)}/v3/kv/{call}", encoded)


def test_a_graph_goes_only_while_etcd_answers(operator: OldOperator, cluster: Cluster) -> None:
    key = "/dynamo-stuck/components/Worker/endpoint"
    etcd(cluster, "put", key=key, value="x")
    name = deploy(cluster, graph("stuck", Worker=service("worker", "true")), 1)
    operator.stop()
    operator.start(etcd=f"127.0.0.1:{ports.choose()}")
    cluster.client.delete(GRAPH, NAMESPACE, name)
    wait_for("the graph to vanish", lambda: cluster.client.get(GRAPH, NAMESPACE, name) is None, 10)

    def going() -> bool:
        return "deletionTimestamp" in get(cluster, COMPONENT, "stuck-worker")["metadata"]

    wait_for("its component to be on its way", going, 60)
    # nobody sees to the components of other graphs now
    cluster.client.create(GRAPH, NAMESPACE, graph("other", Worker=service("worker", "true")))
    wait_for("the other's component", lambda: cluster.client.get(COMPONENT, NAMESPACE, "other-worker"), 10)
    assert of(cluster, c.DEPLOYMENT, "stuck") == ["stuck-worker"], "its pods keep their GPUs"
    assert of(cluster, c.DEPLOYMENT, "other") == []
    assert "status" not in get(cluster, COMPONENT, "other-worker")
    operator.stop()
    operator.start()
    wait_for("the component to go", lambda: cluster.client.get(COMPONENT, NAMESPACE, "stuck-worker") is None, 10)
    wait_for("the other's Deployment", lambda: of(cluster, c.DEPLOYMENT, "other"), 10)
    assert etcd(cluster, "range", key=key).get("count", "0") == "0"
    remove(cluster, "other")
