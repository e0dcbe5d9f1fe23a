# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Schemas, packages and the server of the chart repository."""

from __future__ import annotations

import io
import json
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from rehearsal import ports
from rehearsal.charts import modules, repository, schema
from rehearsal.charts.package import Source, contents, pack, released_values
from rehearsal.charts.server import Behaviour, authorized, locate, server

STAND_INS = sorted(path.name for path in repository.SOURCES.iterdir())


def test_schema_knows_exactly_the_keys_of_the_defaults() -> None:
    values = {"a": {"b": 1, "c": None}, "free": {}, "list": [], "resources": {"limits": {"cpu": 1}}, "text": "x"}
    derived = schema.derive(values, {"a.c": {"enum": ["x", None]}})
    check = jsonschema.Draft7Validator(derived)
    assert check.is_valid({**values, "free": {"any": 1}, "resources": {"requests": {}}, "global": {}, "enabled": True})
    wrongs: list[dict[str, object]] = [
        {"b": 1},
        {"a": {"d": 1}},
        {"a": {"b": "x"}},
        {"a": {"c": "y"}},
        {"text": 1},
        {"list": {}},
    ]
    for wrong in wrongs:
        assert not check.is_valid(wrong), wrong


def test_schema_override_of_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"a\.x"):
        schema.derive({"a": {"b": 1}}, {"a.x": {}})


@pytest.mark.parametrize("name", STAND_INS)
def test_stand_in_takes_its_own_defaults(name: str) -> None:
    folder = repository.SOURCES / name
    chart = yaml.safe_load((folder / "Chart.yaml").read_text())
    files = contents(Source(folder, chart["version"]))
    found = [path for path in files if path.endswith("values.schema.json")]
    assert "values.schema.json" in found
    for path in found:
        values = yaml.safe_load(files[path.replace("values.schema.json", "values.yaml")])
        jsonschema.Draft7Validator(json.loads(files[path])).validate(values)
    assert not [path for path in files if path.endswith("schema.yaml")]


def test_package_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    source = repository.SOURCES / "dcgm-exporter"
    copied = tmp_path / "copy"
    copied.mkdir()
    for path in source.rglob("*"):
        target = copied / path.relative_to(source)
        if path.is_dir():
            target.mkdir()
        else:
            target.write_bytes(path.read_bytes())
    first = pack(Source(source, "4.8.2"))
    assert first.data == pack(Source(copied, "4.8.2")).data
    assert first.file_name == "dcgm-exporter-4.8.2.tgz"
    with tarfile.open(fileobj=io.BytesIO(first.data)) as archive:
        names = archive.getnames()
    assert names[0] == "dcgm-exporter/Chart.yaml"


