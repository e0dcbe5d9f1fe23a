# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the operator of 0.4 makes of a graph, and what it says about it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from rehearsal.dynamo import crds
from rehearsal.dynamo.old_operator import component as parts
from rehearsal.dynamo.old_operator import graph as g
from rehearsal.dynamo.old_operator import settings, status
from rehearsal.dynamo.old_operator.etcd import component_prefix, range_end
from rehearsal.dynamo.old_operator.sync import replacement, stamped
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.config import ConfigError

Json = dict[str, Any]


def graph(**services: Json) -> Json:
    return {"metadata": {"name": "g", "namespace": "dyn", "uid": "1"}, "spec": {"services": services}}


def rendered(service: Json, **surroundings: Any) -> Json:
    (item,) = g.render_components(graph(Main=service))
    item["metadata"]["uid"] = "2"
    deployment = parts.render_deployment(item, parts.Surroundings(**surroundings))
    spec: Json = deployment["spec"]["template"]["spec"]
    return spec


def main(service: Json, **surroundings: Any) -> Json:
    container: Json = rendered(service, **surroundings)["containers"][0]
    return container


def test_the_graph_is_written_back_with_more_than_it_had() -> None:
    written = g.normalised(graph(A={"extraPodSpec": {"mainContainer": {"image": "i"}}}, B={}))
    assert written["metadata"]["finalizers"] == [c.FINALIZER]
    assert written["spec"]["services"]["A"]["extraPodSpec"]["mainContainer"] == {
        "image": "i",
        "name": "",
        "resources": {},
    }
    assert written["spec"]["services"]["B"] == {}
    assert g.normalised(written) == written


def test_components() -> None:
    made = graph(Frontend={"componentType": "frontend", "labels": {"lost": "yes"}}, W={"dynamoNamespace": "n"})
    made["spec"]["envs"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]
    made["spec"]["services"]["W"]["envs"] = [{"name": "B", "value": "2"}]
    frontend, worker = g.render_components(made)
    assert [frontend["metadata"]["name"], worker["metadata"]["name"]] == ["g-frontend", "g-w"]
    assert frontend["metadata"]["labels"] == {c.L_COMPONENT: "Frontend", c.L_NAMESPACE: "n"}
    assert "labels" not in frontend["spec"]
    assert frontend["spec"]["ingress"] == {"host": "g"}
    assert worker["spec"]["envs"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]


def test_the_namespace_is_made_up_or_agreed_on() -> None:
    assert g.runtime_namespace(graph(A={}, B={})) == "dynamo-g"
    with pytest.raises(g.GraphError, match="mismatch for component B: graph uses namespace x but component specifies"):
        g.runtime_namespace(graph(A={"dynamoNamespace": "x"}, B={"dynamoNamespace": "y"}))


@pytest.mark.parametrize(
    ("kind", "command", "args", "probes"),
    [
        ("frontend", ["python3"], ["-m", "dynamo.frontend"], {"livenessProbe", "readinessProbe"}),
        ("worker", ["/bin/sh", "-c"], [], {"livenessProbe", "readinessProbe", "startupProbe"}),
        ("planner", ["/bin/sh", "-c"], [], set()),
        ("", ["/bin/sh", "-c"], [], set()),
    ],
)
def test_defaults_by_type(kind: str, command: list[str], args: list[str], probes: set[str]) -> None:
    container = main({"componentType": kind})
    assert (container["command"], container["args"]) == (command, args)
    assert {key for key in container if key.endswith("Probe")} == probes


def test_a_components_own_words_count_but_for_the_operators_variables() -> None:
    own = {"httpGet": {"path": "/x", "port": 1}}
    service = {
        "componentType": "worker",
        "livenessProbe": own,
        "envFromSecret": "hf",
        "envs": [{"name": "DYN_SYSTEM_PORT", "value": "1"}, {"name": "MINE", "value": "1"}],
        "extraPodSpec": {"mainContainer": {"command": ["x"], "startupProbe": own}},
    }
    container = main(service, infrastructure={"ETCD_ENDPOINTS": "etcd:2379"})
    assert (container["command"], container["livenessProbe"], container["startupProbe"]) == (["x"], own, own)
    env = {row["name"]: row["value"] for row in container["env"]}
    assert (env["DYN_SYSTEM_PORT"], env["MINE"], env["ETCD_ENDPOINTS"]) == ("9090", "1", "etcd:2379")
    assert container["envFrom"] == [{"secretRef": {"name": "hf"}}]


@pytest.mark.parametrize(("limits", "size"), [({}, "512Mi"), ({"memory": "16Gi"}, "4Gi"), ({"memory": "2Gi"}, "512Mi")])
def test_shared_memory(limits: dict[str, str], size: str) -> None:
    assert parts.shared_memory(limits) == size


