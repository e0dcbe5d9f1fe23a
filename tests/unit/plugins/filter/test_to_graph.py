# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter to_graph against golden files, for both API versions, and its refusals."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import SCHEMA, schema, to_graph

EXAMPLES = SCHEMA.parent / "examples"
GOLDEN = Path(__file__).parent / "golden"
NAMES = (
    "hello-world",
    "vllm",
    "sglang",
    "trtllm",
    "multi-replica-vllm",
    "vllm-disagg",
    "sglang-disagg",
    "trtllm-disagg",
    "kv-routing",
)
VERSIONS = ("0.4.1", "0.5.1", "0.9.0", "1.0.2", "1.4.2", "1.6.1")


def definition(name: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = yaml.safe_load((EXAMPLES / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def component(graph: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    return next(entry for entry in graph["spec"]["components"] if entry["name"] == name)


def container(graph: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = component(graph, name)["podTemplate"]["spec"]["containers"][0]
    return found


def test_every_example_is_tested() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.yml")) == sorted(NAMES)
    assert all(definition(name)["name"] == name for name in NAMES)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str, version: str) -> None:
    graph = to_graph(definition(name), version, overrides={"hf_token_secret": "hf-token-secret"})
    golden = yaml.safe_load((GOLDEN / f"{name}-{version}.yml").read_text(encoding="utf-8"))
    assert graph == golden


@pytest.mark.parametrize("version", ["v1.6.1", "1.6.1"])
def test_v_or_no_v(version: str) -> None:
    assert container(to_graph(definition("vllm"), version), "VllmWorker")["image"].endswith(":1.6.1")


def test_rendering_leaves_the_definition_alone() -> None:
    given = definition("vllm")
    before = copy.deepcopy(given)
    to_graph(given, "1.6.1", overrides={"replicas": {"VllmWorker": 5}, "environment": {"A": "b"}})
    assert given == before


def test_overrides() -> None:
    graph = to_graph(
        definition("vllm"),
        "1.6.1",
        namespace="models",
        overrides={
            "name": "chat",
            "model": "org/other",
            "registry": "registry.example.com/dynamo",
            "image_tag": "1.6.1-patched",
            "images": {"Frontend": "registry.example.com/own@sha256:" + "0" * 64},
            "image_pull_secrets": ["pull"],
            "replicas": {"VllmWorker": "3"},
            "node_pool": "g6-gpu-karpenter",
            "environment": {"DYN_LOG": "debug"},
        },
    )
    assert graph["metadata"]["name"] == "chat"
    assert graph["metadata"]["namespace"] == "models"
    assert graph["metadata"]["labels"]["ai-on-eks.dynamo/example"] == "chat"
    worker, frontend = component(graph, "VllmWorker"), component(graph, "Frontend")
    assert worker["replicas"] == 3
    assert worker["podTemplate"]["spec"]["nodeSelector"] == {"karpenter.sh/nodepool": "g6-gpu-karpenter"}
    assert frontend["podTemplate"]["spec"]["nodeSelector"] == {"karpenter.sh/nodepool": "cpu-karpenter"}
    assert worker["podTemplate"]["spec"]["imagePullSecrets"] == [{"name": "pull"}]
    main = container(graph, "VllmWorker")
    assert main["image"] == "registry.example.com/dynamo/vllm-runtime:1.6.1-patched"
    assert main["args"][-2:] == ["--model", "org/other"]
    assert {"name": "DYN_LOG", "value": "debug"} in main["env"]
    # Neither a digest nor such a tag says a version, which the operator's webhook then wants to be told.
    assert frontend["runtimeVersionOverride"] == "1.6.1"
    assert worker["runtimeVersionOverride"] == "1.6.1"


def test_no_version_override_where_the_tag_says_it_or_the_operator_does_not_know_it() -> None:
    assert "runtimeVersionOverride" not in component(to_graph(definition("vllm"), "1.6.1"), "VllmWorker")
    old = to_graph(definition("vllm"), "1.2.1", overrides={"image_tag": "mine"})
    assert "runtimeVersionOverride" not in component(old, "VllmWorker")


def test_no_token_without_a_model() -> None:
    graph = to_graph(definition("hello-world"), "1.6.1", overrides={"hf_token_secret": "hf-token-secret"})
    assert "envFrom" not in container(graph, "Frontend")


def test_several_gpus_mean_tensor_parallelism() -> None:
    given = definition("vllm")
    given["components"][1]["resources"]["gpu"] = 4
    main = container(to_graph(given, "1.6.1"), "VllmWorker")
    assert main["args"][-2:] == ["--tensor-parallel-size", "4"]
    assert main["resources"]["limits"]["nvidia.com/gpu"] == "4"


def test_several_gpus_in_an_engine_configuration() -> None:
    given = definition("trtllm")
    given["components"][1]["resources"]["gpu"] = 4
    main = container(to_graph(given, "1.6.1"), "TRTLLMWorker")
    config = json.loads(next(item["value"] for item in main["env"] if item["name"] == "DYNAMO_ENGINE_CONFIG"))
    assert config["tensor_parallel_size"] == 4
    assert "--tensor-parallel-size" not in main["args"][1]


@pytest.mark.parametrize(
    ("version", "prefill", "decode"),
    [
        ("0.4.1", ["--is-prefill-worker"], []),
        ("1.3.1", ["--is-prefill-worker", "--kv-transfer-config"], ["--kv-transfer-config"]),
        ("1.4.0", ["--disaggregation-mode", "--kv-transfer-config"], ["--disaggregation-mode", "--kv-transfer-config"]),
    ],
)
def test_the_halves_of_a_vllm_graph_by_version(version: str, prefill: list[str], decode: list[str]) -> None:
    graph = to_graph(definition("vllm-disagg"), version)
    for name, flags in (("VllmPrefillWorker", prefill), ("VllmDecodeWorker", decode)):
        if version < "1.2":
            arguments = graph["spec"]["services"][name]["extraPodSpec"]["mainContainer"]["args"]
        else:
            arguments = container(graph, name)["args"]
        assert [word for word in arguments if word.startswith("--") and word != "--model"] == flags


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.5.1", ("dynamo.sglang.worker", "dynamo.sglang.decode_worker")),
        ("0.6.0", ("dynamo.sglang", "dynamo.sglang")),
    ],
)
def test_sglangs_modules_by_version(version: str, words: tuple[str, str]) -> None:
    services = to_graph(definition("sglang-disagg"), version)["spec"]["services"]
    modules = [
        services[f"SGLang{half}Worker"]["extraPodSpec"]["mainContainer"]["args"][1] for half in ("Prefill", "Decode")
    ]
    assert tuple(modules) == words


@pytest.mark.parametrize(("version", "told"), [("0.9.0", False), ("1.0.2", True)])
def test_workers_tell_a_kv_router_what_they_cache(version: str, told: bool) -> None:
    worker = to_graph(definition("kv-routing"), version)["spec"]["services"]["Worker"]
    assert ("--kv-events-config" in worker["extraPodSpec"]["mainContainer"]["args"]) is told


def test_arguments_and_router_mode() -> None:
    given = definition("vllm")
    given["components"][0]["router_mode"] = "kv"
    given["components"][1]["arguments"] = {"max-model-len": 4096, "enforce-eager": True, "trust-remote-code": False}
    graph = to_graph(given, "1.6.1")
    assert container(graph, "Frontend")["args"][-2:] == ["--router-mode", "kv"]
    assert container(graph, "VllmWorker")["args"][-3:] == ["--max-model-len", "4096", "--enforce-eager"]


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.3.2", ["0.3.2 is older", "0.4.1 to 1.6.x"]),
        ("1.7.0", ["1.7.0 is newer", "image tag"]),
        ("latest", ["'latest' is no Dynamo version"]),
    ],
)
def test_unknown_versions_are_refused(version: str, words: list[str]) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        to_graph(definition("vllm"), version)
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    ("overrides", "word"),
    [
        ({"modell": "x"}, r"modell unknown\. Known are name, model"),
        (
            {"replicas": {"Worker": 2}},
            r"of Worker: no such component\. The graph vllm has Frontend \(frontend\), VllmWorker \(worker\)",
        ),
        ({"replicas": {"VllmWorker": "two"}}, "replicas must be numbers"),
        ({"replicas": {"VllmWorker": -1}}, "must not be negative"),
        ({"name": "Not_A_Name"}, "no name of a graph"),
        ({"images": ["x"]}, "images must be a dict"),
        ({"image_pull_secrets": {"x": 1}}, "must be a list"),
    ],
)
def test_bad_overrides_are_refused(overrides: dict[str, t.Any], word: str) -> None:
    with pytest.raises(AnsibleFilterError, match=word):
        to_graph(definition("vllm"), "1.6.1", overrides=overrides)


