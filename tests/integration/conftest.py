# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a folder's tests share (a cluster, mostly) belongs to one worker; long folders begin first."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# The rest follows in the order of its names.
LONG = ("graph", "platform", "terraform", "aws", "nodes", "existing", "probe")


def folder(item: pytest.Item) -> str:
    """Return the folder of a test below this one."""
    return item.path.relative_to(HERE).parts[0]


def rank(name: str) -> tuple[int, str]:
    """Return where a folder comes in the order."""
    return (LONG.index(name) if name in LONG else len(LONG), name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mine = [item for item in items if HERE in item.path.parents]
    for item in mine:
        item.add_marker(pytest.mark.xdist_group(folder(item)))
    items.sort(key=lambda item: rank(folder(item)) if HERE in item.path.parents else (-1, ""))
