# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the Prometheus operator makes from a Prometheus or an Alertmanager: pure functions of the object."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from rehearsal.dynamo.kube import Resource
from rehearsal.prometheus import scrape

Json = dict[str, Any]

GROUP = "monitoring.coreos.com"
STATEFUL_SET = Resource("apps", "v1", "statefulsets", "StatefulSet")
SERVICE = Resource("", "v1", "services", "Service")
SECRET = Resource("", "v1", "secrets", "Secret")
CONFIG_MAP = Resource("", "v1", "configmaps", "ConfigMap")
POD_MONITOR = Resource(GROUP, "v1", "podmonitors", "PodMonitor")
SERVICE_MONITOR = Resource(GROUP, "v1", "servicemonitors", "ServiceMonitor")
RULE = Resource(GROUP, "v1", "prometheusrules", "PrometheusRule")
RELOADER_IMAGE = "quay.io/prometheus-operator/prometheus-config-reloader:v0.94.0"
CONFIG_FILE = "/etc/prometheus/config_out/prometheus.env.yaml"


@dataclass(frozen=True)
class Kind:
    """One of the two kinds: its resource, and what its pods are called and listen on."""

    resource: Resource
    word: str
    port: int


KINDS = (
    Kind(Resource(GROUP, "v1", "prometheuses", "Prometheus"), "prometheus", 9090),
    Kind(Resource(GROUP, "v1", "alertmanagers", "Alertmanager"), "alertmanager", 9093),
)


def labels(kind: Kind, name: str) -> dict[str, str]:
    """Labels of the pods, which Services of the chart select by."""
    found = {
        "app.kubernetes.io/name": kind.word,
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "prometheus-operator",
        kind.word: name,
    }
    if kind.word == "prometheus":
        found |= {"operator.prometheus.io/name": name, "operator.prometheus.io/shard": "0"}
    return found


def _owner(kind: Kind, obj: Json) -> list[Json]:
    meta = obj["metadata"]
    owner = {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind, "name": meta["name"]}
    return [{**owner, "uid": meta["uid"], "controller": True, "blockOwnerDeletion": True}]


