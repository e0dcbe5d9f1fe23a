# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Cleanups of a cluster in which something is dead, gone or in the way: each ends clean, or with what blocks it.

One cluster for all of them, in the order in which they stand here: the first finds it whole, the last takes it away.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rehearsal import localhttp
from rehearsal.charts import modules
from rehearsal.paths import REGION
from tests.integration.graph.conftest import (
    NAMESPACE,
    OPERATOR,
    PRETENDED,
    component,
    install_platform,
    install_pools,
    render,
)
from tests.integration.nodes.conftest import CLUSTER, wait
from tests.integration.nodes.test_old_dynamo import VALUES
from tests.integration.teardown.conftest import House

# For a node and a pod on a busy machine; nothing here waits for it to pass.
LIMIT_SECONDS = 240.0
INSIDE = ("--tags", "teardown_kubernetes")
FOREIGN = "backup.example.com/snapshot"
# Made by hand for this cluster: no name or tag of theirs says whose they are, as Terraform's do.
STAGE_ROLES = {"cluster", "node", "ebs-csi", "karpenter"}
EVERY_PHASE = os.environ.get("TEARDOWN_ALL") == "1"
# Each is a whole cleanup that ends in the middle.
PHASES = (
    *("freeze", "requests", "graphs", "components", "jobs", "balancers", "applications", "charts", "volumes"),
    *("nodes", "classes", "karpenter", "orphans"),
)
Json = dict[str, Any]


def graph(name: str, *finalizers: str) -> Json:
    """A graph of one pretended worker on a node of Karpenter's."""
    made = render(name)
    worker = component(made, "VllmWorker")
    spec = worker["podTemplate"]["spec"]
    spec["nodeSelector"], spec["tolerations"] = {"karpenter.sh/nodepool": "cpu-karpenter"}, []
    spec["containers"][0].update(image=PRETENDED, resources={"requests": {"cpu": "100m"}})
    made["spec"]["components"] = [worker]
    made["metadata"]["finalizers"] = list(finalizers)
    return made


def old_graph(name: str) -> Json:
    """A graph of the age of 0.4 with one pretended worker, on any node."""
    worker = {
        "componentType": "worker",
        "replicas": 1,
        "dynamoNamespace": name,
        "resources": {"requests": {"cpu": "100m"}},
        "extraPodSpec": {"mainContainer": {"image": PRETENDED}},
    }
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"services": {"Worker": worker}},
    }


def deploy(house: House, *graphs: Json) -> None:
    """Deploy graphs and wait until their pods run on a node of Karpenter's."""
    house.stage.apply(*graphs)
    wait(lambda: house.pods() >= len(graphs), LIMIT_SECONDS)


def application(name: str) -> Json:
    """What Argo CD delivered once, and nobody looks after any more: its one object is gone."""
    gone = {"version": "v1", "kind": "ConfigMap", "namespace": NAMESPACE, "name": "delivered-once", "status": "Synced"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://charts.example.com", "chart": "x", "targetRevision": "1.0.0"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
            "syncPolicy": {"automated": {"selfHeal": True}},
        },
        "status": {"resources": [gone]},
    }


def claim(name: str) -> list[Json]:
    """A volume, and a pod that uses it, so that it is made."""
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "gp3", "resources": {"requests": {"storage": "1Gi"}}}
    where = {"name": name, "namespace": NAMESPACE}
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": name}}
    container = {"name": "main", "image": PRETENDED, "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    return [
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": where, "spec": spec},
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": where,
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}}},
        },
    ]


def test_it_is_refused_with_the_reason_and_nothing_is_touched(house: House) -> None:
    before = house.inventory()
    house.refused("'another' is another name. Add -e confirm=demo", confirm="another")
    house.refused("teardown_protected is set for it. Nothing was removed", protected=True)
    eks = house.stage.world.client("eks")
    eks.update_cluster_config(name=CLUSTER, deletionProtection=True)
    wait(lambda: bool(eks.describe_cluster(name=CLUSTER)["cluster"]["status"] == "ACTIVE"))
    house.refused("its deletion protection is on. Nothing was removed", "--no-deletion-protection")
    eks.update_cluster_config(name=CLUSTER, deletionProtection=False)
    wait(lambda: bool(eks.describe_cluster(name=CLUSTER)["cluster"]["status"] == "ACTIVE"))
    saved = house.state / "cluster.json"
    house.state.mkdir(mode=0o700, exist_ok=True)
    saved.write_text(json.dumps({"account": "999999999999", "endpoint": "https://elsewhere", "region": ""}))
    house.refused("it was made in 999999999999", "that of the saved one is https://elsewhere. Nothing was removed")
    saved.unlink()
    assert house.inventory() == before


def test_check_mode_tells_the_plan_and_changes_nothing(house: House) -> None:
    deploy(house, graph("a"), graph("b", FOREIGN))
    house.stage.apply(*claim("models"))
    wait(lambda: len(house.names("pv")) == 1)
    # It moves pods together and ends machines when it sees fit; the next test wants it dead in any case.
    house.kill("karpenter", "karpenter")
    definitions, inventory = house.definitions(), house.inventory()
    run = house.ok("--check", "--diff", confirm="")
    for word in (
        f"Would remove {CLUSTER} in {REGION}: ",
        "2 DynamoGraphDeployment",
        f"the release {NAMESPACE}/dynamo-platform",
        "its data is lost: volume vol-",
        f"1Gi, of {NAMESPACE}/models",
    ):
        assert word in run.said, run.output[-6000:]
    # The cluster's own controllers may have added something meanwhile; nothing went and no definition is another one.
    assert set(definitions) <= set(house.definitions())
    after = house.inventory()
    assert {kind: left for kind, ids in inventory.items() if (left := set(ids) - set(after.get(kind, [])))} == {}
    assert not (house.state / "manifest.json").exists()


