# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the images of Dynamo before 1.0, etcd and NATS become on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.nodes import config, images
from rehearsal.nodes.runtime import commands, servers, shim
from rehearsal.nodes.runtime.engine_args import ArgumentError
from rehearsal.nodes.runtime.old_engine_args import translate

RUNTIME = "nvcr.io/nvidia/ai-dynamo/vllm-runtime"


@pytest.mark.parametrize(
    ("image", "kind", "age", "needs"),
    [
        (f"{RUNTIME}:0.4.1", "dynamo", images.OLD, ("dynamo-0.4",)),
        (f"{RUNTIME}:v0.9.0-post1", "dynamo", images.OLD, ("dynamo-0.4",)),
        (f"{RUNTIME}:1.6.1", "dynamo", "", ()),
        (f"{RUNTIME}:10.1", "dynamo", "", ()),
        (f"{RUNTIME}:latest", "dynamo", "", ()),
        ("nvcr.io/nvidia/ai-dynamo/kubernetes-operator:0.4.1", "operator", images.OLD, ()),
        ("docker.io/bitnamilegacy/etcd:3.5.18-debian-12-r5", "etcd", "", ()),
        ("nats:2.10.21-alpine", "nats", "", ("nats-server",)),
    ],
)
def test_ages(image: str, kind: str, age: str, needs: tuple[str, ...]) -> None:
    how = images.recipe(image)
    assert how is not None
    assert (how.kind, how.age, how.needs) == (kind, age, needs)


@pytest.mark.parametrize("image", ["natsio/nats-box:0.14.5", "natsio/nats-server-config-reloader:0.16.0", "x/nats:1"])
def test_other_images_only_pretend(image: str) -> None:
    assert images.recipe(image) is None


def test_shims_lead_to_each_ages_own_python(agent_config: config.AgentConfig) -> None:
    images.write_shims(agent_config)
    texts = {age: (images.shims(agent_config, age) / "python3").read_text() for age in ("", images.OLD)}
    assert str(agent_config.dynamo_python) in texts[""]
    assert str(agent_config.old_dynamo_python) in texts[images.OLD]


@pytest.mark.parametrize(
    ("module", "args", "environ", "endpoint", "silent"),
    [
        ("dynamo.vllm", "", {}, "dynamo.backend.generate", False),
        ("dynamo.vllm", "", {"DYNAMO_NAMESPACE": "g"}, "g.backend.generate", False),
        ("dynamo.vllm", "", {"DYN_NAMESPACE": "g"}, "dynamo.backend.generate", False),
        ("dynamo.vllm", "--is-prefill-worker", {}, "dynamo.prefill.generate", True),
        ("dynamo.sglang.worker", "--disaggregation-mode prefill", {}, "dynamo.prefill.generate", True),
        ("dynamo.sglang.decode_worker", "--disaggregation-mode decode", {}, "dynamo.backend.generate", False),
        ("dynamo.sglang.worker", "--endpoint dyn://a.b.c", {}, "a.b.c", False),
        ("dynamo.trtllm", "", {"DYNAMO_NAMESPACE": "g"}, "dynamo.tensorrt_llm.generate", False),
        ("dynamo.trtllm", "--disaggregation-mode prefill", {}, "dynamo.tensorrt_llm_next.generate", True),
        (
            "dynamo.trtllm",
            "--disaggregation-mode prefill --disaggregation-strategy prefill_first",
            {},
            "dynamo.tensorrt_llm.generate",
            False,
        ),
    ],
)
def test_old_workers(module: str, args: str, environ: dict[str, str], endpoint: str, silent: bool) -> None:
    worker = translate(module, ["--model-path", "m", *args.split()], environ)
    assert (worker.model, worker.endpoint, worker.silent) == ("m", endpoint, silent)


def test_settings_of_an_old_worker() -> None:
    worker = translate("dynamo.vllm", ["--model", "m", "--block-size", "64", "--max-num-seqs=8"], {})
    assert worker.settings == {"speedup_ratio": 10.0, "block_size": 64, "max_num_seqs": 8}
    assert translate("dynamo.sglang", [], {}).settings["block_size"] == 2


