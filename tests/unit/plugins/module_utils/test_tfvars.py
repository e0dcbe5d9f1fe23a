# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading variable files: every literal of HCL, and errors that name file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._tfvars import (
    TfvarsError,
    merge_files,
    read_file,
    read_text,
)

ROOT = Path(__file__).resolve().parents[4]


def test_literals_become_python_values() -> None:
    text = """
# a comment
name = "dynamo-on-eks" // another
/* and
   a third */
count = 3
price = 0.25
big = 1e3
on = true
off = false
nothing = null
zones = [
  "us-west-2a",
  "us-west-2b", # trailing comma
]
enable_cluster_addons = { coredns = true, "aws-ebs-csi-driver" = false }
nested = { scaling = { min = 2, max = 8 }, list = [[1, 2], []] }
escaped = "a \\"quoted\\" $${word} and %%{more}"
hash = "not # a comment"
"""
    assert read_text(text, "x.tfvars") == {
        "name": "dynamo-on-eks",
        "count": 3,
        "price": 0.25,
        "big": 1000,
        "on": True,
        "off": False,
        "nothing": None,
        "zones": ["us-west-2a", "us-west-2b"],
        "enable_cluster_addons": {"coredns": True, "aws-ebs-csi-driver": False},
        "nested": {"scaling": {"min": 2, "max": 8}, "list": [[1, 2], []]},
        "escaped": 'a "quoted" ${word} and %{more}',
        "hash": "not # a comment",
    }


def test_heredocs_keep_their_lines() -> None:
    assert read_text("text = <<-EOT\n    one\n      two\n    EOT\n", "x.tfvars")["text"] == "one\n  two"


def test_an_empty_file_sets_nothing() -> None:
    assert read_text("", "x.tfvars") == {}
    assert read_text("# only a comment", "x.tfvars") == {}


def test_a_last_line_without_newline_counts() -> None:
    assert read_text('a = "b"', "x.tfvars") == {"a": "b"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\nb = var.other\n", 2, "expression"),
        ('a = 1\n\nb = "x-${var.other}"\n', 3, "expression"),
        ("a = max(1, 2)\n", 1, "expression"),
        ("a = [1, local.x]\n", 1, "expression"),
        ("a = 1\nb = = 2\n", 2, "not valid HCL"),
        ('a = "open\nb = 2\n', 1, "not valid HCL"),
        ('a = 1\nresource "x" "y" {\n  z = 1\n}\n', 2, "is a block"),
        ("settings {\n  z = 1\n}\n", 1, "is a block"),
    ],
)
def test_what_is_no_plain_value_is_an_error_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(TfvarsError, match=rf"Failed to read dir/my\.tfvars:{line}: .*{words}"):
        read_text(text, "dir/my.tfvars")


def test_json_files_are_read_as_json() -> None:
    assert read_text('{"a": [1, {"b": null}]}', "x.auto.tfvars.json") == {"a": [1, {"b": None}]}
    with pytest.raises(TfvarsError, match=r"x\.tfvars\.json:2: "):
        read_text('{"a":\n}', "x.tfvars.json")
    with pytest.raises(TfvarsError, match="holds a list"):
        read_text("[1]", "x.tfvars.json")


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(TfvarsError, match=r"none\.tfvars: there is no such file"):
        read_file(str(tmp_path / "none.tfvars"))


def test_a_later_file_wins_variable_by_variable(tmp_path: Path) -> None:
    (tmp_path / "a.tfvars").write_text('x = "a"\nm = { p = 1 }\n', encoding="utf-8")
    (tmp_path / "b.tfvars.json").write_text(json.dumps({"m": {"q": 2}}), encoding="utf-8")
    merged = merge_files([str(tmp_path / "a.tfvars"), str(tmp_path / "b.tfvars.json")])
    assert merged == {"x": "a", "m": {"q": 2}}


@pytest.mark.parametrize(
    ("file", "kubernetes", "dynamo"),
    [("blueprint.tfvars", "1.33", "v0.4.1"), ("profiles/current.tfvars", "1.35", "v1.6.1")],
)
def test_the_profiles_carry_their_versions(file: str, kubernetes: str, dynamo: str) -> None:
    values = read_file(str(ROOT / "terraform" / file))
    assert (values["eks_cluster_version"], values["dynamo_stack_version"]) == (kubernetes, dynamo)
    switches = [
        "dynamo_stack",
        "argocd",
        "aws_efs_csi_driver",
        "aws_efa_k8s_device_plugin",
        "ai_ml_observability_stack",
    ]
    assert {f"enable_{name}" for name in switches} <= set(values)