def test_with_every_controller_dead_only_what_nobody_knows_stays(house: House) -> None:
    """All controllers are dead, Argo CD's too; a webhook has no server; one finalizer is foreign."""
    stage = house.stage
    stage.world.kubectl("apply", "--server-side", "-f", str(modules.argo_cd() / "manifests/crds/application-crd.yaml"))
    wait(lambda: "applications" in stage.world.kubectl("api-resources", "--api-group=argoproj.io", check=False))
    stage.apply(application("delivered"))
    stage.apply(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "planner-serviceaccount", "namespace": NAMESPACE},
        },
    )
    balancer = house.balance("web")
    house.kill("karpenter", "karpenter")
    house.kill(NAMESPACE, OPERATOR)
    assert house.machines()

    run = house.run(*INSIDE)

    assert run.code != 0
    assert f"1 blocker. graphs: DynamoGraphDeployment {NAMESPACE}/b: held by {FOREIGN}" in run.said
    assert "Its owner is whoever set it (backup.example.com)." in run.said
    assert "The cluster and its network stay until that is solved." in run.said
    assert f"DynamoGraphDeployment {NAMESPACE}/a: took off nvidia.com/finalizer" in run.said
    assert "EC2 has no instance of it that is not terminated" in run.said
    assert f"Application {NAMESPACE}/delivered: took off resources-finalizer.argocd.argoproj.io" in run.said
    assert house.names("applications.argoproj.io") == []
    assert f"Service {NAMESPACE}/web: took off service.k8s.aws/resources, because it has no load balancer" in run.said
    assert house.names("dgd") == ["dynamographdeployment.nvidia.com/b"]
    assert house.machines() == []
    assert balancer not in house.balancers()
    for kind in ("nodeclaims", "nodepools", "ec2nodeclasses", "pvc", "pv", "jobs", "dynamocomponentdeployments"):
        assert house.names(kind) == [], kind
    assert "planner-serviceaccount" not in str(house.names("serviceaccounts"))
    assert house.pods() == 0
    assert stage.world.kubectl("get", "secrets", "-A", "-l", "owner=helm", "-o", "name") == ""
    manifest = json.loads((house.state / "manifest.json").read_text())
    assert (manifest["vpc_ids"], manifest["account"]) == ([house.vpc], "123456789012")

    # Solved by a person, and done; then there is nothing to do.
    stage.kubectl("patch", "dgd", "b", "--type=merge", "-p", '{"metadata": {"finalizers": null}}')
    house.ok("--tags", "teardown_kubernetes")
    assert house.names("dgd") == []
    assert house.ok(*INSIDE).changed == []


def test_killed_at_any_phase_it_goes_on_where_it_was(house: House) -> None:
    install_pools(house.stage)
    install_platform(house.stage)
    deploy(house, graph("c"))
    house.stage.apply(*claim("cache"))
    wait(lambda: len(house.names("pv")) == 1)
    for phase in PHASES if EVERY_PHASE else ("graphs", "nodes"):
        house.killed_at(phase)
    house.ok(*INSIDE)
    for kind in ("dgd", "nodeclaims", "nodepools", "ec2nodeclasses", "pvc", "pv"):
        assert house.names(kind) == [], kind
    assert house.machines() == []
    assert house.ok(*INSIDE).changed == []


def test_components_that_an_old_operator_cannot_delete_go_with_their_pods(house: House) -> None:
    """Dynamo's etcd is dead: the operator of 0.4 lets the graph go, its components hang and their pods run on."""
    stage = house.stage
    house.old_platform(VALUES)
    stage.apply(old_graph("old"))
    wait(lambda: house.pods() >= 1, LIMIT_SECONDS)
    stage.kubectl("scale", "statefulset/dynamo-platform-etcd", "--replicas=0")
    wait(lambda: "dynamo-platform-etcd-0" not in house.stage.kubectl("get", "pods", "-o", "name"))

    run = house.ok(*INSIDE)

    assert f"DynamoComponentDeployment {NAMESPACE}/old-worker: took off" in run.said
    assert house.names("dgd") == house.names("dynamocomponentdeployments") == house.names("pvc") == []
    assert house.pods() == 0


def test_without_api_server_and_state_everything_goes_by_its_tags(house: House) -> None:
    """What is left at the end is what was never the cluster's."""
    world = house.stage.world
    own = house.inventory()
    house.stranger()
    foreign = {
        kind: left for kind, ids in house.inventory().items() if (left := sorted(set(ids) - set(own.get(kind, []))))
    }
    world.agent.stop()
    world.plane.stop()
    with supervised(house):
        if EVERY_PHASE:
            house.killed_at("sweep", tags="teardown_terraform")
        run = house.ok()
    assert "The API server does not answer" in run.said
    left = {kind: sorted(set(ids) - STAGE_ROLES) for kind, ids in house.inventory().items()}
    assert {kind: ids for kind, ids in left.items() if ids} == foreign
    assert "Nothing is left of demo" in run.said
    assert sorted(path.name for path in house.state.iterdir()) == ["reports"]
    assert house.ok().changed == []


@contextmanager
def supervised(house: House) -> Iterator[None]:
    """Tell EKS that the control plane is gone, as soon as somebody deletes the cluster."""
    done = threading.Event()

    def watch() -> None:
        url = f"{house.stage.world.endpoint}/rehearsal/eks/clusters"
        while not done.wait(0.3):
            if any(row["status"] == "DELETING" for row in localhttp.get_json(url)):
                localhttp.post_json(f"{url}/{CLUSTER}/deleted", {})
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
