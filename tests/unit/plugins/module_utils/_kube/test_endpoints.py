# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pod and port a connection means, from objects as the API server sends them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube import endpoints
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.endpoints import ForwardError

Json = dict[str, Any]


def pod(name: str = "web-1", ready: bool = True, **changes: Any) -> Json:
    """A running pod with one port."""
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]}
    ports = [{"name": "http", "containerPort": 8000}]
    metadata = {"name": name, **({"deletionTimestamp": "now"} if changes.pop("deleting", False) else {})}
    return {
        "metadata": metadata,
        "spec": {"containers": [{"name": "main", "ports": ports}]},
        "status": status | changes,
    }


def service(*ports: Json, selector: Json | None = None) -> Json:
    """A Service."""
    return {"metadata": {"name": "web"}, "spec": {"selector": selector, "ports": list(ports)}}


HTTP = {"name": "http", "port": 80, "targetPort": "http"}
METRICS = {"name": "metrics", "port": 9090, "targetPort": 9091}


@pytest.mark.parametrize(
    ("ports", "wanted", "number"),
    [
        ([HTTP], "", 8000),
        ([HTTP, METRICS], "", 8000),
        ([HTTP, METRICS], "80", 8000),
        ([HTTP, METRICS], "http", 8000),
        ([HTTP, METRICS], "metrics", 9091),
        ([{"port": 7000}], "", 7000),
    ],
)
def test_port_of_a_service(ports: list[Json], wanted: str, number: int) -> None:
    assert endpoints.service_port(service(*ports), wanted, pod()) == number


@pytest.mark.parametrize(
    ("ports", "wanted", "says"),
    [
        ([HTTP], "81", r"it has no port 81\. Ports: http:80\."),
        ([METRICS, {"name": "admin", "port": 1}], "", "several and none called http"),
        ([], "", r"Ports: none\."),
        ([{"port": 80, "targetPort": "grpc"}], "80", r"pod web-1: it has no port grpc\. Ports: http:8000\."),
    ],
)
def test_port_that_is_not_there(ports: list[Json], wanted: str, says: str) -> None:
    with pytest.raises(ForwardError, match=says) as caught:
        endpoints.service_port(service(*ports), wanted, pod())
    assert caught.value.permanent


def test_port_of_a_pod() -> None:
    assert [endpoints.pod_port(pod(), wanted) for wanted in ("", "http", "1234")] == [8000, 8000, 1234]
    plain = pod()
    plain["spec"]["containers"][0]["ports"] = [{"containerPort": 9000}]
    assert endpoints.pod_port(plain, "") == 9000


def test_selector() -> None:
    assert endpoints.selector_of(service(selector={"b": "2", "a": "1"})) == "a=1,b=2"
    with pytest.raises(ForwardError, match="it has no selector") as caught:
        endpoints.selector_of(service())
    assert caught.value.permanent


def test_ready_pods_only() -> None:
    pods = [pod("a", ready=False), pod("b", deleting=True), pod("c")]
    assert endpoints.choose(service(), pods, [])["metadata"]["name"] == "c"


def test_failed_pods_come_last() -> None:
    pods = [pod("a"), pod("b"), pod("c")]
    chosen = [endpoints.choose(service(), pods, failed)["metadata"]["name"] for failed in ([], ["a"], ["b", "a", "c"])]
    assert chosen == ["a", "b", "b"]


def test_no_ready_pod_names_those_that_are_there() -> None:
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
    pods = [
        pod("a", ready=False),
        pod("b", ready=False, containerStatuses=[waiting]),
        pod("c", deleting=True),
        pod("d", ready=False, phase="Pending"),
    ]
    with pytest.raises(ForwardError) as caught:
        endpoints.choose(service(), pods, [])
    assert str(caught.value) == (
        "Failed to forward to service web: no ready pod behind it. Pods that it selects: "
        "a (not ready), b (ImagePullBackOff), c (Terminating), d (Pending)."
    )
    assert not caught.value.permanent
    with pytest.raises(ForwardError, match="selects: none"):
        endpoints.choose(service(), [], [])
