# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Install, repeat, upgrade, remove: both ages of the platform by both deliveries, and what is refused.

In one order, because definitions belong to the whole cluster: from the old age to the present one.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import FilterModule
from rehearsal import process
from rehearsal.paths import REPO
from tests.integration.nodes.conftest import World, wait
from tests.integration.platform.conftest import NAMESPACE, Platform

EVERYTHING = os.environ.get("PLATFORM_ALL") == "1"
BY_HAND = pytest.mark.skipif(not EVERYTHING, reason="set PLATFORM_ALL=1 for every combination")
APPLICATION = ("-n", "argocd", "get", "applications.argoproj.io")


def graph(version: str) -> dict[str, Any]:
    """The example hello-world as the collection deploys it, with what it was made from."""
    path = REPO / "roles" / "dynamo_example" / "files" / "examples" / "hello-world.yml"
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    made: dict[str, Any] = FilterModule().filters()["to_graph"](definition, version, namespace=NAMESPACE)
    source = {
        "definition": definition,
        "overrides": {"replicas": {"HelloWorldWorker": 2}},
    }
    made["metadata"]["annotations"]["ai-on-eks.dynamo/source"] = json.dumps(source)
    return made


def forget_definitions(world: World) -> None:
    """Delete the definitions, which every removal leaves."""
    names = [name for name in world.kubectl("get", "crd", "-o", "name").split() if name.endswith(".nvidia.com")]
    if names:
        world.kubectl("delete", *names)


def found(world: World, version: str) -> list[dict[str, Any]]:
    """The graph hello-world in one version of the API, if it is there."""
    # Listed, because asking for one that is not there fails. Warnings stand behind the answer.
    words = ("get", f"dgd.{version}.nvidia.com", "--field-selector", "metadata.name=hello-world", "-o", "json")
    said = world.kubectl("-n", NAMESPACE, *words, check=False)
    listed: list[dict[str, Any]] = json.JSONDecoder().raw_decode(said)[0]["items"] if said.startswith("{") else []
    return listed


def state(world: World) -> str:
    return "".join(str((item.get("status") or {}).get("state", "")) for item in found(world, "v1alpha1"))


def expect_success(world: World) -> None:
    """Wait until the graph is what it should be; say what there is instead."""
    done = process.wait_until(lambda: state(world) == "successful", 120, 0.2)
    assert done, world.kubectl("-n", NAMESPACE, "get", "dgd,dcd,pods,events", "-o", "wide", check=False)


def left(world: World) -> list[str]:
    """What the platform made in its namespace, and in Argo CD's."""
    kinds = "deployments,statefulsets,services,persistentvolumeclaims"
    return [
        line
        for namespace in (NAMESPACE, "argocd")
        for line in world.kubectl("-n", namespace, "get", kinds, "-o", "name").split()
    ]


@pytest.mark.parametrize("delivery", [pytest.param("helm", marks=BY_HAND), "argocd"])
def test_the_old_age(platform: Platform, delivery: str, whole_way: bool) -> None:
    world = platform.world
    first, last = ("0.4.1", "1.6.1") if whole_way else ("0.9.1", "1.0.2")
    assert platform.ok(version=first, delivery=delivery).changed
    assert platform.ok(version=first, delivery=delivery).changed == []
    # the one runtime that there is of this age
    world.kubectl("-n", NAMESPACE, "apply", "-f", "-", data=graph("0.4.1"))
    expect_success(world)
    if EVERYTHING:
        words = (f"it is Dynamo {first}, and {last} is wanted", "come back after it: hello-world.", "-e upgrade=true")
        platform.refused(*words, version=last, delivery=delivery)

    platform.ok(version=last, delivery=delivery, upgrade=True)
    expect_success(world)
    again = found(world, "v1alpha1")[0]
    assert again["metadata"]["annotations"]["ai-on-eks.dynamo/version"] == last
    services = again["spec"]["services"]
    assert {name: entry["replicas"] for name, entry in services.items()} == {"Frontend": 1, "HelloWorldWorker": 2}
    # no worker of the old age runs on beside the new one
    names = world.kubectl("-n", NAMESPACE, "get", "deployments", "-o", "name").split()
    assert len([name for name in names if "helloworldworker" in name]) == 1
    assert "dynamo-crds" not in world.kubectl("get", "secrets", "-A", "-l", "owner=helm", "-o", "name")
    if EVERYTHING:
        assert platform.ok(version=last, delivery=delivery).changed == []
        platform.refused("Remove them first", entry="remove.yml")

    world.kubectl("-n", NAMESPACE, "delete", "dgd.v1beta1.nvidia.com", "hello-world")
    wait(lambda: "hello-world" not in world.kubectl("-n", NAMESPACE, "get", "deployments,pods", "-o", "name"))
    platform.ok(entry="remove.yml")
    wait(lambda: left(world) == [], 60)
    forget_definitions(world)


@pytest.mark.parametrize("delivery", [pytest.param("argocd", marks=BY_HAND), "helm"])
def test_the_present_age(platform: Platform, delivery: str) -> None:
    world = platform.world
    platform.ok(version="1.5.1", delivery=delivery)
    if EVERYTHING:
        assert platform.ok(version="1.5.1", delivery=delivery).changed == []
    platform.ok(version="1.6.1", delivery=delivery, upgrade=True)
    if delivery == "argocd":
        status = json.loads(world.kubectl(*APPLICATION, "dynamo-platform", "-o", "json"))["status"]
        assert (status["sync"]["status"], status["health"]["status"]) == ("Synced", "Healthy")
        assert "dynamo-crds" not in world.kubectl(*APPLICATION, "-o", "name")
        platform.refused("The platform was installed by Argo CD", version="1.6.1", delivery="helm")
        platform.ok(entry="remove.yml")
        wait(lambda: left(world) == [], 60)


def test_what_is_in_the_way(platform: Platform) -> None:
    """All at once, beside the platform that the test before this one left."""
    world = platform.world
    container = {"name": "manager", "image": "x:1", "args": ["--restrictedNamespace=team-a"]}
    labels = {"control-plane": "controller-manager", "app": "second"}
    second = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "theirs-dynamo-operator-controller-manager", "namespace": "test", "labels": labels},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "second"}},
            "template": {"metadata": {"labels": {"app": "second"}}, "spec": {"containers": [container]}},
        },
    }
    world.apply(second)
    platform.refused(
        "There are two Dynamo operators: dynamo-cloud/dynamo-platform-dynamo-operator-controller-manager and",
        "looks after the namespace team-a alone",
        version="1.6.1",
    )
    world.kubectl("delete", "deployment", "theirs-dynamo-operator-controller-manager")


def test_an_operator_that_keeps_crashing(platform: Platform) -> None:
    platform.world.fault({"kind": "crash", "container": "manager", "lines": ["panic: no route"], "exit_code": 2})
    try:
        values = {"dynamo-operator": {"controllerManager": {"podLabels": {"again": "yes"}}}}
        platform.refused("CrashLoopBackOff", "exit code 2", "logs deployment/", version="1.6.1", chart_values=values)
    finally:
        platform.world.fault()
    if EVERYTHING:
        platform.ok(version="1.6.1")
        platform.refused("Failed to install Dynamo 1.4.2 over 1.6.1", version="1.4.2")
