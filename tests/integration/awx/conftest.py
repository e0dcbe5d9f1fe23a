# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""awx_configure.yml as a user runs it, against an AWX that is empty at first."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.awx import server as awx_server

ROOT = Path(__file__).resolve().parents[3]

TOKEN = "planted-oauth-token-7c1d"
SECRETS = {"hf_token": "hf_planted1a2b3c", "password": "planted/aws+key/9f8e"}
NEEDED = ("-e", "awx_project_url=https://git.example.com/dynamo.git", "-e", "awx_image=quay.io/example/dynamo:1")


@dataclass
class Controller:
    """Runs playbooks with the environment of somebody who has a token of AWX."""

    awx: awx_server.Awx
    address: str
    seen: list[bytes] = field(default_factory=list)

    def run(self, *arguments: str, watch: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run awx_configure.yml and return what it said; watched, the command lines of all processes are kept."""
        env = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_PIPELINING": "true",
            "CONTROLLER_HOST": self.address,
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
            **environment,
        }
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,))
        if watch:
            watcher.start()
        command = [Path(sys.executable).parent / "ansible-playbook", "awx_configure.yml", *arguments]
        try:
            return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        finally:
            done.set()
            if watch:
                watcher.join()

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(0.5):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.append(path.read_bytes())
                except OSError:
                    continue  # It has ended.


@pytest.fixture(scope="module")
def controller() -> Iterator[Controller]:
    """An AWX with nothing of ours in it."""
    for server in awx_server.serve(TOKEN, ROOT):
        yield Controller(server.awx, server.address)
