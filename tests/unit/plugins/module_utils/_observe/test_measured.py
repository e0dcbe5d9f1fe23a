# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The page with measured values knows every panel, and no other."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[5]
PAGE = ROOT / "docs" / "observability-measured.md"


def test_every_panel_is_on_the_page() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    found = {(cells[0].removeprefix("| "), cells[1], cells[2]) for cells in rows if cells[0] != "| dashboard"}
    wanted = set()
    for file in sorted((ROOT / "roles" / "observability" / "files" / "dashboards").glob("*.yml")):
        board = yaml.safe_load(file.read_text())
        wanted |= {
            (board["title"], panel["title"], panel["answers"]) for row in board["rows"] for panel in row["panels"]
        }
    assert found == wanted, "run tests/integration/nodes/test_observability.py with OBSERVABILITY_PAGE=write"
