# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages of the examples say what their definitions say, and each shows what a real run printed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import examples  # noqa: E402

NAMES = [entry["name"] for entry in examples.examples()]


def test_the_pages_are_current() -> None:
    stale = [path.name for path, text in examples.files().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "Run python tests/examples.py."


def test_no_page_is_left_of_an_example_that_is_gone() -> None:
    assert {path.stem for path in examples.PAGES.glob("*.md")} == {*NAMES, "README"}


@pytest.mark.parametrize("name", NAMES)
def test_every_example_shows_what_a_run_printed(name: str) -> None:
    output = examples.read(examples.PAGES / "output.yml")[name]
    assert "current" in output
    assert set(output) <= set(examples.PROFILES)
    assert all(f"{name} answers after" in text for text in output.values())


def test_every_check_has_words() -> None:
    for entry in examples.examples():
        assert examples.proofs(entry)
        assert examples.cost(entry)["hourly_usd"]
