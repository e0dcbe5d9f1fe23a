# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Terraform's AWS provider against an embedded AWS of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rehearsal.bootstrap import provider

from .conftest import ROOT, START_SECONDS, Aws


@contextmanager
def serve(work: Path, policy: Path) -> Iterator[Aws]:
    """A server whose clusters become ACTIVE by themselves."""
    data = work / "aws"
    command = [sys.executable, "-m", "rehearsal.aws", "--port", "0", "--data", str(data), "--no-control-plane"]
    with (work / "aws.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--installer-policy", str(policy)], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, text=True
        )
        deadline = time.monotonic() + START_SECONDS
        while not (data / "server.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start: {(work / 'aws.log').read_text()}")
            time.sleep(0.05)
        yield Aws(json.loads((data / "server.json").read_text())["url"], data, process)
        process.terminate()
        process.wait(timeout=START_SECONDS)


def terraform(aws: Aws, work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Terraform as the installing user."""
    keys = json.loads((aws.data / "credentials.json").read_text())
    rc = work / "terraform.rc"
    if not rc.exists():
        (work / "plugins").mkdir()
        rc.write_text(provider.render(provider.find(os.environ, Path.home()), work / "plugins"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    environment = {
        **kept,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TF_CLI_CONFIG_FILE": str(rc),
        "TF_IN_AUTOMATION": "1",
    }
    options = ["-no-color"] if arguments[0] == "show" else ["-no-color", "-input=false"]
    command = ["terraform", arguments[0], *options, *arguments[1:]]
    return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=600, check=False)
