# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What differs between Dynamo versions, as a table: one row per fact, one entry per version at which it changed.

Sources: the release notes, the operator's code and its observed behaviour at 0.4.1 and 1.5, and measured wheels of
0.4.1, 0.5.1, 0.9.1, 1.0.2, 1.4.2 and 1.6.1. Rendering asks this table and contains no version number of its own.
"""

from __future__ import annotations

import json
import typing as t

from .. import _version

# The table holds for these releases. Newer ones are refused until somebody has read what they changed.
OLDEST = "0.4.1"
NEWEST_MINOR = (1, 6)


def _kv_events(port: int, **more: t.Any) -> str:
    """Write an engine's --kv-events-config: where it publishes what enters and leaves its cache."""
    return json.dumps({"publisher": "zmq", "topic": "kv-events", "endpoint": f"tcp://*:{port}", **more})


_NIXL = json.dumps({"kv_connector": "NixlConnector", "kv_role": "kv_both"})
_SGLANG_NIXL = {"disaggregation-transfer-backend": "nixl"}
# Decode workers fetch the cache from this port of a prefill worker, which listens on the pod's address.
_SGLANG_BOOTSTRAP = {"disaggregation-bootstrap-port": 12345, "host": "0.0.0.0"}  # noqa: S104 - inside the pod

# {namespace} is filled in with the graph's. Decode is the half that clients reach.
_TRTLLM_FIRST = "dyn://{namespace}.tensorrt_llm.generate"
_TRTLLM_NEXT = "dyn://{namespace}.tensorrt_llm_next.generate"

