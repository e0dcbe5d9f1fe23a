# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Queue, certificates, leases, configuration, definitions, drift."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from rehearsal.dynamo import crds
from rehearsal.dynamo.crd_apply import established
from rehearsal.dynamo.kube import Resource, load_kubeconfig
from rehearsal.dynamo.operator import certs, config, ensure, health, lease
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.reconcile_component import registry_secrets
from rehearsal.dynamo.workqueue import WorkQueue


def test_queue_holds_a_key_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert len(queue) == 2
    assert [queue.get(), queue.get()] == ["a", "b"]


def test_queue_gives_an_active_key_to_nobody_else() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert queue.get() == "a"
    queue.add("a")
    got: list[str | None] = []
    thread = threading.Thread(target=lambda: got.append(queue.get()))
    thread.start()
    time.sleep(0.05)
    assert got == []
    queue.done("a")
    thread.join(5)
    assert got == ["a"]


def test_queue_pauses_grow_until_forgotten() -> None:
    queue: WorkQueue[str] = WorkQueue(first_pause=0.001, longest_pause=0.003)
    pauses = []
    for _ in range(4):
        pauses.append(queue.retry("a"))
        assert queue.get() == "a"
        queue.done("a")
    assert pauses == [0.001, 0.002, 0.003, 0.003]
    queue.forget("a")
    assert queue.retry("a") == 0.001


def test_queue_ends_its_waiters() -> None:
    queue: WorkQueue[str] = WorkQueue()
    got: list[str | None] = ["nothing"]
    thread = threading.Thread(target=lambda: got.append(queue.get()))
    thread.start()
    queue.close()
    thread.join(5)
    assert got[-1] is None


def test_certificate_is_for_the_service() -> None:
    data = certs.make("svc", "ns")
    assert certs.usable(data, "svc", "ns")
    assert not certs.usable(data, "other", "ns")
    assert not certs.usable({}, "svc", "ns")
    assert not certs.usable({**data, "ca.crt": certs.make("svc", "ns")["ca.crt"]}, "svc", "ns")
    assert certs.decoded(certs.encoded(data)) == data
    server = x509.load_pem_x509_certificate(data["tls.crt"])
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "svc.ns.svc" in names.get_values_for_type(x509.DNSName)


def test_certificate_is_renewed_in_time() -> None:
    old = certs.make("svc", "ns", datetime.now(UTC) - timedelta(days=340))
    assert not certs.usable(old, "svc", "ns")


def test_lease() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    mine = lease.claimed({}, "me", now)
    assert not lease.held_by_other(mine, "me", now)
    assert lease.held_by_other(mine, "you", now + timedelta(seconds=14))
    assert not lease.held_by_other(mine, "you", now + timedelta(seconds=16))
    assert not lease.held_by_other({"spec": {"holderIdentity": ""}}, "you", now)
    taken = lease.claimed(mine, "you", now)
    assert taken["spec"]["leaseTransitions"] == 1
    assert lease.claimed(taken, "you", now)["spec"]["leaseTransitions"] == 1


CONFIG = """
apiVersion: operator.config.dynamo.nvidia.com/v1alpha1
kind: OperatorConfiguration
server:
  metrics: {port: 8443}
  webhook: {certProvisionMode: auto, secretName: s, serviceName: dynamo-webhook-service}
leaderElection: {enabled: true, id: l, namespace: kube-system}
orchestrators: {grove: {enabled: false}}
rbac: {plannerClusterRoleName: planner}
infrastructure: {natsAddress: "nats://n:4222"}
"""


def test_config(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    ports = json.dumps({"9443": 40001, "8081": 40002})
    found = config.load(path, "1.6.1", {"POD_NAMESPACE": "ns", "REHEARSAL_PORTS": ports})
    assert (found.webhook_port, found.health_port, found.metrics_port) == (40001, 40002, 8443)
    assert found.user == "system:serviceaccount:ns:dynamo-controller-manager"
    assert found.infrastructure == {"NATS_SERVER": "nats://n:4222"}
    assert (found.manage_certificate, found.watch_namespace) == (True, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CONFIG.replace("grove: {enabled: false}", "grove: {enabled: true}"), "orchestrator grove"),
        (CONFIG + "discovery: {backend: etcd}\n", "discovery backend to etcd"),
        ("kind: ConfigMap\n", "no OperatorConfiguration"),
        ("a: [", "Failed to read"),
    ],
)
def test_bad_config_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(config.ConfigError, match=message):
        config.load(path, "1.6.1", {"POD_NAMESPACE": "ns"})


def test_missing_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"Failed to read .*nothing"):
        config.load(tmp_path / "nothing", "1.6.1", {})