def test_flags_of_later_releases_end_an_old_worker() -> None:
    with pytest.raises(ArgumentError, match="unrecognized arguments: --disaggregation-mode"):
        translate("dynamo.vllm", ["--disaggregation-mode", "prefill"], {})


def test_shim_of_the_old_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim, "ensure_model", lambda model, root: root / model)
    environ = {"REHEARSAL_MODELS": str(tmp_path), "REHEARSAL_DYNAMO_AGE": "0.4", "TMPDIR": str(tmp_path)}
    argv = shim.command(["-m", "dynamo.vllm", "--model", "m"], environ)
    assert argv[:6] == ["-m", "dynamo.mocker", "--model-path", str(tmp_path / "m"), "--model-name", "m"]
    assert json.loads(Path(argv[-1]).read_text())["block_size"] == 16
    silent = shim.command(["-m", "dynamo.vllm", "--model", "m", "--is-prefill-worker"], environ)
    assert (Path(silent[0]).name, silent[1]) == ("silent_worker.py", "dynamo.prefill.generate")


PORTS = json.dumps({"2379": 20001, "2380": 20002, "4222": 20003, "8222": 20004})
PATHS = json.dumps([["/bitnami/etcd", "/claims/data"], ["/var/run/nats", "/pod/pid"], ["/data", "/claims/js"]])
SERVER = {"REHEARSAL_PORTS": PORTS, "REHEARSAL_PATHS": PATHS, "HOSTNAME": "etcd-0", "TMPDIR": "/pod/tmp"}


def test_etcd_listens_where_it_was_given_a_port_and_keeps_its_claim() -> None:
    environ = {**SERVER, "ETCD_LISTEN_CLIENT_URLS": "http://0.0.0.0:2379", "ETCD_AUTO_COMPACTION_MODE": "periodic"}
    argv, env = servers.etcd("/bin/etcd", environ)
    flags = dict(zip(argv[1:-1:2], argv[2:-1:2], strict=True))
    assert flags["--listen-client-urls"] == flags["--advertise-client-urls"] == "http://127.0.0.1:20001"
    assert flags["--initial-cluster"] == "etcd-0=http://127.0.0.1:20002"
    assert flags["--data-dir"] == "/claims/data/data"
    assert {name for name in env if name.startswith("ETCD_")} == {"ETCD_AUTO_COMPACTION_MODE"}


def test_etcd_without_a_volume_keeps_its_data_to_itself() -> None:
    argv, _env = servers.etcd("/bin/etcd", {**SERVER, "REHEARSAL_PATHS": "[]"})
    assert argv[argv.index("--data-dir") + 1] == "/pod/tmp/etcd/data"


def test_nats_keeps_its_configuration_but_for_addresses_and_directories() -> None:
    text = '{"pid_file": "/var/run/nats/nats.pid", "port": 4222, "jetstream": {"store_dir": "/data"}}'
    moved = json.loads(servers.nats_config(text, json.loads(PATHS)))
    assert moved == {"pid_file": "/pod/pid/nats.pid", "port": 4222, "jetstream": {"store_dir": "/claims/js"}}
    argv = servers.nats("/bin/nats-server", ["--config", "x"], SERVER)
    assert argv == ["/bin/nats-server", "--config", "x", "-a", "127.0.0.1", "-p", "20003", "-m", "20004"]


@pytest.mark.parametrize(("path", "result"), [("/data", "/claims/js"), ("/database", "/database"), ("/x", "/x")])
def test_paths_of_servers(path: str, result: str) -> None:
    assert servers.local_path(path, json.loads(PATHS)) == result


@pytest.mark.parametrize(
    ("words", "text", "code"),
    [
        (["-e", '.status == "healthy"'], '{"status": "healthy"}', 0),
        (["-e", '.status == "healthy"'], '{"status": "unhealthy"}', 1),
        (["-e", '.status == "healthy"'], "", 4),
        (["-e", '.status == "healthy"'], "<html>", 5),
        ([".status"], "{}", 2),
    ],
)
def test_jq_as_far_as_probes_need_it(words: list[str], text: str, code: int, capsys: Any) -> None:
    assert commands.jq(words, text) == code
    assert ("true" in capsys.readouterr().out) == (code == 0)
