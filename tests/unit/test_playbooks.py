# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Variables of plays win over inventories: a short name for the command line must not hide what an inventory says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYBOOKS = sorted((Path(__file__).resolve().parents[2] / "playbooks").glob("*.yml"))
# What to do in this very run; an inventory has no say in it.
CHOICES = {"dynamo_example_name", "dynamo_example_definition", "dynamo_smoketest_graphs", "teardown_confirm"}


def variables(path: Path) -> dict[str, Any]:
    return {
        name: value
        for play in yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, value in play.get("vars", {}).items()
        if name not in CHOICES
    }


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_what_an_inventory_says_stands(path: Path) -> None:
    hiding = [
        name for name, value in variables(path).items() if f"hostvars[inventory_hostname].{name}" not in str(value)
    ]
    assert hiding == []


def test_there_are_such_variables() -> None:
    assert {"dynamo_example_model", "eks_infra_upgrade"} <= {name for path in PLAYBOOKS for name in variables(path)}
