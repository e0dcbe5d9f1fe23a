# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Charts through the real Helm, from a repository that wants a key, lies about nothing and can be made to fail."""

from __future__ import annotations

import base64
import hashlib
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._charts.chart import Chart
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._charts.helm import ChartError, Helm
from ansible_collections.ai_on_eks.dynamo.plugins.modules.chart_fetch import obtain_all
from rehearsal.toolchain import Toolchain

KEY = "nvapi-0123456789"


class Repository(http.server.ThreadingHTTPServer):
    """A chart repository: open below /open, with a key below /key, broken below /<status>; an OCI registry at /v2."""

    daemon_threads = True
    files: Path
    asked: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    server: Repository

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        room, _, rest = self.path.removeprefix("/v2/").lstrip("/").partition("/")
        if room == "key":
            user, _, key = self._credentials().partition(":")
            status = 401 if key != KEY else 403 if user != "$oauthtoken" else 200
        else:
            status = 200 if room == "open" else int(room) if room.isdigit() else 404
        path = self.server.files / rest
        body = path.read_bytes() if status == 200 and path.is_file() else b"{}"
        self.send_response(status if status != 200 or path.is_file() else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _credentials(self) -> str:
        return base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    files = tmp_path_factory.mktemp("repository")
    chart = tmp_path_factory.mktemp("source") / "pools"
    chart.mkdir()
    for version in ("1.13.0", "1.14.1", "1.15.0"):
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: pools\nversion: {version}\n", encoding="utf-8")
        subprocess.run([_helm(), "package", str(chart), "-d", str(files)], check=True, capture_output=True)
    subprocess.run([_helm(), "repo", "index", str(files)], check=True, capture_output=True)
    server = Repository(("127.0.0.1", 0), Handler)
    server.files, server.asked = files, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def chart(repository: Repository) -> Chart:
    return Chart("pools", "pools", "1.15.0", _url(repository, "open"), version_setting="pools_version")


@pytest.fixture
def helm() -> Helm:
    return Helm(_helm(), timeout=30, retries=1, pause=0)


def _helm() -> str:
    return shutil.which("helm") or str(Toolchain.find().bin_dir / "helm")


def _url(repository: Repository, room: str) -> str:
    return f"http://127.0.0.1:{repository.server_address[1]}/{room}"


def _digest(repository: Repository, version: str = "1.15.0") -> str:
    return hashlib.sha256((repository.files / f"pools-{version}.tgz").read_bytes()).hexdigest()


def test_a_chart_that_is_there_is_only_looked_at(helm: Helm, chart: Chart, tmp_path: Path) -> None:
    assert helm.obtain(chart, tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_a_version_that_does_not_exist_names_the_nearest(helm: Helm, chart: Chart, tmp_path: Path) -> None:
    with pytest.raises(ChartError, match=r"no such version; nearest: 1\.14\.1, 1\.15\.0\. Set pools_version to one"):
        helm.obtain(replace(chart, version="1.14.7"), tmp_path)


@pytest.mark.parametrize(
    ("room", "says"),
    [
        ("401", "gives nothing without a key"),
        ("403", "refuses to give this chart"),
        ("404", "no chart repository at that address"),
    ],
)
def test_an_answer_that_no_second_try_mends(
    repository: Repository, helm: Helm, chart: Chart, tmp_path: Path, room: str, says: str
) -> None:
    with pytest.raises(ChartError, match=says):
        helm.obtain(replace(chart, url=_url(repository, room)), tmp_path)


def test_a_registry_without_a_good_certificate(
    repository: Repository, helm: Helm, chart: Chart, tmp_path: Path
) -> None:
    registry = _url(repository, "open").replace("http://", "oci://")
    with pytest.raises(ChartError, match="its TLS certificate is not accepted"):
        helm.obtain(replace(chart, url="", ref=f"{registry}/pools"), tmp_path)


def test_a_busy_repository_is_asked_again(repository: Repository, helm: Helm, chart: Chart, tmp_path: Path) -> None:
    repository.asked.clear()
    with pytest.raises(ChartError, match="cannot serve now"):
        helm.obtain(replace(chart, url=_url(repository, "503")), tmp_path)
    assert repository.asked == ["/503/index.yaml"] * 2


def test_a_repository_that_is_down(helm: Helm, chart: Chart, tmp_path: Path) -> None:
    with pytest.raises(ChartError, match=r"cannot be reached \(.*connection refused\)"):
        helm.obtain(replace(chart, url="http://127.0.0.1:1/charts"), tmp_path)


def test_a_pinned_chart_is_fetched_once_and_another_is_refused(
    repository: Repository, helm: Helm, chart: Chart, tmp_path: Path
) -> None:
    pinned = replace(chart, digest=f"sha256:{_digest(repository)}")
    path = helm.obtain(pinned, tmp_path)
    assert path == tmp_path / "pools-1.15.0.tgz"
    repository.asked.clear()
    assert helm.obtain(pinned, tmp_path) == path
    assert repository.asked == []
    with pytest.raises(ChartError, match="its SHA-256 is"):
        helm.obtain(replace(chart, digest=_digest(repository, "1.14.1")), tmp_path)
    assert _digest(repository) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_key_is_given_in_a_file_and_judged_by_the_repository(
    repository: Repository, helm: Helm, chart: Chart, tmp_path: Path
) -> None:
    locked = replace(chart, url=_url(repository, "key"), username="$oauthtoken", password=KEY, key_setting="ngc_key")
    assert helm.obtain(locked, tmp_path) == tmp_path / "pools-1.15.0.tgz"
    with pytest.raises(ChartError, match="does not know the key that was given"):
        helm.obtain(replace(locked, password="nvapi-old"), tmp_path)
    with pytest.raises(ChartError, match="the key is good, but may not read this chart"):
        helm.obtain(replace(locked, username="somebody"), tmp_path)
    with pytest.raises(ChartError, match=r"nearest: 1\.15\.0"):
        helm.obtain(replace(locked, version="1.16.0"), tmp_path)


def test_all_charts_are_judged_and_installed_ones_are_not_asked_for(
    repository: Repository, helm: Helm, chart: Chart, tmp_path: Path
) -> None:
    repository.asked.clear()
    missing = [
        replace(chart, name="a", ref="a"),
        replace(chart, name="b", version="2.0.0", url="http://127.0.0.1:1/charts"),
    ]
    found, wrong = obtain_all(helm, [chart, *missing], tmp_path, {"pools-1.15.0"})
    assert found == {"pools": {"ref": "pools", "url": chart.url, "version": "1.15.0", "fetched": False}}
    assert len(wrong) == 2
    assert "no chart of this name" in wrong[0]
    assert "cannot be reached" in wrong[1]
    assert all("pools" not in path for path in repository.asked)


@pytest.fixture(autouse=True)
def _away_from_the_users_helm(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"):
        monkeypatch.setenv(name, os.fspath(home))
