# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Grafana's JSON of a dashboard from a short description. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
KINDS = ("timeseries", "stat", "bargauge", "table", "logs")
PREFIX = "ai-on-eks-"


def _variables(description: Mapping[str, Any]) -> list[Json]:
    made: list[Json] = [
        {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Source", "current": {}}
    ]
    for variable in description.get("variables") or []:
        made.append(
            {
                "name": variable["name"],
                "label": variable.get("label", variable["name"]),
                "type": "query",
                "datasource": SOURCE,
                "query": {"query": variable["query"], "refId": variable["name"]},
                "refresh": 2,
                "includeAll": True,
                "multi": True,
                "allValue": ".*",
                "current": {"text": ["All"], "value": ["$__all"]},
                "sort": 1,
            }
        )
    return made


def _field(panel: Mapping[str, Any]) -> Json:
    defaults: Json = {"unit": panel.get("unit", "short"), "min": 0}
    if "bad_above" in panel:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel["bad_above"]}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return {"defaults": defaults, "overrides": []}


def _panel(panel: Mapping[str, Any], number: int, place: Json) -> Json:
    kind = panel.get("kind", "timeseries")
    if kind not in KINDS:
        raise ValueError(f"panel {panel['title']!r} is of the unknown kind {kind!r}; known are {', '.join(KINDS)}")
    note = f" (Dynamo {panel['since']} and newer)" if panel.get("since") else ""
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": SOURCE,
            "expr": query["expr"],
            "legendFormat": query.get("legend", "__auto"),
            **({"instant": True, "range": False} if kind in ("stat", "bargauge", "table") else {}),
        }
        for index, query in enumerate(panel["queries"])
    ]
    made: Json = {
        "id": number,
        "title": panel["title"],
        "description": panel["answers"] + note,
        "type": kind,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": _field(panel),
        "targets": targets,
    }
    if kind == "stat":
        made["options"] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "none"}
    return made


def _placed(description: Mapping[str, Any]) -> Iterator[Json]:
    """Panels below the titles of their rows, from left to right."""
    number, top = 0, 0
    for row in description["rows"]:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row["title"],
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
        }
        top, left, height = top + 1, 0, 0
        for panel in row["panels"]:
            stat = panel.get("kind") == "stat"
            width = int(panel.get("width", 4 if stat else 8))
            if left + width > COLUMNS:
                left, top = 0, top + height
                height = 0
            number += 1
            tall = 4 if stat else 8
            yield _panel(panel, number, {"x": left, "y": top, "w": width, "h": tall})
            left, height = left + width, max(height, tall)
        top += height


def dashboard(description: Mapping[str, Any]) -> Json:
    """Return Grafana's model of a dashboard.

    Args:
        description: as in roles/observability/files/dashboards.

    Raises:
        ValueError: for a panel of an unknown kind.
        KeyError: for a part that is missing.
    """
    return {
        "uid": PREFIX + description["name"],
        "title": description["title"],
        "description": description["answers"],
        "tags": ["ai-on-eks", "dynamo"],
        "schemaVersion": 41,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": _variables(description)},
        "panels": list(_placed(description)),
        "links": [{"type": "dashboards", "tags": ["ai-on-eks"], "asDropdown": True, "title": "Dashboards"}],
    }


def queries(description: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (panel, expression, since which Dynamo it has data) of every query of a dashboard."""
    for row in description["rows"]:
        for panel in row["panels"]:
            for query in panel["queries"]:
                yield panel["title"], query["expr"], str(panel.get("since", ""))
