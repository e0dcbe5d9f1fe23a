# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The action openai_probe: where it works, what it shows, what it never shows."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
KEY = "hunter2-secret"


class Handler(BaseHTTPRequestHandler):
    """Answers /live with the key that it got, as a careless server would."""

    def log_message(self, *_arguments: Any) -> None:
        """Keep the test output clean."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps({"got": self.headers.get("Authorization")}).encode()
        self.send_response(200 if self.path == "/live" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def play(tmp_path: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run one task."""
    task = {"ai_on_eks.dynamo.openai_probe": options, "register": "probe"}
    shown = {"ansible.builtin.debug": {"var": "probe.counts"}, "when": "probe is not failed"}
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task, shown]}]))
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(path), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_shows_what_it_does_and_hides_the_key(tmp_path: Path, url: str) -> None:
    done = play(tmp_path, "-vvv", url=url, api_key=KEY, checks=["live"], title="web")
    assert done.returncode == 0, done.stdout
    assert "  web: 1 checks; waiting ends 120 s from now, a request 60 s after it was sent" in done.stdout
    assert "  live: passed (" in done.stdout
    assert '"Bearer ********"' in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_failure_and_wrong_options(tmp_path: Path, url: str) -> None:
    done = play(tmp_path, url=url, checks=["live", "health"])
    assert done.returncode == 2
    assert "  health: failed (" in done.stdout
    assert f"Failed to probe {url}: health: GET /health answered 500" in done.stdout
    done = play(tmp_path, url=url, checks=["chatt"])
    assert done.returncode == 2
    assert "which is no check" in done.stdout


def test_check_mode(tmp_path: Path) -> None:
    done = play(tmp_path, "--check", url="http://127.0.0.1:1", checks=["live"])
    assert done.returncode == 0, done.stdout
    assert "skipped: 1" in done.stdout
