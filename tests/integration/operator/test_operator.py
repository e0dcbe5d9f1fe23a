# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The operator against a real API server, with the permissions that its chart gives it."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal import localhttp
from rehearsal.dynamo.kube import Json, KubeError, Resource
from rehearsal.dynamo.operator import consts as c
from tests.integration.operator.cluster import Cluster, mark_ready, wait_for
from tests.integration.operator.conftest import NAMESPACE, Operator

IMAGE = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1"
PODS = Resource("", "v1", "pods", "Pod")
OLD_GRAPHS = Resource("nvidia.com", "v1alpha1", "dynamographdeployments", "DynamoGraphDeployment")


def component(name: str, kind: str, command: list[str] | None = None, **extra: Any) -> Json:
    main: Json = {"name": "main", "image": IMAGE}
    if command:
        main["command"] = command
    return {"name": name, "type": kind, "replicas": 1, "podTemplate": {"spec": {"containers": [main]}}, **extra}


def graph(name: str, *components: Json) -> Json:
    worker = component("VllmDecodeWorker", "worker", ["python3", "-m", "dynamo.vllm", "--model", "Qwen/Qwen3-0.6B"])
    return {
        "apiVersion": "nvidia.com/v1beta1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": name, "namespace": "dyn"},
        "spec": {"components": list(components or (component("Frontend", "frontend"), worker))},
    }


def get(cluster: Cluster, resource: Resource, name: str) -> Json:
    found = cluster.client.get(resource, "dyn", name)
    assert found is not None, f"{resource.kind} {name} is gone"
    return found


def status_of(cluster: Cluster, name: str) -> Json:
    return dict(get(cluster, c.GRAPH, name).get("status") or {})


def condition(status: Json, kind: str = "Ready") -> Json:
    return next((item for item in status.get("conditions") or [] if item["type"] == kind), {})


def names(cluster: Cluster, resource: Resource, graph_name: str) -> list[str]:
    items = cluster.client.list(resource, "dyn", f"{c.L_GRAPH}={graph_name}")["items"]
    return sorted(item["metadata"]["name"] for item in items)


def make_ready(cluster: Cluster, name: str) -> Json:
    def settled() -> Json:
        mark_ready(cluster.client, "dyn", f"{c.L_GRAPH}={name}")
        found = status_of(cluster, name)
        current = found.get("observedGeneration") == get(cluster, c.GRAPH, name)["metadata"]["generation"]
        return found if current and found.get("state") == "successful" else {}

    return wait_for(f"graph {name} to be ready", settled)


def edit(cluster: Cluster, name: str, change: Any) -> Json:
    """Change a graph, again when the operator was quicker."""
    while True:
        living = get(cluster, c.GRAPH, name)
        change(living)
        try:
            return cluster.client.replace(c.GRAPH, living)
        except KubeError as error:
            if error.code != 409:
                raise


def remove(cluster: Cluster, name: str) -> None:
    cluster.client.delete(c.GRAPH, "dyn", name)
    wait_for("the graph to go", lambda: cluster.client.get(c.GRAPH, "dyn", name) is None)


@pytest.fixture(autouse=True)
def namespace(operator: Operator, cluster: Cluster) -> str:
    return cluster.namespace("dyn")


