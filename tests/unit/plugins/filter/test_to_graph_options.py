# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter to_graph with changes: nodes, EFA, model sources and caches, several nodes, adapters, scaling."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import SCHEMA, to_graph

Json = dict[str, t.Any]


def definition(name: str) -> Json:
    found: Json = yaml.safe_load((SCHEMA.parent / "examples" / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def old(graph: Json, name: str) -> Json:
    found: Json = graph["spec"]["services"][name]
    return found


def new(graph: Json, name: str) -> Json:
    return next(entry for entry in graph["spec"]["components"] if entry["name"] == name)


def pod(graph: Json, name: str) -> Json:
    found: Json = new(graph, name)["podTemplate"]["spec"]
    return found


def main(graph: Json, name: str) -> Json:
    found: Json = pod(graph, name)["containers"][0]
    return found


def env(container: Json) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container.get("env", [])}


def render(name: str, version: str = "1.6.1", **overrides: t.Any) -> Json:
    return to_graph(definition(name), version, overrides=overrides)


# Nodes


def test_one_value_is_a_selector_and_several_are_an_affinity() -> None:
    graph = render("vllm", instance_types="g5.2xlarge", capacity_type="spot", node_pool="g6-gpu-karpenter")
    assert pod(graph, "VllmWorker")["nodeSelector"] == {
        "karpenter.sh/nodepool": "g6-gpu-karpenter",
        "node.kubernetes.io/instance-type": "g5.2xlarge",
        "karpenter.sh/capacity-type": "spot",
    }
    assert pod(graph, "Frontend")["nodeSelector"] == {"karpenter.sh/nodepool": "cpu-karpenter"}
    several = pod(render("vllm", instance_families=["g5", "g6"]), "VllmWorker")
    terms = several["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms == [
        {"matchExpressions": [{"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["g5", "g6"]}]}
    ]


def test_a_reservation_means_reserved_capacity() -> None:
    chosen = pod(render("vllm", capacity_reservation="cr-0123456789abcdef0"), "VllmWorker")["nodeSelector"]
    assert chosen["karpenter.sh/capacity-type"] == "reserved"
    assert chosen["karpenter.k8s.aws/capacity-reservation-id"] == "cr-0123456789abcdef0"


def test_the_command_line_wins_over_the_component_and_that_over_the_graph() -> None:
    given = definition("vllm-disagg")
    given["placement"] = {"capacity_type": "spot", "instance_families": ["g5"]}
    given["components"][1]["placement"] = {"capacity_type": "on-demand"}
    graph = to_graph(given, "1.6.1", overrides={"instance_families": "g6"})
    decode, prefill = (pod(graph, name)["nodeSelector"] for name in ("VllmDecodeWorker", "VllmPrefillWorker"))
    assert (decode["karpenter.sh/capacity-type"], prefill["karpenter.sh/capacity-type"]) == ("on-demand", "spot")
    assert decode["karpenter.k8s.aws/instance-family"] == "g6"


@pytest.mark.parametrize(
    ("spread", "topology"), [("zone", "topology.kubernetes.io/zone"), ("node", "kubernetes.io/hostname")]
)
def test_spread(spread: str, topology: str) -> None:
    graph = render("multi-replica-vllm", spread=spread)
    (constraint,) = pod(graph, "VllmWorker")["topologySpreadConstraints"]
    assert constraint["topologyKey"] == topology
    assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
    labels = new(graph, "VllmWorker")["podTemplate"]["metadata"]["labels"]
    assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()
    assert "topologySpreadConstraints" not in pod(graph, "Frontend")


def test_a_frontend_beside_the_engines_takes_their_image_and_tolerates_their_taint() -> None:
    frontend = pod(render("vllm", frontend_pool="g5-gpu-karpenter"), "Frontend")
    assert frontend["containers"][0]["image"].endswith("/vllm-runtime:1.6.1")
    assert frontend["tolerations"][0]["key"] == "nvidia.com/gpu"
    apart = pod(render("vllm", frontend_pool="other-cpu"), "Frontend")
    assert apart["containers"][0]["image"].endswith("/dynamo-frontend:1.6.1")
    assert "tolerations" not in apart


# EFA


def test_efa_on_a_disaggregated_graph() -> None:
    graph = render("vllm-disagg", efa=4)
    worker = main(graph, "VllmPrefillWorker")
    assert worker["image"].endswith("/vllm-runtime:1.6.1-efa")
    for section in ("requests", "limits"):
        assert worker["resources"][section]["vpc.amazonaws.com/efa"] == "4"
        assert "hugepages-2Mi" not in worker["resources"][section]
    assert worker["securityContext"] == {"capabilities": {"add": ["IPC_LOCK"]}}
    assert env(worker)["FI_PROVIDER"] == "efa"
    assert env(worker)["FI_EFA_USE_HUGE_PAGE"] == "0"
    config = json.loads(worker["args"][worker["args"].index("--kv-transfer-config") + 1])
    assert config["kv_connector_extra_config"] == {"backends": ["LIBFABRIC"]}
    (term,) = pod(graph, "VllmDecodeWorker")["affinity"]["podAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert term["topologyKey"] == "topology.kubernetes.io/zone"
    labels = new(graph, "VllmPrefillWorker")["podTemplate"]["metadata"]["labels"]
    assert term["labelSelector"]["matchLabels"].items() <= labels.items()
    frontend = main(graph, "Frontend")
    assert "securityContext" not in frontend
    assert frontend["image"].endswith(":1.6.1")
    # The tag says the version with something behind it: the operator's webhook is told which.
    assert new(graph, "VllmPrefillWorker")["runtimeVersionOverride"] == "1.6.1"


@pytest.mark.parametrize(
    ("example", "component", "variable"),
    [
        ("sglang-disagg", "SGLangDecodeWorker", "SGLANG_DISAGGREGATION_NIXL_BACKEND"),
        ("trtllm-disagg", "TRTLLMPrefillWorker", "TRTLLM_NIXL_KVCACHE_BACKEND"),
    ],
)
def test_nixl_by_engine(example: str, component: str, variable: str) -> None:
    assert env(main(render(example, efa=1), component))[variable] == "LIBFABRIC"
    assert variable not in env(
        main(render(example.partition("-")[0], efa=1), component.replace("Decode", "").replace("Prefill", ""))
    )


def test_efa_in_the_older_shape_and_with_huge_pages() -> None:
    worker = old(render("vllm", "1.0.2", efa=1, efa_huge_pages="5120Mi"), "VllmWorker")
    assert worker["extraPodSpec"]["mainContainer"]["image"].endswith(":1.0.2-efa-amd64")
    assert worker["resources"]["limits"]["custom"] == {"vpc.amazonaws.com/efa": "1", "hugepages-2Mi": "5120Mi"}
    assert "FI_EFA_USE_HUGE_PAGE" not in {entry["name"] for entry in worker["envs"]}


@pytest.mark.parametrize(("example", "version"), [("vllm", "0.9.0"), ("sglang", "1.2.1")])
def test_efa_needs_an_image_for_it(example: str, version: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"Failed to use EFA with {example} of Dynamo {version}: there is no"):
        render(example, version, efa=1)


# Sources of models


def test_a_cache_is_mounted_everywhere_and_nobody_is_asked() -> None:
    graph = render("vllm", model_cache="model-cache", model_revision="abc123")
    for name in ("Frontend", "VllmWorker"):
        assert pod(graph, name)["volumes"] == [
            {"name": "models", "persistentVolumeClaim": {"claimName": "model-cache"}}
        ]
        container = main(graph, name)
        assert container["volumeMounts"] == [{"name": "models", "mountPath": "/models", "readOnly": True}]
        assert env(container)["HF_HOME"] == "/models/huggingface"
        assert env(container)["HF_HUB_OFFLINE"] == "1"
    assert main(graph, "VllmWorker")["args"][-2:] == ["--model", "Qwen/Qwen3-0.6B"]


def test_dynamo_before_1_0_writes_to_its_cache() -> None:
    worker = old(render("vllm", "0.4.1", model_cache="model-cache"), "VllmWorker")
    assert worker["extraPodSpec"]["mainContainer"]["volumeMounts"] == [{"name": "models", "mountPath": "/models"}]
    assert worker["extraPodSpec"]["volumes"][0]["persistentVolumeClaim"] == {"claimName": "model-cache"}


@pytest.mark.parametrize(
    ("example", "component", "words"),
    [
        ("vllm", "VllmWorker", ["--model", "/models/s3/acme/llama", "--served-model-name", "acme/llama"]),
        ("sglang", "SGLangWorker", ["--model-path", "/models/s3/acme/llama", "--served-model-name", "acme/llama"]),
    ],
)
def test_a_model_in_a_bucket(example: str, component: str, words: list[str]) -> None:
    graph = render(example, model="acme/llama", model_source="s3://acme/llama/", model_cache="model-cache")
    assert main(graph, component)["args"][2:6] == words
    assert "HF_HOME" not in env(main(graph, component))
    assert graph["metadata"]["annotations"]["ai-on-eks.dynamo/model"] == "acme/llama"


def test_a_model_on_a_volume_of_ones_own() -> None:
    graph = render("trtllm", model="mine", model_source="pvc://weights/llama/8b")
    worker = pod(graph, "TRTLLMWorker")
    assert worker["volumes"][0]["persistentVolumeClaim"] == {"claimName": "weights"}
    assert "--model-path /models/llama/8b --served-model-name mine" in worker["containers"][0]["args"][1]


def test_no_cache_for_what_has_no_model() -> None:
    assert "volumes" not in pod(render("hello-world", model_cache="model-cache"), "Frontend")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"model_source": "s3://acme/llama"}, "engines read files, not buckets"),
        ({"model_source": "gs://acme/llama"}, "it must be s3://BUCKET/PREFIX or pvc://CLAIM/PATH"),
        ({"model_source": "pvc://weights/../x"}, "it must be s3://BUCKET/PREFIX or pvc://CLAIM/PATH"),
        ({"model_revision": "main"}, "Give a cache that holds it"),
        ({"model_revision": "main", "model_source": "pvc://x/y"}, "only Hugging Face has revisions"),
        ({"model": "s3://acme/llama"}, "where they are as model_source"),
    ],
)
def test_sources_that_are_refused(overrides: Json, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        render("vllm", **overrides)


# Several nodes


def test_a_replica_over_several_nodes() -> None:
    graph = render("vllm", nodes=2, tensor_parallel=8)
    worker = new(graph, "VllmWorker")
    assert worker["multinode"] == {"nodeCount": 2}
    assert main(graph, "VllmWorker")["resources"]["limits"]["nvidia.com/gpu"] == "8"
    assert main(graph, "VllmWorker")["args"][-2:] == ["--tensor-parallel-size", "16"]
    assert "multinode" not in new(graph, "Frontend")
    assert old(render("sglang", "0.4.1", nodes=2), "SGLangWorker")["multinode"] == {"nodeCount": 2}


def test_several_nodes_in_a_definition() -> None:
    given = definition("trtllm")
    given["components"][1]["nodes"] = 2
    config = json.loads(env(main(to_graph(given, "1.6.1"), "TRTLLMWorker"))["DYNAMO_ENGINE_CONFIG"])
    assert config["tensor_parallel_size"] == 2
    given["components"][0]["nodes"] = 2
    with pytest.raises(AnsibleFilterError, match=r"components\[0\]\.nodes is for engines only"):
        to_graph(given, "1.6.1")


# Adapters


def test_adapters() -> None:
    graph = render("vllm", adapters={"sql": "hf://acme/sql-lora"})
    worker = main(graph, "VllmWorker")
    assert "--enable-lora" in worker["args"]
    assert env(worker)["DYN_LORA_ENABLED"] == "true"
    assert new(graph, "VllmWorker")["modelRef"] == {"name": "Qwen/Qwen3-0.6B"}
    assert "modelRef" not in new(graph, "Frontend")


@pytest.mark.parametrize(
    ("example", "version", "source", "words"),
    [
        ("trtllm", "1.6.1", "hf://a/b", "not into TensorRT-LLM"),
        ("sglang", "1.3.1", "hf://a/b", "Dynamo 1.3.1 does not load adapters into SGLang; 1.4 and newer do"),
        ("vllm", "0.5.1", "hf://a/b", "Dynamo 0.5.1 does not load adapters into vLLM"),
        ("vllm", "1.6.1", "a/b", "it must be hf://OWNER/NAME"),
    ],
)
def test_adapters_that_are_refused(example: str, version: str, source: str, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        render(example, version, adapters={"sql": source})


# Replicas and scaling


def test_replicas_by_role_and_as_text() -> None:
    graph = render("vllm-disagg", replicas="decode=3,VllmPrefillWorker=2")
    found = {entry["name"]: entry["replicas"] for entry in graph["spec"]["components"]}
    assert found == {"Frontend": 1, "VllmDecodeWorker": 3, "VllmPrefillWorker": 2}


def test_scaling_by_version() -> None:
    beta = new(render("vllm", scaling={"worker": {"min": 1, "max": 4}}), "VllmWorker")
    assert beta["scalingAdapter"] == {}
    # The adapter owns the number: setting it again would be refused.
    assert "replicas" not in beta
    alpha = old(render("vllm", "1.0.2", scaling="VllmWorker=1-4"), "VllmWorker")
    assert alpha["scalingAdapter"] == {"enabled": True}
    first = old(render("vllm", "0.4.1", scaling="worker=2-4"), "VllmWorker")
    assert first["autoscaling"] == {"enabled": True, "minReplicas": 2, "maxReplicas": 4}


@pytest.mark.parametrize(
    ("version", "overrides", "words"),
    [
        ("0.7.1", {"scaling": "worker=1-2"}, "Failed to scale VllmWorker: Dynamo 0.7.1"),
        ("1.6.1", {"scaling": "worker=0-2"}, "at least 1"),
        ("1.6.1", {"scaling": "worker=3-2"}, "at least 1"),
        ("1.6.1", {"scaling": "decode=1-2"}, "Failed to set scaling of decode: no such component"),
        ("1.6.1", {"scaling": "worker=1-2", "replicas": {"VllmWorker": 2}}, "Give one of them"),
        ("1.6.1", {"replicas": "worker"}, "name=value separated by commas"),
        ("1.6.1", {"capacity_type": "cheap"}, "capacity_type must be one of on-demand, spot, reserved; got 'cheap'"),
        ("1.6.1", {"spread": "rack"}, "spread must be one of zone, node"),
        ("1.6.1", {"nodes": "two"}, "nodes must be a number"),
        ("1.6.1", {"instance_types": 5}, "instance_types must be a list, or words separated by commas"),
    ],
)
def test_refusals(version: str, overrides: Json, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        render("vllm", version, **overrides)
