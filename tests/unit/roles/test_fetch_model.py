# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The script of the download Job against a hub on this machine: throttling, broken connections, resuming, revisions."""

from __future__ import annotations

import importlib.util
import json
import sys
import types
import typing as t
from pathlib import Path

import pytest

from tests.hub import COMMIT, FILES, MODEL, WEIGHTS, Hub, serving

SCRIPT = Path(__file__).resolve().parents[3] / "roles" / "dynamo_example" / "files" / "fetch_model.py"


def load() -> t.Any:
    spec = importlib.util.spec_from_file_location("fetch_model", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fetch_model"] = module
    spec.loader.exec_module(module)
    return module


fetch_model = load()


@pytest.fixture
def hub() -> t.Iterator[Hub]:
    with serving() as server:
        yield server


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(fetch_model.Hub.__init__, "__defaults__", ("", 8, found.append))
    return found


def run(hub: Hub, home: Path, **environ: str) -> int:
    code: int = fetch_model.main(
        {
            "HF_HOME": str(home),
            "HF_ENDPOINT": hub.url,
            "MODELS": json.dumps([{"id": MODEL, "revision": environ.pop("revision", "main")}]),
            **environ,
        }
    )
    return code


def folder(home: Path) -> Path:
    return home / "hub" / "models--acme--tiny"


def check(home: Path) -> None:
    for name in ("config.json", "model.safetensors", "nested/tokenizer.json"):
        assert (folder(home) / "snapshots" / COMMIT / name).read_bytes() == FILES[name]
    assert (folder(home) / "refs" / "main").read_text(encoding="utf-8") == COMMIT
    assert not (folder(home) / "incomplete" / COMMIT).exists()


def fetched(hub: Hub) -> list[str]:
    return [path for path, _headers in hub.asked if "/resolve/" in path]


@pytest.mark.usefixtures("pauses")
def test_a_model_is_fetched_once(hub: Hub, tmp_path: Path) -> None:
    assert run(hub, tmp_path) == 0
    check(tmp_path)
    # The same weights in an older format are not.
    assert not (folder(tmp_path) / "snapshots" / COMMIT / "pytorch_model.bin").exists()
    assert len(fetched(hub)) == 3
    assert run(hub, tmp_path) == 0
    assert len(fetched(hub)) == 3


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("revision", ["v1", COMMIT])
def test_a_pinned_revision_is_what_engines_find(hub: Hub, tmp_path: Path, revision: str) -> None:
    hub.revisions["main"] = "f" * 40
    assert run(hub, tmp_path, revision=revision) == 0
    check(tmp_path)


def test_throttling_is_waited_for_as_long_as_the_hub_says(hub: Hub, tmp_path: Path, pauses: list[float]) -> None:
    hub.throttled = 3
    assert run(hub, tmp_path) == 0
    check(tmp_path)
    assert pauses == [7.0, 7.0, 7.0]


def test_throttling_for_ever_is_worth_another_pod(hub: Hub, tmp_path: Path, pauses: list[float], capsys: t.Any) -> None:
    hub.throttled = 1000
    assert run(hub, tmp_path, ATTEMPTS="3") == 1
    assert len(pauses) == 2
    assert capsys.readouterr().out.endswith("Failed to fetch acme/tiny@main: HTTP 429. It is tried again.\n")


@pytest.mark.usefixtures("pauses")
def test_a_broken_connection_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.broken_after = 300_000
    assert run(hub, tmp_path) == 0
    check(tmp_path)
    ranges = [
        headers["range"] for path, headers in hub.asked if path == "/blob/model.safetensors" and "range" in headers
    ]
    assert len(ranges) == 1
    assert 0 < int(ranges[0].removeprefix("bytes=").rstrip("-")) <= 300_000


@pytest.mark.usefixtures("pauses")
def test_another_pod_goes_on_too(hub: Hub, tmp_path: Path) -> None:
    part = folder(tmp_path) / "incomplete" / COMMIT / "model.safetensors"
    part.parent.mkdir(parents=True)
    part.write_bytes(WEIGHTS[:500_000])
    assert run(hub, tmp_path) == 0
    check(tmp_path)
    assert ("/blob/model.safetensors", "bytes=500000-") in [(path, headers.get("range")) for path, headers in hub.asked]


@pytest.mark.usefixtures("pauses")
def test_a_server_without_ranges_begins_anew(hub: Hub, tmp_path: Path) -> None:
    hub.ranges = False
    part = folder(tmp_path) / "incomplete" / COMMIT / "model.safetensors"
    part.parent.mkdir(parents=True)
    part.write_bytes(WEIGHTS[:500_000])
    assert run(hub, tmp_path) == 0
    check(tmp_path)


@pytest.mark.usefixtures("pauses")
def test_bytes_that_are_not_the_file_are_fetched_again(hub: Hub, tmp_path: Path) -> None:
    part = folder(tmp_path) / "incomplete" / COMMIT / "model.safetensors"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * len(WEIGHTS))
    assert run(hub, tmp_path) == 0
    check(tmp_path)


@pytest.mark.usefixtures("pauses")
def test_the_token_goes_to_the_hub_only(hub: Hub, tmp_path: Path) -> None:
    hub.gated = "secret"
    assert run(hub, tmp_path, HF_TOKEN="secret") == 0
    check(tmp_path)
    elsewhere = [headers for path, headers in hub.asked if path.startswith("/blob/")]
    assert elsewhere
    assert not [headers for headers in elsewhere if "authorization" in headers]


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "401: it needs a token, or it does not exist. Accept its terms at https://huggingface.co/acme/tiny"),
        ({"HF_TOKEN": "of somebody else"}, "401: the token has no access to it"),
        ({"HF_TOKEN": "secret", "revision": "v9"}, "404: there is no such model, revision or file"),
    ],
)
def test_what_no_pod_could_fetch(
    hub: Hub, tmp_path: Path, environ: dict[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.gated = "secret"
    assert run(hub, tmp_path, **environ) == 2
    output = capsys.readouterr().out
    assert words in output
    assert "of somebody else" not in output


@pytest.mark.usefixtures("pauses")
def test_a_volume_that_is_too_small(hub: Hub, tmp_path: Path, monkeypatch: t.Any, capsys: t.Any) -> None:
    monkeypatch.setattr(fetch_model.shutil, "disk_usage", lambda _path: types.SimpleNamespace(free=1000))
    assert run(hub, tmp_path) == 2
    assert "do not fit into the 0.0 GB that are free" in capsys.readouterr().out
    assert fetched(hub) == []


@pytest.mark.usefixtures("pauses")
def test_names_that_lead_out_are_refused(hub: Hub, tmp_path: Path, monkeypatch: t.Any, capsys: t.Any) -> None:
    monkeypatch.setattr(hub, "siblings", lambda: [{"rfilename": "../../evil", "size": 1}])
    assert run(hub, tmp_path) == 2
    assert "leads out of the model's folder" in capsys.readouterr().out


def test_a_hub_that_is_away(tmp_path: Path, pauses: list[float], capsys: t.Any) -> None:
    environ = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9", "MODELS": json.dumps([{"id": MODEL}])}
    assert fetch_model.main({**environ, "ATTEMPTS": "2"}) == 1
    assert pauses == [2.0]
    assert "http://127.0.0.1:9 does not answer" in capsys.readouterr().out
