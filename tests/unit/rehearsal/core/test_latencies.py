# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Profiles of AWS's times, made shorter by a factor."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import latencies
from rehearsal.aws.latency import STATEFUL


def test_a_profile_is_shortened() -> None:
    assert latencies.choose("realistic", 30)["eks:CreateCluster"] == 18


def test_the_profile_holds_states_and_no_slow_answers() -> None:
    assert set(latencies.REALISTIC) <= STATEFUL


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "slow.json"
    file.write_text('{"eks:CreateCluster": 9}')
    assert latencies.choose(str(file), 2) == {"eks:CreateCluster": 4.5}


@pytest.mark.parametrize(("name", "factor"), [("nothing", 1.0), ("realistic", 0.0)])
def test_what_cannot_be_used_is_refused_with_what_to_do(name: str, factor: float) -> None:
    with pytest.raises(ValueError, match=r"(Name a profile \(realistic\)|30 means 1:30)"):
        latencies.choose(name, factor)