def broken(change: t.Callable[[dict[str, t.Any]], t.Any]) -> dict[str, t.Any]:
    found = definition("vllm")
    change(found)
    return found


def worker(**change: t.Any) -> dict[str, t.Any]:
    return broken(lambda d: d["components"][1].update(change))


def resources(**change: t.Any) -> dict[str, t.Any]:
    return broken(lambda d: d["components"][1]["resources"].update(change))


LONG = {**definition("vllm")["components"][1], "name": "W" * 30}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ([], r"the definition must be object, not \[\]"),
        (None, "must be object, not empty"),
        (broken(lambda d: d.pop("proof")), "the definition lacks 'proof'"),
        (broken(lambda d: d.update(modell="x")), r"modell is unknown\. Known here: adapters, architecture"),
        (broken(lambda d: d.update(runtime="tgi")), "runtime must be one of vllm, sglang, trtllm; got 'tgi'"),
        (broken(lambda d: d.update(name="A b")), "name must match"),
        (broken(lambda d: d.update(components=[])), "components must have at least 1 item"),
        (resources(gpu="1"), r"components\[1\]\.resources\.gpu must be integer"),
        (resources(gpu=True), r"components\[1\]\.resources\.gpu must be integer, not True"),
        (resources(memory="16GB"), r"components\[1\]\.resources\.memory must match"),
        (worker(replicas=-1), r"components\[1\]\.replicas must be at least 0; got -1"),
        (broken(lambda d: d["components"][0].update(name="Gateway")), r"components\[0\]\.name must be Frontend"),
        (worker(name="frontend"), "the name 'frontend' is used twice"),
        (broken(lambda d: d["components"].pop(0)), "exactly one must have the role frontend; got 0"),
        (broken(lambda d: d.update(model="")), "needs 'model'"),
        (broken(lambda d: d["components"][1]["resources"].pop("gpu")), r"needs resources\.gpu >= 1"),
        (worker(router_mode="kv"), "router_mode is for the frontend only"),
        (worker(arguments={"--x": 1}), r"the key '--x' of components\[1\]\.arguments must match"),
        (worker(probes={"startup": {"period": 1}}), r"components\[1\]\.probes\.startup needs either exec or path"),
        (broken(lambda d: d["proof"].update(checks=["guess"])), r"proof\.checks\[0\] must match"),
        (
            broken(lambda d: d["proof"].update(checks=[{"name": "guess"}])),
            r"proof\.checks\[0\]\.name must be one of live",
        ),
        (
            broken(lambda d: d["proof"].update(checks=[{"name": "spread", "components": ["X"]}])),
            r"proof\.checks\[0\]\.components must be of Frontend, VllmWorker; got 'X'",
        ),
        (
            broken(lambda d: d.update(proof={"kind": "log", "component": "X", "pattern": "y"})),
            "must be one of Frontend",
        ),
        (worker(role="decode"), "a graph with the role decode needs one with the role prefill"),
        (broken(lambda d: d.update(architecture="disaggregated")), "architecture must be disaggregated exactly when"),
        (
            worker(engine_config={"backend": "pytorch"}),
            r"components\[1\]\.engine_config is for the runtime trtllm only",
        ),
        (broken(lambda d: d.update(name="n" * 40, components=[d["components"][0], LONG])), "shorten"),
    ],
)
def test_bad_definitions_are_refused_with_file_and_key(given: t.Any, word: str) -> None:
    with pytest.raises(AnsibleFilterError, match=word) as error:
        to_graph(given, "1.6.1", source="my.yml")
    assert str(error.value).startswith("Failed to read my.yml: ")


