# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Every chart of the repository, installed from it by Helm on a real API server."""

from __future__ import annotations

import base64
import json

import pytest

from rehearsal.dynamo.kube import Resource
from rehearsal.dynamo.operator import consts as c
from tests.integration.operator.cluster import Cluster

DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
PROMETHEUSES = Resource("monitoring.coreos.com", "v1", "prometheuses", "Prometheus")
POD_MONITORS = Resource("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor")
STACK = "kube-prometheus-stack"


def install(cluster: Cluster, charts: str, name: str, namespace: str, *arguments: str) -> None:
    cluster.namespace(namespace)
    cluster.run("helm", "upgrade", "--install", name, name, "--repo", charts, "-n", namespace, *arguments)


def test_prometheus_stack(cluster: Cluster, charts: str) -> None:
    values = [
        "--set=prometheus.prometheusSpec.podMonitorSelectorNilUsesHelmValues=false",
        "--set=prometheus.prometheusSpec.retention=7d",
        "--set=kubeEtcd.enabled=false",
    ]
    install(cluster, charts, STACK, STACK, *values)
    found = cluster.client.get(PROMETHEUSES, STACK, f"{STACK}-prometheus")
    assert found is not None
    assert found["spec"]["retention"] == "7d"
    assert found["spec"]["podMonitorSelector"] == {}
    assert found["spec"]["serviceMonitorSelector"] == {"matchLabels": {"release": STACK}}
    secret = cluster.client.get(c.SECRET, STACK, f"{STACK}-grafana")
    assert secret is not None
    assert base64.b64decode(secret["data"]["admin-user"]) == b"admin"
    assert len(base64.b64decode(secret["data"]["admin-password"])) == 40
    install(cluster, charts, STACK, STACK, *values)
    again = cluster.client.get(c.SECRET, STACK, f"{STACK}-grafana")
    assert again is not None
    assert again["data"] == secret["data"]
    services = {item["metadata"]["name"] for item in cluster.client.list(c.SERVICE, STACK)["items"]}
    assert {f"{STACK}-{name}" for name in ("prometheus", "alertmanager", "grafana", "operator")} <= services


def test_pod_monitors_come_with_prometheus(cluster: Cluster, charts: str) -> None:
    """They are made when the definitions are there at install time, and can be switched off."""
    install(cluster, charts, STACK, STACK)
    cluster.namespace("watched")
    settings = ["--set=dynamo-operator.namespaceRestriction.enabled=true"]
    install(cluster, charts, "dynamo-platform", "watched", *settings)
    names = {item["metadata"]["name"] for item in cluster.client.list(POD_MONITORS, "watched")["items"]}
    assert names == {"dynamo-frontend", "dynamo-worker", "dynamo-planner", "dynamo-epp", "dynamo-router"}
    off = "--set=dynamo-operator.dynamo.metrics.podMonitors.enabled=false"
    install(cluster, charts, "dynamo-platform", "watched", *settings, off)
    assert cluster.client.list(POD_MONITORS, "watched")["items"] == []
    cluster.run("helm", "uninstall", "dynamo-platform", "-n", "watched")


@pytest.mark.parametrize(
    ("chart", "namespace", "daemon_set"),
    [
        ("nvidia-device-plugin", "nvidia-device-plugin", "nvidia-device-plugin"),
        ("dcgm-exporter", STACK, "dcgm-exporter"),
        ("aws-efa-k8s-device-plugin", "kube-system", "aws-efa-k8s-device-plugin"),
    ],
)
def test_daemon_sets(cluster: Cluster, charts: str, chart: str, namespace: str, daemon_set: str) -> None:
    install(cluster, charts, STACK, STACK)
    install(cluster, charts, chart, namespace)
    found = cluster.client.get(DAEMON_SETS, namespace, daemon_set)
    assert found is not None
    assert found["spec"]["template"]["spec"]["containers"][0]["image"]


def test_karpenter(cluster: Cluster, charts: str) -> None:
    install(cluster, charts, "karpenter-crd", "karpenter")
    install(cluster, charts, "karpenter", "karpenter", "--set=settings.clusterName=demo")
    found = cluster.client.get(c.DEPLOYMENT, "karpenter", "karpenter")
    assert found is not None
    (main,) = found["spec"]["template"]["spec"]["containers"]
    assert main["image"] == "public.ecr.aws/karpenter/controller:1.15.0"
    listed = json.loads(cluster.run("helm", "list", "-n", "karpenter", "-o", "json").stdout)
    assert {item["chart"] for item in listed} == {"karpenter-1.15.0", "karpenter-crd-1.15.0"}


@pytest.mark.parametrize(
    ("chart", "setting", "message"),
    [
        ("dynamo-platform", "global.grove.install=true", "the sub-chart grove is not carried by this stand-in"),
        ("dynamo-platform", "dynamo-operator.controllerManager.manager.image.tagg=x", "tagg"),
        ("dynamo-platform", "etcd.enabled=true", "enabled"),
        (STACK, "prometheus.prometheusSpec.retenton=1d", "retenton"),
        ("nvidia-device-plugin", "migStrategy=some", "migStrategy"),
        ("dcgm-exporter", "serviceMonitor.enabled=maybe", "serviceMonitor"),
    ],
)
def test_refused_values(cluster: Cluster, charts: str, chart: str, setting: str, message: str) -> None:
    # Helm does not ask the cluster here, and takes charts that are built for old versions alone otherwise.
    command = ("helm", "template", "released", chart, "--repo", charts, "-n", "test", "--kube-version", "1.35.4")
    cluster.run(*command)
    failed = cluster.run(*command, f"--set={setting}", check=False)
    assert failed.returncode != 0
    assert message in failed.stderr


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("etcd.image.repository=bitnamilegacy/etcd", "Original containers have been substituted for unrecognized ones"),
        ("etcd.replicaCount=3", "replicaCount"),
        ("nats.config.jetstreem.enabled=true", "jetstreem"),
        ("dynamo-operator.upgradeCRD=true", "upgradeCRD"),
    ],
)
def test_refused_values_of_the_old_platform(cluster: Cluster, charts: str, setting: str, message: str) -> None:
    command = ("helm", "template", "released", "dynamo-platform", "--repo", charts, "--version", "0.4.1", "-n", "test")
    cluster.run(*command)
    failed = cluster.run(*command, f"--set={setting}", check=False)
    assert failed.returncode != 0
    assert message in failed.stderr


def test_a_second_cluster_wide_operator_is_refused(cluster: Cluster, charts: str, operator: object) -> None:
    cluster.namespace("second")
    command = ("helm", "install", "dynamo-platform", "dynamo-platform", "--repo", charts, "-n", "second")
    failed = cluster.run(*command, check=False)
    assert failed.returncode != 0
    assert "another cluster-wide Dynamo operator is installed in namespace dynamo-cloud" in failed.stderr
