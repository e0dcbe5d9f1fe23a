# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Rules from their description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.filter.prometheus_rules import prometheus_rules
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._observe import rules

ROLE = Path(__file__).parents[5] / "roles" / "observability"
DATA: dict[str, Any] = yaml.safe_load((ROLE / "files" / "rules.yml").read_text())
SETTINGS: dict[str, Any] = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__observability_alert_defaults"]


def all_rules(**settings: float) -> list[dict[str, Any]]:
    return [rule for group in rules.groups(DATA, {**SETTINGS, **settings}, "15s") for rule in group["rules"]]


def test_every_alert_says_what_to_do() -> None:
    alerts = [rule for rule in all_rules() if "alert" in rule]
    assert len(alerts) == len({rule["alert"] for rule in alerts}) == 12
    for rule in alerts:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert {"summary", "description", "runbook"} == set(rule["annotations"])
        assert all(len(text) > 20 for text in rule["annotations"].values()), rule["alert"]


def test_links_to_runbooks_only_when_there_is_a_page() -> None:
    made = rules.groups(DATA, SETTINGS, "15s", "https://x/observability")
    urls = [rule["annotations"]["runbook_url"] for rule in made[2]["rules"]]
    assert urls[0] == "https://x/observability#dynamonoreadyworker"


def test_no_setting_is_left_over() -> None:
    assert not [rule for rule in all_rules() if "@" in rule["expr"]]
    with pytest.raises(ValueError, match="unknown setting"):
        rules.groups(DATA, {"objective": 0.9, "ttft_seconds": 1.0, "itl_seconds": 0.1}, "15s")


def test_the_first_bound_that_is_not_below_the_target() -> None:
    bounds = DATA["objectives"]["ttft"]["bounds"]
    assert rules.good_bounds(bounds, 1.0) == [1]
    assert rules.good_bounds(bounds, 0.5) == [0.5, 1]
    assert rules.good_bounds(bounds, 2) == [2, 2.2]
    with pytest.raises(ValueError, match="ends at 480 s"):
        rules.good_bounds(bounds, 500)


def test_both_ages_are_held_to_their_own_bound() -> None:
    text = rules.slow_ratio("m", [0.5, 1], "5m")
    smaller, larger = text.index('le=~"0.5'), text.index('le=~"1(')
    assert smaller < text.index(" or ignoring (le) ") < larger


def test_burn_rates() -> None:
    found = {
        rule["alert"]: rule["expr"]
        for rule in all_rules(objective=0.995)
        if rule.get("alert", "").startswith("DynamoTtft")
    }
    assert set(found) == {"DynamoTtftBurnFast", "DynamoTtftBurnSlow"}
    assert "ratio_rate1h > " in found["DynamoTtftBurnFast"]
    assert "ratio_rate5m > " in found["DynamoTtftBurnFast"]
    assert "14.4 * dynamo:slo_budget:ratio" in found["DynamoTtftBurnFast"]
    budget = next(
        rule["expr"] for rule in all_rules(objective=0.995) if rule.get("record") == "dynamo:slo_budget:ratio"
    )
    assert budget == "vector(0.005)"


def test_the_filter_explains_itself() -> None:
    from ansible.errors import AnsibleFilterError

    assert len(prometheus_rules(DATA, SETTINGS)) == 3
    with pytest.raises(AnsibleFilterError, match="needs a dict"):
        prometheus_rules([], {})
    with pytest.raises(AnsibleFilterError, match="Failed to make the rules: the histogram ends at"):
        prometheus_rules(DATA, {**SETTINGS, "ttft_seconds": 1000.0})
