# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a webhook is told of a real run of ansible-playbook, and what it is never told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.callback import notify as module

ROOT = Path(__file__).resolve().parents[4]
PLAYBOOK = """
- name: Proof
  hosts: all
  gather_facts: false
  vars: {token: hunter2}
  tasks:
    - name: Change {{ token }}
      ansible.builtin.debug: {msg: "{{ token }}"}
      changed_when: true
    - block:
        - name: Expected
          ansible.builtin.fail: {msg: "{{ token }}"}
      rescue:
        - ansible.builtin.debug: {msg: rescued}
    - name: Break {{ token }}
      ansible.builtin.fail: {msg: "{{ token }}"}
      when: broken | default(false) | bool
"""
MESSAGE: dict[str, Any] = {
    "event": "finish",
    "playbook": "install.yml",
    "cluster": "prod",
    "check_mode": False,
    "seconds": 754.2,
    "changed": 16,
    "tasks_failed": [],
}


@dataclass
class Receiver:
    """A webhook of this machine."""

    url: str
    status: int = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            made.tokens.append(self.headers["Authorization"])
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}/hook/s3cret")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()


def run(tmp_path: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "site.yml").write_text(PLAYBOOK)
    return subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "a,", "-c", "local", "site.yml", *words],
        cwd=tmp_path,
        env={
            **os.environ,
            "ANSIBLE_CALLBACKS_ENABLED": "ai_on_eks.dynamo.notify",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_line_for_people() -> None:
    assert module.text_of(MESSAGE) == "install.yml of prod is done after 12 min 34 s: 16 changed"
    assert module.text_of({**MESSAGE, "event": "start", "cluster": ""}) == "install.yml has begun"
    failed = {**MESSAGE, "event": "failure", "seconds": 9.0, "tasks_failed": ["apply", "wait"], "check_mode": True}
    assert module.text_of(failed) == "install.yml of prod (check mode) failed after 9 s at: apply; wait"


def test_each_receiver_gets_its_form() -> None:
    assert set(module.body_of(MESSAGE, "auto", "hooks.slack.com")) == {"text"}
    assert set(module.body_of(MESSAGE, "slack", "chat.example.com")) == {"text"}
    assert module.body_of(MESSAGE, "auto", "ops.example.com") == {**MESSAGE, "text": module.text_of(MESSAGE)}


def test_a_run_is_told_from_beginning_to_end(tmp_path: Path, receiver: Receiver) -> None:
    done = run(tmp_path, "-e", "cluster_name=prod", AI_ON_EKS_NOTIFY_URL=receiver.url, AI_ON_EKS_NOTIFY_TOKEN="t0ken")
    assert done.returncode == 0, done.stdout
    assert [body["event"] for body in receiver.bodies] == ["start", "finish"]
    last = receiver.bodies[-1]
    assert (last["playbook"], last["cluster"], last["changed"], last["failed"]) == ("site.yml", "prod", 1, 0)
    assert last["tasks_failed"] == []
    assert receiver.tokens == ["Bearer t0ken"] * 2


def test_a_failure_is_told_with_the_name_of_its_task_and_without_what_it_said(
    tmp_path: Path, receiver: Receiver
) -> None:
    done = run(
        tmp_path, "-e", "broken=true", AI_ON_EKS_NOTIFY_URL=receiver.url, AI_ON_EKS_NOTIFY_EVENTS="failure,finish"
    )
    assert done.returncode == 2
    assert [body["event"] for body in receiver.bodies] == ["failure"]
    assert receiver.bodies[0]["tasks_failed"] == ["Break {{ token }}"]
    assert "hunter2" not in json.dumps(receiver.bodies)


def test_a_receiver_that_refuses_is_a_warning_without_its_address(tmp_path: Path, receiver: Receiver) -> None:
    receiver.status = 404
    done = run(tmp_path, AI_ON_EKS_NOTIFY_URL=receiver.url, AI_ON_EKS_NOTIFY_EVENTS="finish")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0
    assert "Failed to notify 127.0.0.1: HTTP 404." in said
    assert "s3cret" not in said


def test_a_receiver_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    done = run(tmp_path, AI_ON_EKS_NOTIFY_URL="http://127.0.0.1:9/s3cret", AI_ON_EKS_NOTIFY_EVENTS="finish")
    assert done.returncode == 0
    assert "Failed to notify 127.0.0.1: " in done.stdout + done.stderr


def test_a_word_that_is_no_address_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, AI_ON_EKS_NOTIFY_URL="hooks.example.com/s3cret")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0
    assert "AI_ON_EKS_NOTIFY_URL is no address that begins with https://" in said
    assert "s3cret" not in said


def test_without_an_address_nothing_happens(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0
    assert "notify" not in done.stdout + done.stderr
