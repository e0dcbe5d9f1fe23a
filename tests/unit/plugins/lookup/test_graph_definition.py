# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup graph_definition: where it looks for files, and in which line it says that they are wrong."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import SCHEMA
from ansible_collections.ai_on_eks.dynamo.plugins.lookup.graph_definition import LookupModule

TEXT = (SCHEMA.parent / "examples" / "vllm.yml").read_text(encoding="utf-8")


def read(name: str, base: str = "/nonexistent") -> dict[str, t.Any]:
    lookup = LookupModule()
    lookup.set_options = lambda **_given: None
    (found,) = lookup.run([name], {"playbook_dir": base})
    return t.cast("dict[str, t.Any]", found)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("prefix", ["", "@"])
def test_files_are_looked_for_where_the_user_stands(here: Path, prefix: str) -> None:
    (here / "my.yml").write_text(TEXT, encoding="utf-8")
    assert read(f"{prefix}my.yml")["name"] == "vllm"
    assert read(f"{prefix}{here}/my.yml")["name"] == "vllm"


def test_then_beside_the_playbook(here: Path) -> None:
    (here / "playbooks").mkdir()
    (here / "playbooks" / "my.yml").write_text(TEXT, encoding="utf-8")
    assert read("my.yml", str(here / "playbooks"))["name"] == "vllm"


def test_a_file_that_is_not_there(here: Path) -> None:
    with pytest.raises(AnsibleLookupError, match=f"no such file, neither in {here} nor in /nonexistent"):
        read("my.yml")


def line(text: str, words: str) -> int:
    return next(number for number, entry in enumerate(text.splitlines(), 1) if words in entry)


@pytest.mark.parametrize(
    ("change", "at", "words"),
    [
        (("gpu: 1", "gpu: many"), "gpu: many", r"components\[1\]\.resources\.gpu must be integer"),
        (("runtime: vllm", "runtime: tgi"), "runtime: tgi", "runtime must be one of vllm"),
        (("tier: production", "teer: production"), "teer:", "teer is unknown"),
        (("name: Frontend", "name: Gateway"), "name: Gateway", r"components\[0\]\.name must be Frontend"),
        (("memory: 16Gi, gpu: 1", "memory: 16Gi"), "- name: VllmWorker", r"components\[1\] runs the engine vllm"),
    ],
)
def test_faults_have_lines(here: Path, change: tuple[str, str], at: str, words: str) -> None:
    text = TEXT.replace(*change)
    (here / "my.yml").write_text(text, encoding="utf-8")
    with pytest.raises(AnsibleLookupError, match=f"Failed to read my.yml: line {line(text, at)}: {words}"):
        read("my.yml")


def test_all_faults_at_once(here: Path) -> None:
    (here / "my.yml").write_text(TEXT.replace("gpu: 1", "gpu: many").replace("runtime: vllm", "runtime: tgi"), "utf-8")
    with pytest.raises(AnsibleLookupError, match=r"runtime must be.*; line \d+: components\[1\]"):
        read("my.yml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [a\nb: c", r"Failed to read my\.yml, line 2: .*Correct the YAML"),
        ("", "the definition must be object, not empty"),
        ("- a", "the definition must be object"),
        ("kind: DynamoGraphDeployment\n", "it is a manifest of Kubernetes"),
        ("name: x\n\tb: c", "Failed to read my.yml, line 2"),
    ],
)
def test_what_is_no_definition(here: Path, text: str, words: str) -> None:
    (here / "my.yml").write_text(text, encoding="utf-8")
    with pytest.raises(AnsibleLookupError, match=words):
        read("my.yml")


def test_what_is_no_text(here: Path) -> None:
    (here / "my.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnsibleLookupError, match=r"Failed to read my\.yml"):
        read("my.yml")