def test_all_faults_at_once() -> None:
    given = broken(lambda d: (d.update(runtime="tgi"), d.pop("description")))
    with pytest.raises(AnsibleFilterError) as error:
        to_graph(given, "1.6.1")
    assert "runtime must be" in str(error.value)
    assert "lacks 'description'" in str(error.value)


def test_the_schema_uses_only_keywords_that_are_checked() -> None:
    # problems() raises KeyError for a keyword it does not know; a full definition walks through all of them.
    everything = definition("vllm")
    everything["node_pool"] = "x"
    everything["components"][1].update(
        script={"example": "hello_world", "file": "a.py"},
        environment={"A": "b"},
        arguments={"a": 1},
        probes={"liveness": {"path": "/live", "port": "http", "delay": 1, "period": 1, "timeout": 1, "failures": 1}},
    )
    everything["proof"].update(component="Frontend", pattern="x")
    with pytest.raises(AnsibleFilterError, match="the scripts take none"):
        to_graph(everything, "1.6.1")
    assert schema()["additionalProperties"] is False


def test_a_graph_whose_name_goes_on_after_anothers_is_not_taken_for_it() -> None:
    """Frontends take every worker whose namespace begins with theirs: vllm must not find those of vllm-disagg."""

    def of(graph: dict[str, t.Any], name: str) -> dict[str, str]:
        return {entry["name"]: entry["value"] for entry in container(graph, name)["env"]}

    one, other = to_graph(definition("vllm"), "1.6.1"), to_graph(definition("vllm-disagg"), "1.6.1")
    assert of(one, "Frontend")["DYN_NAMESPACE_PREFIX"] == of(one, "VllmWorker")["DYN_NAMESPACE"]
    assert not of(other, "VllmDecodeWorker")["DYN_NAMESPACE"].startswith(of(one, "Frontend")["DYN_NAMESPACE_PREFIX"])
