# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""One embedded AWS for all tests, and stacks on a small configuration in it."""

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
from botocore.config import Config

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import Options, Stack
from rehearsal.bootstrap import provider

ROOT = Path(__file__).resolve().parents[3]
TINY = Path(__file__).parent / "tiny"
REGION = "us-west-2"
ACCOUNT = "123456789012"
SECONDS = 180
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def wait_for(condition: Callable[[], Any], seconds: float = SECONDS) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.05)


@dataclass
class Aws:
    """The running server."""

    url: str
    environment: dict[str, str]

    def client(self, service: str, region: str = REGION) -> Any:
        """A client of boto3."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def admin(self, method: str, path: str, content: Any = None) -> Any:
        """Call the server's own API."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}/rehearsal/{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def fault(self, **fault: Any) -> None:
        """Let calls fail until the test ends."""
        self.admin("POST", "faults", fault)

    def latency(self, **seconds: float) -> None:
        """Let clusters and others take their time until the test ends."""
        self.admin("POST", "latencies", {name.replace("_", ":"): value for name, value in seconds.items()})

    def vpcs(self, name: str) -> int:
        """How many VPCs a cluster of this name has."""
        filters = [{"Name": "tag:Cluster", "Values": [name]}]
        return len(self.client("ec2").describe_vpcs(Filters=filters)["Vpcs"])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The server: clusters become ACTIVE by themselves, the installing user may do everything."""
    data = tmp_path_factory.mktemp("aws")
    (data / "policy.json").write_text(json.dumps({"all": EVERYTHING}), encoding="utf-8")
    command = [sys.executable, "-m", "rehearsal.aws", "--port", "0", "--data", str(data), "--no-control-plane"]
    with (data / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--installer-policy", str(data / "policy.json")], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        wait_for(lambda: (data / "server.json").exists() or process.poll() is not None)
        url = json.loads((data / "server.json").read_text())["url"]
        keys = json.loads((data / "credentials.json").read_text())
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        (data / "plugins").mkdir()
        (data / "terraform.rc").write_text(provider.render(provider.find(kept, Path.home()), data / "plugins"))
        environment = {
            **kept,
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_CLI_CONFIG_FILE": str(data / "terraform.rc"),
        }
        yield Aws(url, environment)
        process.terminate()
        process.wait(timeout=SECONDS)


@pytest.fixture
def aws(server: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """The server without faults and latencies, named by this process's own environment too."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "TF_"))]:
        monkeypatch.delenv(name)
    for name, value in server.environment.items():
        if name.startswith(("AWS_", "TF_")):
            monkeypatch.setenv(name, value)
    yield server
    server.admin("DELETE", "faults")
    server.admin("POST", "latencies", dict.fromkeys(server.admin("GET", "latencies"), 0))


@dataclass
class Tiny:
    """The small configuration under one name in one work directory."""

    aws: Aws
    name: str
    work: Path
    lines: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Keep a line, and when it was said."""
        self.lines.append(line)
        self.times.append(time.monotonic())

    def stack(self, change: bool = True, environment: dict[str, str] | None = None, **options: Any) -> Stack:
        """A stack that is prepared."""
        variables = {"name": self.name, **options.pop("variables", {})}
        given = {"source": TINY, "progress_interval": 1, **options}
        stack = Stack(
            Options(work_dir=self.work, variables=variables, **given),
            {**self.aws.environment, **(environment or {})},
            self.say,
            change=change,
        )
        stack.prepare()
        return stack

    def install(self, **options: Any) -> Stack:
        """Plan and apply."""
        stack = self.stack(**options)
        stack.apply(stack.plan())
        return stack

    @property
    def said(self) -> str:
        """All lines."""
        return "\n".join(self.lines)


@pytest.fixture
def tiny(aws: Aws, tmp_path: Path, request: pytest.FixtureRequest) -> Tiny:
    """A configuration whose name no other test uses."""
    number = abs(hash(request.node.nodeid)) % 100000
    return Tiny(aws, f"tiny-{number}", tmp_path / "work")
