# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter dynamo_version: its result and its errors."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.dynamo_version import FilterModule, dynamo_version


def test_is_registered() -> None:
    assert FilterModule().filters() == {"dynamo_version": dynamo_version}


def test_returns_version_tag_and_source() -> None:
    found = dynamo_version([{"source": "a", "value": ""}, {"source": "b", "value": "v0.9.0-post1"}])
    assert found == {"version": "0.9.0-post1", "tag": "0.9.0", "source": "b"}


@pytest.mark.parametrize("wrong", ["1.6.1", {"value": "1.6.1", "source": "x"}, ["1.6.1"], [], None])
def test_wrong_input_is_explained(wrong: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"dynamo_version needs|Failed to find a Dynamo version"):
        dynamo_version(wrong)