def governing_service(kind: Kind, obj: Json) -> Json:
    """The headless Service `<word>-operated`, shared by all objects of the kind in a namespace."""
    ports = [{"name": "http-web", "port": kind.port, "targetPort": "http-web"}]
    metadata = {"name": f"{kind.word}-operated", "namespace": obj["metadata"]["namespace"]}
    selector = {"app.kubernetes.io/name": kind.word}
    spec = {"clusterIP": "None", "ports": ports, "selector": selector}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def stateful_set(kind: Kind, obj: Json) -> Json:
    """The StatefulSet `<word>-<name>`."""
    meta, spec = obj["metadata"], obj["spec"]
    marks = labels(kind, meta["name"])
    template: Json = {"serviceAccountName": spec.get("serviceAccountName", "default")}
    template |= {
        key: spec[key] for key in ("nodeSelector", "tolerations", "affinity", "securityContext") if key in spec
    }
    main: Json = {
        "name": kind.word,
        "image": spec["image"],
        "ports": [{"name": "http-web", "containerPort": kind.port}],
    }
    if spec.get("resources"):
        main["resources"] = spec["resources"]
    wanted: Json = {
        "replicas": spec.get("replicas", 1),
        "serviceName": f"{kind.word}-operated",
        "selector": {"matchLabels": marks},
        "template": {"metadata": {"labels": marks}, "spec": {**template, "containers": [main]}},
    }
    name = f"{kind.word}-{meta['name']}-db"
    main["volumeMounts"] = [{"name": name, "mountPath": f"/{kind.word}"}]
    pod: Json = wanted["template"]["spec"]
    claim = (spec.get("storage") or {}).get("volumeClaimTemplate")
    if claim:
        wanted["volumeClaimTemplates"] = [{"metadata": {"name": name}, "spec": claim["spec"]}]
    else:
        pod["volumes"] = [{"name": name, "emptyDir": {}}]
    if kind.word == "prometheus":
        _with_configuration(pod, main, obj)
    metadata = {
        "name": f"{kind.word}-{meta['name']}",
        "namespace": meta["namespace"],
        "labels": marks,
        "ownerReferences": _owner(kind, obj),
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": wanted}


def _with_configuration(pod: Json, main: Json, obj: Json) -> None:
    """Add how Prometheus gets its configuration: a Secret and rule files, unpacked by the config reloader."""
    name = f"prometheus-{obj['metadata']['name']}"
    rules = {"name": f"{name}-rulefiles-0", "mountPath": f"{scrape.RULES_DIR}/{name}-rulefiles-0"}
    out = {"name": "config-out", "mountPath": "/etc/prometheus/config_out"}
    pod["volumes"] = [
        *pod.get("volumes", []),
        {"name": "config", "secret": {"secretName": name}},
        {"name": "config-out", "emptyDir": {}},
        {"name": rules["name"], "configMap": {"name": rules["name"]}},
    ]
    reloader: Json = {
        "image": RELOADER_IMAGE,
        "env": [
            {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
            for name, path in (("POD_NAME", "metadata.name"), ("POD_IP", "status.podIP"))
        ],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/prometheus/config"}, out, rules],
    }
    words = [
        "--config-file=/etc/prometheus/config/prometheus.yaml.gz",
        f"--config-envsubst-file={CONFIG_FILE}",
        f"--watched-dir={rules['mountPath']}",
    ]
    pod["initContainers"] = [{**reloader, "name": "init-config-reloader", "args": ["--watch-interval=0", *words]}]
    pod["containers"].append(
        {
            **reloader,
            "name": "config-reloader",
            "args": ["--reload-url=http://localhost:9090/-/reload", *words],
            "ports": [{"name": "reloader-web", "containerPort": 8080}],
        }
    )
    main["args"] = [
        f"--config.file={CONFIG_FILE}",
        "--web.enable-lifecycle",
        f"--web.route-prefix={obj['spec'].get('routePrefix', '/')}",
        f"--storage.tsdb.retention.time={obj['spec'].get('retention', '24h')}",
        "--storage.tsdb.path=/prometheus",
    ]
    if obj["spec"].get("enableRemoteWriteReceiver"):
        main["args"].append("--web.enable-remote-write-receiver")
    main["volumeMounts"] = [*main["volumeMounts"], out, rules]
    main["readinessProbe"] = {"httpGet": {"path": "/-/ready", "port": "http-web"}, "periodSeconds": 5}


def _owned(obj: Json, kind: str, name: str, content: Json) -> Json:
    meta = {"name": name, "namespace": obj["metadata"]["namespace"], "ownerReferences": _owner(KINDS[0], obj)}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **content}


def configuration(obj: Json, pod_monitors: list[Json], service_monitors: list[Json], rules: list[Json]) -> list[Json]:
    """The Secret with a Prometheus' configuration and the ConfigMap with its rule files."""
    name = f"prometheus-{obj['metadata']['name']}"
    written = scrape.configuration(obj, pod_monitors, service_monitors)
    packed = gzip.compress(yaml.safe_dump(written, sort_keys=False).encode(), mtime=0)
    chosen = [rule for rule in rules if scrape.selected(rule, obj["spec"].get("ruleSelector"))]
    files = {file: json.dumps(content) for file, content in scrape.rule_files(chosen).items()}
    secret: Json = {"data": {"prometheus.yaml.gz": base64.b64encode(packed).decode()}}
    return [
        _owned(obj, "Secret", name, secret),
        _owned(obj, "ConfigMap", f"{name}-rulefiles-0", {"data": files}),
    ]


def status(obj: Json, workload: Json, now: datetime | None = None) -> Json:
    """Status of the object from that of its StatefulSet; transition times move only with a transition."""
    wanted, seen = obj["spec"].get("replicas", 1), workload.get("status") or {}
    current = int(seen.get("observedGeneration", 0)) >= int(workload["metadata"].get("generation", 1))
    ready = int(seen.get("readyReplicas", 0)) if current else 0
    available = {"status": "True"} if ready >= wanted else {"status": "False", "reason": "NoPodReady"}
    before = {condition["type"]: condition for condition in (obj.get("status") or {}).get("conditions") or []}
    moment = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = []
    for name, state in (("Available", available), ("Reconciled", {"status": "True"})):
        old = before.get(name, {})
        time = old["lastTransitionTime"] if old.get("status") == state["status"] else moment
        generation = obj["metadata"]["generation"]
        conditions.append({"type": name, **state, "observedGeneration": generation, "lastTransitionTime": time})
    counts = {"replicas": wanted, "updatedReplicas": ready, "availableReplicas": ready}
    return {"paused": False, **counts, "unavailableReplicas": wanted - ready, "conditions": conditions}
