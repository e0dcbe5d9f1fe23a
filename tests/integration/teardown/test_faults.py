# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Cleanups of a cluster in which something is dead, gone or in the way: each ends clean, or with what blocks it."""

from __future__ import annotations

from tests.integration.teardown.conftest import House


def test_check_mode_says_what_would_go_and_touches_nothing(house: House) -> None:
    before = house.inventory()
    run = house.ok("--check", confirm="")
    assert "Would remove demo in us-west-2" in run.said
    assert run.changed == []
    assert house.inventory() == before
