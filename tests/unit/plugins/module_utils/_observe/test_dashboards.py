# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Dashboards from their description."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.grafana_dashboard import grafana_dashboard
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._observe import dashboards

ROLE = Path(__file__).parents[5] / "roles" / "observability"
FILES = sorted((ROLE / "files" / "dashboards").glob("*.yml"))


def test_the_role_delivers_every_dashboard() -> None:
    names = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__observability_dashboard_names"]
    assert sorted(names) == sorted(file.stem for file in FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dashboard(file: Path) -> None:
    description = yaml.safe_load(file.read_text())
    assert description["name"] == file.stem
    text = grafana_dashboard(description)
    assert len(text) < 60_000, "a ConfigMap has to hold it"
    board = json.loads(text)
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["description"] and panel["targets"] for panel in panels if panel["type"] != "row")
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= dashboards.COLUMNS for panel in panels)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_variables_that_queries_use_are_there(file: Path) -> None:
    description = yaml.safe_load(file.read_text())
    known = {variable["name"] for variable in description.get("variables") or []} | {"__rate_interval"}
    used = {
        word.split('"')[0].split("]")[0].split("}")[0]
        for _, expr, _ in dashboards.queries(description)
        for word in expr.split("$")[1:]
    }
    assert used <= known


def test_what_is_wrong_with_a_description() -> None:
    panel: dict[str, Any] = {"title": "t", "answers": "a", "queries": [{"expr": "up"}], "kind": "pie"}
    wrong = {"name": "n", "title": "t", "answers": "a", "rows": [{"title": "r", "panels": [panel]}]}
    with pytest.raises(AnsibleFilterError, match="unknown kind 'pie'"):
        grafana_dashboard(wrong)
    with pytest.raises(AnsibleFilterError, match="rows"):
        grafana_dashboard({"name": "n", "title": "t", "answers": "a"})
    with pytest.raises(AnsibleFilterError, match="got str"):
        grafana_dashboard("n")