# fact -> [(first version for which the value holds, value), ...], ascending.
_TABLE: dict[str, list[tuple[str, t.Any]]] = {
    # API version of DynamoGraphDeployment to write. v1beta1 is served from 1.2 on and stored from 1.5 on.
    "api_version": [("0.4.1", "nvidia.com/v1alpha1"), ("1.2.0", "nvidia.com/v1beta1")],
    # All components of a graph had to name its dynamoNamespace; from 1.0 on the operator chooses and half ignores it.
    "sets_dynamo_namespace": [("0.4.1", True), ("1.0.0", False)],
    # The variable by which engines learn their namespace where they do not read the operator's own: without it the
    # workers of all graphs register under one name, and answer for each other.
    "namespace_variable.vllm": [("0.4.1", "DYNAMO_NAMESPACE"), ("0.5.0", "")],
    "namespace_variable.sglang": [("0.4.1", "DYNAMO_NAMESPACE"), ("0.5.0", "")],
    "namespace_variable.trtllm": [("0.4.1", "")],
    # Whether frontends take every worker whose namespace begins with the graph's: then `vllm` would send requests to
    # the workers of `vllm-disagg`. A character that no graph's name may hold, at the namespace's end, keeps them apart.
    "finds_by_prefix": [("0.4.1", False), ("1.2.0", True)],
    # TensorRT-LLM's workers of 0.4 know no variable for it, only the endpoints by which they are called and call.
    "endpoints.vllm": [("0.4.1", {})],
    "endpoints.sglang": [("0.4.1", {})],
    "endpoints.trtllm": [
        (
            "0.4.1",
            {
                "worker": {"endpoint": _TRTLLM_FIRST},
                "decode": {"endpoint": _TRTLLM_FIRST, "next-endpoint": _TRTLLM_NEXT},
                "prefill": {"endpoint": _TRTLLM_NEXT},
            },
        ),
        ("0.5.0", {}),
    ],
    # The small image of the frontend; "" = use the engine's runtime image.
    "frontend_image": [("0.4.1", ""), ("0.8.0", "dynamo-frontend")],
    # The operator's own probes are good from 1.0 on; before, they check too late or give up too early (a worker has ten
    # minutes to start, a frontend is ready after 60 s at the earliest, through a curl | jq in the image).
    "writes_probes": [("0.4.1", True), ("1.0.0", False)],
    # The admission webhook wants an image tag that is a semantic version, or runtimeVersionOverride (1.4).
    "needs_version_of_image": [("0.4.1", False), ("1.4.0", True)],
    # v1alpha1 tells the two halves of a disaggregated graph apart by subComponentType from 0.5 on; before, not at all.
    "names_halves": [("0.4.1", False), ("0.5.0", True)],
    "runtime_image.vllm": [("0.4.1", "vllm-runtime")],
    "runtime_image.sglang": [("0.4.1", "sglang-runtime")],
    "runtime_image.trtllm": [("0.4.1", "tensorrtllm-runtime")],
    # What the tag of an image with EFA's libraries ends with; "" = there is none.
    "efa_tag.vllm": [("0.4.1", ""), ("1.0.0", "-efa-amd64"), ("1.3.0", "-efa")],
    "efa_tag.sglang": [("0.4.1", ""), ("1.3.0", "-efa")],
    "efa_tag.trtllm": [("0.4.1", ""), ("1.0.0", "-efa-amd64"), ("1.3.0", "-efa")],
    # Whether nothing writes to a cache of models that is complete: Dynamo's own hub client did before 1.0.
    "reads_cache_only": [("0.4.1", False), ("1.0.0", True)],
    # How a component's replicas can be left to an autoscaler: by the operator's own HorizontalPodAutoscaler, by a
    # DynamoGraphDeploymentScalingAdapter, or ("") not at all.
    "scaling": [("0.4.1", "operator"), ("0.7.0", ""), ("0.8.0", "adapter")],
    # How many requests a frontend is working on.
    "busy_metric": [("0.4.1", "dynamo_frontend_inflight_requests"), ("1.2.0", "dynamo_frontend_active_requests")],
    # What makes an engine take LoRA adapters; {} = it does not.
    "lora.vllm": [("0.4.1", {}), ("0.9.0", {"enable-lora": True, "max-lora-rank": 64})],
    "lora.sglang": [
        ("0.4.1", {}),
        ("1.4.0", {"enable-lora": True, "max-lora-rank": 64, "lora-target-modules": "all"}),
    ],
    "lora.trtllm": [("0.4.1", {})],
    # Python modules of the engines by role; SGLang's three became one with 0.6.
    "module.vllm.worker": [("0.4.1", "dynamo.vllm")],
    "module.vllm.prefill": [("0.4.1", "dynamo.vllm")],
    "module.vllm.decode": [("0.4.1", "dynamo.vllm")],
    "module.sglang.worker": [("0.4.1", "dynamo.sglang.worker"), ("0.6.0", "dynamo.sglang")],
    "module.sglang.prefill": [("0.4.1", "dynamo.sglang.worker"), ("0.6.0", "dynamo.sglang")],
    "module.sglang.decode": [("0.4.1", "dynamo.sglang.decode_worker"), ("0.6.0", "dynamo.sglang")],
    "module.trtllm.worker": [("0.4.1", "dynamo.trtllm")],
    "module.trtllm.prefill": [("0.4.1", "dynamo.trtllm")],
    "module.trtllm.decode": [("0.4.1", "dynamo.trtllm")],
    "model_arguments.vllm": [("0.4.1", ("model",))],
    "model_arguments.sglang": [("0.4.1", ("model-path", "served-model-name"))],
    "model_arguments.trtllm": [("0.4.1", ("model-path", "served-model-name"))],
    "tensor_parallel_argument.vllm": [("0.4.1", "tensor-parallel-size")],
    "tensor_parallel_argument.sglang": [("0.4.1", "tp")],
    "tensor_parallel_argument.trtllm": [("0.4.1", "tensor-parallel-size")],
    "length_argument.vllm": [("0.4.1", "max-model-len")],
    "length_argument.sglang": [("0.4.1", "context-length")],
    "length_argument.trtllm": [("0.4.1", "max-seq-len")],
    # What makes an engine one half of a disaggregated graph. vLLM chose the connector by itself up to 0.9, and had a
    # switch of its own up to 1.3.
    "arguments.vllm.prefill": [
        ("0.4.1", {"is-prefill-worker": True}),
        ("1.0.0", {"is-prefill-worker": True, "kv-transfer-config": _NIXL}),
        ("1.4.0", {"disaggregation-mode": "prefill", "kv-transfer-config": _NIXL}),
    ],
    "arguments.vllm.decode": [
        ("0.4.1", {}),
        ("1.0.0", {"kv-transfer-config": _NIXL}),
        ("1.4.0", {"disaggregation-mode": "decode", "kv-transfer-config": _NIXL}),
    ],
    "arguments.sglang.prefill": [
        ("0.4.1", {"disaggregation-mode": "prefill", **_SGLANG_NIXL}),
        ("1.0.0", {"disaggregation-mode": "prefill", **_SGLANG_NIXL, **_SGLANG_BOOTSTRAP}),
    ],
    "arguments.sglang.decode": [
        ("0.4.1", {"disaggregation-mode": "decode", **_SGLANG_NIXL}),
        ("1.0.0", {"disaggregation-mode": "decode", **_SGLANG_NIXL, **_SGLANG_BOOTSTRAP}),
    ],
    "arguments.trtllm.prefill": [("0.4.1", {"disaggregation-mode": "prefill"})],
    "arguments.trtllm.decode": [("0.4.1", {"disaggregation-mode": "decode"})],
    # The same for TensorRT-LLM's engine configuration. Prefill ends after one step: nothing there to overlap it with.
    # The engine of 0.5 and later spells the backend in capitals.
    "config.trtllm.prefill": [
        ("0.4.1", {"cache_transceiver_config": {"backend": "default"}, "disable_overlap_scheduler": True}),
        ("0.5.0", {"cache_transceiver_config": {"backend": "DEFAULT"}, "disable_overlap_scheduler": True}),
    ],
    "config.trtllm.decode": [
        ("0.4.1", {"cache_transceiver_config": {"backend": "default"}, "disable_overlap_scheduler": False}),
        ("0.5.0", {"cache_transceiver_config": {"backend": "DEFAULT"}, "disable_overlap_scheduler": False}),
    ],
    # What makes a worker tell a KV-aware router what it has cached. vLLM did so unasked up to 0.9.
    "kv_events.vllm": [("0.4.1", {}), ("1.0.0", {"kv-events-config": _kv_events(20080, enable_kv_cache_events=True)})],
    "kv_events.sglang": [("0.4.1", {"kv-events-config": _kv_events(5557)})],
    "kv_events.trtllm": [("0.4.1", {"publish-events-and-metrics": True})],
    # Where the images keep the scripts of Dynamo's own examples; moved in the reorganisation for 0.7.
    "script_directory.hello_world": [
        ("0.4.1", "/workspace/examples/runtime/hello_world"),
        ("0.7.0", "/workspace/examples/custom_backend/hello_world"),
    ],
}


class UnknownVersionError(ValueError):
    """No rules for this Dynamo version; the message says which are known."""


class Rules:
    """The rules of one Dynamo version."""

    def __init__(self, version: str) -> None:
        self.version = _version.parse(version)
        known = f"Known are {OLDEST} to {NEWEST_MINOR[0]}.{NEWEST_MINOR[1]}.x"
        if self.version < _version.parse(OLDEST):
            raise UnknownVersionError(f"Dynamo {self.version} is older than what graphs can be written for. {known}.")
        if (self.version.major, self.version.minor) > NEWEST_MINOR:
            raise UnknownVersionError(
                f"Dynamo {self.version} is newer than what graphs can be written for. {known}; "
                "to try its images with the newest known rules, keep dynamo_version and set the image tag."
            )

    def __getitem__(self, fact: str) -> t.Any:
        """Return the value of a fact for this version; KeyError for a fact that is not in the table."""
        value: t.Any = None
        for since, entry in _TABLE[fact]:
            if _version.parse(since) <= self.version:
                value = entry
        return value
