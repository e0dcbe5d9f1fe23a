# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of Terraform's variables says what the root says, and every variable explains itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import variables  # noqa: E402

DECLARED = {
    name: found for file in variables.FILES for name, found in variables.variables(variables.SOURCE / file).items()
}


def test_the_page_is_current() -> None:
    assert variables.PAGE.read_text(encoding="utf-8") == variables.page(), "Run python tests/variables.py."


def test_no_variable_is_declared_elsewhere() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in variables.SOURCE.glob("*.tf"))
    assert set(re.findall(r'^variable "(\w+)"', text, flags=re.MULTILINE)) == set(DECLARED)


def test_no_variable_is_both_here_and_not_here() -> None:
    absent = [name for names in variables.NOT_HERE for name in names.split(", ")]
    assert len(absent) == len(set(absent))
    assert not set(absent) & set(DECLARED)


def test_what_the_variables_files_set_is_declared() -> None:
    for path in (variables.SOURCE / "blueprint.tfvars", *sorted((variables.SOURCE / "profiles").glob("*.tfvars"))):
        names = re.findall(r"^#? ?(\w+)\s+=", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert set(names) <= set(DECLARED), path.name


def test_values_are_written_as_terraform_writes_them() -> None:
    assert variables.shown({"min": 2, "zones": ["a"], "open": True, "none": None}) == (
        '{ min = 2, zones = ["a"], open = true, none = null }'
    )
    assert variables.cell("a|b <name>") == r"a\|b &lt;name>"


def test_every_rule_says_what_to_write() -> None:
    text = "".join((variables.SOURCE / file).read_text(encoding="utf-8") for file in variables.FILES)
    messages = re.findall(r'error_message\s+= "((?:[^"\\]|\\.)+)"', text)
    assert len(messages) == text.count("  validation {")
    verbs = ("Write", "Choose", "Use", "Give", "Take", "Leave", "Name")
    assert not [message for message in messages if not message.startswith(verbs)]
