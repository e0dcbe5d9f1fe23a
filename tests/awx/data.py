# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The objects of AWX and the playbooks' variables, as Ansible itself evaluates them."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def load(path: Path) -> Any:
    """A file as Ansible reads it: its strings are templates."""
    from ansible.parsing.dataloader import DataLoader

    return DataLoader().load_from_file(str(path), trusted_as_template=True)


def evaluate(expression: str, variables: dict[str, Any], inventory: dict[str, Any]) -> Any:
    """The value of an expression where a host has these variables, and those of the inventory besides."""
    from ansible._internal._datatag._tags import TrustedAsTemplate
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    known = {
        **inventory,
        **variables,
        "hostvars": {"localhost": inventory},
        "inventory_hostname": "localhost",
    }
    return Templar(DataLoader(), variables=known).template(TrustedAsTemplate().tag(expression))


def objects(**given: Any) -> dict[str, Any]:
    """Everything in playbooks/vars/awx, evaluated for a user who gave these variables and those without a default."""
    given = {"awx_project_url": "https://git.example.com/dynamo.git", "awx_image": "quay.io/example/dynamo:1", **given}
    variables: dict[str, Any] = {}
    for path in sorted((ROOT / "playbooks" / "vars" / "awx").glob("*.yml")):
        variables.update(load(path))
    names = [name for name in variables if name.startswith("controller_")]
    return {name: evaluate("{{ " + name + " }}", variables, given) for name in names}


@functools.cache
def expressions(playbook: str, variable: str) -> list[str]:
    """The expressions of a playbook, and of the variables that all share, that read a variable."""
    found = []

    def walk(value: Any, condition: bool = False) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, key == "when")
        elif isinstance(value, list):
            for inner in value:
                walk(inner, condition)
        elif isinstance(value, str) and re.search(rf"(?<![\w.'-]){variable}\b(?![\w'(])", value):
            if "{{" in value:
                found.append(value)
            elif condition:
                found.append("{{ " + value + " }}")

    walk(load(ROOT / "playbooks" / f"{playbook}.yml"))
    walk(load(ROOT / "playbooks" / "vars" / "inputs.yml"))
    return found
