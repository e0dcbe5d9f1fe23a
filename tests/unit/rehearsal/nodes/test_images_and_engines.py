# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Which image runs how, and what becomes of an engine's command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.dynamo.model import directory_name, gated_without_token, vocabulary
from rehearsal.nodes import images
from rehearsal.nodes.images import Reference, parse
from rehearsal.nodes.runtime import shim
from rehearsal.nodes.runtime.engine_args import ArgumentError, move_port, translate

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a/b:1", Reference("a/b", "1", "")),
        ("a/b", Reference("a/b", "latest", "")),
        (
            f"public.ecr.aws/karpenter/controller:1.15.0@{DIGEST}",
            Reference("public.ecr.aws/karpenter/controller", "1.15.0", DIGEST),
        ),
        (f"a/b@{DIGEST}", Reference("a/b", "", DIGEST)),
        ("127.0.0.1:5000/x/y:v1", Reference("127.0.0.1:5000/x/y", "v1", "")),
        ("upper/CASE:1", None),
        ("a b", None),
        ("a/b:", None),
    ],
)
def test_references(text: str, result: Reference | None) -> None:
    assert parse(text) == result


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("public.ecr.aws/karpenter/controller:1.15.0", "karpenter"),
        ("nvcr.io/nvidia/ai-dynamo/kubernetes-operator:1.6.1", "operator"),
        ("nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1", "dynamo"),
        ("123456789012.dkr.ecr.us-west-2.amazonaws.com/nvcr/nvidia/ai-dynamo/sglang-runtime:1.6.1", "dynamo"),
        ("nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:1.6.1-efa", "dynamo"),
        ("public.ecr.aws/docker/library/python:3.12-slim", "python"),
        ("grafana/grafana:12", None),
        ("nvcr.io/nvidia/k8s-device-plugin:v0.20.0", None),
        ("evil/vllm-runtime:1", None),
    ],
)
def test_recipes(image: str, kind: str | None) -> None:
    how = images.recipe(image)
    assert (how.kind if how else None) == kind


@pytest.mark.parametrize(
    ("image", "gone"),
    [
        ("docker.io/bitnami/etcd:3.5.18-debian-12-r5", True),
        ("docker.io/bitnamilegacy/etcd:3.5.18-debian-12-r5", False),
        ("gcr.io/kubebuilder/kube-rbac-proxy:v0.15.0", True),
        ("registry.k8s.io/kubebuilder/kube-rbac-proxy:v0.15.0", False),
        ("quay.io/brancz/kube-rbac-proxy:v0.15.0", False),
        ("nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.6.1", False),
        ("not an image", True),
    ],
)
def test_what_cannot_be_pulled(image: str, gone: bool) -> None:
    assert (images.pull_problem(image) is not None) == gone


def flags(args: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(args[::2], args[1::2], strict=True))


def test_vllm_worker() -> None:
    worker = translate("dynamo.vllm", ["--model", "Qwen/Qwen3-8B", "--tensor-parallel-size", "2"], {})
    assert (worker.model, worker.served_name, worker.role) == ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "agg")
    got = flags(worker.arguments)
    assert (got["--model-name"], got["--engine-type"], got["--block-size"]) == ("Qwen/Qwen3-8B", "vllm", "16")
    assert "--tensor-parallel-size" not in got


def test_sglang_worker() -> None:
    args = "--model-path m/x --served-model-name x --page-size=16 --tp 1 --trust-remote-code --skip-tokenizer-init"
    worker = translate("dynamo.sglang", [*args.split(), "--disaggregation-mode", "prefill"], {})
    assert (worker.model, worker.served_name, worker.role) == ("m/x", "x", "prefill")
    assert flags(worker.arguments)["--sglang-page-size"] == "16"


def test_trtllm_worker() -> None:
    args = ["--model-path", "q", "--max-seq-len", "8192", "--disaggregation-mode", "prefill_and_decode"]
    worker = translate("dynamo.trtllm", args, {})
    assert worker.role == "agg"
    assert flags(worker.arguments)["--max-model-len"] == "8192"


