# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The role observability before a real Prometheus and real Dynamo processes of both ages: no panel stays empty.

Frontends and workers of Dynamo 1.6.1 and 0.4.1 are real processes behind pods with the labels of their operators.
Karpenter's page is a recorded one of the real Karpenter; GPUs are the rehearsal's recorded ones.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import ports, process
from rehearsal.bootstrap.places import Places
from rehearsal.charts import repository
from rehearsal.charts.server import Behaviour, server
from rehearsal.dynamo import crds
from rehearsal.paths import ACCOUNT, REGION, REPO
from tests.integration.nodes.conftest import CLUSTER, NAMESPACE, World, make_pod, wait
from tests.integration.nodes.test_dynamo import MODEL, ask, component, discovery, forwarded, models

OBSERVED = "kube-prometheus-stack"
ROLE = REPO / "roles" / "observability"
BOARDS = sorted((ROLE / "files" / "dashboards").glob("*.yml"))
OLD = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.4.1"
PAGE = REPO / "docs" / "observability-measured.md"
HEAD = """<!--
SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
SPDX-License-Identifier: Apache-2.0
-->
# What each panel answers, and what it showed

Measured in the rehearsal by `tests/integration/nodes/test_observability.py`: two graphs without the speed of a GPU,
`fresh` (Dynamo 1.6.1) and `old` (0.4.1), after a dozen questions each. GPUs and Karpenter's page are recorded ones,
prices are Karpenter's. A version says since which Dynamo there is data. `OBSERVABILITY_PAGE=write` writes this page.

| dashboard | panel | answers | since | measured |
|---|---|---|---|---|
"""
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: ai_on_eks.dynamo.observability}
"""


def labelled(parts: list[dict[str, Any]], kind: str, **labels: str) -> list[dict[str, Any]]:
    """Give a component the labels that an operator gives its pods."""
    wanted = {"nvidia.com/metrics-enabled": "true", "nvidia.com/dynamo-component-type": kind}
    wanted |= {f"nvidia.com/{name.replace('_', '-')}": value for name, value in labels.items()}
    parts[0]["spec"]["template"]["metadata"]["labels"] |= wanted
    return parts


def gpu(parts: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    amounts = {"nvidia.com/gpu": str(count)}
    main = parts[0]["spec"]["template"]["spec"]["containers"][0]
    main["resources"] = {"limits": amounts, "requests": amounts}
    return parts


def new_graph() -> list[dict[str, Any]]:
    """A graph as the operator of 1.6.1 makes it."""
    marks = {"dynamo_graph_deployment_name": "fresh", "dynamo_namespace": f"{NAMESPACE}-graph"}
    front = component(
        "fresh-frontend",
        ("http", 8000),
        {"DYN_HTTP_PORT": "8000", "DYNAMO_PORT": "8000"},
        command=["python3", "-m", "dynamo.frontend", "--router-mode", "kv"],
        readinessProbe={"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 5},
    )
    work = component(
        "fresh-worker",
        ("system", 9090),
        {
            "DYN_SYSTEM_PORT": "9090",
            "DYN_SYSTEM_ENABLED": "true",
            "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS": '["generate"]',
        },
        command=["/bin/sh", "-c"],
        args=[f"python3 -m dynamo.vllm --model {MODEL}"],
        readinessProbe={"httpGet": {"path": "/health", "port": "system"}, "periodSeconds": 5},
    )
    return [*labelled(front, "frontend", **marks), *labelled(gpu(work, 1), "worker", **marks)]


def old_graph() -> list[dict[str, Any]]:
    """A graph as the operator of 0.4.1 makes it, with the etcd and NATS that it needs."""
    where = {
        "ETCD_ENDPOINTS": f"old-etcd.{NAMESPACE}.svc.cluster.local:2379",
        "NATS_SERVER": f"nats://old-nats.{NAMESPACE}.svc.cluster.local:4222",
    }
    servers = [
        *component("old-etcd", ("client", 2379), {"ALLOW_NONE_AUTHENTICATION": "yes"}),
        *component("old-nats", ("client", 4222), {}, args=["-js"]),
    ]
    for part, image in ((servers[0], "docker.io/bitnamilegacy/etcd:3.6.4"), (servers[2], "nats:2.10.21")):
        part["spec"]["template"]["spec"]["containers"][0]["image"] = image
    marks = {"dynamo_namespace": "dynamo-old"}
    front = component(
        "old-frontend",
        ("http", 8000),
        {**where, "DYN_HTTP_PORT": "8000", "DYNAMO_PORT": "8000"},
        command=["/bin/sh", "-c"],
        args=["python3 -m dynamo.frontend --http-port 8000"],
        image=OLD,
    )
    work = component(
        "old-worker",
        ("system", 9090),
        {
            **where,
            "DYN_SYSTEM_PORT": "9090",
            "DYN_SYSTEM_ENABLED": "true",
            "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS": '["generate"]',
        },
        command=["/bin/sh", "-c"],
        args=[f"python3 -m dynamo.vllm --model {MODEL}"],
        image=OLD,
    )
    return [*servers, *labelled(front, "frontend", **marks), *labelled(gpu(work, 1), "worker", **marks)]


def recorded_karpenter() -> list[dict[str, Any]]:
    """A pod that answers with a page of the real Karpenter."""
    page = (Path(__file__).parent / "karpenter.prom").read_text()
    # Prometheus wants to be told that it is text
    script = (
        "cd /etc/recorded && exec python3 -c '"
        'import http.server as h; k = h.SimpleHTTPRequestHandler; k.extensions_map = {"": "text/plain"}; '
        'h.ThreadingHTTPServer(("127.0.0.1", int(__import__("json").loads('
        '__import__("os").environ["REHEARSAL_PORTS"])["8080"])), k).serve_forever()\''
    )
    mounted = {"volumeMounts": [{"name": "page", "mountPath": "/etc/recorded"}]}
    pod = make_pod("karpenter", script, ports=[{"name": "http-metrics", "containerPort": 8080}], **mounted)
    pod["metadata"]["labels"] = {"app.kubernetes.io/name": "karpenter"}
    pod["spec"]["volumes"] = [{"name": "page", "configMap": {"name": "karpenter-page"}}]
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "karpenter-page"}, "data": {"metrics": page}},
        pod,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "karpenter", "labels": {"app.kubernetes.io/name": "karpenter"}},
            "spec": {
                "selector": {"app.kubernetes.io/name": "karpenter"},
                "ports": [{"name": "http-metrics", "port": 8080, "targetPort": "http-metrics"}],
            },
        },
    ]


def greedy_pod() -> dict[str, Any]:
    """A worker that no node is large enough for."""
    pod = make_pod("greedy-worker", "sleep 1000", resources={"limits": {"nvidia.com/gpu": "64"}})
    pod["metadata"]["labels"] = {
        "nvidia.com/dynamo-component-type": "worker",
        "nvidia.com/dynamo-component": "Worker",
        "nvidia.com/dynamo-graph-deployment-name": "greedy",
        "nvidia.com/dynamo-namespace": f"{NAMESPACE}-greedy",
    }
    return pod


def device_plugin() -> dict[str, Any]:
    """What tells Kubernetes of a node's GPUs."""
    labels = {"app": "device-plugin"}
    spec = {
        "nodeSelector": {"nvidia.com/gpu.present": "true"},
        "containers": [{"name": "main", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.20.0"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "device-plugin"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }


def gpu_node(world: World) -> None:
    subnets = [row["SubnetId"] for row in world.client("ec2").describe_subnets()["Subnets"]]
    own = [
        row
        for row in subnets
        if row in world.client("eks").describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["subnetIds"]
    ]
    world.client("eks").create_nodegroup(
        clusterName=CLUSTER,
        nodegroupName="gpus",
        nodeRole=f"arn:aws:iam::{ACCOUNT}:role/node",
        subnets=own[:1],
        instanceTypes=["g5.12xlarge"],
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
        labels={"nvidia.com/gpu.present": "true"},
    )
    wait(lambda: "gpu.present" in world.kubectl("get", "nodes", "-o", "json"))


def run_role(world: World, folder: Path, charts: str, **variables: Any) -> None:
    """Run the role as a playbook does."""
    play, extra = folder / "play.yml", folder / "extra.json"
    play.write_text(PLAY)
    names = ("kube-prometheus-stack", "dcgm-exporter", "loki", "alloy", "tempo")
    cluster = {
        "name": CLUSTER,
        "region": REGION,
        "endpoint": world.plane.layout.server,
        "kubeconfig": str(world.plane.layout.kubeconfig("admin")),
        "context": "default",
    }
    extra.write_text(
        json.dumps(
            {
                "ai_on_eks_cluster": cluster,
                "dynamo_chart_repositories": {name: {"ref": name, "url": charts} for name in names},
                "dynamo_state_dir": str(folder / "state"),
                "observability_scrape_interval": "1s",
                "observability_chart_values": {
                    "prometheus": {"prometheusSpec": {"scrapeInterval": "1s", "evaluationInterval": "1s"}}
                },
                **variables,
            }
        )
    )
    env = {
        **os.environ,
        "ANSIBLE_CONFIG": str(REPO / "ansible.cfg"),
        "PATH": f"{world.toolchain.bin_dir}:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = [
        "ansible-playbook",
        "-i",
        "localhost,",
        "-c",
        "local",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
    ]
    done = subprocess.run(
        [*command, "-e", f"@{extra}", str(play)],
        env=env,
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


class Prometheus:
    """Questions to a Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = ask(f"{self.url}/api/v1/query?query={urllib.parse.quote(expression)}")
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def has(self, expression: str) -> bool:
        return any(row["value"][1] != "NaN" for row in self.query(expression))


@pytest.fixture(scope="module")
def observed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    lacking = [name for name in ("prometheus", "dynamo-0.4", "nats-server") if not Places.here().has(name)]
    if lacking:
        needs = [word for name in lacking for word in ("--only", name)]
        subprocess.run([sys.executable, "-m", "rehearsal.bootstrap", *needs], cwd=REPO, check=True)
    folder = tmp_path_factory.mktemp("observability")
    repository.build(folder / "charts")
    port = ports.choose()
    charts = server(Behaviour(folder / "charts"), port)
    threading.Thread(target=charts.serve_forever, daemon=True).start()
    for definition in crds.load("webhook", NAMESPACE):
        if definition["spec"]["names"]["kind"] == "DynamoWorkerMetadata":
            world.apply(definition)
    gpu_node(world)
    world.apply(device_plugin(), *discovery(), *new_graph(), *old_graph(), *recorded_karpenter(), greedy_pod())
    run_role(world, folder, f"http://127.0.0.1:{port}")
    for name in ("fresh-frontend", "fresh-worker", "old-frontend", "old-worker"):
        world.kubectl("rollout", "status", f"deployment/{name}", "--timeout=180s")
    with forwarded(world, "svc/prometheus", 80, OBSERVED) as url:
        yield Prometheus(url)
    charts.shutdown()
    world.kubectl("delete", "deployments,services", "-l", "nvidia.com/dynamo-discovery-backend", "--wait=false")
    world.kubectl("delete", "daemonset", "device-plugin")
    world.kubectl("delete", "pod", "karpenter", "greedy-worker", "--wait=false")
    world.kubectl("delete", "namespace", OBSERVED)


def use(world: World, graph: str, observed: Prometheus) -> None:
    """Ask a graph questions until it answers, and then until Prometheus has seen its counters grow."""
    with forwarded(world, f"svc/{graph}-frontend", 8000) as url:
        wait(lambda: [name.lower() for name in models(url)] == [MODEL.lower()], 120)
        chat = {"model": MODEL, "messages": [{"role": "user", "content": "Hello " * 60}], "max_tokens": 16}

        def answers() -> bool:
            try:
                return bool(ask(f"{url}/v1/chat/completions", chat)["choices"])
            except OSError:
                return False

        wait(answers, 240)
        for _ in range(12):
            assert answers()
        # A counter that is born between two scrapes has not grown for Prometheus: all twelve may come too early.
        wait(lambda: answers() and observed.has(f'dynamo:ttft_seconds:p95_5m{{graph="{graph}"}}'), 180)


def filled(expression: str, graph: str) -> str:
    """Put values in for Grafana's variables."""
    values = {"$__rate_interval": "5m", "$namespace": ".*", "$node": ".*", "$graph": graph}
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression


@pytest.fixture(scope="module")
def asked(world: World, observed: Prometheus) -> Prometheus:
    """Prometheus once it knows all that the graphs told after some questions."""
    for graph in ("fresh", "old"):
        use(world, graph, observed)
    wait(lambda: observed.has("sum(node:price_usd:hourly)"), 60)
    return observed


def test_every_pod_of_both_ages_is_asked(asked: Prometheus) -> None:
    def found() -> set[tuple[str, str, str]]:
        targets = ask(f"{asked.url}/api/v1/targets?state=active")["data"]["activeTargets"]
        return {
            (row["labels"]["job"].rpartition("/")[2], row["labels"]["graph"], row["health"])
            for row in targets
            if "/dynamo-" in row["labels"]["job"]
        }

    kinds = ("dynamo-frontends", "dynamo-workers")
    expected = {(kind, graph, "up") for kind in kinds for graph in ("fresh", "old")}
    # a busy machine may miss one scrape
    assert process.wait_until(lambda: found() == expected, 30, 0.5), found()


def shown(rows: list[dict[str, Any]], legend: str) -> str:
    """The first values of an answer as Grafana would write them."""

    def name(labels: dict[str, str]) -> str:
        return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), legend).strip()

    told = [f"{name(row['metric'])} {float(row['value'][1]):.4g}".strip() for row in rows[:2]]
    return ", ".join(told) + (f", and {len(rows) - 2} more" if len(rows) > 2 else "")


def test_no_panel_is_empty(asked: Prometheus) -> None:
    empty, lines = [], []
    for file in BOARDS:
        board = yaml.safe_load(file.read_text())
        for panel in (panel for row in board["rows"] for panel in row["panels"]):
            told = []
            for query in panel["queries"]:
                graphs = ["fresh"] if panel.get("since") else ["fresh", "old"]
                for graph in graphs if "$graph" in query["expr"] else [".*"]:
                    expression = filled(query["expr"], graph)
                    if not process.wait_until(lambda: asked.has(expression), 20, 0.5):  # noqa: B023 - at once
                        empty.append((board["name"], panel["title"], graph, expression))
                    if graph != "old":
                        told.append(shown(asked.query(expression), query.get("legend", "")))
            cells = (board["title"], panel["title"], panel["answers"], str(panel.get("since", "")), "; ".join(told))
            lines.append(f"| {' | '.join(cells)} |")
    assert not empty, "\n".join(map(str, empty))
    assert len(lines) > 45
    if os.environ.get("OBSERVABILITY_PAGE") == "write":
        PAGE.write_text(HEAD + "\n".join(lines) + "\n")


def test_every_alert_has_what_it_looks_at(asked: Prometheus) -> None:
    groups = ask(f"{asked.url}/api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert [rule["lastError"] for rule in rules if rule["health"] == "err"] == []
    recorded = {rule["name"] for rule in rules if rule["type"] == "recording"}
    assert [name for name in sorted(recorded) if not asked.query(name)] == []
    alerts = [rule for rule in rules if rule["type"] == "alerting"]
    assert len(alerts) == 12
    for rule in alerts:
        # each name that an alert's expression holds has data
        names = set(re.findall(r"\b(?:dynamo:|kube_|DCGM_|up\b)[\w:]*", rule["query"]))
        assert names, rule["query"]
        assert [name for name in sorted(names) if not asked.query(name)] == [], rule["name"]


def test_a_pod_without_a_node_and_a_graph_without_a_worker_are_noticed(asked: Prometheus) -> None:
    def pending(alert: str) -> set[str]:
        rows = ask(f"{asked.url}/api/v1/alerts")["data"]["alerts"]
        return {row["labels"].get("graph", "") for row in rows if row["labels"]["alertname"] == alert}

    wait(lambda: "greedy" in pending("PodPendingForCapacity") and "greedy" in pending("DynamoNoReadyWorker"))
    assert pending("DynamoNoReadyWorker") == {"greedy"}
