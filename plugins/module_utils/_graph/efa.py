# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a component needs to talk over EFA (Elastic Fabric Adapter): device, rights, libraries, NIXL's backend. Pure.

Without LIBFABRIC NIXL silently takes TCP, and a prefill takes minutes instead of seconds to hand over.
"""

from __future__ import annotations

import json
import typing as t

from .definition import DefinitionError
from .rules import Rules

Json = dict[str, t.Any]

RESOURCE = "vpc.amazonaws.com/efa"
HUGE_PAGES = "hugepages-2Mi"
# Registering memory with the adapter needs locked pages.
SECURITY: Json = {"capabilities": {"add": ["IPC_LOCK"]}}
_BACKEND = "LIBFABRIC"
_BACKEND_VARIABLES = {"sglang": "SGLANG_DISAGGREGATION_NIXL_BACKEND", "trtllm": "TRTLLM_NIXL_KVCACHE_BACKEND"}


def tag_of(rules: Rules, runtime: str) -> str:
    """Return what the image's tag has to end with; DefinitionError when that version has no such image."""
    found = str(rules[f"efa_tag.{runtime}"])
    if not found:
        raise DefinitionError(
            f"Failed to use EFA with {runtime} of Dynamo {rules.version}: there is no image with EFA's libraries. "
            "They exist from 1.0 on for vllm and trtllm and from 1.3 on for sglang; set a newer version, or efa=0."
        )
    return found


def resources(count: int, huge_pages: str) -> dict[str, str]:
    """Return the resources besides CPU, memory and GPUs.

    Huge pages only on request: Karpenter does not know which machines have them, and would make none for such a pod.
    """
    return {RESOURCE: str(count), **({HUGE_PAGES: huge_pages} if huge_pages else {})}


def environment(runtime: str, role: str, huge_pages: str) -> dict[str, str]:
    """Return the variables for libfabric, and for the half of a disaggregated graph that for NIXL."""
    found = {"FI_PROVIDER": "efa", "FI_EFA_USE_DEVICE_RDMA": "1", "FI_EFA_ENABLE_SHM_TRANSFER": "0"}
    if not huge_pages:
        found["FI_EFA_USE_HUGE_PAGE"] = "0"
    if role in ("prefill", "decode") and runtime in _BACKEND_VARIABLES:
        found[_BACKEND_VARIABLES[runtime]] = _BACKEND
    return found


def transfer_config(text: str) -> str:
    """Return vLLM's --kv-transfer-config with NIXL's backend named in it."""
    config = json.loads(text)
    extra = {**config.get("kv_connector_extra_config", {}), "backends": [_BACKEND]}
    return json.dumps({**config, "kv_connector_extra_config": extra})