@pytest.fixture
def deployed(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    name = request.node.name.replace("test_", "").replace("_", "-")[:20].strip("-")
    cluster.client.create(c.GRAPH, "dyn", graph(name))
    wait_for("the Deployments", lambda: len(names(cluster, c.DEPLOYMENT, name)) == 2, 10)
    yield name
    remove(cluster, name)


def test_created(deployed: str, cluster: Cluster) -> None:
    living = get(cluster, c.GRAPH, deployed)
    annotations = living["metadata"]["annotations"]
    digest = annotations[c.A_WORKER_HASH]
    worker = f"{deployed}-vllmdecodeworker-{digest}"
    assert living["metadata"]["finalizers"] == [c.FINALIZER]
    assert living["metadata"]["generation"] == 1
    assert annotations[c.A_PROVIDER] == "component"
    assert annotations[c.A_ORIGIN] == "1.6.1"
    expected = sorted([f"{deployed}-frontend", worker])
    for resource in (c.COMPONENT, c.DEPLOYMENT, c.SERVICE):
        assert names(cluster, resource, deployed) == expected, resource.kind
    owners = [get(cluster, c.DEPLOYMENT, worker), get(cluster, c.SERVICE, worker)]
    assert {item["metadata"]["ownerReferences"][0]["kind"] for item in owners} == {"DynamoComponentDeployment"}
    account = f"{deployed}-k8s-service-discovery"
    assert get(cluster, c.SERVICE_ACCOUNT, account)["metadata"]["ownerReferences"][0]["name"] == deployed
    assert get(cluster, c.ROLE, f"{account}-role")
    assert get(cluster, c.ROLE_BINDING, f"{account}-binding")
    assert get(cluster, c.SERVICE_ACCOUNT, c.PLANNER_ACCOUNT)
    template = get(cluster, c.DEPLOYMENT, worker)["spec"]["template"]
    assert template["metadata"]["labels"][c.L_WORKER_HASH] == digest
    assert get(cluster, c.DEPLOYMENT, worker)["metadata"]["annotations"][c.A_LAST_GENERATION] == "1"
    pods = wait_for("pods", lambda: cluster.client.list(PODS, "dyn", f"{c.L_GRAPH}={deployed}")["items"])
    assert {pod["spec"]["serviceAccountName"] for pod in pods} == {account}


def test_status_from_pending_to_successful(deployed: str, cluster: Cluster) -> None:
    wait_for("a status", lambda: "components" in status_of(cluster, deployed))
    assert status_of(cluster, deployed)["state"] == "pending"
    worker = names(cluster, c.DEPLOYMENT, deployed)[1]
    waiting = wait_for(
        "both to wait for pods",
        lambda: [
            found
            for found in [condition(status_of(cluster, deployed))]
            if found.get("message", "").count("Component deployment not ready") == 2
        ],
    )[0]
    assert waiting["reason"] == "some_resources_are_not_ready"
    assert waiting["message"] == (
        f"Resources not ready: {deployed}-frontend: Component deployment not ready - Available condition not true; "
        f"{worker}: Component deployment not ready - Available condition not true"
    )
    done = make_ready(cluster, deployed)
    ready = condition(done)
    assert {key: ready[key] for key in ("status", "reason", "message", "observedGeneration")} == {
        "status": "True",
        "reason": "all_resources_are_ready",
        "message": "All resources are ready",
        "observedGeneration": 1,
    }
    digest = worker.rpartition("-")[2]
    counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    assert done["components"] == {
        "Frontend": {
            "componentKind": "Deployment",
            "componentNames": [f"{deployed}-frontend"],
            "runtimeNamespace": f"dyn-{deployed}",
            **counts,
        },
        "VllmDecodeWorker": {
            "componentKind": "Deployment",
            "componentNames": [worker],
            "runtimeNamespace": f"dyn-{deployed}-{digest}",
            **counts,
        },
    }
    child = get(cluster, c.COMPONENT, worker)["status"]
    assert [(item["type"], item["status"], item["reason"]) for item in child["conditions"]] == [
        ("Available", "True", "DeploymentReady"),
        ("DynamoComponentReady", "True", "ComponentReady"),
    ]
    printed = cluster.run("kubectl", "get", "dgd", "-n", "dyn", deployed).stdout.split("\n")
    assert printed[0].split() == ["NAME", "READY", "BACKEND", "AGE"]
    assert printed[1].split()[1] == "True"


def test_drift_is_put_back(deployed: str, cluster: Cluster) -> None:
    frontend = f"{deployed}-frontend"
    make_ready(cluster, deployed)
    cluster.client.merge(c.DEPLOYMENT, "dyn", frontend, {"spec": {"replicas": 5}})
    wait_for("replicas", lambda: get(cluster, c.DEPLOYMENT, frontend)["spec"]["replicas"] == 1, 10)
    cluster.run("kubectl", "set", "env", "-n", "dyn", f"deployment/{frontend}", "INTRUDER=1")

    def environment() -> set[str]:
        (main,) = get(cluster, c.DEPLOYMENT, frontend)["spec"]["template"]["spec"]["containers"]
        return {item["name"] for item in main["env"]}

    wait_for("the environment", lambda: "INTRUDER" not in environment(), 10)
    before = get(cluster, c.SERVICE, frontend)["metadata"]["uid"]
    cluster.client.delete(c.SERVICE, "dyn", frontend)

    def remade() -> bool:
        found = cluster.client.get(c.SERVICE, "dyn", frontend)
        return found is not None and found["metadata"]["uid"] != before

    wait_for("the Service", remade, 10)
    cluster.client.merge(c.COMPONENT, "dyn", frontend, {"spec": {"replicas": 3}})
    wait_for("the component", lambda: get(cluster, c.COMPONENT, frontend)["spec"]["replicas"] == 1, 10)


def test_replicas_keep_the_names(deployed: str, cluster: Cluster) -> None:
    make_ready(cluster, deployed)
    before = names(cluster, c.COMPONENT, deployed)

    def scale(living: Json) -> None:
        living["spec"]["components"][1]["replicas"] = 2

    edit(cluster, deployed, scale)
    done = make_ready(cluster, deployed)
    assert names(cluster, c.COMPONENT, deployed) == before
    assert done["components"]["VllmDecodeWorker"]["readyReplicas"] == 2
    assert "rollingUpdate" not in done


def test_rolling_update(deployed: str, cluster: Cluster) -> None:
    def scale(living: Json) -> None:
        living["spec"]["components"][1]["replicas"] = 2

    def change_image(living: Json) -> None:
        (main,) = living["spec"]["components"][1]["podTemplate"]["spec"]["containers"]
        main["image"] = IMAGE.replace("1.6.1", "1.6.0")

    edit(cluster, deployed, scale)
    make_ready(cluster, deployed)
    old = names(cluster, c.COMPONENT, deployed)[1]
    edit(cluster, deployed, change_image)

    def second() -> list[str]:
        return [name for name in names(cluster, c.COMPONENT, deployed) if name not in (old, f"{deployed}-frontend")]

    (new,) = wait_for("the new generation", second, 10)
    assert get(cluster, c.COMPONENT, new)["spec"]["replicas"] == 1
    assert get(cluster, c.COMPONENT, old)["spec"]["replicas"] == 2
    rolling = wait_for(
        "the update to be in progress",
        lambda: [
            found
            for found in [status_of(cluster, deployed)]
            if (found.get("rollingUpdate") or {}).get("phase") == "InProgress"
        ],
    )[0]
    assert rolling["state"] == "pending"
    assert condition(rolling)["reason"] == "rolling_update_in_progress"
    assert rolling["components"]["VllmDecodeWorker"]["componentNames"] == [new, old]
    assert get(cluster, c.GRAPH, deployed)["metadata"]["annotations"][c.A_WORKER_HASH] in old

    wait_for("a new pod", lambda: mark_ready(cluster.client, "dyn", f"{c.L_SELECTOR}={new}"))
    wait_for("the old one to shrink", lambda: get(cluster, c.DEPLOYMENT, old)["spec"]["replicas"] == 1)
    wait_for("the new one to grow", lambda: get(cluster, c.DEPLOYMENT, new)["spec"]["replicas"] == 2)
    done = make_ready(cluster, deployed)
    assert done["rollingUpdate"]["phase"] == "Completed"
    assert done["rollingUpdate"]["updatedComponents"] == ["VllmDecodeWorker"]
    assert done["rollingUpdate"]["endTime"] >= done["rollingUpdate"]["startTime"]
    assert get(cluster, c.GRAPH, deployed)["metadata"]["annotations"][c.A_WORKER_HASH] in new
    wait_for("the old component to go", lambda: cluster.client.get(c.COMPONENT, "dyn", old) is None)


def test_scaling_adapter(cluster: Cluster) -> None:
    worker = component("Decode", "decode", scalingAdapter={})
    cluster.client.create(c.GRAPH, "dyn", graph("scaled", component("Frontend", "frontend"), worker))
    wait_for("the adapter", lambda: cluster.client.get(c.ADAPTER, "dyn", "scaled-decode"), 10)

    def scale(living: Json) -> None:
        living["spec"]["components"][1]["replicas"] = 4

    with pytest.raises(KubeError, match="cannot be modified directly when scaling adapter is enabled"):
        edit(cluster, "scaled", scale)
    cluster.run("kubectl", "scale", "dgdsa", "-n", "dyn", "scaled-decode", "--replicas=3")

    def wanted() -> int:
        return int(get(cluster, c.GRAPH, "scaled")["spec"]["components"][1]["replicas"])

    wait_for("the graph to be scaled", lambda: wanted() == 3, 10)
    make_ready(cluster, "scaled")
    wait_for("its status", lambda: get(cluster, c.ADAPTER, "scaled-decode").get("status", {}).get("replicas") == 3)
    remove(cluster, "scaled")


@pytest.mark.parametrize(
    ("components", "message"),
    [
        (
            [component("W", "worker") | {"podTemplate": {"spec": {"containers": [{"name": "main", "image": "r/x"}]}}}],
            'admission webhook "vdynamographdeployment.kb.io" denied the request: '
            "spec.components[0].runtimeVersionOverride: Required value: is required when the specified main container "
            "image has no parseable semantic-version tag",
        ),
        ([component("a", "worker"), component("A", "worker")], "component names must be unique case-insensitively"),
        ([component("bad_name", "worker")], "spec.components[0].name"),
        ([component("w", "trainer")], 'Unsupported value: "trainer"'),
        ([component("w", "worker", replicas=-1)], "greater than or equal to 0"),
    ],
)
def test_refused(cluster: Cluster, components: list[Json], message: str) -> None:
    with pytest.raises(KubeError) as caught:
        cluster.client.create(c.GRAPH, "dyn", graph("refused", *components))
    assert message in str(caught.value)
    assert cluster.client.get(c.GRAPH, "dyn", "refused") is None


def test_topology_is_immutable(deployed: str, cluster: Cluster) -> None:
    def add(living: Json) -> None:
        living["spec"]["components"].append(component("Extra", "worker"))

    with pytest.raises(KubeError, match=r"components added: \[Extra\]"):
        edit(cluster, deployed, add)


def test_unknown_fields_are_refused_by_kubectl(cluster: Cluster) -> None:
    path = cluster.folder / "graph.json"
    path.write_text(json.dumps({**graph("strict"), "spec": {**graph("strict")["spec"], "services": {}}}))
    failed = cluster.run("kubectl", "create", "-f", str(path), check=False)
    assert 'unknown field "spec.services"' in failed.stderr


def test_multinode_needs_an_orchestrator(cluster: Cluster) -> None:
    spread = component("W", "worker", multinode={"nodeCount": 2})
    cluster.client.create(c.GRAPH, "dyn", graph("spread", spread))
    failed = wait_for("the failure", lambda: condition(status_of(cluster, "spread")))
    assert status_of(cluster, "spread")["state"] == "failed"
    assert failed["reason"] == "no_multinode_orchestrator_available"
    remove(cluster, "spread")


def test_a_name_that_is_too_long_fails_after_admission(cluster: Cluster) -> None:
    name = "n" * 70
    cluster.client.create(c.GRAPH, "dyn", graph(name))
    failed = wait_for("the failure", lambda: condition(status_of(cluster, name)))
    assert (status_of(cluster, name)["state"], failed["reason"]) == ("failed", "failed_to_reconcile_the_resources")
    assert "must be no more than 63" in failed["message"]
    remove(cluster, name)


def test_an_old_graph(cluster: Cluster) -> None:
    service = {
        "dynamoNamespace": "old",
        "componentType": "frontend",
        "resources": {"limits": {"gpu": "1"}},
        "extraPodSpec": {"mainContainer": {"image": IMAGE}},
    }
    document = {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "old", "namespace": "dyn"},
        "spec": {"services": {"Frontend": service}},
    }
    path = cluster.folder / "old.json"
    path.write_text(json.dumps(document))
    said = cluster.run("kubectl", "apply", "-f", str(path)).stderr
    assert "nvidia.com/v1alpha1 DynamoGraphDeployment is deprecated" in said
    assert 'Value "old" will be replaced with "dyn-old"' in said
    stored = get(cluster, c.GRAPH, "old")
    assert json.loads(stored["metadata"]["annotations"][c.A_GRAPH_SPEC]) == document["spec"]
    (main,) = stored["spec"]["components"][0]["podTemplate"]["spec"]["containers"]
    assert main["resources"] == {"limits": {"nvidia.com/gpu": "1"}}
    wait_for("the Deployment", lambda: names(cluster, c.DEPLOYMENT, "old"), 10)
    done = make_ready(cluster, "old")
    assert done["components"]["Frontend"]["runtimeNamespace"] == "old"
    again = get(cluster, OLD_GRAPHS, "old")
    main_container = {"image": IMAGE, "name": "", "resources": {}}
    assert again["spec"]["services"]["Frontend"] == {**service, "extraPodSpec": {"mainContainer": main_container}}
    assert again["status"]["services"]["Frontend"]["componentName"] == "old-frontend"
    assert cluster.run("kubectl", "apply", "-f", str(path)).stdout.strip().endswith("unchanged")
    remove(cluster, "old")


