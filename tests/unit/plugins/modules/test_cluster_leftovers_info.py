# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module cluster_leftovers_info: which resources are reported."""

from __future__ import annotations

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.modules.cluster_leftovers_info import carries


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("ManagedBy", True),
        ("ManagedBy=terraform", True),
        ("ManagedBy=ai_on_eks.dynamo", False),
        ("Cluster", False),
        ("ManagedBy=", False),
    ],
)
def test_a_tag_is_wanted_by_key_or_by_key_and_value(wanted: str, expected: bool) -> None:
    assert carries({"ManagedBy": "terraform"}, wanted) is expected
