# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Contracts that hold for every role: documented variables, honest defaults, no string taken for a boolean."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if (path / "tasks").is_dir())


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def options(role: Path) -> dict[str, Any]:
    """The options of all entry points of a role."""
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    return {name: option for spec in specs.values() for name, option in (spec.get("options") or {}).items()}


def public(role: Path) -> bool:
    return not role.name.startswith("_")


def test_all_seven_roles_are_here() -> None:
    names = {role.name for role in ROLES if public(role)}
    assert names == {
        "eks_infra",
        "karpenter_gpu",
        "observability",
        "dynamo_platform",
        "dynamo_example",
        "dynamo_smoketest",
        "teardown",
    }


@pytest.mark.parametrize("role", [r for r in ROLES if public(r)], ids=lambda role: role.name)
def test_defaults_and_argument_specs_agree(role: Path) -> None:
    defaults = load(role / "defaults" / "main.yml") or {}
    specs = options(role)
    assert sorted(defaults) == sorted(name for name, option in specs.items() if "default" in option)
    for name, value in defaults.items():
        assert specs[name]["default"] == value, name


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_variables_carry_the_name_of_the_role(role: Path) -> None:
    defaults = role / "defaults" / "main.yml"
    names = [*options(role), *(load(defaults) or {} if defaults.exists() else {})]
    assert [
        name
        for name in names
        if not name.startswith(role.name.lstrip("_") + "_") and not name.startswith(role.name + "_")
    ] == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_entry_point_has_a_spec(role: Path) -> None:
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    assert "main" in specs or not public(role)
    for entry, spec in specs.items():
        assert (role / "tasks" / f"{entry}.yml").exists(), entry
        assert spec.get("short_description"), entry
        assert spec.get("description"), entry


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_boolean_options_are_cast_where_they_decide(role: Path) -> None:
    booleans = [name for name, option in options(role).items() if option.get("type") == "bool"]
    for path in (role / "tasks").glob("*.yml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            for name in booleans:
                if re.search(rf"\bwhen:.*\b{name}\b", line) or re.match(rf"\s*- (not )?{name}\b", line):
                    assert re.search(rf"\b{name}\b\s*\|\s*bool", line), f"{path.name}: {line.strip()}"


@pytest.mark.parametrize("role", [r for r in ROLES if public(r)], ids=lambda role: role.name)
def test_every_role_has_a_readme(role: Path) -> None:
    assert (role / "README.md").stat().st_size > 400


def test_cleanup_means_the_cluster_that_install_makes() -> None:
    """Without any name in inventory or on the command line, both must speak of the same cluster and state."""
    install, cleanup = (load(ROOT / "roles" / role / "defaults" / "main.yml") for role in ("eks_infra", "teardown"))
    for name in ("cluster_name", "region", "state_dir"):
        assert cleanup[f"teardown_{name}"] == install[f"eks_infra_{name}"].replace("eks_infra_", "teardown_"), name


def test_no_error_of_a_template_is_lost() -> None:
    """Ansible gives a call whose argument failed the failure as its result: assigned and not printed, it is lost."""
    files = [path for folder in (ROOT / "roles", ROOT / "playbooks") for path in folder.rglob("*") if path.is_file()]
    swallowed = re.compile(r"set \w+ = [\w.]+\.(append|update|extend)\(")
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.suffix in (".yml", ".j2", ".yaml")}
    assert texts
    assert [str(path) for path, text in texts.items() if swallowed.search(text)] == []
