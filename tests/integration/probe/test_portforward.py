# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Port-forward through a real API server: many streams, other pods, refusals."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube import client as kube
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import cluster, runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.errors import ProbeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load import pacer
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load.calibrate import paced
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client
from rehearsal import ports
from tests.integration.operator.cluster import wait_for
from tests.integration.probe.conftest import NAMESPACE, World, answering


def client_of(world: World, **target: str) -> Client:
    """A client that reaches a Service or a pod as the administrator."""
    return Client(cluster.cluster_target(kube.connect(str(world.cluster.kubeconfig), "default"), NAMESPACE, **target))


def said(client: Client) -> str:
    """What a GET brings."""
    return client.request("GET", "/", timeout=10).body.decode()


def test_service_pod_and_large_bodies(world: World) -> None:
    with answering("one") as port:
        world.pod("plain-1", port, {"app": "plain"})
        world.service("plain", {"app": "plain"})
        wait_for("the port-forward", lambda: reachable(client_of(world, pod="plain-1")))
        assert said(client_of(world, service="plain")) == "one"
        assert said(client_of(world, service="plain", port="http")) == "one"
        assert said(client_of(world, pod="plain-1", port="8000")) == "one"
        answer = client_of(world, service="plain").request("POST", "/", b"x" * 3_000_000, timeout=30)
        assert answer.body == b"3000000"


def reachable(client: Client) -> bool:
    """kwok learns of a port a moment after it was said."""
    try:
        return bool(said(client))
    except ProbeError:
        return False


def test_many_streams_at_once(world: World) -> None:
    with answering("busy") as port:
        world.pod("busy-1", port, {"app": "busy"})
        world.service("busy", {"app": "busy"})
        client = client_of(world, service="busy")
        wait_for("the port-forward", lambda: reachable(client))
        answers: list[str] = []
        threads = [threading.Thread(target=lambda: answers.append(said(client))) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert answers == ["busy"] * 32


def test_load_through_the_api_server(world: World) -> None:
    with paced(0.02, 0.005, 16) as url:
        world.pod("paced-1", int(url.rsplit(":", 1)[1]), {"app": "paced"})
        world.service("paced", {"app": "paced"})
        client = client_of(world, service="paced")
        wait_for("the port-forward", lambda: reachable(client))
        load = {"name": "load", "concurrency": 16, "requests": 48, "max_tokens": 16, "calibrate": False}
        outcome = runner.run(Session(client, pacer.MODEL, timeout=30), specs.parse([load]))
    assert outcome.passed, outcome.results[0].reason
    found = outcome.results[0].details
    assert found["requests"] == {"sent": 48, "completed": 48, "failed": 0, "warmup": 16}
    assert found["tokens"]["chunks"] == 48 * 16
    # Connections are kept: no more are opened than there are streams, most of them during the warm-up.
    assert (found["times"]["connect_ms"] or {"count": 0})["count"] <= 16


def test_another_pod_takes_over(world: World) -> None:
    with answering("a") as first, answering("b") as second:
        world.pod("double-a", first, {"app": "double"})
        world.pod("double-b", second, {"app": "double"})
        world.service("double", {"app": "double"})
        client = client_of(world, service="double")
        wait_for("the port-forward", lambda: reachable(client_of(world, pod="double-b")) and reachable(client))
        assert {said(client) for _ in range(5)} == {"a"}
        world.forward("double-a", ports.choose())  # nobody listens there
        wait_for("the refusal", lambda: not reachable(client_of(world, pod="double-a")))
        session = Session(client, timeout=10)
        assert session.get("/").body == b"b"
        assert {said(client) for _ in range(5)} == {"b"}


def test_pod_that_refuses(world: World) -> None:
    world.pod("deaf", ports.choose(), {"app": "deaf"})
    # The node's answer and the end of the stream race each other: what it said may be lost on the way.
    says = r"Failed to talk to pod default/deaf port 8000: .*refused|pod default/deaf closed the connection without"
    with pytest.raises(ProbeError, match=says) as caught:
        wait_for("the refusal", lambda: refused_by_the_pod(world))
    assert caught.value.retry


def refused_by_the_pod(world: World) -> None:
    """Raise once kwok knows the port; nothing before."""
    try:
        said(client_of(world, pod="deaf"))
    except ProbeError as error:
        if "no forward found" not in str(error):
            raise


def test_no_ready_pod(world: World) -> None:
    world.pod("slow-1", ports.choose(), {"app": "slow"}, ready=False)
    world.service("slow", {"app": "slow"})
    with pytest.raises(
        ProbeError, match=r"no ready pod behind it. Pods that it selects: slow-1 \(not ready\)"
    ) as caught:
        said(client_of(world, service="slow"))
    assert caught.value.retry


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ({"service": "nope"}, 'Failed to find service default/nope: .*services "nope" not found'),
        ({"pod": "nope"}, 'Failed to find pod default/nope: .*pods "nope" not found'),
    ],
)
def test_nothing_there(world: World, target: dict[str, str], says: str) -> None:
    with pytest.raises(ProbeError, match=says) as caught:
        said(client_of(world, **target))
    assert not caught.value.retry


def test_forbidden(world: World) -> None:
    kubeconfig = world.cluster.account_kubeconfig(NAMESPACE, "default")
    client = Client(cluster.cluster_target(kube.connect(str(kubeconfig), "default"), NAMESPACE, service="kubernetes"))
    with pytest.raises(ProbeError, match=r'services "kubernetes" is forbidden: User "system:serviceaccount') as caught:
        said(client)
    assert not caught.value.retry


def test_log_proof(world: World, tmp_path: Path) -> None:
    path = tmp_path / "pod.log"
    path.write_text("2026-01-31T12:00:00.0Z stdout F starting\n2026-01-31T12:00:01.0Z stdout F Hello star!\n")
    world.pod("hello-1", ports.choose(), {"app": "hello"})
    world.log("hello-1", path)
    connection = kube.connect(str(world.cluster.kubeconfig), "default")
    target = cluster.cluster_target(connection, NAMESPACE)
    session = Session(Client(target), timeout=20, cluster=cluster.Pods(connection, NAMESPACE))
    check = {"name": "log", "selector": "app=hello", "pattern": "^Hello (world|star)!$"}
    outcome = runner.run(session, specs.parse([check]))
    assert outcome.passed, outcome.results
    assert outcome.results[0].evidence == 'hello-1: "Hello star!"'
