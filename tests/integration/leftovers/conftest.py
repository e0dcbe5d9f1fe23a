# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""One account for the session, emptied after each test, with an installing user who holds the published policies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible.module_utils.testing import patch_module_args
from botocore.config import Config

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import look
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.asking import Connections
from ansible_collections.ai_on_eks.dynamo.plugins.modules import cluster_leftovers_info, cluster_sweep

from .account import REGION, Cluster, Json

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 120


@dataclass
class Aws:
    """A running server."""

    url: str
    data: Path
    _clients: dict[str, Any] = field(default_factory=dict)

    def keys(self, who: str) -> dict[str, str]:
        """Access key of a user: ``credentials`` (the installing user) or ``admin``."""
        return dict(json.loads((self.data / f"{who}.json").read_text(encoding="utf-8")))

    def client(self, service: str) -> Any:
        """A boto3 client of the account's administrator."""
        if service not in self._clients:
            keys = self.keys("admin")
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=keys["access_key_id"],
                aws_secret_access_key=keys["secret_access_key"],
                config=Config(s3={"addressing_style": "path"}),
            )
        return self._clients[service]

    def admin(self, method: str, path: str, content: Any = None) -> Any:
        """Call the admin API."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}/rehearsal/{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def inventory(self) -> dict[str, list[str]]:
        """Everything that the account holds."""
        return dict(self.admin("GET", "inventory"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The embedded AWS."""
    data = tmp_path_factory.mktemp("aws")
    policy = str(ROOT / "docs/iam/installer-policy.json")
    command = [sys.executable, "-m", "rehearsal.aws", "--port", "0", "--data", str(data), "--installer-policy", policy]
    with (data / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, "--no-control-plane"],
            cwd=ROOT,
            env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + START_SECONDS
        while not (data / "server.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start: {(data / 'log').read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield Aws(json.loads((data / "server.json").read_text(encoding="utf-8"))["url"], data)
        process.terminate()
        assert process.wait(timeout=START_SECONDS) == 0
    assert "Traceback" not in (data / "log").read_text(encoding="utf-8")


@pytest.fixture
def aws(server: Aws) -> Iterator[Aws]:
    """The account: empty before and after."""
    assert server.inventory() == {}
    yield server
    server.admin("DELETE", "faults")


@pytest.fixture
def cluster(aws: Aws) -> Cluster:
    """A cluster of which nothing is made yet."""
    return Cluster(aws.client)


Run = Callable[..., Json]


_CLIENTS: dict[str, Connections] = {}


@pytest.fixture
def own_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test's modules make clients of their own: throttled ones stay slow for a while."""
    monkeypatch.setitem(_CLIENTS, "credentials", look.connect(REGION))


@pytest.fixture
def run(aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a module in this process, as the installing user unless said otherwise; a failure is in ``failed``."""

    connect = look.connect

    def call(module: Any, who: str = "credentials", check: bool = False, **options: Any) -> Json:
        keys = aws.keys(who)
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["access_key_id"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["secret_access_key"])
        # Making the clients of twenty-five services takes longer than what they are asked.
        connections = _CLIENTS[who] = _CLIENTS.get(who) or connect(REGION)
        monkeypatch.setattr(look, "connect", lambda _region: connections)
        arguments = {"cluster_name": "dyn", "region": REGION, **options, "_ansible_check_mode": check}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return dict(json.loads(capsys.readouterr().out))

    return call


@pytest.fixture
def scan(run: Run) -> Run:
    """Look for leftovers."""
    return lambda **options: run(cluster_leftovers_info, **options)


@pytest.fixture
def sweep(run: Run) -> Run:
    """Sweep, without waiting long between the rounds: the embedded AWS does not lag."""
    return lambda **options: run(cluster_sweep, **{"poll_interval": 0.05, "prices": False, **options})
