# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A support bundle holds what helps, and no secret that was planted anywhere."""

from __future__ import annotations

import json
import stat
import tarfile
from pathlib import Path
from typing import Any, cast

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._bundle import archive, collect, redact
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import Client, KubeError, Resource

PLANTED = "pl4ntedS3cretValue"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        "using hf_abcdefghijklmnopqrst for the hub",
        "nvapi-abcdefghij-1234567890",
        "AKIAIOSFODNN7EXAMPLE signed it",
        "Authorization: Bearer pl4ntedS3cretValue",
        "curl -H 'Authorization: Basic cGxhbnRlZDpwbGFudGVk'",
        "GET https://user:pl4ntedS3cretValue@charts.example.com/index.yaml",
        "--hf-token pl4ntedS3cretValue --model x",
        "--api-key=pl4ntedS3cretValue",
        'body {"password": "pl4ntedS3cretValue"}',
        "HF_TOKEN=pl4ntedS3cretValue python3 -m dynamo.vllm",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
        "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8",
        "https://s3.amazonaws.com/x?X-Amz-Signature=pl4ntedS3cretValue&X-Amz-Date=1",
        KEY,
    ],
)
def test_what_looks_like_a_secret_goes(text: str) -> None:
    cleaned = redact.clean_text(text)
    assert redact.REMOVED in cleaned
    for word in (PLANTED, "hf_abc", "nvapi-abc", "AKIAIOS", "cGxhbnRlZ", "eyJhbGci", "aHR0cHM6", "MIIEow"):
        assert word not in cleaned


@pytest.mark.parametrize(
    "text",
    [
        'Error: secret "hf-token-secret" not found',
        "max_tokens: 1000000 of max_num_batched_tokens=1000000",
        "MountVolume.SetUp failed for volume token-x : secret dynamo-cloud/hf-token-secret not found",
        "Loading tokenizer: Qwen/Qwen3-0.6B",
        "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB.",
    ],
)
def test_what_helps_stays(text: str) -> None:
    assert redact.clean_text(text) == text


def pod(**more: Any) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1",
        "args": ["--model", "Qwen/Qwen3-0.6B", "--hf-token", PLANTED],
        "env": [
            {"name": "HF_TOKEN", "value": PLANTED},
            {"name": "DYN_LOG", "value": "debug"},
            {"name": "NGC_API_KEY", "valueFrom": {"secretKeyRef": {"name": "ngc", "key": "NGC_API_KEY"}}},
        ],
    }
    return {
        "metadata": {
            "name": "vllm-0",
            "namespace": "dynamo-cloud",
            "managedFields": [{"manager": "x"}],
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"token": PLANTED}),
                "example.com/api-token": PLANTED,
                "karpenter.sh/do-not-disrupt": "true",
            },
        },
        "spec": {"containers": [container], "imagePullSecrets": [{"name": "nvcr-imagepullsecret"}]},
        **more,
    }


def test_an_object_keeps_all_but_its_secrets() -> None:
    cleaned = redact.clean(pod())
    assert PLANTED not in json.dumps(cleaned)
    main = cleaned["spec"]["containers"][0]
    assert main["args"][:3] == ["--model", "Qwen/Qwen3-0.6B", "--hf-token"]
    assert main["env"][0] == {"name": "HF_TOKEN", "value": redact.REMOVED}
    assert main["env"][1:] == pod()["spec"]["containers"][0]["env"][1:]
    assert cleaned["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"
    assert "managedFields" not in cleaned["metadata"]
    assert cleaned["spec"]["imagePullSecrets"] == [{"name": "nvcr-imagepullsecret"}]


def test_names_of_secrets_in_a_graph_stay() -> None:
    graph = {"metadata": {"name": "vllm"}, "spec": {"services": {"Worker": {"envFromSecret": "hf-token-secret"}}}}
    assert redact.clean(graph) == graph


class Cluster:
    """As much of a client as the collector uses."""

    def __init__(self, objects: dict[tuple[str, str], list[dict[str, Any]]], refused: tuple[str, ...] = ()) -> None:
        self.objects = objects
        self.refused = refused

    def get(self, path: str) -> dict[str, Any]:
        if path == "/version":
            return {"gitVersion": "v1.35.4-eks-x"}
        groups = ("apps", "nvidia.com", "karpenter.sh")
        return {"groups": [{"name": name, "preferredVersion": {"groupVersion": f"{name}/v1beta1"}} for name in groups]}

    def items(self, resource: Resource, namespace: str) -> list[dict[str, Any]]:
        if resource.plural in self.refused:
            raise KubeError(f"Failed to read {resource.path(namespace)}: forbidden", 403)
        return self.objects.get((namespace, resource.plural), [])

    def names(self, resource: Resource, namespace: str) -> list[str]:
        assert (resource.kind, namespace) == ("Secret", "dynamo-cloud")
        return ["hf-token-secret"]

    def log(self, namespace: str, pod_name: str, container: str, lines: int, previous: bool) -> list[str]:
        assert (namespace, pod_name, lines) == ("dynamo-cloud", "vllm-0", 7)
        return [f"HF_TOKEN={PLANTED}", "previous run" if previous else f"{container} runs"]


def gathered(*refused: str) -> collect.Bundle:
    rows = [{"name": "main", "restartCount": 2}]
    cluster = Cluster(
        {
            ("", "namespaces"): [{"metadata": {"name": "dynamo-cloud"}}],
            ("", "nodepools"): [{"metadata": {"name": "g5-gpu-karpenter"}}],
            ("dynamo-cloud", "pods"): [pod(status={"containerStatuses": rows})],
            ("dynamo-cloud", "configmaps"): [
                {"metadata": {"name": "c"}, "data": {"token": PLANTED, "nginx.conf": f'key "Bearer {PLANTED}" 1;'}}
            ],
        },
        refused,
    )
    return collect.collect(cast(Client, cluster), ["dynamo-cloud", "argocd"], 7)


def test_everything_that_was_asked_for_is_in_it_without_what_was_planted() -> None:
    bundle = gathered()
    assert set(bundle.files) == {
        "versions/kubernetes.json",
        "versions/apis.json",
        "cluster/namespaces.json",
        "cluster/nodepools.json",
        "dynamo-cloud/pods.json",
        "dynamo-cloud/configmaps.json",
        "dynamo-cloud/secrets.txt",
        "dynamo-cloud/logs/vllm-0/main.log",
        "dynamo-cloud/logs/vllm-0/main.previous.log",
    }
    assert PLANTED not in "".join(bundle.files.values())
    assert "previous run" in bundle.files["dynamo-cloud/logs/vllm-0/main.previous.log"]
    assert bundle.problems == ["argocd: no such namespace"]


def test_what_may_not_be_read_is_told_and_the_rest_is_there() -> None:
    bundle = gathered("pods")
    assert bundle.problems[0] == "Failed to read /api/v1/namespaces/dynamo-cloud/pods: forbidden"
    assert "dynamo-cloud/configmaps.json" in bundle.files


def test_the_archive_is_its_owner_s_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "help.tar.gz"
    archive.write(path, {"a/b.json": "{}\n", "problems.txt": "none\n"}, 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as opened:
        assert opened.getnames() == ["help/a/b.json", "help/problems.txt"]
    assert [entry.name for entry in path.parent.iterdir()] == ["help.tar.gz"]
