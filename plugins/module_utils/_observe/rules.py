# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Groups of a PrometheusRule from recording rules, objectives and alerts. Pure.

An objective says what part of all requests (or tokens) has to be faster than its target. Its alerts follow the rate at
which the part that may be slower is used up, each over a long and a short window: the long one keeps a short peak from
alerting, the short one lets the alert end with the trouble. (Google, The Site Reliability Workbook, chapter 5.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

Json = dict[str, Any]
Setting = Union[str, float, int]
BY = "namespace, graph, model"


@dataclass(frozen=True)
class Burn:
    """An alert on the speed at which a budget is used up."""

    factor: float
    long: str
    short: str
    severity: str


# A budget of 30 days: 2 % of it in an hour, 5 % in six hours.
BURNS = (Burn(14.4, "1h", "5m", "critical"), Burn(6, "6h", "30m", "warning"))
WINDOWS = ("5m", "30m", "1h", "6h")


def filled(text: str, settings: Mapping[str, Setting]) -> str:
    """Replace @name@ by settings.

    Raises:
        ValueError: for a name that is no setting.
    """
    for name, value in settings.items():
        text = text.replace(f"@{name}@", f"{value:g}" if isinstance(value, float) else str(value))
    if "@" in text:
        raise ValueError(f"unknown setting in {text!r}")
    return text


def good_bounds(lists: Sequence[Sequence[float]], target: float) -> list[float]:
    """Return, smallest first, what each list of bounds has as its first one that is not below the target.

    Raises:
        ValueError: when a list has none.
    """
    found = set()
    for bounds in lists:
        fitting = [bound for bound in sorted(bounds) if bound >= target]
        if not fitting:
            raise ValueError(f"the histogram ends at {max(bounds):g} s, below the target of {target:g} s")
        found.add(fitting[0])
    return sorted(found)


def slow_ratio(metric: str, bounds: Sequence[float], window: str) -> str:
    """Return the expression of the part that was slower than the bounds allow.

    The smaller bound comes first: a series of a Dynamo that has it is held to it, the others to theirs. Prometheus
    writes whole bounds as 1.0 since its version 3, and as 1 before.
    """
    rates = [f'rate({metric}_bucket{{le=~"{bound:g}(\\\\.0)?"}}[{window}])' for bound in bounds]
    good = " or ignoring (le) ".join(rates)
    return f"1 - sum by ({BY}) ({good}) / (sum by ({BY}) (rate({metric}_count[{window}])) > 0)"


def _budget_records(objectives: Mapping[str, Json], settings: Mapping[str, Setting]) -> list[Json]:
    rules: list[Json] = [
        {"record": "dynamo:slo_budget:ratio", "expr": f"vector({round(1 - float(settings['objective']), 6):g})"}
    ]
    for name, objective in objectives.items():
        bounds = good_bounds(objective["bounds"], float(filled(str(objective["target"]), settings)))
        rules += [
            {
                "record": f"dynamo:{name}_slow:ratio_rate{window}",
                "expr": slow_ratio(objective["metric"], bounds, window),
            }
            for window in WINDOWS
        ]
    return rules


def _burn_alerts(
    alert: Mapping[str, Any], objectives: Mapping[str, Json], settings: Mapping[str, Setting]
) -> list[Json]:
    name = alert["objective"]
    means = filled(objectives[name]["means"], settings)
    made = []
    for burn in BURNS:
        series = [f"dynamo:{name}_slow:ratio_rate{window}" for window in (burn.long, burn.short)]
        limit = f"on () group_left () ({burn.factor:g} * dynamo:slo_budget:ratio)"
        expr = " and ".join(f"{one} > {limit}" for one in series)
        made.append(
            {
                **alert,
                "alert": f"{alert['alert']}{'Fast' if burn.severity == 'critical' else 'Slow'}",
                "expr": expr,
                "severity": burn.severity,
                "summary": f"Graph {{{{ $labels.graph }}}} is too slow for its objective ({name.upper()})",
                "description": (
                    f"{{{{ $value | humanizePercentage }}}} in the last {burn.long} were {means}: the objective of "
                    f"graph {{{{ $labels.namespace }}}}/{{{{ $labels.graph }}}} is missed {burn.factor:g} times as "
                    "fast as allowed."
                ),
            }
        )
    return made


def _alert(alert: Mapping[str, Any], settings: Mapping[str, Setting], docs: str) -> Json:
    annotations = {name: alert[name] for name in ("summary", "description", "runbook")}
    if docs:
        annotations["runbook_url"] = f"{docs}#{alert['alert'].lower()}"
    made: Json = {"alert": alert["alert"], "expr": filled(alert["expr"], settings)}
    if alert.get("for"):
        made["for"] = alert["for"]
    return {**made, "labels": {"severity": alert["severity"]}, "annotations": annotations}


def groups(data: Mapping[str, Any], settings: Mapping[str, Setting], interval: str, docs: str = "") -> list[Json]:
    """Return the groups of a PrometheusRule.

    Args:
        data: ``records``, ``objectives`` and ``alerts`` as in roles/observability/files/rules.yml.
        settings: what stands for @name@; ``objective`` is the part that has to be fast enough.
        interval: how often the rules are evaluated.
        docs: page that each alert's runbook_url points into; none when empty.

    Raises:
        ValueError: for an unknown setting, or a target beyond a histogram's bounds.
        KeyError: for an alert without text.
    """
    objectives = data["objectives"]
    records = [{"record": name, "expr": filled(expr, settings)} for name, expr in data["records"].items()]
    alerts: list[Json] = []
    for alert in data["alerts"]:
        several = _burn_alerts(alert, objectives, settings) if alert.get("objective") else [dict(alert)]
        alerts += [_alert(one, settings, docs) for one in several]
    made = (
        ("dynamo.records", records),
        ("dynamo.objectives", _budget_records(objectives, settings)),
        ("dynamo.alerts", alerts),
    )
    return [{"name": name, "interval": interval, "rules": rules} for name, rules in made]