def test_pull_secrets(cluster: Cluster) -> None:
    content = base64.b64encode(b'{"auths": {"nvcr.io": {}}}').decode()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "ngc", "namespace": "dyn"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": content},
    }
    cluster.client.create(c.SECRET, "dyn", secret)
    cluster.client.create(c.GRAPH, "dyn", graph("pulled", component("Frontend", "frontend")))
    wait_for("the Deployment", lambda: names(cluster, c.DEPLOYMENT, "pulled"), 10)
    pod = get(cluster, c.DEPLOYMENT, "pulled-frontend")["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "ngc"}]
    cluster.client.delete(c.SECRET, "dyn", "ngc")
    remove(cluster, "pulled")


def test_deletion_leaves_the_planners_account(cluster: Cluster) -> None:
    cluster.client.create(c.GRAPH, "dyn", graph("gone"))
    wait_for("the Deployments", lambda: len(names(cluster, c.DEPLOYMENT, "gone")) == 2, 10)
    remove(cluster, "gone")
    # The garbage collector of a young control plane learns new kinds late.
    wait_for("the components to go", lambda: not names(cluster, c.COMPONENT, "gone"))
    wait_for("the Deployments to go", lambda: not names(cluster, c.DEPLOYMENT, "gone"))
    wait_for("the Services to go", lambda: not names(cluster, c.SERVICE, "gone"))
    wait_for("the account", lambda: cluster.client.get(c.SERVICE_ACCOUNT, "dyn", "gone-k8s-service-discovery") is None)
    assert get(cluster, c.SERVICE_ACCOUNT, c.PLANNER_ACCOUNT)


def test_a_dead_operator(cluster: Cluster, operator: Operator) -> None:
    cluster.client.create(c.GRAPH, "dyn", graph("orphan"))
    wait_for("the Deployments", lambda: len(names(cluster, c.DEPLOYMENT, "orphan")) == 2, 10)
    operator.stop(signal.SIGKILL)
    with pytest.raises(KubeError, match=r'failed calling webhook "mdynamographdeployment\.kb\.io"'):
        cluster.client.create(c.GRAPH, "dyn", graph("late"))
    with pytest.raises(KubeError, match="conversion webhook"):
        cluster.client.get(OLD_GRAPHS, "dyn", "orphan")
    assert get(cluster, c.GRAPH, "orphan")
    cluster.client.delete(c.GRAPH, "dyn", "orphan")
    assert get(cluster, c.GRAPH, "orphan")["metadata"]["deletionTimestamp"]
    operator.start()
    wait_for("the graph to go", lambda: cluster.client.get(c.GRAPH, "dyn", "orphan") is None)


def test_health_and_metrics(operator: Operator) -> None:
    assert localhttp.request("GET", operator.url(8081, "/healthz"))[0] == 200
    status, text = localhttp.request("GET", operator.url(8443, "/metrics"))
    assert status == 200
    assert "controller_runtime_reconcile_total" in text


def test_nothing_was_forbidden(operator: Operator) -> None:
    assert "forbidden" not in operator.log.read_text().lower()


def test_certificate_is_put_back(cluster: Cluster, operator: Operator) -> None:
    name = "dynamo-platform-dynamo-operator-validating"

    def bundles() -> set[str | None]:
        found = cluster.client.get(c.VALIDATING, None, name)
        assert found is not None
        return {hook["clientConfig"].get("caBundle") for hook in found["webhooks"]}

    (before,) = bundles()
    living = cluster.client.get(c.VALIDATING, None, name)
    assert living is not None
    for hook in living["webhooks"]:
        del hook["clientConfig"]["caBundle"]
    cluster.client.replace(c.VALIDATING, living)
    wait_for("the CA", lambda: bundles() == {before}, 20)
    secret = cluster.client.get(c.SECRET, NAMESPACE, "webhook-server-cert")
    assert secret is not None
    assert secret["data"]["ca.crt"] == before