def test_definitions() -> None:
    found = {item["metadata"]["name"].partition(".")[0]: item for item in crds.load("svc", "ns")}
    assert "$include" not in json.dumps(found)
    short = {item["spec"]["names"]["shortNames"][0] for item in found.values()}
    assert short == {"dgd", "dcd", "dgdsa", "dgdr", "dm", "dwm"}
    for name in ("dynamographdeployments", "dynamocomponentdeployments", "dynamographdeploymentrequests"):
        old, new = found[name]["spec"]["versions"]
        assert (old["name"], old["storage"], old["deprecated"]) == ("v1alpha1", False, True)
        assert (new["name"], new["storage"]) == ("v1beta1", True)
        service = found[name]["spec"]["conversion"]["webhook"]["clientConfig"]["service"]
        assert service == {"name": "svc", "namespace": "ns", "path": "/convert", "port": 443}
    assert found["dynamographdeployments"]["spec"]["versions"][0]["deprecationWarning"] == (
        "nvidia.com/v1alpha1 DynamoGraphDeployment is deprecated; use nvidia.com/v1beta1 DynamoGraphDeployment"
    )


def test_include_that_is_missing_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        crds.resolve({"$include": "nowhere"})


def test_established() -> None:
    assert not established({})
    assert established({"status": {"conditions": [{"type": "Established", "status": "True"}]}})


def wanted() -> dict[str, Any]:
    return {"metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"replicas": 1}}


def test_drift_by_generation() -> None:
    stamped = ensure.stamped(wanted(), 4)
    living = {**stamped, "metadata": {**stamped["metadata"], "generation": 4}}
    assert not ensure.drifted(living, stamped)
    assert ensure.drifted({**living, "metadata": {**living["metadata"], "generation": 5}}, stamped)
    assert ensure.drifted({**living, "metadata": {**living["metadata"], "labels": {}}}, stamped)
    assert ensure.drifted(living, ensure.stamped({**wanted(), "spec": {"replicas": 2}}, 4))


def test_drift_without_generation_is_by_field() -> None:
    stamped = ensure.stamped(wanted(), 0)
    assert not ensure.drifted({**stamped, "spec": {"replicas": 1, "clusterIP": "1.2.3.4"}}, stamped)
    assert ensure.drifted({**stamped, "spec": {"replicas": 2}}, stamped)


def test_pull_secrets() -> None:
    import base64

    def secret(name: str, content: str, kind: str = "kubernetes.io/dockerconfigjson") -> dict[str, Any]:
        data = {".dockerconfigjson": base64.b64encode(content.encode()).decode()}
        return {"metadata": {"name": name}, "type": kind, "data": data}

    found = registry_secrets(
        [
            secret("b", '{"auths": {"nvcr.io": {}, "https://index.docker.io/v1/": {}}}'),
            secret("a", '{"auths": {"nvcr.io": {}}}'),
            secret("broken", "{"),
            secret("list", "[]"),
            secret("other", '{"auths": {"nvcr.io": {}}}', "Opaque"),
        ]
    )
    assert found == {"nvcr.io": ["a", "b"], "docker.io": ["b"]}


def test_resource_paths() -> None:
    assert c.GRAPH.path("ns", "x", "status") == "/apis/nvidia.com/v1beta1/namespaces/ns/dynamographdeployments/x/status"
    assert Resource("", "v1", "nodes", "Node", namespaced=False).path("ns", "n") == "/api/v1/nodes/n"


def test_kubeconfig_with_a_token_file(tmp_path: Path) -> None:
    document = {
        "clusters": [{"name": "c", "cluster": {"server": "https://s/", "certificate-authority": "ca.crt"}}],
        "users": [{"name": "u", "user": {"tokenFile": "token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "config").write_text(json.dumps(document))
    (tmp_path / "token").write_text("one\n")
    found = load_kubeconfig(tmp_path / "config")
    assert (found.server, found.ca_file) == ("https://s", str(tmp_path / "ca.crt"))
    assert found.headers() == {"Authorization": "Bearer one"}
    (tmp_path / "token").write_text("two\n")
    assert found.headers() == {"Authorization": "Bearer two"}
    document["current-context"] = "missing"
    (tmp_path / "config").write_text(json.dumps(document))
    with pytest.raises(ValueError, match="no context named 'missing'"):
        load_kubeconfig(tmp_path / "config")


def test_metrics_text() -> None:
    text = health.metrics_text({("DynamoGraphDeployment", "success"): 3}, 0, True, time.monotonic())
    assert 'controller_runtime_reconcile_total{controller="dynamographdeployment",result="success"} 3' in text
    assert "leader_election_master_status 1" in text
