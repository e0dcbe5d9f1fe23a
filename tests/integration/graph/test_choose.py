# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Choosing an example with the real ansible-playbook and without a terminal; a cluster is never reached."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    ai_on_eks_cluster: {name: none, kubeconfig: /nonexistent/kubeconfig, context: none}
  tasks:
    - ansible.builtin.include_role: {name: ai_on_eks.dynamo.dynamo_example, tasks_from: "{{ entry }}"}
"""


def run(tmp_path: Path, entry: str, *arguments: str) -> tuple[int, str]:
    """Run one entry point of the role; the standard input is empty, as in CI."""
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        *("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"),
        *("-e", f"entry={entry}", *arguments, str(playbook)),
    ]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_list(tmp_path: Path) -> None:
    code, output = run(tmp_path, "list.yml")
    assert code == 0, output
    assert output.index("hello-world: Two small CPU") < output.index("vllm: One vLLM worker")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Failed to choose an example: none was named. Say which: ansible-playbook deploy.yml -e example=NAME"),
        (
            ("-e", "dynamo_example_name=vlm,vllm"),
            "Failed to find the example vlm: there is none of that name. Examples are",
        ),
        (
            ("-e", "dynamo_example_name=vllm", "-e", "dynamo_example_definition=my.yml"),
            "dynamo_example_name (example=) and dynamo_example_definition (graph=) are both given",
        ),
        (("-e", "dynamo_example_name=vllm"), "Failed to load context 'none' of /nonexistent/kubeconfig"),
    ],
)
def test_refusals(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    code, output = run(tmp_path, "main.yml", *arguments)
    assert code != 0
    assert words in output


def test_remove_without_a_cluster(tmp_path: Path) -> None:
    code, output = run(tmp_path, "remove.yml", "-e", "dynamo_example_name=vllm")
    assert code != 0
    assert "Failed to load context 'none' of /nonexistent/kubeconfig" in output
