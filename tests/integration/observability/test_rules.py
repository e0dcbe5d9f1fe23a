# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Every alert fires in the trouble that it is for, and in no other: simulated by promtool."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._observe import rules
from rehearsal.bootstrap.places import Places
from rehearsal.paths import REPO

ROLE = REPO / "roles" / "observability"
DATA = yaml.safe_load((ROLE / "files" / "rules.yml").read_text())
SETTINGS = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__observability_alert_defaults"]
G = 'namespace="d", graph="g"'
ERRORS = 'dynamo_frontend_requests_total{namespace="d", graph="g", model="m", status='


def pod(name: str, kind: str, phase: str, ready: str, *, old: bool = False) -> dict[str, str]:
    """What kube-state-metrics tells of a pod of a graph, with the labels of one age of the operator."""
    own = f'namespace="d", pod="{name}"'
    named = (
        'label_nvidia_com_dynamo_namespace="dynamo-g"'
        if old
        else 'label_nvidia_com_dynamo_namespace="d-g", label_nvidia_com_dynamo_graph_deployment_name="g"'
    )
    return {
        f'kube_pod_labels{{{own}, label_nvidia_com_dynamo_component_type="{kind}", {named}}}': "1x500",
        f'kube_pod_status_phase{{{own}, phase="{phase}"}}': "1x500",
        f'kube_pod_status_ready{{{own}, condition="true"}}': ready,
    }


def latency(metric: str, le: str, good: int, every: int, minutes: int) -> dict[str, str]:
    name = f"dynamo_frontend_{metric}"
    labels = f'{G}, model="m", pod="f"'
    return {
        f'{name}_bucket{{{labels}, le="{le}"}}': f"0+{good}x{minutes}",
        f"{name}_count{{{labels}}}": f"0+{every}x{minutes}",
    }


# (alert, labels that it carries, series, minute at which it fires, minute at which it does not yet)
CASES: list[tuple[str, dict[str, str], dict[str, str], int, int]] = [
    ("DynamoNoReadyWorker", {"graph": "g"}, pod("w", "worker", "Running", "1x5 0x30"), 12, 6),
    ("DynamoNoReadyWorker", {"graph": "g"}, pod("w", "decode", "Running", "1x5 0x30", old=True), 12, 6),
    ("DynamoNoReadyWorker", {"graph": "g"}, pod("f", "frontend", "Running", "1x30"), 5, 0),
    ("DynamoTtftBurnFast", {"graph": "g"}, latency("time_to_first_token_seconds", "1.0", 30, 60, 100), 70, 0),
    ("DynamoTtftBurnFast", {"graph": "g"}, latency("time_to_first_token_seconds", "1", 30, 60, 100), 70, 0),
    ("DynamoTtftBurnSlow", {"graph": "g"}, latency("time_to_first_token_seconds", "1.0", 54, 60, 400), 380, 0),
    ("DynamoItlBurnFast", {"graph": "g"}, latency("inter_token_latency_seconds", "0.1", 30, 60, 100), 70, 0),
    ("DynamoItlBurnFast", {"graph": "g"}, latency("inter_token_latency_seconds", "0.12", 30, 60, 100), 70, 0),
    ("DynamoItlBurnSlow", {"graph": "g"}, latency("inter_token_latency_seconds", "0.12", 54, 60, 400), 380, 0),
    ("DynamoQueueGrows", {"graph": "g"}, {f"dynamo_frontend_queued_requests{{{G}}}": "0+5x60"}, 20, 5),
    ("DynamoQueueGrows", {"graph": "g"}, {f"dynamo_frontend_inflight_requests{{{G}}}": "0+5x60"}, 20, 5),
    (
        "DynamoQueueGrows",
        {"graph": "g"},
        {f"dynamo_frontend_queued_requests{{{G}}}": "0x60", f'vllm:num_requests_waiting{{{G}, pod="w"}}': "0+5x60"},
        20,
        5,
    ),
    ("DynamoKvCachePressure", {"pod": "w"}, {f'vllm:kv_cache_usage_perc{{{G}, pod="w"}}': "0.97x60"}, 8, 2),
    ("DynamoKvCachePressure", {"pod": "w"}, {f'sglang:token_usage{{{G}, pod="w"}}': "0.97x60"}, 8, 2),
    ("DynamoRequestsFail", {"graph": "g"}, {f'{ERRORS}"success"}}': "0+90x60", f'{ERRORS}"error"}}': "0+10x60"}, 15, 2),
    (
        "PodPendingForCapacity",
        {"pod": "w", "graph": "g"},
        {**pod("w", "frontend", "Pending", "0x60"), 'kube_pod_status_unschedulable{namespace="d", pod="w"}': "1x60"},
        8,
        2,
    ),
    (
        "GpuIdleButBilled",
        {"node": "n"},
        {
            'DCGM_FI_DEV_GPU_UTIL{node="n", gpu="0"}': "0x60",
            'DCGM_FI_DEV_GPU_UTIL{node="n", gpu="1"}': "0x60",
            'kube_node_created{node="n"}': "0x60",
            'DCGM_FI_DEV_GPU_UTIL{node="half", gpu="0"}': "0x60",
            'DCGM_FI_DEV_GPU_UTIL{node="half", gpu="1"}': "50x60",
            'kube_node_created{node="half"}': "0x60",
        },
        40,
        20,
    ),
    ("GpuError", {"node": "n", "gpu": "0"}, {'DCGM_FI_DEV_XID_ERRORS{node="n", gpu="0"}': "0x5 79x60"}, 10, 4),
    ("DynamoTargetDown", {"pod": "w"}, {'up{job="kube-prometheus-stack/dynamo-workers", pod="w"}': "1x3 0x60"}, 12, 5),
]
WELL = {
    **pod("w", "worker", "Running", "1x500"),
    **pod("f", "frontend", "Running", "1x500"),
    **latency("time_to_first_token_seconds", "1.0", 60, 60, 500),
    **latency("inter_token_latency_seconds", "0.12", 60, 60, 500),
    f"dynamo_frontend_queued_requests{{{G}}}": "50x500",
    f'vllm:kv_cache_usage_perc{{{G}, pod="w"}}': "0.5x500",
    f'{ERRORS}"success"}}': "0+90x500",
    'DCGM_FI_DEV_GPU_UTIL{node="n", gpu="0"}': "80x500",
    'DCGM_FI_DEV_XID_ERRORS{node="n", gpu="0"}': "0x500",
    'kube_node_created{node="n"}': "0x500",
    'up{job="kube-prometheus-stack/dynamo-workers", pod="w"}': "1x500",
}