def test_pods() -> None:
    secrets = {"nvcr.io": ["ngc"]}
    service = {"componentType": "planner", "extraPodSpec": {"mainContainer": {"image": "nvcr.io/a/b:1"}}}
    spec = rendered(service, registry_secrets=secrets)
    assert (spec["serviceAccountName"], spec["imagePullSecrets"]) == (c.PLANNER_ACCOUNT, [{"name": "ngc"}])
    assert rendered({})["serviceAccountName"] == "default"
    assert "imagePullSecrets" not in rendered({}, registry_secrets=secrets)


def test_more_is_made_when_it_is_asked_for() -> None:
    service = {
        "componentType": "frontend",
        "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 4},
        "pvc": {"create": True, "name": "models", "size": "5Gi", "storageClass": "gp3", "mountPoint": "/m"},
        "ingress": {"enabled": True, "host": "chat"},
    }
    (item,) = g.render_components(graph(Main=service))
    item["metadata"]["uid"] = "2"
    made = {resource.kind: body for resource, body in parts.render_children(item, parts.Surroundings())}
    assert set(made) == {"PersistentVolumeClaim", "HorizontalPodAutoscaler", "Service", "Ingress"}
    assert made["Ingress"]["spec"]["rules"][0]["host"] == "chat.local"
    assert made["PersistentVolumeClaim"]["metadata"]["name"] == "models"
    assert {"name": "models", "mountPath": "/m"} in main(service)["volumeMounts"]


def test_status_names_what_is_missing() -> None:
    ready = {"metadata": {"name": "a"}, "status": {"conditions": [{"type": "Available", "status": "True"}]}}
    fresh = status.of_components([ready, {"metadata": {"name": "b"}}, {"metadata": {"name": "c"}}], "now")
    assert fresh["state"] == "pending"
    message = fresh["conditions"][0]["message"]
    assert message in ("2 resources not ready: [b c]", "2 resources not ready: [c b]")
    assert status.of_components([ready], "now")["state"] == "successful"
    assert status.available(None, "", spread=True)[0] == "True", "several nodes are never waited for"
    assert status.available(None, "", spread=False)[1] == "DeploymentNotReady"


def test_only_another_wish_is_a_change() -> None:
    wanted = {"metadata": {"name": "d", "labels": {"a": "1"}}, "spec": {"replicas": 1}}
    first = stamped(wanted)
    assert first["metadata"]["annotations"] == stamped(wanted)["metadata"]["annotations"]
    assert first["metadata"]["annotations"] != stamped({**wanted, "spec": {"replicas": 2}})["metadata"]["annotations"]
    living = {**first, "spec": {"replicas": 5, "clusterIP": "172.20.0.9"}}
    assert replacement(living, first)["spec"] == {"replicas": 1, "clusterIP": "172.20.0.9"}


def test_settings() -> None:
    flags = ["--health-probe-bind-address=127.0.0.1:20000", "--metrics-bind-address=127.0.0.1:20001", "--leader-elect"]
    more = ["--leader-election-id=dynamo.nko.nvidia.com", "--natsAddr=nats://n:4222", "--etcdAddr=e.d.svc:2379"]
    read = settings.read([*flags, *more], {"POD_NAMESPACE": "dynamo-cloud"})
    assert (read.lease_namespace, read.health_address) == ("dynamo-cloud", ("127.0.0.1", 20000))
    assert read.infrastructure == {"NATS_SERVER": "nats://n:4222", "ETCD_ENDPOINTS": "e.d.svc:2379"}
    with pytest.raises(ConfigError, match="LeaderWorkerSets"):
        settings.read(["--enable-lws"], {})
    with pytest.raises(SystemExit):
        settings.read(["--operator-version=1.6.1"], {})


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("e.d.svc:2379", "http://127.0.0.1:20000"),
        ("http://e.d.svc:2379/", "http://127.0.0.1:20000"),
        ("https://other:2379", "https://other:2379"),
    ],
)
def test_addresses(address: str, url: str) -> None:
    assert settings.reachable(address, {"REHEARSAL_ADDRESSES": '{"e.d.svc:2379": "127.0.0.1:20000"}'}) == url


def test_prefixes() -> None:
    assert component_prefix("n", "W") == "/n/components/W"
    assert range_end(b"/a") == b"/b"
    assert range_end(b"a\xff") == b"b"
    assert range_end(b"\xff") == b"\0"


def test_definitions_know_what_this_age_knows() -> None:
    (_, definition) = crds.load_old().values()
    (version,) = definition["spec"]["versions"]
    assert (version["name"], "additionalPrinterColumns" in version) == ("v1alpha1", False)
    assert definition["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    service = spec["properties"]["services"]["additionalProperties"]["properties"]
    assert not {"sharedMemory", "subComponentType", "volumeMounts"} & set(service)
    jsonschema.Draft7Validator(spec).validate({"services": {"A": {"replicas": -1, "pvc": {"create": True}}}})
