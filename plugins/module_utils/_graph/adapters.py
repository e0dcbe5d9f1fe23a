# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""LoRA adapters: which engines take them, and the objects that ask for them. Pure."""

from __future__ import annotations

import hashlib
import re
import typing as t

from .definition import DefinitionError
from .overrides import Overrides
from .rules import Rules

Json = dict[str, t.Any]

ENVIRONMENT = {"DYN_LORA_ENABLED": "true", "DYN_LORA_PATH": "/tmp/dynamo-lora"}  # noqa: S108 - inside the pod
_SOURCE = re.compile(r"^(hf://[^/]+/[^/]+|s3://[^/]+/.+|file:///.+)$")


def chosen(definition: t.Mapping[str, t.Any], overrides: Overrides, rules: Rules) -> dict[str, str]:
    """Return the adapters of a graph, source by name; DefinitionError where the engine takes none."""
    found = {**definition.get("adapters", {}), **overrides.adapters}
    if not found:
        return {}
    runtime = str(definition["runtime"])
    names = ", ".join(sorted(found))
    if not rules[f"lora.{runtime}"]:
        reason = {
            "trtllm": "Dynamo loads adapters into vLLM (from 0.9 on) and SGLang (from 1.4 on), not into TensorRT-LLM",
            "sglang": f"Dynamo {rules.version} does not load adapters into SGLang; 1.4 and newer do",
            "vllm": f"Dynamo {rules.version} does not load adapters into vLLM; 0.9 and newer do",
        }[runtime]
        raise DefinitionError(
            f"Failed to serve the adapters {names}: {reason}. Choose another version or example, or merge the adapter "
            "into its model (PEFT's merge_and_unload) and serve that."
        )
    wrong = sorted(name for name, source in found.items() if not _SOURCE.match(source))
    if wrong:
        raise DefinitionError(
            f"Failed to read the source of the adapter {', '.join(wrong)}: it must be hf://OWNER/NAME, "
            "s3://BUCKET/PREFIX or file:///PATH."
        )
    return found


def objects(
    graph: str, namespace: str, model: str, found: t.Mapping[str, str], labels: t.Mapping[str, str]
) -> list[Json]:
    """Return one DynamoModel for each adapter; the operator has every worker of `model` load it."""
    return [
        {
            "apiVersion": "nvidia.com/v1alpha1",
            "kind": "DynamoModel",
            "metadata": {"name": _name(graph, name), "namespace": namespace, "labels": dict(labels)},
            "spec": {"modelName": name, "baseModelName": model, "modelType": "lora", "source": {"uri": source}},
        }
        for name, source in sorted(found.items())
    ]


def _name(graph: str, adapter: str) -> str:
    """Return a name for Kubernetes: adapters may be called what it does not allow, and differ only in that."""
    plain = re.sub(r"[^a-z0-9]+", "-", adapter.lower()).strip("-")[:40].strip("-")
    digest = hashlib.sha256(adapter.encode()).hexdigest()[:6]
    return f"{graph}-{plain}-{digest}" if plain != adapter else f"{graph}-{plain}"
