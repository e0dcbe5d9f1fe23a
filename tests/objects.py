# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Write the pods that the collection makes beside graphs as manifests, for a scanner of Kubernetes' own kinds.

What is in a graph runs as its image and the operator want it; the namespace's pod security level is its limit.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.filter.graph_extras import graph_extras
from ansible_collections.ai_on_eks.dynamo.plugins.filter.model_cache import model_cache
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.job.manifest import job

ROOT = Path(__file__).resolve().parent.parent
ROLE = ROOT / "roles" / "dynamo_example"
VERSION, NAMESPACE = "1.6.1", "dynamo-cloud"
Json = dict[str, Any]


def _defaults(role: str) -> Json:
    found: Json = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    return found


def beside_graphs() -> list[Json]:
    """Entrances and what fetches models."""
    defaults = _defaults("dynamo_example")
    exposure = {"kind": "nlb", "tls_secret": "tls", "allowed_cidrs": ["10.0.0.0/8"]}
    options = {
        "namespace": NAMESPACE,
        "version": VERSION,
        "exposure": exposure,
        "gateway_image": defaults["dynamo_example_gateway_image"],
    }
    vllm = yaml.safe_load((ROLE / "files" / "examples" / "vllm.yml").read_text(encoding="utf-8"))
    cache = {
        "cache": "efs",
        "namespace": NAMESPACE,
        "script": "pass",
        "cluster": {"efs_id": "fs-1", "efs_access_point_id": "fsap-1", "region": "us-west-2"},
        "image": defaults["dynamo_example_model_cache_image"],
        "s3_image": defaults["dynamo_example_model_cache_s3_image"],
    }
    bucket = {"model": "ours", "model_source": "s3://bucket/prefix", "model_cache": "model-cache-efs"}
    fetched = model_cache([vllm, vllm], [{"model_cache": "model-cache-efs"}, bucket], cache)
    listed: list[Json] = [*graph_extras(vllm, {}, options)["exposure"], *fetched["storage"], *fetched["jobs"]]
    return listed


def load_job() -> Json:
    """The Job that makes large loads."""
    options = {
        "image": "public.ecr.aws/docker/library/python:3.12-slim",
        "resources": {"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"memory": "2Gi", "cpu": "2"}},
        "node_selector": {},
        "timeout": 600,
    }
    made = job("load-1", "pass", {}, options, {})
    made["metadata"]["namespace"] = NAMESPACE
    return made


def main(target: Path) -> None:
    """Write one file for each object."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.yml"):
        old.unlink()
    for entry in [*beside_graphs(), load_job()]:
        name = f"{entry['kind']}-{entry['metadata']['name']}.yml".lower()
        (target / name).write_text(yaml.safe_dump(entry), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
