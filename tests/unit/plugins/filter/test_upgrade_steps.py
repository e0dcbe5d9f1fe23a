# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The way from one Kubernetes version to another."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.upgrade_steps import upgrade_steps


@pytest.mark.parametrize(
    ("current", "wanted", "steps"),
    [
        ("1.33", "1.33", []),
        ("1.33", "1.34", ["1.34"]),
        ("1.33", "1.35", ["1.34", "1.35"]),
        ("1.9", "1.11", ["1.10", "1.11"]),
    ],
)
def test_no_minor_is_skipped(current: str, wanted: str, steps: list[str]) -> None:
    assert upgrade_steps(current, wanted) == steps


@pytest.mark.parametrize(
    ("current", "wanted", "message"),
    [
        ("1.35", "1.33", "runs Kubernetes 1.35, and EKS cannot take it back to 1.33"),
        ("1.33", "2.0", "no known way from Kubernetes 1.33 to 2.0"),
        ("1.33", "1.34.2", "'1.34.2' is no Kubernetes minor version"),
        ("1.33", "", "'' is no Kubernetes minor version"),
    ],
)
def test_what_cannot_be_is_refused(current: str, wanted: str, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        upgrade_steps(current, wanted)