def test_version_of_a_real_chart_is_the_release(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("name: k\nversion: 1.14.1\nappVersion: 1.14.1\n")
    digest = "0" * 64
    (tmp_path / "values.yaml").write_text(f"image:\n  tag: 1.14.1\n  digest: sha256:{digest}\nother: 1.14.1\n")
    package = pack(Source(tmp_path, "1.15.0", ours=False))
    assert package.file_name == "k-1.15.0.tgz"
    assert package.metadata["appVersion"] == "1.15.0"


def test_released_values() -> None:
    text = "a:\n  tag: 1.0.0\n  digest: sha256:" + "a" * 64 + "\nb:\n  tag: 2.0.0\n"
    assert yaml.safe_load(released_values(text, "1.0.0", "1.1.0")) == {
        "a": {"tag": "1.1.0", "digest": ""},
        "b": {"tag": "2.0.0"},
    }


@pytest.mark.parametrize(("folder", "version"), [("dynamo-platform-0.4", "0.8.1"), ("dynamo-platform", "1.4.2")])
def test_a_release_between_the_ages(folder: str, version: str) -> None:
    defaults = repository.grown(version) if folder.endswith("0.4") else {}
    files = contents(Source(repository.SOURCES / folder, version, defaults=defaults))
    chart = yaml.safe_load(files["Chart.yaml"])
    operator = yaml.safe_load(files["charts/dynamo-operator/Chart.yaml"])
    assert {chart["version"], operator["version"], operator["appVersion"]} == {version}
    assert {"name": "dynamo-operator", "version": version, "condition": "dynamo-operator.enabled"} in chart[
        "dependencies"
    ]


def test_releases_grow_keys_that_older_ones_refuse() -> None:
    known = {}
    for version in ("0.6.1", "0.7.1"):
        source = Source(repository.SOURCES / "dynamo-platform-0.4", version, defaults=repository.grown(version))
        schema = json.loads(contents(source)["charts/dynamo-operator/values.schema.json"])
        known[version] = "metrics" in schema["properties"]["dynamo"]["properties"]
    assert known == {"0.6.1": False, "0.7.1": True}


def test_every_step_of_an_upgrade_has_a_chart() -> None:
    from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._platform.ledger import RELEASES

    assert {*RELEASES} == {"0.4.1", "1.6.1", *repository.OLD_AGE, *repository.PRESENT_AGE}


def test_index_carries_digests() -> None:
    import hashlib

    package = pack(Source(repository.SOURCES / "dcgm-exporter", "4.8.2"))
    (entry,) = repository.index([package])["entries"]["dcgm-exporter"]
    assert entry["digest"] == hashlib.sha256(package.data).hexdigest()
    assert entry["urls"] == ["dcgm-exporter-4.8.2.tgz"]


def test_module_version_and_folder(tmp_path: Path) -> None:
    go_mod = "module x\n\nrequire github.com/Azure/a v1.2.3\nrequire (\n\tgithub.com/b/c v0.1.0 // indirect\n)\n"
    assert modules.required_version(go_mod, "github.com/Azure/a") == "v1.2.3"
    assert modules.required_version(go_mod, "github.com/b/c") == "v0.1.0"
    with pytest.raises(modules.ModuleError, match="Failed to find"):
        modules.required_version(go_mod, "github.com/d/e")
    expected = tmp_path / "github.com" / "!azure" / "a@v1.2.3"
    assert modules.cached_folder(tmp_path, "github.com/Azure/a", "v1.2.3") == expected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.yaml").write_text("apiVersion: v1\n")
    (tmp_path / "a-1.0.0.tgz").write_bytes(b"chart")
    (tmp_path / ".hidden").write_text("no")
    return tmp_path


@pytest.mark.parametrize("target", ["/", "/nope.tgz", "/../secret", "/%2e%2e/secret", "/.hidden", "//etc/passwd"])
def test_only_files_of_the_folder_are_served(folder: Path, target: str) -> None:
    (folder.parent / "secret").write_text("no")
    assert locate(folder, target) is None


class Running:
    def __init__(self, behaviour: Behaviour) -> None:
        self.port = ports.choose()
        self.server = server(behaviour, self.port)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), dict(error.headers)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def plain(folder: Path) -> Iterator[Running]:
    running = Running(Behaviour(folder))
    yield running
    running.stop()


def test_serving(plain: Running) -> None:
    assert plain.ask("/a-1.0.0.tgz")[:2] == (200, b"chart")
    status, body, headers = plain.ask("/a-1.0.0.tgz", "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", "5")
    assert plain.ask("/nope")[:2] == (404, b"404 Not Found\n")


def test_basic_auth(folder: Path) -> None:
    import base64

    running = Running(Behaviour(folder, basic_auth="user:secret"))
    status, _, headers = running.ask("/index.yaml")
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="charts"')
    token = base64.b64encode(b"user:secret").decode()
    assert running.ask("/index.yaml", Authorization=f"Basic {token}")[0] == 200
    assert not authorized("Bearer x", "user:secret")
    running.stop()


@pytest.mark.parametrize("code", [403, 500])
def test_failing(folder: Path, code: int) -> None:
    running = Running(Behaviour(folder, fail=code))
    assert running.ask("/index.yaml")[0] == code
    running.stop()