def test_role_by_environment() -> None:
    assert translate("dynamo.vllm", [], {"DYN_VLLM_DISAGGREGATION_MODE": "decode"}).role == "decode"


@pytest.mark.parametrize("flag", ["--is-prefill-worker", "--connector=nixl", "--migration-limit=3"])
def test_flags_that_dynamo_1_dropped_end_the_worker(flag: str) -> None:
    with pytest.raises(ArgumentError, match="unrecognized arguments"):
        translate("dynamo.vllm", ["--model", "m", flag], {})


def test_an_unknown_role_ends_the_worker() -> None:
    with pytest.raises(ArgumentError, match="invalid choice"):
        translate("dynamo.vllm", ["--disaggregation-mode", "both"], {})


@pytest.mark.parametrize(
    ("args", "result"),
    [
        (["--http-port", "8000", "--x"], ["--http-port", "20000", "--x"]),
        (["--http-port=8000"], ["--http-port", "20000"]),
        (["--http-port", "20000"], ["--http-port", "20000"]),
        (["--router-mode", "kv"], ["--router-mode", "kv", "--http-port", "20000"]),
    ],
)
def test_ports_move(args: list[str], result: list[str]) -> None:
    assert move_port(args, "--http-port", {8000: 20000}, 8000) == result


def test_shim_runs_the_frontend_as_it_is() -> None:
    environ = {"REHEARSAL_PORTS": '{"8000": 20000}', "DYN_HTTP_PORT": "20000"}
    assert shim.command(["-m", "dynamo.frontend", "--router-mode", "kv"], environ) == [
        "-m",
        "dynamo.frontend",
        "--router-mode",
        "kv",
    ]
    assert shim.command(["-m", "dynamo.frontend"], {"REHEARSAL_PORTS": '{"8000": 20000}'})[-1] == "20000"


def test_shim_leaves_other_programs_alone() -> None:
    assert shim.command(["hello_world.py", "-m", "dynamo.vllm"], {}) == ["hello_world.py", "-m", "dynamo.vllm"]
    assert shim.command(["-c", "print(1)"], {}) == ["-c", "print(1)"]
    assert shim.command(["-u", "-m", "http.server"], {}) == ["-u", "-m", "http.server"]


def test_shim_turns_a_worker_into_a_mocker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ensure(model: str, root: Path) -> Path:
        return root / model

    monkeypatch.setattr(shim, "ensure_model", ensure)
    environ = {"REHEARSAL_MODELS": str(tmp_path)}
    argv = shim.command(["-m", "dynamo.vllm", "--model", "m", "--disaggregation-mode", "prefill"], environ)
    assert argv[:4] == ["-m", "dynamo.mocker", "--model-path", str(tmp_path / "m")]
    assert argv[-2] == "--bootstrap-ports"


def test_shim_refuses_a_gated_model_without_a_token(tmp_path: Path) -> None:
    argv = ["-m", "dynamo.vllm", "--model", "meta-llama/Llama-3.1-8B"]
    with pytest.raises(PermissionError, match="gated repo"):
        shim.command(argv, {"REHEARSAL_MODELS": str(tmp_path)})
    assert not gated_without_token("meta-llama/Llama-3.1-8B", {"HF_TOKEN": "hf_x"})
    assert not gated_without_token("Qwen/Qwen3-0.6B", {})


def test_answers_are_words() -> None:
    tokens = {index: token for token, index in vocabulary(chr(256 + byte) for byte in range(256)).items()}
    emitted = [tokens[index] for index in range(1000, 2000)]
    assert len(tokens) == 4093
    assert all(token.startswith("\u0120") and token[1:].rstrip(".,").isalpha() for token in emitted)


def test_model_directories() -> None:
    assert directory_name("Qwen/Qwen3-0.6B") == "Qwen--Qwen3-0.6B"
    assert "/" not in directory_name("../../etc")
