# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Prometheus' configuration from monitors, as the Prometheus operator writes it: pure functions of the objects.

Left out is what nothing here uses: shards, TLS, authorization, probes, limits, and the way to Alertmanagers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]
DEFAULT_INTERVAL = "30s"
RULES_DIR = "/etc/prometheus/rules"
_COPIED = {"action": "action", "targetLabel": "target_label", "regex": "regex", "replacement": "replacement"}
_NOT_IN_A_LABEL = re.compile(r"[^a-zA-Z0-9_]")


def selected(monitor: Json, selector: Mapping[str, Any] | None) -> bool:
    """Tell whether a label selector takes an object; one that is not given takes none, an empty one all."""
    if selector is None:
        return False
    labels: Mapping[str, str] = monitor["metadata"].get("labels") or {}
    rows = [
        {"key": key, "operator": "In", "values": [value]} for key, value in (selector.get("matchLabels") or {}).items()
    ]
    for row in [*rows, *(selector.get("matchExpressions") or [])]:
        value, wanted = labels.get(row["key"]), row.get("values") or []
        found = {
            "In": value in wanted,
            "NotIn": value not in wanted,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not found[row["operator"]]:
            return False
    return True


def relabeling(rule: Mapping[str, Any]) -> Json:
    """One rule of a monitor in the words of Prometheus' configuration."""
    made: Json = {}
    if rule.get("sourceLabels"):
        made["source_labels"] = list(rule["sourceLabels"])
    if "separator" in rule:
        made["separator"] = rule["separator"]
    return made | {new: rule[old] for old, new in _COPIED.items() if rule.get(old) not in (None, "")}


def _label(role: str, name: str) -> str:
    return f"__meta_kubernetes_{role}_label_{_NOT_IN_A_LABEL.sub('_', name)}"


def _kept(role: str, selector: Mapping[str, Any]) -> list[Json]:
    """Rules that keep what a label selector takes."""
    rules = []
    rows = [
        {"key": key, "operator": "In", "values": [value]} for key, value in (selector.get("matchLabels") or {}).items()
    ]
    for row in [*rows, *(selector.get("matchExpressions") or [])]:
        label = _label(role, row["key"])
        there = label.replace("_label_", "_labelpresent_", 1)
        values = "|".join(row.get("values") or [])
        made = {
            "In": {"action": "keep", "source_labels": [label, there], "regex": f"({values});true"},
            "NotIn": {"action": "drop", "source_labels": [label, there], "regex": f"({values});true"},
            "Exists": {"action": "keep", "source_labels": [there], "regex": "true"},
            "DoesNotExist": {"action": "drop", "source_labels": [there], "regex": "true"},
        }
        rules.append(made[row["operator"]])
    return rules


def _copy(source: str, target: str, **more: str) -> Json:
    return {"source_labels": [source], "target_label": target, **more}


def _discovery(monitor: Json, role: str) -> list[Json]:
    wanted = monitor["spec"].get("namespaceSelector") or {}
    if wanted.get("any"):
        return [{"role": role}]
    names = wanted.get("matchNames") or [monitor["metadata"]["namespace"]]
    return [{"role": role, "namespaces": {"names": list(names)}}]


def _job(monitor: Json, endpoint: Json, word: str, number: int, role: str) -> Json:
    meta = monitor["metadata"]
    job: Json = {
        "job_name": f"{word}/{meta['namespace']}/{meta['name']}/{number}",
        "honor_labels": bool(endpoint.get("honorLabels")),
        "kubernetes_sd_configs": _discovery(monitor, role),
        "scrape_interval": endpoint.get("interval") or DEFAULT_INTERVAL,
        "metrics_path": endpoint.get("path") or "/metrics",
        "scheme": endpoint.get("scheme", "http").lower(),
    }
    if endpoint.get("scrapeTimeout"):
        job["scrape_timeout"] = endpoint["scrapeTimeout"]
    if endpoint.get("params"):
        job["params"] = endpoint["params"]
    return job


def _ended(endpoint: Json, monitor: Json, rules: list[Json], role: str, default_job: Json) -> list[Json]:
    named = monitor["spec"].get("jobLabel")
    rules.append(default_job)
    if named:
        rules.append(_copy(_label(role, named), "job", regex="(.+)", replacement="${1}"))
    rules.append({"target_label": "endpoint", "replacement": str(endpoint.get("port") or endpoint.get("targetPort"))})
    return rules + [relabeling(rule) for rule in endpoint.get("relabelings") or []]


def pod_jobs(monitor: Json) -> list[Json]:
    """Scrape configurations of a PodMonitor: one for each of its endpoints."""
    meta = monitor["metadata"]
    jobs = []
    for number, endpoint in enumerate(monitor["spec"].get("podMetricsEndpoints") or []):
        job = _job(monitor, endpoint, "podMonitor", number, "pod")
        rules: list[Json] = [
            _copy("job", "__tmp_prometheus_job_name"),
            {"action": "drop", "source_labels": ["__meta_kubernetes_pod_phase"], "regex": "(Failed|Succeeded)"},
            *_kept("pod", monitor["spec"].get("selector") or {}),
            {
                "action": "keep",
                "source_labels": ["__meta_kubernetes_pod_container_port_name"],
                "regex": str(endpoint.get("port")),
            },
            _copy("__meta_kubernetes_namespace", "namespace"),
            _copy("__meta_kubernetes_pod_container_name", "container"),
            _copy("__meta_kubernetes_pod_name", "pod"),
        ]
        own: Json = {"target_label": "job", "replacement": f"{meta['namespace']}/{meta['name']}"}
        job["relabel_configs"] = _ended(endpoint, monitor, rules, "pod", own)
        job["metric_relabel_configs"] = [relabeling(rule) for rule in endpoint.get("metricRelabelings") or []]
        jobs.append(job)
    return jobs


def service_jobs(monitor: Json) -> list[Json]:
    """Scrape configurations of a ServiceMonitor: one for each of its endpoints."""
    jobs = []
    for number, endpoint in enumerate(monitor["spec"].get("endpoints") or []):
        job = _job(monitor, endpoint, "serviceMonitor", number, "endpoints")
        port = (
            ("__meta_kubernetes_endpoint_port_name", endpoint["port"])
            if endpoint.get("port")
            else ("__meta_kubernetes_pod_container_port_number", endpoint.get("targetPort"))
        )
        kind, name = "__meta_kubernetes_endpoint_address_target_kind", "__meta_kubernetes_endpoint_address_target_name"
        rules: list[Json] = [
            _copy("job", "__tmp_prometheus_job_name"),
            *_kept("service", monitor["spec"].get("selector") or {}),
            {"action": "keep", "source_labels": [port[0]], "regex": str(port[1])},
            *(
                {
                    "source_labels": [kind, name],
                    "separator": ";",
                    "regex": f"{what};(.*)",
                    "replacement": "${1}",
                    "target_label": what.lower(),
                }
                for what in ("Node", "Pod")
            ),
            _copy("__meta_kubernetes_namespace", "namespace"),
            _copy("__meta_kubernetes_service_name", "service"),
            _copy("__meta_kubernetes_pod_name", "pod"),
            _copy("__meta_kubernetes_pod_container_name", "container"),
            {"action": "drop", "source_labels": ["__meta_kubernetes_pod_phase"], "regex": "(Failed|Succeeded)"},
        ]
        own = _copy("__meta_kubernetes_service_name", "job", replacement="${1}")
        job["relabel_configs"] = _ended(endpoint, monitor, rules, "service", own)
        job["metric_relabel_configs"] = [relabeling(rule) for rule in endpoint.get("metricRelabelings") or []]
        jobs.append(job)
    return jobs


def rule_files(rules: Iterable[Json]) -> dict[str, Json]:
    """Rule files of PrometheusRules: file name to content."""
    return {
        f"{rule['metadata']['namespace']}-{rule['metadata']['name']}-{rule['metadata'].get('uid', '0')}.yaml": {
            "groups": rule["spec"].get("groups") or []
        }
        for rule in rules
    }


def configuration(prometheus: Json, pod_monitors: list[Json], service_monitors: list[Json]) -> Json:
    """The whole configuration of a Prometheus, from the monitors that it selects."""
    spec, meta = prometheus["spec"], prometheus["metadata"]
    jobs = [
        job
        for kind, monitors, make in (
            ("serviceMonitor", service_monitors, service_jobs),
            ("podMonitor", pod_monitors, pod_jobs),
        )
        for monitor in sorted(monitors, key=lambda item: (item["metadata"]["namespace"], item["metadata"]["name"]))
        if selected(monitor, spec.get(f"{kind}Selector"))
        for job in make(monitor)
    ]
    interval = spec.get("scrapeInterval") or DEFAULT_INTERVAL
    return {
        "global": {
            "scrape_interval": interval,
            "evaluation_interval": spec.get("evaluationInterval") or DEFAULT_INTERVAL,
            "external_labels": {
                "prometheus": f"{meta['namespace']}/{meta['name']}",
                "prometheus_replica": "$(POD_NAME)",
                **(spec.get("externalLabels") or {}),
            },
        },
        "rule_files": [f"{RULES_DIR}/prometheus-{meta['name']}-rulefiles-0/*.yaml"],
        "scrape_configs": jobs,
    }
