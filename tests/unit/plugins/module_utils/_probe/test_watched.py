# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Pods that Prometheus watches, does not know, cannot reach; and clusters without a Prometheus."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.errors import ProbeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client

PODS = ["web-1", "worker-1"]


class Watched:
    """A cluster with two pods and a Prometheus that is the stub."""

    def __init__(self, stub: Any) -> None:
        self.stub = stub
        self.pods = list(PODS)

    def ready_pods(self, selector: str) -> list[str]:
        """Names of the pods."""
        if selector == "app=forbidden":
            raise ProbeError("pods is forbidden")
        return self.pods

    def service(self, namespace: str, service: str, port: str) -> Client | None:
        """Prometheus, when it is asked for where it is."""
        here = (namespace, service, port) == ("monitoring", "prometheus", "9090")
        return Client(url_target(self.stub.url)) if here else None


class Prometheus:
    """Answers queries for `up` from a table: pod -> value."""

    def __init__(self, stub: Any) -> None:
        self.up = dict.fromkeys(PODS, "1")
        self.queries: list[str] = []
        self.later: list[dict[str, str]] = []
        self.error = ""
        stub.prefixes["/api/v1/"] = self.answer

    def answer(self, handler: Any, _body: Any) -> None:
        """Answer one request."""
        parts = urlsplit(handler.path)
        if parts.path.endswith("/targets"):
            active = [{"labels": {"pod": "worker-1"}, "lastError": "connection refused"}, {"labels": {}}]
            handler.send(200, {"status": "success", "data": {"activeTargets": active}})
            return
        self.queries.append(parse_qs(parts.query)["query"][0])
        if self.error:
            handler.send(200, {"status": "error", "error": self.error})
            return
        self.up = self.later.pop(0) if self.later else self.up
        rows = [{"metric": {"pod": pod, "job": f"dynamo/{pod}"}, "value": [1, up]} for pod, up in self.up.items()]
        handler.send(200, {"status": "success", "data": {"resultType": "vector", "result": rows}})


@pytest.fixture
def prometheus(session: Session, stub: Any) -> Prometheus:
    """Prometheus in the session's cluster."""
    session.cluster = Watched(stub)  # type: ignore[assignment]
    return Prometheus(stub)


def check(session: Session, **options: Any) -> runner.Result:
    """Result of the check."""
    wanted = {"name": "prometheus", "selector": "app=x", "namespace": "monitoring", **options}
    return runner.run(session, specs.parse([wanted])).results[0]


def test_targets_that_are_up(session: Session, prometheus: Prometheus) -> None:
    result = check(session)
    assert (result.result, result.reason) == ("passed", "")
    assert result.evidence == "2 of 2 pods are targets that are up, in dynamo/web-1, dynamo/worker-1"
    assert prometheus.queries == ['up{pod=~"web-1|worker-1"}']
    assert result.details["targets"][0] == {"pod": "web-1", "job": "dynamo/web-1", "up": True}


def test_a_pod_that_prometheus_finds_later(session: Session, prometheus: Prometheus, fake_time: Any) -> None:
    prometheus.later = [{}, {"web-1": "1"}, dict.fromkeys(PODS, "1")]
    assert check(session).result == "passed"
    assert fake_time.now == 4.0


def test_a_pod_that_is_no_target_and_one_that_is_down(session: Session, prometheus: Prometheus) -> None:
    prometheus.up = {"worker-1": "0"}
    result = check(session, settle=10)
    assert result.result == "failed"
    assert result.reason == (
        "after 10 s: 1 of 2 pods are no target: web-1; 1 targets are down: worker-1 (dynamo/worker-1). "
        "Prometheus says: connection refused"
    )


def test_a_prometheus_that_refuses_the_query(session: Session, prometheus: Prometheus) -> None:
    prometheus.error = "query timed out"
    assert "query timed out" in check(session, settle=0).reason


@pytest.mark.parametrize("required", [False, True])
def test_no_prometheus(session: Session, prometheus: Prometheus, required: bool) -> None:
    result = check(session, namespace="other", required=required)
    assert result.result == ("failed" if required else "skipped")
    assert "no Prometheus is installed: there is no Service other/prometheus" in result.reason
    assert not prometheus.queries


def test_nothing_to_watch(session: Session, prometheus: Prometheus) -> None:
    session.cluster.pods = []  # type: ignore[union-attr]
    assert "no ready pod has the labels app=x" in check(session).reason
    assert check(session, service="").result == "skipped"
    assert check(session, selector="app=forbidden").reason == "pods is forbidden"
    session.cluster = None
    assert "in a cluster only" in check(session).reason
    with pytest.raises(ValueError, match="selector is needed"):
        specs.parse(["prometheus"])


def test_by_url(session: Session, stub: Any, prometheus: Prometheus) -> None:
    assert check(session, namespace="nowhere", url=stub.url).result == "passed"
    assert prometheus.queries