def series(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": value} for name, value in values.items()]


def fires(alert: str, by: list[str], minute: int, expected: dict[str, str] | None) -> dict[str, Any]:
    expr = f'count by (alertname, {", ".join(by)}) (ALERTS{{alertstate="firing", alertname="{alert}"}})'
    labels = ", ".join(f'{key}="{value}"' for key, value in ({"alertname": alert} | (expected or {})).items())
    samples = [{"labels": f"{{{labels}}}", "value": 1}] if expected is not None else []
    return {"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples}


@pytest.fixture(scope="module")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    places = Places.here()
    if not places.has("prometheus"):
        subprocess.run([sys.executable, "-m", "rehearsal.bootstrap", "--only", "prometheus"], cwd=REPO, check=True)
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.json").write_text(json.dumps({"groups": rules.groups(DATA, SETTINGS, "1m")}))
    return str(places.on_demand()["prometheus"] / "bin" / "promtool"), folder


def run(promtool: tuple[str, Path], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([promtool[0], *words], cwd=promtool[1], capture_output=True, text=True, check=False)


def test_prometheus_takes_the_rules(promtool: tuple[str, Path]) -> None:
    done = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", "rules.json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case() -> None:
    alerts = [rule["alert"] for rule in rules.groups(DATA, SETTINGS, "1m")[2]["rules"]]
    assert set(alerts) == {case[0] for case in CASES}


def test_alerts_fire_when_they_should_and_only_then(promtool: tuple[str, Path]) -> None:
    tests = [
        {
            "name": f"{alert} {number}",
            "interval": "1m",
            "input_series": series(values),
            "promql_expr_test": [fires(alert, sorted(labels), at, labels), fires(alert, sorted(labels), before, None)],
        }
        for number, (alert, labels, values, at, before) in enumerate(CASES)
    ]
    quiet = [{"expr": 'ALERTS{alertstate=~"firing|pending"}', "eval_time": "400m", "exp_samples": []}]
    tests.append({"name": "all is well", "interval": "1m", "input_series": series(WELL), "promql_expr_test": quiet})
    whole = {"rule_files": ["rules.json"], "evaluation_interval": "1m", "tests": tests}
    (promtool[1] / "test.json").write_text(json.dumps(whole))
    done = run(promtool, "test", "rules", "test.json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_prices_of_nodes_and_graphs(promtool: tuple[str, Path]) -> None:
    kind = 'label_node_kubernetes_io_instance_type="g5.xlarge", label_topology_kubernetes_io_zone="z"'
    price = "karpenter_cloudprovider_instance_type_offering_price_estimate"
    values = {
        f'kube_node_labels{{node="n", {kind}, label_karpenter_sh_capacity_type="spot"}}': "1x9",
        f'kube_node_labels{{node="core", {kind}}}': "1x9",
        f'{price}{{instance_type="g5.xlarge", capacity_type="spot", zone="z"}}': "0.4x9",
        f'{price}{{instance_type="g5.xlarge", capacity_type="on-demand", zone="z"}}': "1x9",
        'kube_node_status_allocatable{node="n", resource="nvidia_com_gpu"}': "4x9",
        'kube_pod_container_resource_requests{namespace="d", pod="w", node="n", resource="nvidia_com_gpu"}': "2x9",
        **pod("w", "worker", "Running", "1x9"),
    }
    wanted = [
        {"labels": '{node="n", capacity_type="spot"}', "value": 0.4},
        {"labels": '{node="core", capacity_type="on-demand"}', "value": 1},
    ]
    tests = [
        {"expr": "sum by (node, capacity_type) (node:price_usd:hourly)", "eval_time": "5m", "exp_samples": wanted},
        {
            "expr": "dynamo:graph_price_usd:hourly",
            "eval_time": "5m",
            "exp_samples": [{"labels": 'dynamo:graph_price_usd:hourly{namespace="d", graph="g"}', "value": 0.2}],
        },
    ]
    whole = {
        "rule_files": ["rules.json"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series(values), "promql_expr_test": tests}],
    }
    (promtool[1] / "prices.json").write_text(json.dumps(whole))
    done = run(promtool, "test", "rules", "prices.json")
    assert done.returncode == 0, done.stdout + done.stderr
