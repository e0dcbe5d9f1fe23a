# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter hourly_usd: the sum, what it lacks, and wrong input."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.hourly_usd import FilterModule, hourly_usd
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import prices


def test_is_registered() -> None:
    assert FilterModule().filters() == {"hourly_usd": hourly_usd}


def test_adds_up_and_names_what_it_does_not_know() -> None:
    found = hourly_usd(["eks_cluster", "m5.xlarge", "m5.xlarge", "z9.huge", "z9.huge"])
    expected = prices.HOURLY["eks_cluster"] + 2 * prices.EC2_HOURLY["m5.xlarge"]
    assert found == {"usd": pytest.approx(expected), "unknown": ["z9.huge"], "as_of": prices.AS_OF}


def test_nothing_costs_nothing() -> None:
    assert hourly_usd([])["usd"] == 0


@pytest.mark.parametrize("wrong", ["m5.xlarge", {"m5.xlarge": 2}, None])
def test_wrong_input_is_explained(wrong: object) -> None:
    with pytest.raises(AnsibleFilterError, match="needs a list of names"):
        hourly_usd(wrong)
