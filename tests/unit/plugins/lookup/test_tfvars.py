# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup tfvars: values, default, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader


@pytest.fixture
def lookup() -> Any:
    return lookup_loader.get("ai_on_eks.dynamo.tfvars")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "a.tfvars").write_text('version = "v0.4.1"\nname = "a"\n', encoding="utf-8")
    (tmp_path / "b.tfvars").write_text('version = "v1.6.1"\nnothing = null\n', encoding="utf-8")
    return [str(tmp_path / "a.tfvars"), str(tmp_path / "b.tfvars")]


def test_values_come_in_the_order_of_the_names(lookup: Any, files: list[str]) -> None:
    assert lookup.run(["name", "version"], {}, files=files) == ["a", "v1.6.1"]


def test_a_default_stands_in_for_a_variable_that_no_file_sets(lookup: Any, files: list[str]) -> None:
    assert lookup.run(["other", "nothing"], {}, files=files, default="d") == ["d", None]


def test_without_a_default_it_is_an_error_that_names_the_files(lookup: Any, files: list[str]) -> None:
    with pytest.raises(AnsibleError, match=r"Failed to look up 'other': no value in .*a\.tfvars, .*b\.tfvars"):
        lookup.run(["other"], {}, files=files)


def test_a_file_that_is_not_there_is_an_error(lookup: Any) -> None:
    with pytest.raises(AnsibleError, match="there is no such file"):
        lookup.run(["x"], {}, files=["/nowhere.tfvars"])
