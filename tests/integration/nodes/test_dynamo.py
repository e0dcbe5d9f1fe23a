# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Real Dynamo processes behind pods: discovery through the Kubernetes API, a chat through port-forward, hello world."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rehearsal import ports
from rehearsal.dynamo import crds
from tests.integration.nodes.conftest import NAMESPACE, RUNTIME, World, wait

MODEL = "Qwen/Qwen3-0.6B"
FIELDS = (("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace"), ("POD_UID", "metadata.uid"))
RULES = [
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["pods", "endpoints"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["nvidia.com"], "resources": ["dynamoworkermetadatas"], "verbs": ["*"]},
]
RBAC = "rbac.authorization.k8s.io"


def discovery() -> list[dict[str, Any]]:
    """What a graph's pods may do, as the operator grants it."""
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "graph"}},
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": "graph"}, "rules": RULES},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "graph"},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "graph"},
            "subjects": [{"kind": "ServiceAccount", "name": "graph", "namespace": NAMESPACE}],
        },
    ]


def component(name: str, port: tuple[str, int], env: dict[str, str], **container: Any) -> list[dict[str, Any]]:
    """A Deployment and its Service, as the operator makes them."""
    labels = {
        "nvidia.com/selector": name,
        "nvidia.com/dynamo-component": name,
        "nvidia.com/dynamo-discovery-backend": "kubernetes",
        "nvidia.com/dynamo-discovery-enabled": "true",
    }
    values = {"DYN_DISCOVERY_BACKEND": "kubernetes", "DYN_NAMESPACE": f"{NAMESPACE}-graph", **env}
    main = {
        "name": "main",
        "image": RUNTIME,
        "ports": [{"name": port[0], "containerPort": port[1]}],
        "env": [{"name": key, "value": value} for key, value in values.items()]
        + [{"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in FIELDS],
        **container,
    }
    template = {"metadata": {"labels": labels}, "spec": {"serviceAccountName": "graph", "containers": [main]}}
    selector = {"nvidia.com/selector": name}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"replicas": 1, "selector": {"matchLabels": selector}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": labels},
            "spec": {"selector": selector, "ports": [{"name": port[0], "port": port[1], "targetPort": port[0]}]},
        },
    ]


@contextmanager
def forwarded(world: World, target: str, port: int, namespace: str = NAMESPACE) -> Iterator[str]:
    """Keep a kubectl port-forward; yield the URL."""
    local = ports.choose()
    command = [
        str(world.toolchain.bin_dir / "kubectl"),
        *("--kubeconfig", str(world.plane.layout.kubeconfig("admin")), "-n", namespace),
        *("port-forward", target, f"{local}:{port}"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(lambda: not ports.is_free(local), 20)
        yield f"http://127.0.0.1:{local}"
    finally:
        process.terminate()
        process.wait()


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    """GET, or POST a body, and return the answer's JSON."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def models(url: str) -> list[str]:
    """Return the models that a frontend lists; none while it cannot be asked."""
    try:
        return [row["id"] for row in ask(f"{url}/v1/models")["data"]]
    except (urllib.error.URLError, ConnectionError):
        return []


def test_a_graph_answers_a_chat(world: World) -> None:
    for definition in crds.load("webhook", NAMESPACE):
        if definition["spec"]["names"]["kind"] == "DynamoWorkerMetadata":
            world.apply(definition)
    health = {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 5, "timeoutSeconds": 3}
    live = {"httpGet": {"path": "/live", "port": "system"}, "periodSeconds": 5, "timeoutSeconds": 5}
    world.apply(
        *discovery(),
        *component(
            "frontend",
            ("http", 8000),
            {"DYN_HTTP_PORT": "8000", "DYNAMO_PORT": "8000"},
            command=["python3", "-m", "dynamo.frontend"],
            readinessProbe=health,
        ),
        *component(
            "worker",
            ("system", 9090),
            {"DYN_SYSTEM_PORT": "9090", "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS": '["generate"]'},
            command=["/bin/sh", "-c"],
            args=[f"python3 -m dynamo.vllm --model {MODEL} 2>&1 | tee /tmp/vllm.log"],
            startupProbe={**live, "failureThreshold": 60},
            livenessProbe={**live, "failureThreshold": 3},
            readinessProbe={**live, "httpGet": {"path": "/health", "port": "system"}},
        ),
    )
    for name in ("frontend", "worker"):
        world.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s")
    with forwarded(world, "svc/frontend", 8000) as url:
        wait(lambda: models(url) == [MODEL])
        chat = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
        answer = ask(f"{url}/v1/chat/completions", chat)
        words = answer["choices"][0]["message"]["content"].split()
        assert len(words) == 8
        assert all(word.strip(".,").isalpha() for word in words)
        # the worker goes: the frontend forgets it without being told
        world.kubectl("scale", "deployment/worker", "--replicas=0")
        wait(lambda: models(url) == [])
    world.kubectl("delete", "deployment", "frontend", "worker")


def test_hello_world(world: World) -> None:
    where = {"workingDir": "/workspace/examples/custom_backend/hello_world/", "command": ["/bin/sh", "-c"]}
    env = {"DYN_TEST_HELLO_WORLD_WORD_DELAY_SEC": "0.05"}
    fine = {"exec": {"command": ["/bin/sh", "-c", "echo ok"]}, "periodSeconds": 5}
    world.apply(
        *discovery(),
        *component(
            "hello-worker", ("system", 9090), env, args=["python3 hello_world.py"], readinessProbe=fine, **where
        ),
        *component("hello-client", ("http", 8000), {}, args=["python3 client.py"], readinessProbe=fine, **where),
    )
    wait(lambda: "Hello star!" in world.kubectl("logs", "deployment/hello-client", check=False), 90)
    assert "Serving endpoint" in world.kubectl("logs", "deployment/hello-worker")
    world.kubectl("delete", "deployment", "hello-worker", "hello-client")
