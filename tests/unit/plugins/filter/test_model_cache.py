# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter model_cache: volumes of both kinds, Jobs by what they fetch, and what is refused."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.model_cache import model_cache
from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import SCHEMA

Json = dict[str, t.Any]
CLUSTER = {
    "name": "demo",
    "region": "us-west-2",
    "efs_id": "fs-1",
    "efs_access_point_id": "fsap-1",
    "fsx_id": "fs-2",
    "fsx_dns_name": "fs-2.fsx.us-west-2.amazonaws.com",
    "fsx_mount_name": "abcd",
}


def definition(name: str) -> Json:
    found: Json = yaml.safe_load((SCHEMA.parent / "examples" / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def options(**change: t.Any) -> Json:
    return {
        "cache": "efs",
        "namespace": "dynamo-cloud",
        "script": "print()",
        "cluster": CLUSTER,
        "image": "python:3.12-slim",
        "s3_image": "aws-cli:2",
        **change,
    }


def write(*graphs: tuple[str, Json], **change: t.Any) -> Json:
    chosen = options(**change)
    claim = {"efs": "model-cache-efs", "fsx": "model-cache-fsx"}.get(chosen["cache"], chosen["cache"])
    changes = [{"model_cache": claim, **overrides} for _name, overrides in graphs]
    return model_cache([definition(name) for name, _overrides in graphs], changes, chosen)


def jobs(found: Json) -> list[Json]:
    return [entry for entry in found["jobs"] if entry["kind"] == "Job"]


def container(job: Json) -> Json:
    entry: Json = job["spec"]["template"]["spec"]["containers"][0]
    return entry


def test_one_job_for_each_model_however_many_graphs_use_it() -> None:
    found = write(("vllm", {}), ("kv-routing", {}), ("sglang", {"model_revision": "abc"}), ("hello-world", {}))
    assert found["claim"] == "model-cache-efs"
    assert [entry["kind"] for entry in found["jobs"]] == ["ConfigMap", "Job", "Job"]
    assert found["wait_for"] == [job["metadata"]["name"] for job in jobs(found)]
    wanted = [
        json.loads(next(entry["value"] for entry in container(job)["env"] if entry["name"] == "MODELS"))
        for job in jobs(found)
    ]
    assert wanted == [
        [{"id": "Qwen/Qwen3-0.6B", "revision": "main"}],
        [{"id": "deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "revision": "abc"}],
    ]


def test_the_same_wish_makes_the_same_job_and_another_wish_another() -> None:
    name = write(("vllm", {}))["wait_for"]
    assert write(("kv-routing", {}))["wait_for"] == name
    for change in ({"memory": "4Gi"}, {"script": "print(1)"}, {"image": "python:3.13-slim"}):
        assert write(("vllm", {}), **change)["wait_for"] != name
    assert write(("vllm", {"model_revision": "v1"}))["wait_for"] != name


def test_a_job_has_bounds_and_no_rights() -> None:
    (job,) = jobs(write(("vllm", {}), token_secret="hf", node_pool="cpu-karpenter", timeout="600"))
    spec = job["spec"]
    assert spec["activeDeadlineSeconds"] == 600
    assert spec["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [2]
    pod = spec["template"]["spec"]
    assert pod["nodeSelector"] == {"karpenter.sh/nodepool": "cpu-karpenter"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsUser"] == 1000
    main = container(job)
    assert main["resources"]["requests"] == main["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
    assert main["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    # The token comes by the Secret; its value is nowhere.
    token = next(entry for entry in main["env"] if entry["name"] == "HF_TOKEN")
    assert token["valueFrom"]["secretKeyRef"] == {"name": "hf", "key": "HF_TOKEN", "optional": True}


def test_efs() -> None:
    volume, claim = write(("vllm", {}))["storage"]
    assert volume["spec"]["csi"] == {"driver": "efs.csi.aws.com", "volumeHandle": "fs-1::fsap-1"}
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == "dynamo-cloud-model-cache-efs"
    assert claim["spec"]["storageClassName"] == volume["spec"]["storageClassName"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_fsx_is_written_to_by_root() -> None:
    found = write(("vllm", {}), cache="fsx")
    volume = found["storage"][0]["spec"]
    assert volume["csi"]["volumeAttributes"] == {
        "dnsname": "fs-2.fsx.us-west-2.amazonaws.com",
        "mountname": "abcd",
    }
    assert jobs(found)[0]["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == 0


def test_a_claim_that_is_there_is_left_alone() -> None:
    found = write(("vllm", {}), cache="mine")
    assert found["claim"] == "mine"
    assert found["storage"] == []
    assert len(jobs(found)) == 1


def test_a_bucket_is_copied_with_the_rights_of_its_service_account() -> None:
    overrides = {"model": "acme/llama", "model_source": "s3://acme/models/llama"}
    found = write(("vllm", overrides), ("kv-routing", overrides), service_account="models")
    (job,) = found["jobs"]
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == "models"
    assert container(job)["command"][:5] == [
        "aws",
        "s3",
        "sync",
        "s3://acme/models/llama",
        "/models/s3/acme/models/llama",
    ]
    assert {"name": "AWS_REGION", "value": "us-west-2"} in container(job)["env"]


def test_adapters_of_hugging_face_are_fetched_too() -> None:
    found = write(("vllm", {"adapters": {"sql": "hf://acme/sql", "near": "file:///models/near"}}))
    assert [job["metadata"]["annotations"]["ai-on-eks.dynamo/model"] for job in jobs(found)] == [
        "Qwen/Qwen3-0.6B@main",
        "acme/sql@main",
    ]


def test_nothing_to_do() -> None:
    nothing = {"claim": "", "storage": [], "jobs": [], "wait_for": []}
    assert model_cache([definition("vllm")], [{}], options(cache="")) == nothing
    only = write(("vllm", {"model": "mine", "model_source": "pvc://weights/x"}))
    assert (only["storage"], only["jobs"]) == ([], [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cluster": {}}, "the cluster has no file system. Run install.yml with enable_aws_efs_csi_driver = true"),
        ({"cache": "fsx", "cluster": {}}, "deploy_fsx_volume = true"),
        ({"colour": "blue"}, "colour unknown"),
        ({"timeout": "soon"}, "Failed to read the options of the model cache"),
    ],
)
def test_refusals(change: Json, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        write(("vllm", {}), **change)


def test_lists_of_one_length() -> None:
    with pytest.raises(AnsibleFilterError, match="equally long"):
        model_cache([definition("vllm")], [], options())
