# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Prometheus' configuration from monitors."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest
import yaml

from rehearsal.prometheus import objects, scrape


def monitor(spec: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "kps", "name": "m", "labels": labels}, "spec": spec}


def prometheus(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p", "namespace": "kps", "uid": "1"}, "spec": {"image": "x", **spec}}


PODS = monitor(
    {
        "namespaceSelector": {"any": True},
        "selector": {
            "matchLabels": {"a.b/c": "x"},
            "matchExpressions": [
                {"key": "t", "operator": "In", "values": ["u", "v"]},
                {"key": "gone", "operator": "DoesNotExist"},
            ],
        },
        "podMetricsEndpoints": [
            {"port": "http", "interval": "5s", "relabelings": [{"sourceLabels": ["n"], "targetLabel": "node"}]}
        ],
    },
    release="r",
)


@pytest.mark.parametrize(
    ("selector", "taken"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"release": "r"}}, True),
        ({"matchLabels": {"release": "other"}}, False),
        ({"matchExpressions": [{"key": "release", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "release", "operator": "NotIn", "values": ["r"]}]}, False),
    ],
)
def test_which_monitors_a_prometheus_takes(selector: dict[str, Any] | None, taken: bool) -> None:
    made = scrape.configuration(prometheus(podMonitorSelector=selector), [PODS], [])
    assert bool(made["scrape_configs"]) is taken


def test_pods_are_kept_by_labels_and_port() -> None:
    (job,) = scrape.pod_jobs(PODS)
    assert job["job_name"] == "podMonitor/kps/m/0"
    assert job["kubernetes_sd_configs"] == [{"role": "pod"}]
    assert job["scrape_interval"] == "5s"
    kept = [rule for rule in job["relabel_configs"] if rule.get("action") in ("keep", "drop")]
    labels = ["__meta_kubernetes_pod_label_a_b_c", "__meta_kubernetes_pod_labelpresent_a_b_c"]
    assert {"action": "keep", "source_labels": labels, "regex": "(x);true"} in kept
    labels = ["__meta_kubernetes_pod_label_t", "__meta_kubernetes_pod_labelpresent_t"]
    assert {"action": "keep", "source_labels": labels, "regex": "(u|v);true"} in kept
    assert {
        "action": "drop",
        "source_labels": ["__meta_kubernetes_pod_labelpresent_gone"],
        "regex": "true",
    } in kept
    assert job["relabel_configs"][-1] == {"source_labels": ["n"], "target_label": "node"}
    assert {"target_label": "job", "replacement": "kps/m"} in job["relabel_configs"]


def test_services_are_kept_by_the_name_of_the_port() -> None:
    wanted = monitor(
        {
            "selector": {"matchLabels": {"app": "k"}},
            "endpoints": [{"port": "web", "honorLabels": True}, {"targetPort": 8080}],
        }
    )
    first, second = scrape.service_jobs(wanted)
    assert first["honor_labels"] is True
    assert first["kubernetes_sd_configs"] == [{"role": "endpoints", "namespaces": {"names": ["kps"]}}]
    named = {"action": "keep", "source_labels": ["__meta_kubernetes_endpoint_port_name"], "regex": "web"}
    assert named in first["relabel_configs"]
    number = {"action": "keep", "source_labels": ["__meta_kubernetes_pod_container_port_number"], "regex": "8080"}
    assert number in second["relabel_configs"]


def test_the_operator_hands_the_configuration_over_as_the_real_one_does() -> None:
    rule = {"metadata": {"namespace": "kps", "name": "r", "uid": "7"}, "spec": {"groups": [{"name": "g"}]}}
    obj = prometheus(podMonitorSelector={}, ruleSelector={})
    secret, rules = objects.configuration(obj, [PODS], [], [rule])
    text = gzip.decompress(base64.b64decode(secret["data"]["prometheus.yaml.gz"]))
    written = yaml.safe_load(text)
    assert [job["job_name"] for job in written["scrape_configs"]] == ["podMonitor/kps/m/0"]
    assert written["global"]["external_labels"]["prometheus_replica"] == "$(POD_NAME)"
    assert yaml.safe_load(rules["data"]["kps-r-7.yaml"]) == {"groups": [{"name": "g"}]}
    pod = objects.stateful_set(objects.KINDS[0], obj)["spec"]["template"]["spec"]
    assert [container["name"] for container in pod["containers"]] == ["prometheus", "config-reloader"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in (*pod["containers"], *pod["initContainers"]):
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
