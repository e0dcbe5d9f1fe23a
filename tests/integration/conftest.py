# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a folder's tests share (a cluster, mostly) belongs to one worker; long folders begin first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

HERE = Path(__file__).resolve().parent
# The rest follows in the order of its names.
LONG = ("graph", "teardown", "platform", "terraform", "aws", "nodes", "leftovers", "existing", "probe")


class ByFolder(LoadScopeScheduling):
    """Gives all tests of a folder below this one to the same worker."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.rpartition("integration/")[2].partition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    return ByFolder(config, log)


def rank(item: pytest.Item) -> tuple[int, str]:
    """Return where a test's folder comes in the order."""
    if HERE not in item.path.parents:
        return -1, ""
    folder = item.path.relative_to(HERE).parts[0]
    return (LONG.index(folder) if folder in LONG else len(LONG)), folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=rank)
