# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The way from one release of the platform to another."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.carried_graph import carried_graph
from ansible_collections.ai_on_eks.dynamo.plugins.filter.platform_upgrade import platform_upgrade
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils import _version
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._platform import ledger, upgrade

ALL = list(ledger.RELEASES)


def old_graph(
    image: str = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.4.1", args: str = "", **meta: Any
) -> dict[str, Any]:
    main = {"name": "", "resources": {}, "image": image, "args": [args]}
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "vllm", "namespace": "ml", "uid": "1", "resourceVersion": "7", "generation": 2, **meta},
        "spec": {
            "services": {
                "Frontend": {"extraPodSpec": {"mainContainer": main}},
                "Worker": {
                    "replicas": 2,
                    "resources": {"limits": {"gpu": "2"}},
                    "extraPodSpec": {"mainContainer": main},
                },
            }
        },
        "status": {"state": "successful"},
    }


def new_graph(version: str = "1.5.1", **meta: Any) -> dict[str, Any]:
    main = {"name": "main", "image": f"nvcr.io/nvidia/ai-dynamo/vllm-runtime:{version}"}
    annotations = {"nvidia.com/current-worker-hash-v2": "dfce81a3"}
    return {
        "apiVersion": "nvidia.com/v1beta1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "new", "namespace": "ml", "annotations": annotations, **meta},
        "spec": {"components": [{"name": "Worker", "podTemplate": {"spec": {"containers": [main]}}}]},
    }


@pytest.mark.parametrize(
    ("installed", "wanted", "steps"),
    [
        ("0.4.1", "1.6.1", ALL[1:]),
        ("0.4.1", "0.4.1", []),
        ("0.4.0", "0.4.1", ["0.4.1"]),
        ("1.5.0", "1.6.0", ["1.6.0"]),
        ("0.9.1", "1.1.0", ["1.0.2", "1.1.0"]),
        ("0.8.1", "0.9.0-post1", ["0.9.0-post1"]),
        # a minor release that nobody knew when this was written
        ("1.6.1", "1.9.0", ["1.9.0"]),
    ],
)
def test_steps(installed: str, wanted: str, steps: list[str]) -> None:
    assert upgrade.path(installed, wanted) == steps


def test_every_known_minor_release_is_a_step() -> None:
    assert [upgrade.minor(_version.parse(text)) for text in ALL] == list(_version.MINORS)


def test_no_way_back() -> None:
    with pytest.raises(AnsibleFilterError, match=r"Failed to install Dynamo 0\.9\.1 over 1\.6\.1: .*v1beta1.*remove"):
        platform_upgrade("1.6.1", "0.9.1")
    with pytest.raises(AnsibleFilterError, match="does not undo"):
        platform_upgrade("1.4.2", "1.4.1")


def test_a_patch_needs_no_consent_and_touches_no_graph() -> None:
    way = platform_upgrade("1.6.0", "1.6.1", [new_graph("1.6.0")])
    assert (way["consent"], way["steps"], way["graphs"], way["lines"]) == (False, ["1.6.1"], [], [])


def test_nothing_installed() -> None:
    way = platform_upgrade("", "1.6.1", [])
    assert (way["steps"], way["consent"], way["lines"]) == (["1.6.1"], False, [])


def test_old_workers_would_hold_their_gpus_twice() -> None:
    way = platform_upgrade("0.9.1", "1.0.2", [old_graph("nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.9.1")])
    (graph,) = way["graphs"]
    assert (graph["doubles"], graph["gpus"], graph["how"], graph["version"]) == (True, 4, "retag", "0.9.1")
    assert "Graph ml/vllm, 4 GPUs (its workers would hold them twice)" in way["lines"][-1]
    assert way["reversible"] == {"1.0.2": False}


def test_a_graph_with_a_hash_and_a_runtime_in_the_window_stays() -> None:
    assert platform_upgrade("1.5.1", "1.6.1", [new_graph("1.5.1"), new_graph("1.4.2")])["graphs"] == []


def test_a_runtime_that_is_too_old_has_to_go() -> None:
    (graph,) = platform_upgrade("1.5.1", "1.6.1", [new_graph("1.3.1")])["graphs"]
    assert graph["reasons"] == ["its runtime 1.3.1 is 3 minor releases behind 1.6.1, and the operator looks after 2"]
    assert not graph["doubles"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("python3 -m dynamo.sglang.worker --tp 1", "dynamo.sglang"),
        ("python3 -m dynamo.vllm --is-prefill-worker", "--disaggregation-mode"),
        ("python3 -m dynamo.frontend --router-reset-states", "--router-reset-states is gone"),
        ("python3 -m dynamo.vllm --connector nixl", "--kv-transfer-config"),
        ("python3 -m dynamo.frontend --store-kv etcd", "--discovery-backend"),
    ],
)
def test_what_a_new_release_does_not_know(args: str, said: str) -> None:
    (graph,) = platform_upgrade("0.4.1", "1.6.1", [old_graph(args=args)])["graphs"]
    assert graph["how"] == "refuse"
    assert said in "; ".join(graph["reasons"])


def test_a_graph_of_ours_is_written_again_whatever_it_holds() -> None:
    ours = old_graph(args="--is-prefill-worker", annotations={"ai-on-eks.dynamo/definition": "vllm-disagg"})
    (graph,) = platform_upgrade("0.4.1", "1.6.1", [ours], examples=["vllm-disagg"])["graphs"]
    assert graph["how"] == "render"
    # a definition of somebody's own, of which only the name is known
    (graph,) = platform_upgrade("0.4.1", "1.6.1", [ours], examples=["vllm"])["graphs"]
    assert graph["how"] == "refuse"
    ours["metadata"]["annotations"]["ai-on-eks.dynamo/source"] = "{}"
    (graph,) = platform_upgrade("0.4.1", "1.6.1", [ours])["graphs"]
    assert graph["how"] == "render"


def test_images_of_ones_own_are_not_guessed() -> None:
    (graph,) = platform_upgrade("0.9.1", "1.6.1", [old_graph("registry.example.com/mine:7")])["graphs"]
    assert (graph["how"], graph["version"]) == ("refuse", "")
    assert any("runtimeVersionOverride" in reason for reason in graph["reasons"])


def test_carried() -> None:
    annotations = {"nvidia.com/x": "1", "kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "a"}
    graph = old_graph("nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.9.1", annotations=annotations, labels={"a": "b"})
    made = carried_graph(graph, "1.0.2")
    assert made["metadata"] == {"name": "vllm", "namespace": "ml", "labels": {"a": "b"}, "annotations": {"team": "a"}}
    image = made["spec"]["services"]["Worker"]["extraPodSpec"]["mainContainer"]["image"]
    assert image == "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.0.2"
    assert "status" not in made
    assert graph["spec"]["services"]["Worker"]["extraPodSpec"]["mainContainer"]["image"].endswith(":0.9.1")
    with pytest.raises(AnsibleFilterError, match="newest"):
        carried_graph(graph, "newest")


def test_changes_are_in_order_and_dated() -> None:
    since = [_version.parse(change.since).key for change in ledger.CHANGES]
    assert since == sorted(since)
    assert len({change.name for change in ledger.CHANGES}) == len(ledger.CHANGES)
    for border in ledger.ONE_WAY:
        assert border in {change.since for change in ledger.CHANGES}
