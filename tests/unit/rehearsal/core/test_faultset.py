# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults go to whoever injects them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rehearsal.faultset import FaultSet
from rehearsal.paths import WorkDir


@pytest.fixture
def aws() -> Iterator[tuple[str, list[Any]]]:
    faults: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, faults)

        def do_POST(self) -> None:
            fault = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if fault["kind"] != "throttle":
                self._answer(400, {"error": "unknown kind"})
                return
            faults.append(fault)
            self._answer(200, fault)

        def do_DELETE(self) -> None:
            faults.clear()
            self._answer(200, {})

        def _answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", faults
    server.shutdown()
    server.server_close()
    thread.join()


def cluster(work: WorkDir, name: str) -> Path:
    nodes = work.cluster(name) / "nodes"
    nodes.mkdir(parents=True)
    (nodes / "agent.ready").touch()
    return nodes / "faults.json"


def test_faults_of_pods_reach_every_clusters_agent(aws: tuple[str, list[Any]], tmp_path: Path) -> None:
    work = WorkDir(tmp_path)
    file = cluster(work, "demo")
    faults = FaultSet(work, aws[0])
    crash = {"kind": "crash", "pod": "vllm-*"}
    faults.add(crash)
    faults.add({"kind": "slow-start"})
    assert json.loads(file.read_text()) == [crash, {"kind": "slow-start"}]
    assert faults.show() == {"aws": [], "pods": {"demo": [crash, {"kind": "slow-start"}]}}
    faults.clear()
    assert faults.show() == {"aws": [], "pods": {}}
    assert not file.exists()


def test_other_faults_go_to_the_embedded_aws(aws: tuple[str, list[Any]], tmp_path: Path) -> None:
    faults = FaultSet(WorkDir(tmp_path), aws[0])
    faults.add({"kind": "throttle", "action": "ec2:*"})
    assert aws[1] == [{"kind": "throttle", "action": "ec2:*"}]
    faults.clear()
    assert aws[1] == []


def test_what_cannot_be_injected_is_refused(aws: tuple[str, list[Any]], tmp_path: Path) -> None:
    faults = FaultSet(WorkDir(tmp_path), aws[0])
    with pytest.raises(ValueError, match="it has no kind"):
        faults.add({})
    with pytest.raises(ValueError, match="no cluster runs"):
        faults.add({"kind": "crash"})
    with pytest.raises(OSError, match="unknown kind"):
        faults.add({"kind": "earthquake"})
