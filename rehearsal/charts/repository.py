# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The repository folder: packed charts and their index.yaml."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import yaml

from rehearsal.charts import modules
from rehearsal.charts.package import Package, Source, pack
from rehearsal.dynamo import crds

Json = dict[str, Any]
SOURCES = Path(__file__).parent / "sources"
KARPENTER_VERSION = "1.15.0"
# Releases between the two ages that are carried whole, each as the one of its age with another number: steps of an
# upgrade are real ones for Helm, Argo CD and whoever looks at versions; what these releases changed is not in them.
OLD_AGE = ("0.5.1", "0.6.1", "0.7.1", "0.8.1", "0.9.1")
PRESENT_AGE = ("1.0.2", "1.1.1", "1.2.1", "1.3.1", "1.4.2", "1.5.1")
# Helm wants a date; a real one would change the index with every build.
_CREATED = "2026-01-01T00:00:00Z"


def sources() -> list[Source]:
    """All charts of the repository.

    Raises:
        ModuleError: a chart's Go module cannot be had.
    """
    karpenter = modules.karpenter() / "charts"
    crds = modules.prometheus_operator() / "example" / "prometheus-operator-crd"
    prometheus = {
        f"charts/crds/crds/crd-{path.stem.removeprefix('monitoring.coreos.com_')}.yaml": path
        for path in sorted(crds.glob("monitoring.coreos.com_*.yaml"))
    }
    argo = {
        f"definitions/{path.name}": path
        for path in sorted((modules.argo_cd() / "manifests" / "crds").glob("*-crd.yaml"))
    }
    return [
        Source(karpenter / "karpenter", KARPENTER_VERSION, ours=False),
        Source(karpenter / "karpenter-crd", KARPENTER_VERSION, ours=False),
        *(Source(SOURCES / "dynamo-platform", version) for version in ("1.6.1", *PRESENT_AGE)),
        *(Source(SOURCES / "dynamo-platform-0.4", v, defaults=grown(v)) for v in ("0.4.1", *OLD_AGE)),
        *(Source(SOURCES / "dynamo-crds", version, generated=old_definitions()) for version in ("0.4.1", *OLD_AGE)),
        Source(SOURCES / "argo-cd", "8.6.4", added=argo),
        Source(SOURCES / "kube-prometheus-stack", "88.5.3", added=prometheus),
        Source(SOURCES / "nvidia-device-plugin", "0.20.0"),
        Source(SOURCES / "dcgm-exporter", "4.8.2"),
        Source(SOURCES / "loki", "6.29.0"),
        Source(SOURCES / "alloy", "0.12.5"),
        Source(SOURCES / "tempo", "1.6.4"),
        Source(SOURCES / "aws-efa-k8s-device-plugin", "0.5.30"),
    ]


def grown(version: str) -> dict[str, Json]:
    """Defaults by which the charts of an old release differ from those of 0.4, as far as the platform meets them."""
    if version < "0.7":
        return {}
    restriction: Json = {"namespaceRestriction": {"enabled": False}}
    return {
        "values.yaml": {"dynamo-operator": restriction},
        "charts/dynamo-operator/values.yaml": {**restriction, "dynamo": {"metrics": {"prometheusEndpoint": ""}}},
        "charts/etcd/values.yaml": {
            "image": {"repository": "bitnamilegacy/etcd"},
            "global": {"security": {"allowInsecureImages": True}},
        },
    }


def old_definitions() -> dict[str, bytes]:
    """Templates of the chart that brings Dynamo's definitions before 1.0."""
    return {
        f"templates/nvidia.com_{name}": yaml.safe_dump(definition, sort_keys=False).encode()
        for name, definition in crds.load_old().items()
    }


def index(packages: list[Package]) -> Json:
    """Index of a classic Helm repository, its URLs relative to it."""
    entries: dict[str, list[Json]] = {}
    for package in packages:
        entry = {
            **package.metadata,
            "created": _CREATED,
            "digest": hashlib.sha256(package.data).hexdigest(),
            "urls": [package.file_name],
        }
        entries.setdefault(package.metadata["name"], []).append(entry)
    return {"apiVersion": "v1", "generated": _CREATED, "entries": entries}


def _write(path: Path, data: bytes) -> bool:
    """Write a file in one step, unless it holds this already."""
    if path.exists() and path.read_bytes() == data:
        return False
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)
    return True


def build(folder: Path) -> list[str]:
    """Pack all charts into `folder`, and remove archives that are no longer among them.

    Returns:
        Names of the files that changed; none when the folder was up to date.

    Raises:
        ModuleError: a chart's Go module cannot be had.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    packages = [pack(source) for source in sources()]
    changed = [package.file_name for package in packages if _write(folder / package.file_name, package.data)]
    kept = {package.file_name for package in packages}
    for old in folder.glob("*.tgz"):
        if old.name not in kept:
            old.unlink()
            changed.append(old.name)
    if _write(folder / "index.yaml", yaml.safe_dump(index(packages), sort_keys=True).encode()):
        changed.append("index.yaml")
    return changed
