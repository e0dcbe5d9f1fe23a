# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Which graphs the role dynamo_example counts as updated: others keep their frontends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

VARIABLES = Path(__file__).resolve().parents[3] / "roles" / "dynamo_example" / "vars" / "main.yml"


def row(name: str, changed: bool) -> dict[str, Any]:
    return {"changed": changed, "result": {"metadata": {"name": name}}}


@pytest.mark.parametrize(
    ("answers", "updated"),
    [
        pytest.param(
            [{"changed": True, "result": {"results": [row("old", True), row("same", False), row("new", True)]}}],
            ["old"],
            id="several in one call",
        ),
        pytest.param([row("old", True), row("same", False)], ["old"], id="a call for each"),
        pytest.param([row("same", False)], [], id="none"),
    ],
)
def test_only_what_was_there_and_changed(answers: list[Any], updated: list[str], tmp_path: Path) -> None:
    given = {
        "__dynamo_example_found": {"graphs": [{"name": "old"}, {"name": "same"}]},
        "__dynamo_example_asked_by_http": ["old", "same", "new"],
        "__dynamo_example_applied": {"changed": True, "results": answers},
    }
    task = {"ansible.builtin.copy": {"dest": str(tmp_path / "said"), "content": "{{ __dynamo_example_updated }}"}}
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": [str(VARIABLES)], "tasks": [task]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    given["ansible_python_interpreter"] = sys.executable
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, "-i", "localhost,", "-c", "local", "-e", json.dumps(given), str(tmp_path / "play.yml")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "said").read_text().replace("'", '"')) == updated
