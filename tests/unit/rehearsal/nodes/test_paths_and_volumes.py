# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Mounts without mounting."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from rehearsal.nodes.pods import paths, volumes
from rehearsal.nodes.pods.environment import ConfigurationError, Sources
from rehearsal.nodes.pods.paths import PathMap

MAP = PathMap.of(
    {
        "/etc/config": Path("/w/config"),
        "/etc/config/deep": Path("/w/deep"),
        "/tmp": Path("/w/tmp"),
        "/dev/shm": Path("/w/shm"),
        "/": Path("/w/root"),
    }
)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("--config=/etc/config/a.yaml", "--config=/w/config/a.yaml"),
        ("/etc/config/deep/x", "/w/deep/x"),
        ("/etc/configuration", "/etc/configuration"),
        ("/opt/etc/config", "/opt/etc/config"),
        ("/etc/config.d/x", "/etc/config.d/x"),
        ("mkdir -p /tmp/logs; tee /tmp/a.log", "mkdir -p /w/tmp/logs; tee /w/tmp/a.log"),
        ("'/etc/config'", "'/w/config'"),
        ("a:/etc/config:/tmp", "a:/w/config:/w/tmp"),
        ("http://host/tmp", "http://host/tmp"),
        ("/dev/shm/x", "/dev/shm/x"),
        ("plain", "plain"),
    ],
)
def test_mounted_paths_are_rewritten_where_they_are_whole(text: str, result: str) -> None:
    assert MAP.rewrite(text) == result


def test_local_paths() -> None:
    assert MAP.local("/etc/config/deep/x") == Path("/w/deep/x")
    assert MAP.local("/tmp/") == Path("/w/tmp")
    assert MAP.local("/opt") is None


def test_addresses_of_probes_move_to_the_real_port() -> None:
    assert paths.addresses("curl -s http://localhost:8000/health", {8000: 20001}) == (
        "curl -s http://127.0.0.1:20001/health"
    )
    assert paths.addresses("nc 127.0.0.1:9", {8000: 1}) == "nc 127.0.0.1:9"


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("--health-probe-bind-address=:8081", "--health-probe-bind-address=127.0.0.1:20002"),
        ("--metrics=0.0.0.0:8081", "--metrics=127.0.0.1:20002"),
        (":8081", "127.0.0.1:20002"),
        ("--other=:7", "--other=:7"),
        ("--url=http://x:8081", "--url=http://x:8081"),
    ],
)
def test_listening_addresses_in_arguments_move(word: str, result: str) -> None:
    assert paths.bind_addresses([word], {8081: 20002}) == [result]


POD = {
    "metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"b": "2", "a": "1"}},
    "spec": {"containers": []},
}
SOURCES = Sources(
    POD,
    {
        "cm": {"data": {"a.yaml": "x: 1", "b": "2"}, "binaryData": {"c": base64.b64encode(b"\x00\x01").decode()}},
        "no": None,
    },
    {"s": {"data": {"tls.key": base64.b64encode(b"key").decode()}}},
)
CONTENTS = volumes.Contents(SOURCES, {("", 3607): "sa-token", ("pods.eks", 3600): "other"})


def test_config_map_volume_holds_text_and_binary_data() -> None:
    assert volumes.files_of({"name": "v", "configMap": {"name": "cm"}}, CONTENTS) == {
        "a.yaml": b"x: 1",
        "b": b"2",
        "c": b"\x00\x01",
    }


def test_items_select_and_rename() -> None:
    volume = {"name": "v", "configMap": {"name": "cm", "items": [{"key": "b", "path": "d/x"}]}}
    assert volumes.files_of(volume, CONTENTS) == {"d/x": b"2"}
    with pytest.raises(ConfigurationError, match="non-existent configmap key: zz"):
        volumes.files_of({"name": "v", "configMap": {"name": "cm", "items": [{"key": "zz", "path": "x"}]}}, CONTENTS)


def test_missing_sources_are_refused_unless_optional() -> None:
    with pytest.raises(ConfigurationError, match='configmap "no" not found'):
        volumes.files_of({"name": "v", "configMap": {"name": "no"}}, CONTENTS)
    assert volumes.files_of({"name": "v", "configMap": {"name": "no", "optional": True}}, CONTENTS) == {}


def test_projected_volume_of_a_service_account() -> None:
    volume = {
        "name": "kube-api-access",
        "projected": {
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
                {"configMap": {"name": "cm", "items": [{"key": "b", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
                {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                {"secret": {"name": "s"}},
            ]
        },
    }
    assert volumes.files_of(volume, CONTENTS) == {
        "token": b"sa-token",
        "ca.crt": b"2",
        "namespace": b"n",
        "labels": b'a="1"\nb="2"',
        "tls.key": b"key",
    }
    need = volumes.needs([volume])
    assert need == volumes.Needs(frozenset({"cm"}), frozenset({"s"}), frozenset({("", 3607)}))


def test_write_replaces_only_what_changed(tmp_path: Path) -> None:
    root = tmp_path / "v"
    assert volumes.write(root, {"a": b"1", "d/b": b"2"})
    first = (root / "a").stat()
    assert not volumes.write(root, {"a": b"1", "d/b": b"2"})
    assert (root / "a").stat().st_ino == first.st_ino
    assert volumes.write(root, {"a": b"3"})
    assert (root / "a").read_bytes() == b"3"
    assert (root / "a").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("path", ["../x", "a/../../x"])
def test_write_does_not_leave_the_volume(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigurationError, match="leads out"):
        volumes.write(tmp_path / "v", {path: b""})


def test_claims_are_shared_and_other_volumes_are_the_pods_own(tmp_path: Path) -> None:
    claim = {"name": "v", "persistentVolumeClaim": {"claimName": "models"}}
    assert volumes.directory(claim, tmp_path / "pod", tmp_path / "claims", "dyn") == tmp_path / "claims/dyn/models"
    assert volumes.directory({"name": "v"}, tmp_path / "pod", tmp_path / "claims", "dyn") == tmp_path / "pod/volumes/v"
